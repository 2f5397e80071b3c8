"""What scores are measured by: the background, and the newest papers, as the store has them."""

from collections.abc import Sequence
from threading import Lock

from digest.ranking.background import Background, fit, unpack
from digest.ranking.features import Bag, unpack_bag
from digest.ranking.neighbours import MOST_SHELVED, Shelf, shelved
from digest.store import Connection
from digest.store.backgrounds import latest_background, newest_fitted
from digest.store.features import newest_counted, newest_features

Measure = tuple[Background, Shelf]


class Measures:
    """Keeps the newest measure until more papers are counted, or another background is fitted.

    It takes most of a second of 10,000 papers, and 60 MB.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: tuple[object, Measure] | None = None

    def newest(self, connection: Connection, bags: Sequence[Bag] = ()) -> Measure:
        """See `newest_measure`: one that is fitted over `bags` is not kept."""
        with self._lock:
            counted = newest_counted(connection)
            if not counted:
                return newest_measure(connection, bags)
            state = (counted, newest_fitted(connection))
            if self._kept is None or self._kept[0] != state:
                # First let go of what is kept: both at once would be twice the memory.
                self._kept = None
                self._kept = state, newest_measure(connection)
            return self._kept[1]


def newest_measure(connection: Connection, bags: Sequence[Bag] = ()) -> Measure:
    """What scores are measured by: the background, fitted over `bags` where none is stored, and the newest papers.

    One that is stored where no features are was fitted to what an older release counted.
    """
    newest = newest_features(connection, limit=MOST_SHELVED)
    known = [unpack_bag(content) for _, content in newest]
    background = _background(connection, known) if known else fit(bags, version=0)
    return background, shelved(background, [number for number, _ in newest], known)


def _background(connection: Connection, bags: Sequence[Bag]) -> Background:
    stored = latest_background(connection)
    if stored is None:
        return fit(bags, version=0)
    return unpack(stored.content, version=stored.version, papers=stored.papers)
