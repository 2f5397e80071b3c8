"""The papers that profiles are made of, and how near each is to every target: worked out once for all readers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

import numpy as np
from numpy.typing import NDArray

from digest.ranking import sparse
from digest.ranking.background import Background
from digest.ranking.documents import Documents, Floats, Products, picking, stacked, times
from digest.ranking.features import Bag

MOST = 20_000
MOST_NUMBERS = 30_000_000
"""How many papers are remembered, and how many numbers of them: in half precision, as nothing in memory is larger."""

MOST_SHELVED = 10_000
"""Papers of the background that are kept at hand: with twice as many, topics are read no better (.489 for .487)."""

AT_ONCE = 250
"""Papers that are compared together with all targets: more need memory for no speed."""

SHELVED_AT_ONCE = 1000
"""Papers that are made ready together: of a quarter as many, each takes half as long again."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Papers at hand: (n,) their `numbers`, and n `documents`."""

    numbers: NDArray[np.int64]
    documents: Documents
    places: Mapping[int, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", {int(number): at for at, number in enumerate(self.numbers)})


def shelved(background: Background, numbers: Sequence[int], bags: Sequence[Bag]) -> Shelf:
    """A shelf of papers with these numbers and features, as the background sees them."""
    starts = range(0, max(len(bags), 1), SHELVED_AT_ONCE)
    parts = [background.documents(bags[at : at + SHELVED_AT_ONCE]).halved() for at in starts]
    return Shelf(np.array(numbers, dtype=np.int64), stacked(parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Whose members stand where: (n, different ones) `picked` has a one for each member, `rows` are theirs among the
    neighbours, `places` among their documents."""

    rows: NDArray[np.intp]
    places: NDArray[np.intp]
    picked: sparse.csr_array

    @property
    def sizes(self) -> Floats:
        """(n, 1) how many members each has; one where it has none."""
        return np.asarray(np.maximum(np.diff(self.picked.indptr), 1)[:, None], dtype=np.float32)

    def sums(self, values: NDArray[np.float16], rows: NDArray[np.intp]) -> Floats:
        """(n, columns) the sums of the members' rows of `values`; each is widened once, whoever shares it."""
        return times(self.picked, values, rows)

    def means(self, values: NDArray[np.float16], rows: NDArray[np.intp]) -> Floats:
        """(n, columns) the means, of no member zero."""
        return self.sums(values, rows) / self.sizes


class Neighbours:
    """Rows of (most, targets) `cosine`, and of `projected`, `latent` and `meaning`: the shelf's, behind them others."""

    def __init__(self, targets: Documents, products: Products, shelf: Shelf) -> None:
        self._products, self._shelf = products, shelf
        self.most = max(min(MOST, MOST_NUMBERS // max(len(targets), 1)), 100)
        # Pages that are never written to are never taken.
        self.cosine = np.empty((self.most, len(targets)), np.float16)
        self._places = np.empty(self.most, np.intp)
        self._forget()

    def members(self, numbers: Sequence[Sequence[int]], documents: Callable[[list[int]], Documents]) -> Members:
        """Where each profile's papers stand, at most `most` different ones; `documents` gives those that are new."""
        told = [number for some in numbers for number in some]
        wanted = set(told)
        missing = sorted(wanted - self._rows.keys())
        if len(self._rows) + len(missing) > self.most:
            self._forget()
            missing = sorted(wanted)
        for start in range(0, len(missing), AT_ONCE):
            some = missing[start : start + AT_ONCE]
            self._add(some, documents(some))
        rows, columns = np.unique(np.array([self._rows[one] for one in told], dtype=np.intp), return_inverse=True)
        picked = picking(columns, [len(some) for some in numbers], columns=len(rows))
        return Members(rows=rows, places=self._places[rows], picked=picked)

    def _forget(self) -> None:
        self._rows: dict[int, int] = {}
        # Those on the shelf as they stand there: nothing is copied before others come.
        stand = self._shelf.documents
        self.projected = stand.projected.astype(np.float16, copy=False)
        self.latent = stand.latent.astype(np.float16, copy=False)
        self.meaning = stand.meaning.astype(np.float16, copy=False)

    def _add(self, numbers: Sequence[int], found: Documents) -> None:
        start, end = len(self._rows), len(self._rows) + len(numbers)
        self.cosine[start:end] = self._products.of(found.x)
        behind, shelved = count(len(self.latent)), self._shelf.places
        self._places[start:end] = [shelved[one] if one in shelved else next(behind) for one in numbers]
        others = [at for at, number in enumerate(numbers) if number not in shelved]
        if others:
            self.projected = np.concatenate([self.projected, found.projected[others]], dtype=np.float16)
            self.latent = np.concatenate([self.latent, found.latent[others]], dtype=np.float16)
            self.meaning = np.concatenate([self.meaning, found.meaning[others]], dtype=np.float16)
        self._rows.update(zip(numbers, range(start, end), strict=True))
