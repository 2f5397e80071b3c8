"""Papers that are nearly the same: versions of a text, and what was posted twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from digest.ranking import sparse

ALIKE = 0.8
"""The cosine from which two texts are nearly the same: versions and cross-posts are above, other papers far below."""

AT_ONCE = 500
"""Papers whose twins are looked for together."""

RARE, FEWEST_RARE = 0.003, 20
"""In how many papers a feature may be, by share or by count, to find twins by: 40,000 papers' in 4 s for 125."""

ROUNDING = 1e-3


def twins(x: sparse.csr_array) -> NDArray[np.intp]:
    """(papers,) a number that rows share whose cosine is ALIKE or more, or that rows between them make so.

    What common features can add to a cosine is at most the product of their parts of both rows: only pairs
    that could reach ALIKE with it are worked out whole.
    """
    # A row is one long over what the background knows; a text that is news to it is longer than that.
    whole = sparse.csr_array(sparse.diags_array(1 / np.maximum(_lengths(x), 1)) @ x)
    papers = whole.shape[0]
    held = np.bincount(whole.indices, minlength=whole.shape[1])
    rare = whole.copy()
    rare.data = rare.data * (held <= max(RARE * papers, FEWEST_RARE))[rare.indices]
    rare.eliminate_zeros()
    common = np.sqrt(np.maximum(1 - _lengths(rare) ** 2, 0))
    across, pairs = rare.T.tocsr(), [np.empty((2, 0), np.intp)]
    for start in range(0, papers, AT_ONCE):
        near = (rare[start : start + AT_ONCE] @ across).tocoo()
        rows, columns = near.coords[0] + start, near.coords[1]
        could = (near.data + common[rows] * common[columns] >= ALIKE - ROUNDING) & (rows < columns)
        pairs.append(np.stack([rows[could], columns[could]]))
    rows, columns = np.concatenate(pairs, axis=1)
    alike = np.asarray(whole[rows].multiply(whole[columns]).sum(axis=1)).ravel() >= ALIKE
    numbers = np.arange(papers, dtype=np.intp)
    # They are few: scipy's way to find them takes a third of a second to bring in, and 10 MB.
    for one, other in zip(rows[alike].tolist(), columns[alike].tolist(), strict=True):
        numbers[numbers == numbers[other]] = numbers[one]
    return numbers


def _lengths(x: sparse.csr_array) -> NDArray[np.floating]:
    return np.asarray(np.sqrt(np.asarray(x.multiply(x).sum(axis=1)).ravel()))
