"""Texts in the form in which they are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from digest.ranking import sparse

Floats = NDArray[np.float32]

MOST_DENSE = 1_000_000
"""Numbers of others' commonest features that are multiplied as a dense matrix: with more of them it is no faster."""


COLUMNS_AT_ONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """n texts as rows.

    `x` (n, features) weighted features, of length one over those that the background knows; `to_mean` (n,)
    their products with the background's mean; `projected` (n, r) on the background's directions; `latent`
    (n, r) the same, scaled, as unit rows; `meaning` (n, q) unit rows of what their words mean.
    """

    x: sparse.csr_array
    to_mean: Floats
    projected: Floats
    latent: Floats
    meaning: Floats

    def __len__(self) -> int:
        return int(self.x.shape[0])

    def halved(self) -> Self:
        """The same in half precision, where many are kept."""
        return replace(
            self,
            projected=self.projected.astype(np.float16),
            latent=self.latent.astype(np.float16),
            meaning=self.meaning.astype(np.float16),
        )

    def whole(self) -> Self:
        """The same in single precision, where they are multiplied often."""
        return replace(
            self,
            projected=self.projected.astype(np.float32),
            latent=self.latent.astype(np.float32),
            meaning=self.meaning.astype(np.float32),
        )

    def __getitem__(self, rows: NDArray[np.intp] | slice) -> Self:
        return type(self)(
            x=self.x[rows],
            to_mean=self.to_mean[rows],
            projected=self.projected[rows],
            latent=self.latent[rows],
            meaning=self.meaning[rows],
        )


class Products:
    """Products of texts with `others`, of whose features the commonest are held apart: a third of the time."""

    def __init__(self, others: sparse.csr_array) -> None:
        held = np.bincount(others.indices, minlength=others.shape[1])
        self._common = np.sort(np.argsort(-held, kind="stable")[: MOST_DENSE // max(others.shape[0], 1)])
        self._dense = np.ascontiguousarray(others[:, self._common].toarray().T)
        is_common = np.zeros(others.shape[1], dtype=bool)
        is_common[self._common] = True
        self._rare = without(others, is_common).T.tocsr()

    def of(self, x: sparse.csr_array) -> Floats:
        """(x's rows, others) how much of their features they share."""
        products: Floats = x[:, self._common] @ self._dense
        products += (x @ self._rare).toarray()
        return products


def without(x: sparse.csr_array, columns: NDArray[np.bool_]) -> sparse.csr_array:
    """The same with nothing in these columns."""
    kept = x.copy()
    kept.data = kept.data * ~columns[kept.indices]
    kept.eliminate_zeros()
    return kept


def times(x: sparse.csr_array, half: NDArray[np.float16], rows: NDArray[np.integer]) -> Floats:
    """`x @ half[rows]` in single precision; widened as a whole, rows take tens of megabytes, and no less time."""
    strips = range(0, half.shape[1], COLUMNS_AT_ONCE)
    products = [x @ widened(half[rows, start : start + COLUMNS_AT_ONCE]) for start in strips]
    return np.concatenate([np.empty((x.shape[0], 0), np.float32), *products], axis=1, dtype=np.float32)


def widened(half: NDArray[np.float16]) -> Floats:
    """Finite numbers in single precision, by their bits: a quarter of the time that `astype` takes."""
    bits = half.view(np.int16).astype(np.int32)
    bits <<= 13
    # The sign has spread to where the exponent's highest bits are.
    bits &= ~0x7000_0000
    wide: Floats = bits.view(np.float32)
    wide *= 2.0**112
    return wide


def stacked(parts: Sequence[Documents]) -> Documents:
    """The rows of all parts, one after the other."""
    return Documents(
        x=sparse.vstack([part.x for part in parts]).tocsr(),
        to_mean=np.concatenate([part.to_mean for part in parts]),
        projected=np.concatenate([part.projected for part in parts]),
        latent=np.concatenate([part.latent for part in parts]),
        meaning=np.concatenate([part.meaning for part in parts]),
    )


def unit_rows(rows: Floats) -> Floats:
    """Rows of length one; those of length zero stay."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def picking(
    members: Sequence[int] | NDArray[np.integer], sizes: Sequence[int] | NDArray[np.integer], *, columns: int
) -> sparse.csr_array:
    """(len(sizes), columns) ones where a row has a member; `members` are the rows' own, one row after the other."""
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    # With wider numbers a product would copy the other matrix's as wide, whatever its size.
    theirs = np.asarray(members, dtype=np.int32)
    return sparse.csr_array((np.ones(len(theirs), np.float32), theirs, starts), (len(sizes), columns))
