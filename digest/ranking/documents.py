"""Texts in the form in which they are compared."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float32]


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

    def __getitem__(self, rows: NDArray[np.intp] | slice) -> Self:
        return type(self)(
            x=self.x[rows],
            to_mean=self.to_mean[rows],
            projected=self.projected[rows],
            latent=self.latent[rows],
            meaning=self.meaning[rows],
        )


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


def picking(members: Sequence[int] | NDArray[np.intp], sizes: Sequence[int], *, columns: int) -> sparse.csr_array:
    """(len(sizes), columns) ones where a row has a member; `members` are the rows' own, one row after the other."""
    starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    return sparse.csr_array((np.ones(len(members), np.float32), members, starts), (len(sizes), columns))
