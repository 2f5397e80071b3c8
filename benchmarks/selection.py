"""How long choosing takes for many readers at once, on one core, and in how much memory. Prints a table.

    ./run bench selection

Papers are those of the real data; topics are pieces of two or three words of their titles. Readers
have three topics out of 20,000 each, or ten liked papers, and come in blocks as publish takes them.
Cold is the first time, warm the second run. The plain loop is the same formula in lists and
dictionaries, reader by reader, checked to give the same scores (within .05: ours are kept in half
precision), timed on three readers, and extrapolated. Every line is a process of its own that holds
what choosing holds, on one thread. The aims: 4 s for 100,000 readers of topics and 3 s for 10,000
with liked papers, 50 times the loop's speed, 300 MB whatever the number of readers; a background
of 10,000 papers in 90 s and 1 GB.
"""

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import pairwise
from math import exp, sqrt
from operator import mul
from pathlib import Path
from statistics import fmean, pstdev

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from listed import MIDNIGHT, paper

from digest.model import Weights
from digest.ranking.background import MOST_PAPERS, fit, pack, unpack
from digest.ranking.candidates import LONG_TAIL, Candidates
from digest.ranking.documents import Documents, stacked
from digest.ranking.features import Bag, paper_bag, topic_bag
from digest.ranking.neighbours import MOST_SHELVED, Shelf, shelved
from digest.ranking.relevance import (
    COMMON,
    DAMPING,
    FED_BACK,
    FLOOR,
    LEAST_DAMPING,
    SAMPLED,
    TOPIC_LATENT,
    Profile,
)
from digest.ranking.selection import choose
from digest.ranking.weighing import Reader

SEED = 20261120
BLOCK = 2_000
TOPICS = 20_000
LOOPED = 3
NOON = MIDNIGHT + timedelta(hours=12)


def main() -> None:
    if len(sys.argv) > 1:
        stage, folder, *counts = sys.argv[1:]
        print(json.dumps(STAGES[stage](Path(folder), *map(int, counts))))
        return
    with tempfile.TemporaryDirectory() as folder:
        run("prepare", folder)
        fitted = run("fitting", folder, 10_000)
        print(f"background of 10,000 papers: {fitted['seconds']:.1f} s, {fitted['peak']:.0f} MB")
        print(f"{'readers x papers':<44} {'cold':>7} {'warm':>7} {'plain loop':>11} {'times':>7} {'memory':>7}")
        for stage, what, readers, papers in (
            ("topics", "with 3 topics", 20_000, 500),
            ("topics", "with 3 topics", 100_000, 500),
            ("profiles", "with 10 liked papers", 10_000, 1000),
        ):
            took = run(stage, folder, readers, papers)
            print(
                f"{f'{readers:,} {what} x {papers:,}':<44} {took['cold']:5.2f} s {took['warm']:5.2f} s"
                f" {took['loop']:9,.0f} s {took['loop'] / took['cold']:7,.0f} {took['peak']:4.0f} MB"
            )


def run(stage: str, folder: str, *counts: int) -> dict[str, float]:
    command = [sys.executable, __file__, stage, folder, *map(str, counts)]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def prepare(folder: Path) -> dict[str, float]:
    from evidence import json_lines

    rows = [row for row, _ in zip(json_lines("ranking/papers.jsonl.gz"), range(MOST_PAPERS), strict=False)]
    bags = [paper_bag(row["title"], row["abstract"]) for row in rows]
    np.savez(
        folder / "bags.npz",
        numbers=np.concatenate([one.numbers for one in bags]),
        counts=np.concatenate([one.counts for one in bags]),
        ends=np.cumsum([len(one) for one in bags]),
    )
    (folder / "background").write_bytes(pack(fit(bags, version=1)))
    chance = random.Random(SEED)
    chosen = chance.sample(range(len(rows)), 1000)
    (folder / "papers.json").write_text(json.dumps([[at, rows[at]["title"], rows[at]["abstract"]] for at in chosen]))
    pieces = sorted({piece for row in rows for piece in pieces_of(row["title"])})
    (folder / "topics.json").write_text(json.dumps(chance.sample(pieces, TOPICS)))
    return {}


def pieces_of(title: str) -> Iterator[str]:
    words = title.split()
    for size in (2, 3):
        for start in range(len(words) - size + 1):
            yield " ".join(words[start : start + size])


def fitting(folder: Path, papers: int) -> dict[str, float]:
    bags = stored_bags(folder)[:papers]
    return {"seconds": seconds(lambda: fit(bags, version=1)), "peak": peak()}


