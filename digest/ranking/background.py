"""The background: what the stored papers' features are like. Fitted here from them, never shipped.

It makes texts comparable as documents: weighted features, their place in the 256 directions in which
papers differ most (latent semantic analysis), and the mean of their words' meanings, which are
what words stand beside (positive pointwise mutual information).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digest.ranking import sparse
from digest.ranking.decomposition import decompose
from digest.ranking.documents import Documents, Floats, times, unit_rows
from digest.ranking.features import Bag, Bags, joined

MOST_PAPERS = 20_000
DIRECTIONS = 256
FEWEST = 2
"""A feature of a single paper tells nothing of the others."""

FEWEST_LATENT = 4
LEAST_LATENT = 1 / 1000
"""In how many papers, and what share of them, a feature must be to shape the directions: rarer ones add but cost."""

FEWEST_WORD = 4
FEWEST_TOGETHER = 4
"""In how many papers a word, and two words together, must stand for their meeting to be no chance."""

UNKNOWN = 2**18
"""Columns for features that the background lacks; two that share one meet in a day's papers about never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """What was fitted over `papers` texts.

    `features` (f,) numbers in ascending order, in `frequencies` (f,) papers each, `mean` (f,) the mean
    document. `latent` (m,) columns of features that `directions` (m, r) project, `strengths` (r,) the
    singular values, `centre` (r,) the mean document's projection. `words` (w,) columns whose meanings
    are `meanings` (w, q), with the documents' mean `mean_meaning` (q,).
    """

    version: int
    papers: int
    features: NDArray[np.uint64]
    frequencies: NDArray[np.uint32]
    mean: Floats
    latent: NDArray[np.int32]
    directions: NDArray[np.float16]
    strengths: Floats
    centre: Floats
    words: NDArray[np.int32]
    meanings: NDArray[np.float16]
    mean_meaning: Floats

    def columns(self, numbers: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Where features stand among a document's columns; those that the background lacks, behind all others."""
        found = np.searchsorted(self.features, numbers)
        known = found < len(self.features)
        known[known] = self.features[found[known]] == numbers[known]
        unknown = len(self.features) + (numbers >> np.uint64(1)).astype(np.int64) % UNKNOWN
        return np.where(known, found, unknown)

    def weights(self, columns: NDArray[np.int64]) -> Floats:
        """Inverse document frequencies, `1 + ln((1 + N) / (1 + df))`."""
        known = columns < len(self.features)
        frequencies = np.zeros(len(columns), dtype=np.float32)
        frequencies[known] = self.frequencies[columns[known]]
        return 1 + np.log((1 + self.papers) / (1 + frequencies), dtype=np.float32)

    def documents(self, bags: Sequence[Bag], *, centred: bool = True) -> Documents:
        """Texts as documents; topics are not centred, papers are (centring a topic: .391 -> .354)."""
        x = self.weighted(joined(bags))
        known = x[:, : len(self.features)]
        projected = _dense(known[:, self.latent], self.directions)
        words = known[:, self.words]
        words.data[:] = self.weights(self.words.astype(np.int64)[words.indices])
        meaning = _dense(words, self.meanings)
        if centred:
            projected -= self.centre
            meaning -= self.mean_meaning * (np.diff(words.indptr)[:, None] > 0)
        return Documents(
            x=x,
            to_mean=np.asarray(known @ self.mean, dtype=np.float32),
            projected=projected,
            latent=unit_rows(projected / self.strengths**0.25),
            meaning=unit_rows(meaning),
        )

    def weighted(self, bags: Bags) -> sparse.csr_array:
        """(n, features + UNKNOWN) `(1 + ln tf) * idf`, unit over the known features; in the order of the bags."""
        columns, texts = self.columns(bags.numbers), len(bags.sizes)
        data = (1 + np.log(np.maximum(bags.counts.astype(np.float32), 1))) * self.weights(columns)
        rows = np.repeat(np.arange(texts), bags.sizes)
        known = columns < len(self.features)
        squares = np.bincount(rows[known], weights=data[known] ** 2, minlength=texts)
        whole = np.bincount(rows, weights=data**2, minlength=texts)
        # A text of unknown features alone is as long as they make it.
        length = np.sqrt(np.where(squares > 0, squares, whole))
        data /= length[rows]
        shape = (texts, len(self.features) + UNKNOWN)
        starts = np.concatenate([[0], np.cumsum(bags.sizes, dtype=np.int64)])
        return sparse.csr_array((data.astype(np.float32), columns.astype(np.int32), starts.astype(np.int32)), shape)


