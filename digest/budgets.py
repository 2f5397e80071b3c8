"""How much may leave and when: arithmetic over what the operator allows and what was taken of it.

A budget is one of three scopes: all messages, those by one provider, those to one domain. Moments are seconds since
1970 by the store's clock, which all processes share; a day is this hour and the 23 before it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

DAY_HOURS = 24
AT_ONCE = 1 / 20
"""Of a second's messages so many leave at once, at least one: evenly, and at most twenty permits a second."""

KEPT_FOR_AWAITED = 1 / 20
"""Of a day's messages so many are no editions': a large one does not close the subscribe form."""

SLOWEST = 1 / 30
UNLIMITED_FROM = 200.0
"""Messages a second: what a scope is slowed down to at the least, and from where on nothing slows it down any more."""

FIRST_GUESS = 10.0
"""Messages a second that a scope is thought to take that has taken none."""

SLOWED_BY = 0.7
RECOVERED_BY = 1 / 20
"""After a refusal so much of what was taken; of every message that is taken so much a second more."""

TRIED_IN_VAIN = 5
FIRST_CLOSED = 30.0
LONGEST_CLOSED = 3600.0
"""Refusals in a row after which a scope is left alone, and for how many seconds: twice as long every time."""

LESSON_SECONDS = 1.0
"""How long what is refused after a refusal teaches nothing new: it was on its way by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What the operator allows; None is no limit."""

    per_second: float | None = None
    per_day: int | None = None


UNLIMITED = Budget()


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUp:
    """A provider's cap of the first day, and how much larger each next day's is."""

    first_day: int
    growth: float

    def cap(self, *, days: int) -> int:
        """The cap so many days after the first."""
        return int(min(self.first_day * self.growth ** min(max(days, 0), 300), 1e9))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What was taken of a scope's budget, and what was learned of it.

    `free` is the moment at which all that was taken has had its time; `slowed_to` the messages a second that it
    turned out to take, `learned` when that was, `in_vain` the refusals in a row since. `hours` are counts by the
    number of the hour since 1970, `since_on` is the first day on which anything left.
    """

    free: float = 0.0
    slowed_to: float | None = None
    learned: float = 0.0
    in_vain: int = 0
    hours: Mapping[int, int] = field(default_factory=dict)
    since_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Now: by the store's clock, and by ours, which a rehearsal sets."""

    at: float
    now: datetime

    @property
    def hour(self) -> int:
        """The number of the hour since 1970."""
        return int(self.now.timestamp()) // 3600


def room(budget: Budget, spent: Spent, moment: Moment) -> int | None:
    """How many messages may leave now; None without a limit."""
    rate = _rate(budget, spent)
    counts = []
    if rate is not None or spent.free > moment.at:
        counts.append(0 if spent.free > moment.at else max(1, int((rate or UNLIMITED_FROM) * AT_ONCE)))
    if budget.per_day is not None:
        counts.append(max(0, budget.per_day - _last_day(spent, moment)))
    return min(counts, default=None)


def seconds_closed(budget: Budget, spent: Spent, moment: Moment) -> float:
    """How long it takes until a message may leave: 0 where one may now."""
    seconds = max(0.0, spent.free - moment.at)
    if budget.per_day is not None:
        over, sooner = _last_day(spent, moment) - budget.per_day, 0.0
        for hour in sorted(hour for hour in spent.hours if hour > moment.hour - DAY_HOURS):
            if over < 0:
                break
            over -= spent.hours[hour]
            sooner = (hour + DAY_HOURS) * 3600 - moment.now.timestamp()
        if budget.per_day <= 0:
            # Nothing that ends makes room: looked at again all the same, in case more is allowed by then.
            sooner = DAY_HOURS * 3600
        seconds = max(seconds, sooner)
    return seconds


def seconds_each(budget: Budget, spent: Spent) -> float:
    """The time between two messages; 0 without a limit."""
    rate = _rate(budget, spent)
    return 0.0 if rate is None else 1 / rate


def taken(budget: Budget, spent: Spent, count: int, moment: Moment) -> Spent:
    """What is spent once so many leave."""
    kept = {hour: many for hour, many in spent.hours.items() if hour > moment.hour - DAY_HOURS}
    kept[moment.hour] = kept.get(moment.hour, 0) + count
    return replace(
        spent,
        free=max(spent.free, moment.at) + count * seconds_each(budget, spent),
        hours=kept,
        since_on=spent.since_on or moment.now.date(),
    )


def returned(budget: Budget, spent: Spent, count: int, moment: Moment) -> Spent:
    """What is spent once so many that were to leave have not, the last of them first."""
    hours, left = dict(spent.hours), count
    for hour in sorted(hours, reverse=True):
        hours[hour], left = max(hours[hour] - left, 0), max(left - hours[hour], 0)
    kept = {hour: many for hour, many in hours.items() if many}
    return replace(
        spent,
        free=max(spent.free - count * seconds_each(budget, spent), min(spent.free, moment.at)),
        hours=kept,
        since_on=None if not kept and spent.since_on == moment.now.date() else spent.since_on,
    )


def refused(spent: Spent, *, count: int, accepted: int, seconds: float, moment: Moment, chance: float) -> Spent:
    """What is learned when so many messages were refused for now, and others accepted within so many seconds.

    A scope that takes some gets fewer; one that refuses everything is closed for a while, by `chance` (0 to 1) longer.
    """
    in_vain = 0 if accepted else max(min(spent.in_vain + count, TRIED_IN_VAIN), spent.in_vain + 1)
    if moment.at < max(spent.learned + LESSON_SECONDS, spent.free if spent.in_vain >= TRIED_IN_VAIN else 0):
        return spent
    took = accepted / max(seconds, LESSON_SECONDS) if accepted else FIRST_GUESS
    slowed_to = max(min(spent.slowed_to or UNLIMITED_FROM, took) * SLOWED_BY, SLOWEST)
    closed = 0.0
    if in_vain >= TRIED_IN_VAIN:
        closed = min(FIRST_CLOSED * 2 ** (in_vain - TRIED_IN_VAIN), LONGEST_CLOSED) * (0.75 + chance / 2)
    free = max(spent.free, moment.at + closed)
    return replace(spent, free=free, slowed_to=slowed_to, learned=moment.at, in_vain=min(in_vain, 20))


def recovered(budget: Budget, spent: Spent, *, accepted: int) -> Spent:
    """What is learned when so many messages were accepted and none was refused."""
    if spent.slowed_to is None:
        return replace(spent, in_vain=0)
    faster = spent.slowed_to + accepted * RECOVERED_BY
    is_free = faster >= (budget.per_second or UNLIMITED_FROM)
    return replace(spent, slowed_to=None if is_free else faster, in_vain=0)


def set_back(spent: Spent, moment: Moment) -> Spent:
    """What is spent, once the clock that told it was found to be ahead: nothing of it is of a time to come."""
    return replace(
        spent,
        free=min(spent.free, moment.at),
        learned=min(spent.learned, moment.at),
        hours={hour: count for hour, count in spent.hours.items() if hour <= moment.hour},
        since_on=spent.since_on and min(spent.since_on, moment.now.date()),
    )


def _rate(budget: Budget, spent: Spent) -> float | None:
    return min((rate for rate in (budget.per_second, spent.slowed_to) if rate is not None), default=None)


def _last_day(spent: Spent, moment: Moment) -> int:
    return sum(count for hour, count in spent.hours.items() if moment.hour - DAY_HOURS < hour <= moment.hour)
