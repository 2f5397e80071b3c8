"""How well papers are ranked for real people, beside the ways of others, and what a user costs. Prints a table.

    ./run bench ranking

The users are those of `digest evaluate`, known by ten papers that they liked: the first 120 authors
and every curated list. arxiv-sanity-lite's way is written out here from its source: TF-IDF over words
and bigrams, 20,000 features, and for each user a linear SVM of what they liked against all other
papers (C = .01, balanced classes), here by L-BFGS on the same objective. Seconds are of the processor,
per user, 1,000 candidates each; what is done once for all users is told apart. The aims: at
least equal to the best on authors, above all on curated lists.
"""

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import TypeVar

import numpy as np
from evidence import DATA, found
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

from digest.evaluate import evaluate
from digest.evaluate.benchmark import User, read_benchmark
from digest.evaluate.scorers import Scorer, Scorers
from digest.ranking.documents import Floats
from digest.ranking.features import STOP_WORDS
from digest.ranking.quality import MEASURES

Made = TypeVar("Made")

AUTHORS = 120
MOST_FEATURES, FEWEST, COMMON = 20_000, 5, 0.1
C = 0.01


def main() -> None:
    found("ranking/users.jsonl.gz")
    benchmark = read_benchmark(DATA / "ranking")
    authors = [user for user in benchmark.users if user.kind == "author"][:AUTHORS]
    users = authors + [user for user in benchmark.users if user.kind == "curated"]
    once, own = timed(lambda: Scorers(benchmark))
    sanity_once, sanity = timed(lambda: Sanity(benchmark.texts))
    spent: dict[str, float] = {}
    ways: dict[str, Scorer] = {
        "ours": own.lexical,
        "arxiv-sanity-lite": sanity.scores,
        "TF-IDF centroid": own.tfidf,
        "BM25": own.bm25,
    }
    results = evaluate(users, {name: watched(name, way, spent) for name, way in ways.items()}, progress=lambda _: None)
    for one in results:
        if one.method == "ours":
            print(f"{f'{one.kind}, {one.users} users':<24} NDCG@10  95 % interval    ours less it")
        ndcg = one.measures[MEASURES[0]]
        told = f"{one.method:<24} {ndcg.mean:7.3f}  {ndcg.low:.3f} to {ndcg.high:.3f}"
        if one.difference is not None:
            told += f"   {-one.difference.mean:+.3f} ({-one.difference.high:+.3f} to {-one.difference.low:+.3f})"
        print(told)
    print(f"\n{'processor':<24} ms a user")
    for name, seconds in spent.items():
        print(f"{name:<24} {1000 * seconds / len(users):9.2f}")
    print(f"once for all users: ours {once:.1f} s, arxiv-sanity-lite {sanity_once:.1f} s")


def timed(work: Callable[[], Made]) -> tuple[float, Made]:
    started = time.process_time()
    made = work()
    return time.process_time() - started, made


def watched(name: str, scorer: Scorer, spent: dict[str, float]) -> Scorer:
    """The scorer, with the time that it takes for all users noted under its name."""

    def scores(users: Sequence[User]) -> Iterable[Floats]:
        spent[name], scored = timed(lambda: list(scorer(users)))
        return scored

    return scores


class Sanity:
    """What arxiv-sanity-lite's compute.py and serve.py do with title and abstract."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._x = tfidf([grams(text) for text in texts])

    def scores(self, users: Sequence[User]) -> Iterator[Floats]:
        for user in users:
            liked = np.zeros(self._x.shape[0], dtype=bool)
            liked[list(user.liked)] = True
            yield (self._x @ support_vector(self._x, liked))[user.candidates].astype(np.float32)


def grams(text: str) -> list[str]:
    words = [word for word in re.findall(r"\b[a-zA-Z_][a-zA-Z0-9_]+\b", text.lower()) if word not in STOP_WORDS]
    return words + [f"{first} {second}" for first, second in pairwise(words)]


def tfidf(documents: Sequence[Sequence[str]]) -> sparse.csr_array:
    """(documents, features + 1) unit rows of `(1 + ln tf) * (ln((1 + n) / (1 + df)) + 1)`, and ones for the bias."""
    numbers: dict[str, int] = {}
    columns = np.array([numbers.setdefault(gram, len(numbers)) for one in documents for gram in one])
    rows = np.repeat(np.arange(len(documents)), [len(one) for one in documents])
    counts = sparse.coo_array((np.ones(len(rows)), (rows, columns)), (len(documents), len(numbers))).tocsr()
    frequencies, totals = np.bincount(counts.indices), np.asarray(counts.sum(axis=0)).ravel()
    fitting = np.flatnonzero((frequencies >= FEWEST) & (frequencies <= COMMON * len(documents)))
    kept = fitting[np.argsort(-totals[fitting], kind="stable")[:MOST_FEATURES]]
    x = counts[:, kept].tocsr()
    rarity = np.log((1 + len(documents)) / (1 + frequencies[kept])) + 1
    x.data = (1 + np.log(x.data)) * rarity[x.indices]
    lengths = np.sqrt(np.asarray(x.power(2).sum(axis=1)).ravel())
    x.data /= np.repeat(np.where(lengths > 0, lengths, 1), np.diff(x.indptr))
    return sparse.hstack([x, np.ones((x.shape[0], 1))]).tocsr()


def support_vector(x: sparse.csr_array, liked: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weights of least `|w|^2 / 2 + C * sum of class weight * squared hinge`, the bias among them, as liblinear's."""
    sign = np.where(liked, 1.0, -1.0)
    cost = C * len(liked) / (2 * np.where(liked, liked.sum(), (~liked).sum()))

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        short = np.maximum(1 - sign * (x @ weights), 0)
        return weights @ weights / 2 + cost @ short**2, weights - x.T @ (2 * cost * sign * short)

    fitted = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", options={"gtol": 1e-4})
    return np.asarray(fitted.x)


if __name__ == "__main__":
    main()