def fit(bags: Sequence[Bag], *, version: int) -> Background:
    """The background of papers, at most MOST_PAPERS of them; of none at all, it is empty."""
    features, frequencies = _counted(bags)
    empty = np.empty(0, np.int32)
    known = Background(
        version=version,
        papers=len(bags),
        features=features,
        frequencies=frequencies,
        mean=np.zeros(len(features), np.float32),
        latent=empty,
        directions=np.empty((0, 0), np.float16),
        strengths=np.empty(0, np.float32),
        centre=np.empty(0, np.float32),
        words=empty,
        meanings=np.empty((0, 0), np.float16),
        mean_meaning=np.empty(0, np.float32),
    )
    x = known.weighted(joined(bags))[:, : len(features)]
    mean = column_means(x)
    latent = np.flatnonzero(frequencies >= max(FEWEST_LATENT, LEAST_LATENT * len(bags))).astype(np.int32)
    _, strengths, directions = decompose(x[:, latent], DIRECTIONS)
    words = np.flatnonzero((features & np.uint64(1) == 0) & (frequencies >= FEWEST_WORD)).astype(np.int32)
    weights = known.weights(words.astype(np.int64))
    meanings = _meanings(x[:, words], frequencies[words])
    holding = x[:, words]
    holding.data[:] = weights[holding.indices]
    mean_meaning = column_means(holding) @ meanings
    return Background(
        version=version,
        papers=len(bags),
        features=features,
        frequencies=frequencies,
        mean=mean,
        latent=latent,
        directions=directions.astype(np.float16),
        strengths=strengths,
        centre=mean[latent] @ directions,
        words=words,
        meanings=meanings.astype(np.float16),
        mean_meaning=mean_meaning,
    )


def pack(background: Background) -> bytes:
    """The background, for the store; its version and size are not in it."""
    values = {field.name: getattr(background, field.name) for field in fields(background)}
    arrays: dict[str, Any] = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    return packed.getvalue()


def unpack(content: bytes, *, version: int, papers: int) -> Background:
    """What `pack` packed."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return Background(version=version, papers=papers, **{name: arrays[name] for name in arrays.files})


def _counted(bags: Sequence[Bag]) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """The features of at least FEWEST papers, and in how many each is."""
    numbers = np.concatenate([np.empty(0, np.uint64), *(one.numbers for one in bags)])
    features, frequencies = np.unique(numbers, return_counts=True)
    kept = frequencies >= FEWEST
    return features[kept], frequencies[kept].astype(np.uint32)


def _meanings(x: sparse.csr_array, frequencies: NDArray[np.uint32]) -> Floats:
    """(w, q) unit vectors of words by the words they stand beside in papers: PPMI, decomposed."""
    held = sparse.csc_array(x, dtype=np.float32)
    held.data[:] = 1
    by_word = held.T.tocsr()
    blocks = []
    for start in range(0, held.shape[1], 1000):
        together = (by_word[start : start + 1000] @ held).tocoo()
        rows, columns = together.coords
        expected = frequencies[rows + start].astype(np.float64) * frequencies[columns] / x.shape[0]
        information = np.log(together.data / expected)
        kept = (together.data >= FEWEST_TOGETHER) & (information > 0) & (rows + start != columns)
        data = information[kept].astype(np.float32)
        blocks.append(sparse.csr_array((data, (rows[kept], columns[kept])), together.shape))
    if not blocks:
        return np.empty((0, 0), np.float32)
    vectors, strengths, _ = decompose(sparse.vstack(blocks).tocsr(), DIRECTIONS)
    return unit_rows(vectors * np.sqrt(strengths))


def column_means(x: sparse.csr_array) -> Floats:
    """(columns,) the mean row; zeros where there is none."""
    return np.asarray(x.sum(axis=0) / max(x.shape[0], 1), dtype=np.float32)


def _dense(x: sparse.csr_array, projection: NDArray[np.float16]) -> Floats:
    """`x @ projection`, of which only those rows are widened that x needs."""
    used = np.flatnonzero(np.bincount(x.indices, minlength=x.shape[1]))
    places = np.zeros(x.shape[1], np.int32)
    places[used] = np.arange(len(used))
    narrow = sparse.csr_array((x.data, places[x.indices], x.indptr), (x.shape[0], len(used)))
    return times(narrow, projection, used)
