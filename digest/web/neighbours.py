"""The papers nearest to one, for whoever asks often: measures and answers are kept until more papers come in."""

from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from digest.choose import similar_papers
from digest.measure import Measures
from digest.model import Paper
from digest.ranking.similar import Similar
from digest.store import Connection
from digest.store.features import newest_counted
from digest.store.papers import papers_by_id

MOST_ANSWERS = 10_000


@dataclass(slots=True)
class Neighbours:
    """Measuring ten thousand papers takes most of a second, finding the nearest in them about a fifth of that."""

    measures: Measures
    _lock: Lock = field(default_factory=Lock)
    _newest: int = 0
    _measure: Similar | None = None
    _answers: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def of(self, connection: Connection, paper: Paper, *, now: datetime) -> list[Paper]:
        """The papers nearest to one, the nearest first; none while no paper has been counted."""
        with self._lock:
            numbers = self._numbers(connection, paper, now=now)
        known = papers_by_id(connection, numbers, now=now)
        return [known[number] for number in numbers if number in known and known[number].withdrawn_at is None]

    def _numbers(self, connection: Connection, paper: Paper, *, now: datetime) -> tuple[int, ...]:
        newest = newest_counted(connection)
        if not newest:
            return ()
        if newest != self._newest or len(self._answers) >= MOST_ANSWERS:
            self._newest, self._measure, self._answers = newest, Similar(*self.measures.newest(connection)), {}
        if paper.id not in self._answers:
            found = similar_papers(connection, paper, now=now, measure=self._measure)
            self._answers[paper.id] = tuple(one.id for one, _ in found)
        return self._answers[paper.id]
