"""Ways to score a user's candidates: as editions are chosen, and the plain ways to compare that with."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from digest.embed import vectors_by
from digest.errors import InputError
from digest.evaluate.benchmark import Benchmark, User
from digest.inference.embedding import Embedder
from digest.ranking.background import MOST_PAPERS, fit
from digest.ranking.documents import Floats
from digest.ranking.features import Bag, joined, topic_bag
from digest.ranking.nearness import Nearness
from digest.ranking.neighbours import MOST_SHELVED, Shelf
from digest.ranking.quality import SEED
from digest.ranking.relevance import Profile, Relevance, sampled

AT_ONCE = 64
"""Users whose scores are worked out together."""

SATURATION, LENGTH = 1.2, 0.75
"""BM25's k1 and b, as they are nearly everywhere."""

Scorer: TypeAlias = Callable[[Sequence[User]], Iterable[Floats]]
"""For each user the scores of the candidates."""


class Scorers:
    """Ways to score candidates, with a background of the benchmark's own papers, at most MOST_PAPERS of them."""

    def __init__(self, benchmark: Benchmark) -> None:
        self._benchmark = benchmark
        pool = np.sort(np.random.default_rng(SEED).permutation(len(benchmark.bags))[:MOST_PAPERS])
        self.background = fit([benchmark.bags[position] for position in pool], version=0)
        self.documents = self.background.documents(benchmark.bags)
        at_hand = pool[np.sort(np.random.default_rng(SEED).permutation(len(pool))[:MOST_SHELVED])]
        self._shelf = Shelf(at_hand, self.documents[at_hand].halved())

    def lexical(self, users: Sequence[User]) -> Iterator[Floats]:
        """As editions are chosen."""
        return self._chosen(users, {})

    def semantic(self, embedder: Embedder) -> Scorer:
        """As editions are chosen where this model makes the vectors."""

        def scores(users: Sequence[User]) -> Iterator[Floats]:
            queries = list({user.query: None for user in users if user.query})
            texts = self._benchmark.texts
            wanted = list(dict.fromkeys([*texts, *queries]))
            made = dict(pair for some in vectors_by(embedder, wanted) for pair in some.items())
            vectors: dict[str | int, bytes] = {number: made[text] for number, text in enumerate(texts)}
            return self._chosen(users, vectors | {query: made[query] for query in queries})

        return scores

    def _chosen(self, users: Sequence[User], vectors: Mapping[str | int, bytes]) -> Iterator[Floats]:
        """By the code that chooses editions; `vectors` are those of papers, by their positions, and of queries."""
        papers = np.unique(np.concatenate([user.candidates for user in users]))
        nearness = self._nearness(papers, vectors) if vectors else None
        documents = self.documents[papers]
        relevance = Relevance(self.background, shelf=self._shelf, papers=documents, nearness=nearness)
        known = dict(enumerate(self._benchmark.bags))
        for start in range(0, len(users), AT_ONCE):
            block = users[start : start + AT_ONCE]
            values = relevance.scores([Profile(user.query, user.liked) for user in block], known).values
            for user, scores in zip(block, values, strict=True):
                yield scores[np.searchsorted(papers, user.candidates)]

    def _nearness(self, papers: NDArray[np.intp], vectors: Mapping[str | int, bytes]) -> Nearness:
        sample = self._shelf.numbers[sampled(self._shelf)]
        targets = [vectors[int(number)] for number in (*sample, *papers)]
        texts = [self._benchmark.texts[number] for number in papers]
        nearness = Nearness(targets, sampled=len(sample), texts=texts)
        nearness.learn(vectors)
        return nearness

    def tfidf(self, users: Sequence[User]) -> Iterator[Floats]:
        """The cosine of words and bigrams with the centroid of what was liked, or with the query."""
        for user in users:
            x = self.documents.x
            asked = self.background.weighted(joined([topic_bag(user.query)])) if user.query else x[np.array(user.liked)]
            yield np.asarray(x[user.candidates] @ np.asarray(asked.mean(axis=0)).ravel(), dtype=np.float32)

    def bm25(self, users: Sequence[User]) -> Iterator[Floats]:
        """BM25 over words (Robertson and Zaragoza 2009), with all that was liked as one query, or with the query."""
        vocabulary, counts = _counts(self._benchmark.bags)
        weights = _bm25(counts)
        for user in users:
            asked = _counts([topic_bag(user.query)], vocabulary)[1] if user.query else counts[np.array(user.liked)]
            yield np.asarray(weights[user.candidates] @ np.asarray(asked.sum(axis=0)).ravel(), dtype=np.float32)

    def trending(self, users: Sequence[User]) -> Iterator[Floats]:
        """The papers' upvotes; where none are known, their mean. Raises InputError where no paper has any."""
        known = [count for count in self._benchmark.upvotes if count is not None]
        if not known:
            raise InputError("These papers have no `upvotes`, so what is trending cannot be measured.")
        mean = sum(known) / len(known)
        upvotes = np.array([mean if count is None else count for count in self._benchmark.upvotes], np.float32)
        return (upvotes[user.candidates] for user in users)


def _counts(
    bags: Sequence[Bag], vocabulary: NDArray[np.uint64] | None = None
) -> tuple[NDArray[np.uint64], sparse.csr_array]:
    """The words in the bags, or those given, and (bags, words) how often each stands in each."""
    numbers = np.concatenate([one.numbers for one in bags])
    counts = np.concatenate([one.counts for one in bags]).astype(np.float32)
    rows = np.repeat(np.arange(len(bags)), [len(one) for one in bags])
    if vocabulary is None:
        vocabulary = np.unique(numbers[numbers & np.uint64(1) == 0])
    kept = np.isin(numbers, vocabulary)
    columns = np.searchsorted(vocabulary, numbers[kept])
    return vocabulary, sparse.csr_array((counts[kept], (rows[kept], columns)), (len(bags), len(vocabulary)))


def _bm25(counts: sparse.csr_array) -> sparse.csr_array:
    lengths = np.asarray(counts.sum(axis=1)).ravel()
    frequencies = np.bincount(counts.indices, minlength=counts.shape[1])
    rarity = np.log1p((len(lengths) - frequencies + 0.5) / (frequencies + 0.5))
    weights = counts.copy()
    relative = np.repeat(lengths / max(lengths.mean(), 1), np.diff(counts.indptr))
    damped = counts.data + SATURATION * (1 - LENGTH + LENGTH * relative)
    weights.data = rarity[counts.indices] * counts.data * (1 + SATURATION) / damped
    return weights
