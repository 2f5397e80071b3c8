"""How near texts are by an embedding model's vectors: an optional part of relevance, beside words."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

import numpy as np
from numpy.typing import NDArray

from digest.ranking.documents import Floats, unit_rows

SHORT = 30
"""Words of title and abstract: where the median paper has fewer, meaning counts twice beside words."""

NEAR = 4.0
"""So many deviations above the sample, a paper is related to a topic that it shares no word with: 0.3 of 1,000 are, and
three of five of them are right."""


FEWEST = 50
"""Of the sample, with a vector: among ten, 45 of 1,000 vectors at random are NEAR; from 50 on 0.3."""


class Nearness:
    """Standardised nearness to the targets: a sample of papers, which is the measure, and then those to choose from.

    `targets` are their packed vectors, empty where there is none, `sampled` how many of them the sample is.
    `texts` are those of the papers to choose from.
    """

    def __init__(self, targets: Sequence[bytes], *, sampled: int, texts: Iterable[str]) -> None:
        lengths = [len(text.split()) for text in texts]
        self.weight = 2.0 if lengths and median(lengths) < SHORT else 1.0
        # An endpoint may have another model under the same name by now.
        self._size = Counter([len(one) for one in targets if one] or [0]).most_common(1)[0][0]
        rows = self._rows(targets)
        self._has_none = ~_there(rows)
        self._sample = np.flatnonzero(~self._has_none[:sampled])
        self._centre = rows[self._sample].sum(axis=0) / max(len(self._sample), 1)
        self._targets = self._centred(rows)
        self._known: Mapping[str | int, bytes] = {}

    def learn(self, vectors: Mapping[str | int, bytes]) -> None:
        """The packed vectors of topics, by their words, and of papers, by their numbers, that are asked about next."""
        self._known = vectors

    def near(self, members: Sequence[Iterable[str | int]]) -> Floats:
        """(n, targets) deviations that each is nearer to the mean of the members than the sample is.

        Zero where the target has no vector, or no member has, or fewer than FEWEST of the sample have one yet.
        """
        wanted = [self._rows([self._known.get(one, b"") for one in some]) for some in members]
        asked = np.array([self._centred(rows).mean(axis=0) for rows in wanted], np.float32)
        values = asked @ self._targets.T
        sample = values[:, self._sample]
        if len(self._sample) < FEWEST:
            return np.zeros_like(values)
        deviations = sample.std(axis=1, keepdims=True)
        values -= sample.mean(axis=1, keepdims=True)
        values *= np.where(deviations > 1e-6, 1 / np.maximum(deviations, 1e-6), 0)
        values[:, self._has_none] = 0
        return values

    def _rows(self, packed: Sequence[bytes]) -> Floats:
        content = b"".join(one if len(one) == self._size else bytes(self._size) for one in packed)
        return np.frombuffer(content, "<f2").reshape(len(packed), self._size // 2).astype(np.float32)

    def _centred(self, rows: Floats) -> Floats:
        return unit_rows((rows - self._centre) * _there(rows)[:, None])


def _there(rows: Floats) -> NDArray[np.bool_]:
    return np.asarray(rows.any(axis=1))


def pack_vector(row: NDArray[np.float32]) -> bytes:
    """A vector in half precision, for the store."""
    return row.astype("<f2").tobytes()