def topics(folder: Path, readers: int, papers: int) -> dict[str, float]:
    candidates, shelf = candidates_of(folder, papers)
    known = [Profile(topic=topic) for topic in json.loads((folder / "topics.json").read_text())]
    took = chosen(candidates, readers, lambda chance: chance.sample(known, 3))
    return took | {"loop": readers * looped(candidates, shelf, [known[at : at + 3] for at in range(LOOPED)])}


def profiles(folder: Path, readers: int, papers: int) -> dict[str, float]:
    candidates, shelf = candidates_of(folder, papers)
    took = chosen(candidates, readers, lambda chance: [liking(chance)])
    chance = random.Random(SEED)
    return took | {"loop": readers * looped(candidates, shelf, [[liking(chance)] for _ in range(LOOPED)])}


def liking(chance: random.Random) -> Profile:
    return Profile(liked=tuple(chance.sample(range(MOST_SHELVED), 10)))


def chosen(
    candidates: Candidates, readers: int, wishes: Callable[[random.Random], Sequence[Profile]]
) -> dict[str, float]:
    """Seconds for all readers, block by block, the first time and the second, and the memory that it took."""
    took = {}
    for run in ("cold", "warm"):
        chance, took[run] = random.Random(SEED), 0.0
        for _ in range(0, readers, BLOCK):
            block = [reader(wishes(chance)) for _ in range(BLOCK)]
            took[run] += seconds(partial(choose, candidates, block, {}))
    return took | {"peak": peak()}


def candidates_of(folder: Path, count: int) -> tuple[Candidates, Shelf]:
    """As `digest.choose` prepares them."""
    background = unpack((folder / "background").read_bytes(), version=1, papers=MOST_PAPERS)
    shelf = shelved(background, range(MOST_SHELVED), stored_bags(folder)[:MOST_SHELVED])
    rows = json.loads((folder / "papers.json").read_text())[:count]
    papers = [paper(number, title, abstract, upvotes=number % 50) for number, title, abstract in rows]
    counted = [paper_bag(one.title, one.abstract) for one in papers]
    return Candidates(papers, counted, background=background, shelf=shelf, now=NOON), shelf


def stored_bags(folder: Path) -> list[Bag]:
    with np.load(folder / "bags.npz") as stored:
        numbers, counts, ends = stored["numbers"], stored["counts"], stored["ends"]
    starts = [0, *ends[:-1]]
    return [Bag(numbers[start:end], counts[start:end]) for start, end in zip(starts, ends, strict=True)]


def reader(wishes: Sequence[Profile]) -> Reader:
    return Reader(
        wishes=tuple(wishes),
        mutes=(),
        limit=10,
        weights=Weights(),
        listed_since=MIDNIGHT,
        seen_after=None,
        already_sent=(),
    )


def seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def peak() -> float:
    """The most memory that this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def looped(candidates: Candidates, shelf: Shelf, readers: Sequence[Sequence[Profile]]) -> float:
    """Seconds that the plain loop takes for a reader; stops where it does not score as the product does."""
    plain = Plain(candidates, shelf)
    took = seconds(lambda: [plain.best(wishes) for wishes in readers]) / len(readers)
    wishes = [wish for some in readers for wish in some]
    ours = candidates.relevance.scores(wishes, {}).values
    if not np.allclose([plain.scores(wish)[SAMPLED:] for wish in wishes], ours, atol=0.05):
        raise SystemExit("The plain loop's scores differ from the product's.")
    return took


class Plain:
    """The product's scores in lists and dictionaries; quotas and near twins, which come on top, are left out."""

    def __init__(self, candidates: Candidates, shelf: Shelf) -> None:
        sample = np.sort(np.random.default_rng(0).permutation(len(shelf.documents))[:SAMPLED])
        self._background, self._trend = candidates.background, candidates.trend.tolist()
        self._shelf, self._holding = shelf.documents, shelf.documents.x.T.tocsr()
        papers = self._background.documents([paper_bag(one.title, one.abstract) for one in candidates.papers])
        self._targets = listed_rows(stacked([shelf.documents[sample], papers]))

    def best(self, wishes: Sequence[Profile]) -> list[int]:
        sums = [0.0] * len(self._trend)
        for wish in wishes:
            scores = self.scores(wish)
            floor = sorted(scores[:SAMPLED])[int(SAMPLED * FLOOR / 100)]
            for at, score in enumerate(scores[SAMPLED:]):
                if score >= floor:
                    sums[at] += (1 + max(score, 0) / LONG_TAIL) ** 2
        boosted = [total * exp(trend / 2) for total, trend in zip(sums, self._trend, strict=True)]
        return sorted(range(len(boosted)), key=lambda at: -boosted[at])[:10]

    def scores(self, wish: Profile) -> list[float]:
        return self._of_topic(wish.topic) if wish.topic else self._of_liked(wish.liked)

    def _of_topic(self, topic: str) -> list[float]:
        [asked] = listed_rows(self._background.documents([topic_bag(topic)], centred=False))
        near = self._near(asked.words)
        words, share = dict(asked.words), 1 / max(len(near), 1)
        for one in near:
            for column, weight in one.words.items():
                words[column] = words.get(column, 0) + weight * share
        latent = [sum(column) for column in zip(asked.latent, *(one.latent for one in near), strict=True)]
        meaning = [sum(column) for column in zip(asked.meaning, *(one.meaning for one in near), strict=True)]
        return self._fused([crossed(words, target.words) for target in self._targets], latent, meaning, TOPIC_LATENT)

    def _near(self, words: Mapping[int, float]) -> "list[Row]":
        close: dict[int, float] = {}
        common = max(COMMON * len(self._shelf), 100)
        for column, weight in words.items():
            start, end = self._holding.indptr[column : column + 2].tolist()
            if end - start <= common:
                rows, weights = self._holding.indices[start:end].tolist(), self._holding.data[start:end].tolist()
                for row, other in zip(rows, weights, strict=True):
                    close[row] = close.get(row, 0) + weight * other
        best = sorted(close, key=lambda row: (-close[row], row))[:FED_BACK]
        return listed_rows(self._shelf[np.array(best, dtype=np.intp)])

    def _of_liked(self, numbers: Sequence[int]) -> list[float]:
        liked, size = listed_rows(self._shelf[np.array(numbers)]), len(numbers)
        words: dict[int, float] = {}
        for one in liked:
            for column, weight in one.words.items():
                words[column] = words.get(column, 0) + weight / size
        energy = (self._background.strengths**2 / self._background.papers).tolist()
        damping = max(LEAST_DAMPING, DAMPING / size)
        mean = [sum(column) / size for column in zip(*(one.projected for one in liked), strict=True)]
        kept = [value * one / (one + damping) for value, one in zip(mean, energy, strict=True)]
        latent = [sum(column) / size for column in zip(*(one.latent for one in liked), strict=True)]
        meaning = [sum(column) / size for column in zip(*(one.meaning for one in liked), strict=True)]
        whitened = [
            crossed(words, target.words) - target.to_mean - sum(map(mul, kept, target.projected))
            for target in self._targets
        ]
        return self._fused(whitened, latent, meaning, 0.3 + 0.3 / sqrt(size))

    def _fused(
        self, words: Sequence[float], latent: Sequence[float], meaning: Sequence[float], weight: float
    ) -> list[float]:
        latents = [sum(map(mul, latent, target.latent)) for target in self._targets]
        meanings = [sum(map(mul, meaning, target.meaning)) for target in self._targets]
        parts = zip(standard(words), standard(latents), standard(meanings), strict=True)
        return [one + weight * (two + three) for one, two, three in parts]


@dataclass(frozen=True, slots=True)
class Row:
    words: dict[int, float]
    to_mean: float
    projected: list[float]
    latent: list[float]
    meaning: list[float]


def listed_rows(documents: Documents) -> list[Row]:
    x, dense = documents.x, [documents.projected, documents.latent, documents.meaning]
    return [
        Row(
            dict(zip(x.indices[start:end].tolist(), x.data[start:end].tolist(), strict=True)),
            float(documents.to_mean[at]),
            *(part[at].tolist() for part in dense),
        )
        for at, (start, end) in enumerate(pairwise(x.indptr.tolist()))
    ]


def crossed(words: Mapping[int, float], others: Mapping[int, float]) -> float:
    return sum(words[column] * weight for column, weight in others.items() if column in words)


def standard(values: Sequence[float]) -> list[float]:
    """Values less the mean of the sample, which stands first, over its deviation."""
    mean, deviation = fmean(values[:SAMPLED]), pstdev(values[:SAMPLED])
    return [(value - mean) / deviation if deviation > 1e-6 else 0.0 for value in values]


STAGES: Mapping[str, Callable[..., dict[str, float]]] = {
    "prepare": prepare,
    "fitting": fitting,
    "topics": topics,
    "profiles": profiles,
}

if __name__ == "__main__":
    main()
