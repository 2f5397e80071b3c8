"""The papers nearest to one, for whoever asks often: what they are measured by is kept until more papers come in."""

from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from digest.choose import Measure, newest_measure, similar_papers
from digest.model import Paper
from digest.store import Connection
from digest.store.features import newest_counted


@dataclass(slots=True)
class Neighbours:
    """Measuring ten thousand papers takes most of a second, finding the nearest in them a few milliseconds."""

    _lock: Lock = field(default_factory=Lock)
    _kept: tuple[int, Measure] | None = None

    def of(self, connection: Connection, paper: Paper, *, now: datetime) -> list[Paper]:
        """The papers nearest to one, the nearest first; none while no paper has been counted."""
        measure = self._measure(connection)
        found = [] if measure is None else similar_papers(connection, paper, now=now, measure=measure)
        return [one for one, _ in found]

    def _measure(self, connection: Connection) -> Measure | None:
        newest = newest_counted(connection)
        with self._lock:
            if newest and (self._kept is None or self._kept[0] != newest):
                self._kept = newest, newest_measure(connection)
            return self._kept[1] if newest and self._kept else None
