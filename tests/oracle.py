"""What must have come of a simulated stretch of time, by the rules as people are told them, and not as they are coded.

Everybody gets one edition for each of their dates, at their hour and at most so much later as its deadline says; or its
papers come with the next, and why is noted. Nobody gets a paper twice, or anything during a break or after leaving.
"""

from calendar import monthrange
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlalchemy import select
from world import START, Deed, World

from digest.model import Choices
from digest.store import Store
from digest.store.tables import deliveries, events, subscriptions

DAY = timedelta(days=1)
HOURS_LATE = {"daily": 6, "weekdays": 6, "weekly": 48, "monthly": 120}
LONGEST_APART = {"daily": 1, "weekdays": 3, "weekly": 7, "monthly": 31}
UNSETTLED = timedelta(days=2)
"""So near to a change of mind a reader's dates are not told one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """An edition as the ledger has it."""

    due_on: date | None
    state: str
    detail: str
    dated_at: datetime
    papers: tuple[int, ...]
    key: str


class Oracle:
    """Judges what a store and a mailer were left with; a service that works for `enough` sends what is due."""

    def __init__(self, world: World, store: Store, *, ends: datetime, enough: timedelta) -> None:
        self.world, self.enough = world, enough
        # Of a trouble that lasts to the end nobody can tell yet what comes of it.
        lasting = [one.begins for one in world.spans if one.what in {"daemon", "clock"} and one.ends >= ends]
        self.ends = min([ends, *lasting])
        self.editions, self.merged = _editions(store), _merged(store)
        self.counted: Counter[str] = Counter()
        self.twice: list[str] = []
        self.taken: defaultdict[int, list[tuple[datetime, date]]] = defaultdict(list)
        for key, times in world.taken.items():
            if ":edition:" in key:
                number, day = key.split(":")[2:4]
                self.taken[int(number)] += [(at, date.fromisoformat(day)) for at in times]
                self.twice += [key] * (len(times) > 1)

    def faults(self) -> list[str]:
        """Every reader's faults, in sentences; none where all is well."""
        twice = [f"{key} was sent twice" for key in self.twice]
        return twice + [f"reader {number}: {fault}" for number in self.world.deeds for fault in self._faults_of(number)]

    def _faults_of(self, number: int) -> Iterator[str]:
        row, deeds = self.world.rows[number], self.world.deeds[number]
        yield from self._twice(row)
        yield from self._unwanted(row, deeds)
        yield from self._crowded(row, deeds)
        day, last = START.date(), self.ends.date()
        while day < last:
            choices = _settled(deeds, day)
            if choices is not None and _falls_on(choices, day):
                yield from self._date(row, deeds, day, choices)
            day += DAY
        yield from self._gaps(row, deeds)

    def _date(self, row: int, deeds: Sequence[Deed], day: date, choices: Choices) -> Iterator[str]:
        """One due date of somebody who had long chosen, and changed nothing for days after."""
        due_at = _first_moment(choices.timezone, day, choices.hour)
        late = timedelta(hours=HOURS_LATE[choices.cadence])
        if due_at is None or due_at + late >= self.ends:
            return
        found = [one for one in self.editions[row] if one.due_on == day]
        if self._wrong_clock(due_at - DAY, due_at + late, most=DAY):
            # A clock that is ahead by less than a day brings what is due too early, and leaves none for the true hour.
            self.counted["near a wrong clock"] += 1
            return
        for edition in found:
            self.counted[f"{edition.state} {edition.detail}".strip()] += 1
            yield from self._edition(edition, day, day in self.merged[row], due_at, late)
            yield from self._hour(row, day, due_at, late)
        if not found:
            yield from self._absence(row, deeds, day, due_at, late)

    def _edition(
        self, edition: Edition, day: date, is_merged: bool, due_at: datetime, late: timedelta
    ) -> Iterator[str]:
        # By a clock that is ahead everything is past its deadline.
        has_judged = edition.state == "skipped" and not self._wrong_clock(due_at, due_at + late)
        if has_judged and self._worked(due_at, due_at + late, "daemon", "provider") >= self.enough:
            yield f"{day}: skipped ({edition.detail}), though the service worked in time"
        if edition.state not in {"sent", "unknown", "skipped"}:
            yield f"{day}: left {edition.state} {edition.detail}"
        if is_merged:
            yield f"{day}: has an edition, and is noted as merged"

    def _hour(self, row: int, day: date, due_at: datetime, late: timedelta) -> Iterator[str]:
        sent = [at for at, label in self.taken[row] if label == day and not self._wrong_clock(at, at)]
        yield from (f"{day}: sent at {at}, due at {due_at}" for at in sent if not due_at <= at <= due_at + late)

    def _absence(self, row: int, deeds: Sequence[Deed], day: date, due_at: datetime, late: timedelta) -> Iterator[str]:
        if day in self.merged[row]:
            self.counted["merged before they were made"] += 1
            if self._worked(due_at, due_at + late, "daemon") >= self.enough:
                yield f"{day}: merged, though the service worked in time"
        elif not self._was_news(row, due_at, late):
            self.counted["nothing new"] += 1
        elif self._worked(due_at, _changed_at(deeds, due_at) or self.ends, "daemon") < self.enough:
            self.counted["changed before they were made"] += 1
        else:
            yield f"{day}: due at {due_at}, no edition, and no reason"

    def _was_news(self, row: int, due_at: datetime, late: timedelta) -> bool:
        """Whether a paper came after the last edition before that moment."""
        # What a wrong clock sent has taken the papers, and so has what nobody knows to have arrived.
        doubtful = [one.dated_at for one in self.editions[row] if one.state == "unknown" and one.dated_at < due_at]
        before = [at for at, _ in self.taken[row] if at < due_at or (at < due_at + late and self._wrong_clock(at, at))]
        since = max([*before, *doubtful], default=START - DAY)
        return any(since < at <= due_at for at in self.world.news.values())

    def _twice(self, row: int) -> Iterator[str]:
        # What left by a wrong clock is of no date, once that is found.
        keys = Counter(day for at, day in self.taken[row] if not self._wrong_clock(at, at))
        yield from (f"{day}: sent {count} times" for day, count in keys.items() if count > 1)
        held = Counter(p for one in self.editions[row] if one.state in {"sent", "unknown"} for p in one.papers)
        yield from (f"paper {paper} came {count} times" for paper, count in held.items() if count > 1)

    def _unwanted(self, row: int, deeds: Sequence[Deed]) -> Iterator[str]:
        for at, day in self.taken[row]:
            if self._wrong_clock(at, at):
                self.counted["sent by a wrong clock"] += 1
                continue
            deed = next(one for one in reversed(deeds) if one.at <= at)
            if deed.choices is None:
                yield f"{day}: sent at {at}, after leaving at {deed.at}"
            elif deed.paused_until and at.astimezone(ZoneInfo(deed.choices.timezone)).date() < deed.paused_until:
                yield f"{day}: sent at {at}, in a break until {deed.paused_until}"

    def _crowded(self, row: int, deeds: Sequence[Deed]) -> Iterator[str]:
        for (one, _), (other, day) in pairwise(sorted(self.taken[row])):
            changed = any(one - UNSETTLED < deed.at < other for deed in deeds)
            if other - one < timedelta(hours=12) and not changed and not self._wrong_clock(one - DAY, other + DAY):
                yield f"{day}: sent at {other}, after another at {one}"

    def _gaps(self, row: int, deeds: Sequence[Deed]) -> Iterator[str]:
        """Whatever was changed and when, the next date came within the longest time that the choices have."""
        days = sorted({one.due_on for one in self.editions[row] if one.due_on} | self.merged[row])
        for one, other in pairwise([*days, self.ends.date()]):
            begins, ends = _midnight(one), _midnight(other)
            within = [deed for deed in deeds if begins <= deed.at < ends]
            deed = next((deed for deed in reversed(deeds) if deed.at <= begins + DAY), None)
            held = [deed for deed in (deed, *within) if deed is not None]
            if any(deed.choices is None or deed.paused_until for deed in held):
                continue
            longest = max((LONGEST_APART[deed.choices.cadence] for deed in held if deed.choices), default=0)
            quiet = sum(
                span.what == "source" and span.begins < ends and begins < span.ends for span in self.world.spans
            )
            if (other - one).days > longest * (1 + len(within)) + 2 + 6 * quiet:
                yield f"nothing between {one} and {other}"

    def _worked(self, begins: datetime, ends: datetime, *kinds: str) -> timedelta:
        """The longest time without any of these troubles."""
        spans = sorted((s.begins, s.ends) for s in self.world.spans if s.what in {"clock", *kinds} and s.ends > begins)
        longest, free_from = timedelta(0), begins
        for starts, stops in spans:
            longest = max(longest, min(starts, ends) - free_from)
            free_from = max(free_from, stops)
        return max(longest, ends - free_from)

    def _wrong_clock(self, begins: datetime, ends: datetime, *, most: timedelta = timedelta.max) -> bool:
        """Whether one was wrong meanwhile, and ahead by at most so much."""
        wrong = [one for one in self.world.spans if one.what == "clock" and one.ahead <= most]
        return any(one.begins <= ends and begins < one.ends for one in wrong)


