"""When a reader's next edition is due: local date first, then the instant. Pure."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from digest.model import Cadence, Choices, Weekday

WEEKDAYS = tuple(Weekday)
SATURDAY = WEEKDAYS.index(Weekday.SATURDAY)

DEADLINE = {
    Cadence.DAILY: timedelta(hours=6),
    Cadence.WEEKDAYS: timedelta(hours=6),
    Cadence.WEEKLY: timedelta(days=2),
    Cadence.MONTHLY: timedelta(days=5),
}
"""How long after its hour an edition is still worth sending; later, it is merged into the next."""

LOOK_BACK = {
    Cadence.DAILY: timedelta(days=7),
    Cadence.WEEKDAYS: timedelta(days=7),
    Cadence.WEEKLY: timedelta(days=14),
    Cadence.MONTHLY: timedelta(days=62),
}
"""How far an edition reaches back at most."""


@lru_cache(maxsize=1)
def known_zones() -> frozenset[str]:
    """The names of all time zones; finding them takes a walk over the disk."""
    return frozenset(available_timezones())


class Rhythm(NamedTuple):
    """What of a reader's choices says when editions are due: few, and shared by many."""

    cadence: Cadence
    weekday: Weekday
    month_day: int
    hour: int
    timezone: str


def _falls_on(rhythm: Rhythm | Choices, day: date) -> bool:
    match rhythm.cadence:
        case Cadence.DAILY:
            return True
        case Cadence.WEEKDAYS:
            return day.weekday() < SATURDAY
        case Cadence.WEEKLY:
            return WEEKDAYS[day.weekday()] == rhythm.weekday
        case Cadence.MONTHLY:
            return day.day == min(rhythm.month_day, monthrange(day.year, day.month)[1])


# Readers are many, hours and zones few.
@lru_cache(maxsize=4096)
def due_at(day: date, *, hour: int, timezone: str) -> datetime:
    """The instant (UTC) of a local date and hour.

    An hour that the clocks skip is taken with the offset before the change, so it falls right
    after the gap; an hour that comes twice is the first of the two (PEP 495, fold=0). Where the gap
    ends the day, the offset after the change keeps the instant on its date.
    """
    local = datetime.combine(day, time(hour), ZoneInfo(timezone))
    instant = local.astimezone(UTC)
    return instant if due_on(instant, timezone=timezone) == day else local.replace(fold=1).astimezone(UTC)


@lru_cache(maxsize=4096)
def due_on(instant: datetime, *, timezone: str) -> date:
    """The reader's local date at an instant."""
    return instant.astimezone(ZoneInfo(timezone)).date()


def due_before(day: date, choices: Choices) -> date:
    """The last date before `day` on which an edition of theirs falls."""
    earlier = day - timedelta(days=1)
    return earlier if _falls_on(choices, earlier) else due_before(earlier, choices)


def next_due_at(after: datetime, choices: Choices, *, not_before: date = date.min) -> datetime:
    """The first due instant (UTC) that is later than `after`, on the local date `not_before` at the earliest."""
    rhythm = Rhythm(choices.cadence, choices.weekday, choices.month_day, choices.hour, choices.timezone)
    return _next_due_at(after, rhythm, not_before)


@lru_cache(maxsize=4096)
def _next_due_at(after: datetime, rhythm: Rhythm, not_before: date) -> datetime:
    day = max(due_on(after, timezone=rhythm.timezone), not_before)
    # The next date is two months ahead at most: of a month whose date has passed, to the end of the one after it.
    for _ in range(63):
        if _falls_on(rhythm, day):
            instant = due_at(day, hour=rhythm.hour, timezone=rhythm.timezone)
            if instant > after:
                return instant
        day += timedelta(days=1)
    raise AssertionError(f"no due date within two months of {day}")
