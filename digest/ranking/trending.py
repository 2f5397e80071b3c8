"""What is trending: upvotes seen so far, against the hours in which they came."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from digest.model import Cadence, Signals

PRIOR_UPVOTES = 3
PRIOR_HOURS = 24
LEAST_HOURS = 6
GROWTH_HOURS = 9
ROUNDING = 1e-9
LEADING = 0.1
RISEN = 2
LEAST_RISE = 10
"""What a reader was not sent is worth a second look in the tenth that leads, with twice its votes and ten more."""


class Rated(Protocol):
    """What a list needs to know of a paper."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def listed_at(self) -> datetime:
        """When it was listed."""

    @property
    def signals(self) -> Signals:
        """What was seen of it last."""


R = TypeVar("R", bound=Rated)


class Window(StrEnum):
    """How far a trending list reaches back."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


WINDOW = {
    Cadence.DAILY: Window.DAY,
    Cadence.WEEKDAYS: Window.DAY,
    Cadence.WEEKLY: Window.WEEK,
    Cadence.MONTHLY: Window.MONTH,
}
"""The window of an edition's trending list."""

_REACH = {Window.WEEK: timedelta(days=7), Window.MONTH: timedelta(days=31)}
LONGEST = max(_REACH.values())


def listed_in(papers: Sequence[R], window: Window, *, now: datetime) -> list[R]:
    """The papers of a window that ends now; the day is the newest (UTC) that any paper was listed on."""
    listed = [paper for paper in papers if paper.listed_at <= now]
    if window in _REACH:
        since = now - _REACH[window]
    else:
        newest = max((paper.listed_at for paper in listed), default=now)
        since = datetime.combine(newest.astimezone(UTC).date(), time(), UTC)
    return [paper for paper in listed if paper.listed_at >= since]


def hours_listed(paper: Rated, *, now: datetime) -> float:
    """Hours since 00:00 UTC of the day on whose list the paper stands, at least 6."""
    return max(LEAST_HOURS, (now - paper.listed_at) / timedelta(hours=1))


def trend(paper: Rated, *, now: datetime) -> float:
    """`(u + 3) / (h + 24)` for u upvotes after h hours: NDCG@10 of .930 for the final order of two days' papers."""
    return ((paper.signals.upvotes or 0) + PRIOR_UPVOTES) / (hours_listed(paper, now=now) + PRIOR_HOURS)


def expected_upvotes(paper: Rated, *, now: datetime) -> float:
    """`u * (h + 9) / h`: what u upvotes after h hours will have grown to in the end."""
    hours = hours_listed(paper, now=now)
    return (paper.signals.upvotes or 0) * (hours + GROWTH_HOURS) / hours


def all_expected(upvotes: NDArray[np.float64], hours: NDArray[np.float64]) -> NDArray[np.float64]:
    """(papers,) the same of many papers, after so many hours listed; of no upvotes known, none."""
    listed = np.maximum(LEAST_HOURS, hours)
    return np.asarray(np.nan_to_num(upvotes) * (listed + GROWTH_HOURS) / listed)


def by_trend(papers: Sequence[R], window: Window, *, now: datetime) -> list[R]:
    """Papers in the order of a trending list: the most trending first, unvoted ones after the voted.

    A week's and a month's go by the upvotes expected of them: against their hours, its newest
    day would always lead.
    """
    score = trend if window is Window.DAY else expected_upvotes
    return sorted(papers, key=lambda p: (p.signals.upvotes is None, -score(p, now=now), p.id))


def leading(
    numbers: NDArray[np.int64], upvotes: NDArray[np.float64], expected: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Where the tenth of the papers with votes stands of which the most are expected."""
    voted = np.flatnonzero(upvotes > 0)
    order = voted[np.lexsort((numbers[voted], -expected[voted]))]
    return order[: round(len(voted) * LEADING)]


def risen(upvotes: Mapping[int, float], before: Mapping[int, Signals]) -> frozenset[int]:
    """The papers whose upvotes have risen far since they had the signals of `before`."""
    then = {number: before.get(number, Signals()).upvotes or 0 for number in upvotes}
    return frozenset(n for n, now in upvotes.items() if now >= max(RISEN * then[n], then[n] + LEAST_RISE))


def trend_scores(upvotes: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """(papers,) standardised `ln(1 + expected upvotes)`; papers with no votes known (NaN) get the mean, zero."""
    known = ~np.isnan(upvotes)
    return np.where(known, standardised(np.log1p(expected), of=known), 0.0)


def standardised(values: NDArray[np.float64], *, of: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Values less the mean, over the standard deviation, of those chosen; zero where all are equal."""
    chosen = values[of]
    # What differs by rounding alone is equal: over its own deviation it would count like a real difference.
    if not chosen.size or np.ptp(chosen) <= ROUNDING * np.abs(chosen).max():
        return np.zeros_like(values)
    scaled: NDArray[np.float64] = (values - chosen.mean()) / chosen.std()
    return scaled