def _settled(deeds: Sequence[Deed], day: date) -> Choices | None:
    """What held from two days before a date to two days after it; none where that changed, or during a break."""
    begins, ends = _midnight(day) - UNSETTLED, _midnight(day) + DAY + UNSETTLED
    before = [deed for deed in deeds if deed.at <= begins]
    if not before or len(before) < sum(deed.at <= ends for deed in deeds):
        return None
    deed = before[-1]
    return None if deed.paused_until and day < deed.paused_until else deed.choices


def _changed_at(deeds: Sequence[Deed], since: datetime) -> datetime | None:
    """When a reader next left, took a break or chose otherwise after that moment: their dates are others from there."""
    return next((deed.at for deed in deeds if deed.at > since), None)


def _falls_on(choices: Choices, day: date) -> bool:
    match choices.cadence:
        case "weekdays":
            return day.isoweekday() <= 5
        case "weekly":
            return f"{day:%A}".lower() == choices.weekday
        case "monthly":
            return day.day == choices.month_day or (
                day.day < choices.month_day and (day + DAY).day == 1 and day.day == monthrange(day.year, day.month)[1]
            )
    return True


@cache
def _first_moment(timezone: str, day: date, hour: int) -> datetime | None:
    """The first moment of a date at which the reader's own clock shows that hour, or a later one."""
    for quarter in range(-14 * 4 + hour * 4 - 8, 12 * 4 + hour * 4 + 12):
        moment = _midnight(day) + timedelta(minutes=15 * quarter)
        local = moment.astimezone(ZoneInfo(timezone))
        if local.date() == day and local.hour >= hour:
            return moment
    return None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _editions(store: Store) -> defaultdict[int, list[Edition]]:
    found: defaultdict[int, list[Edition]] = defaultdict(list)
    with store.reading() as connection:
        for row in connection.execute(select(deliveries).where(deliveries.c.kind == "edition")):
            found[row.subscription_id].append(
                Edition(
                    due_on=row.due_on,
                    state=row.state,
                    detail=row.detail,
                    dated_at=row.dated_at,
                    papers=tuple(pick[0] for pick in row.selection["picks"]),
                    key=row.key,
                )
            )
    return found


def _merged(store: Store) -> defaultdict[int, set[date]]:
    """The dates that were noted as merged, of each subscription."""
    found: defaultdict[int, set[date]] = defaultdict(set)
    with store.reading() as connection:
        query = select(subscriptions.c.id, events.c.detail).join(
            subscriptions, subscriptions.c.subscriber_id == events.c.subscriber_id
        )
        for number, detail in connection.execute(query.where(events.c.kind == "merged")):
            day, last = date.fromisoformat(detail["first_on"]), date.fromisoformat(detail["last_on"])
            while day <= last:
                found[number].add(day)
                day += DAY
    return found
