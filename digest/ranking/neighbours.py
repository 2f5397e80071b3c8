"""The papers that profiles are made of, and how near each is to every target: worked out once for all readers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from digest.ranking.documents import Documents

MOST = 20_000
"""How many are remembered; half precision, as this is the largest thing in memory."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Papers at hand: (n,) their `numbers`, and n `documents`."""

    numbers: NDArray[np.int64]
    documents: Documents
    places: Mapping[int, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", {int(number): at for at, number in enumerate(self.numbers)})


class Neighbours:
    """Rows of (MOST, targets) `cosine`, and of (MOST, r) `projected`, `latent` and `meaning`."""

    def __init__(self, targets: Documents) -> None:
        self._across = targets.x.T.tocsr()
        self._rows: dict[int, int] = {}
        # Pages that are never written to are never taken.
        self.cosine = np.empty((MOST, len(targets)), np.float16)
        self.projected = np.empty((MOST, targets.projected.shape[1]), np.float16)
        self.latent = np.empty((MOST, targets.latent.shape[1]), np.float16)
        self.meaning = np.empty((MOST, targets.meaning.shape[1]), np.float16)

    def rows(
        self, members: Sequence[Iterable[int]], documents: Callable[[list[int]], Documents]
    ) -> list[NDArray[np.intp]]:
        """Where each profile's members stand, at most MOST different ones; `documents` gives those that do not yet."""
        wanted = {int(number) for numbers in members for number in numbers}
        missing = sorted(wanted - self._rows.keys())
        if len(self._rows) + len(missing) > MOST:
            self._rows, missing = {}, sorted(wanted)
        if missing:
            self._add(missing, documents(missing))
        return [np.array([self._rows[int(number)] for number in numbers], dtype=np.intp) for numbers in members]

    def _add(self, numbers: Sequence[int], found: Documents) -> None:
        start, end = len(self._rows), len(self._rows) + len(numbers)
        self.cosine[start:end] = (found.x @ self._across).toarray()
        self.projected[start:end], self.latent[start:end] = found.projected, found.latent
        self.meaning[start:end] = found.meaning
        self._rows.update(zip(numbers, range(start, end), strict=True))
