"""Which messages may leave now, by the budgets that all processes share: permits, and what refusals teach.

A permit is taken in the transaction that notes its message as being handed over, so nothing leaves without one, and
whoever unsubscribes while a message waits for one gets nothing.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil, inf

from digest.budgets import (
    KEPT_FOR_AWAITED,
    TRIED_IN_VAIN,
    UNLIMITED,
    Budget,
    Moment,
    Spent,
    recovered,
    refused,
    returned,
    room,
    seconds_closed,
    seconds_each,
    taken,
)
from digest.locator import domain_of
from digest.model import Answer, DeliveryKind, Outcome
from digest.scopes import EVERYTHING, Limits, Wait, by_provider, name_of, to_domain
from digest.store import Connection
from digest.store.budgets import hold_budgets, keep_spent, spent_of_all
from digest.store.deliveries import Delivery
from digest.store.engine import clock
from digest.store.waiting import awaited_are_queued

AT_LEAST = 0.001
PATIENCE = 15.0
"""Seconds for which a permit is waited for with a lease in hand, if at all; what waits longer is given back."""

FEW = 100
"""Of so many that were taken one may be refused for now, as by greylisting, without saying how much is taken."""

DOMAINS_MOST = 2
"""Where more domains refuse at once, it is the provider that does."""

_SLOW_DOWN = re.compile(r"(?:421|45[0-4])(?! 4\.[12]\.)|HTTP 429")
"""Refusals for now that say something of how much is taken; 4.1 and 4.2 speak of one mailbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """The deliveries that may leave now, those that wait, and those that are put off until later.

    `seconds` is how long it takes until one of those that wait may leave.
    """

    window: list[Delivery]
    waiting: list[Delivery]
    put_off: Mapping[int, datetime] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(slots=True, kw_only=True)
class _Lane:
    """A domain's permits, while deliveries are picked."""

    room: int | None
    wait: float
    each: float
    waiting: int = 0


class Pace:
    """Gives permits for one run of sending; what was taken and learned is in the store."""

    def __init__(self, limits: Limits, *, chance: Callable[[], float] = random.random) -> None:
        self._limits, self._chance = limits, chance
        self._provider = by_provider(limits.provider_name)
        self._moment: Moment | None = None
        self._spent: dict[str, Spent] = {}
        self._tails: dict[str, float] = {}

    def pick(self, connection: Connection, waiting: Sequence[Delivery], size: int, *, now: datetime) -> Picked:
        """At most `size` deliveries that may leave now, the most urgent first; `spend` takes the permits."""
        if waiting and _is_edition(waiting[0]) and awaited_are_queued(connection, now=now):
            # Whoever waits for a confirm message does not wait for the rest of a block of editions.
            return Picked(window=[], waiting=list(waiting), seconds=inf)
        if not self._look(connection, now=now):
            return Picked(window=list(waiting[:size]), waiting=list(waiting[size:]))
        lanes: dict[str, _Lane] = {}
        window: list[Delivery] = []
        kept: list[Delivery] = []
        put_off: dict[int, datetime] = {}
        seconds = inf
        room_of = {is_edition: self._room(is_edition=is_edition) for is_edition in (False, True)}
        for position, delivery in enumerate(waiting):
            most = min(size, room_of[_is_edition(delivery)])
            if len(window) >= most and delivery.kind is not DeliveryKind.TEST:
                kept += waiting[position:]
                seconds = min(seconds, self._closed(is_edition=_is_edition(delivery))[0])
                break
            wait = self._wait_of(delivery, lanes)
            if wait <= 0:
                window.append(delivery)
            elif wait <= PATIENCE:
                kept.append(delivery)
                seconds = min(seconds, wait)
            else:
                put_off[delivery.id] = now + timedelta(seconds=self._put_off(delivery, lanes))
        return Picked(window=window, waiting=kept, put_off=put_off, seconds=seconds)

    def spend(self, connection: Connection, window: Iterable[Delivery]) -> None:
        """Take the permits of what was picked and leaves."""
        self._count(connection, window, taken)

    def give_back(self, connection: Connection, unsent: Sequence[Delivery], *, now: datetime) -> None:
        """Give back the permits of what was to leave and has not."""
        if unsent and self._look(connection, now=now):
            self._count(connection, unsent, returned)

    def _count(
        self,
        connection: Connection,
        counted: Iterable[Delivery],
        change: Callable[[Budget, Spent, int, Moment], Spent],
    ) -> None:
        if self._moment is None:
            return
        counts = Counter(scope for delivery in counted for scope in self._scopes(delivery))
        changed = {
            scope: change(self._budget(scope), self._spent.get(scope, Spent()), count, self._moment)
            for scope, count in counts.items()
        }
        keep_spent(connection, changed, at=self._moment.at)

    def heed(
        self,
        connection: Connection,
        answered: Sequence[tuple[Answer, Delivery]],
        refusals: Sequence[tuple[Answer, Delivery]],
        *,
        seconds: float,
        now: datetime,
    ) -> None:
        """Learn from answers that came within so many seconds: who refuses gets fewer, who accepts more again."""
        slow = [(answer, delivery) for answer, delivery in refusals if _slows_down(answer)]
        is_slowed = any(spent.slowed_to is not None or spent.in_vain for spent in self._spent.values())
        if not slow and not is_slowed:
            return
        moment = self._look(connection, now=now, anyway=True)
        assert moment is not None
        accepted = Counter[str]()
        for answer, delivery in answered:
            if answer.outcome is Outcome.ACCEPTED:
                accepted.update((to_domain(_domain(delivery)), self._provider))
        slow_scopes = {scope: count for scope, count in self._refusing(slow).items() if count * FEW > accepted[scope]}
        changed: dict[str, Spent | None] = {
            scope: refused(
                self._spent.get(scope, Spent()),
                count=count,
                accepted=accepted[scope],
                seconds=seconds,
                moment=moment,
                chance=self._chance(),
            )
            for scope, count in slow_scopes.items()
        }
        for scope in accepted.keys() & self._spent.keys() - slow_scopes.keys():
            told = recovered(self._budget(scope), self._spent[scope], accepted=accepted[scope])
            is_plain = told.slowed_to is None and self._budget(scope) == UNLIMITED
            changed[scope] = None if is_plain else told
        keep_spent(connection, changed, at=moment.at)

    def _refusing(self, slow: Sequence[tuple[Answer, Delivery]]) -> Counter[str]:
        """Who refused how many: the domains, or the provider where those are many, or it says so itself."""
        domains = Counter(to_domain(_domain(delivery)) for _, delivery in slow)
        is_provider = len(domains) > DOMAINS_MOST or any(answer.code.startswith("HTTP") for answer, _ in slow)
        return Counter({self._provider: len(slow)}) if is_provider else domains

    def wait(self, connection: Connection, *, now: datetime) -> Wait | None:
        """Why nothing, or no edition, leaves for a good while; None where it does."""
        moment = self._read(connection, now=now)
        for is_edition in (False, True):
            seconds, scope = self._closed(is_edition=is_edition)
            if seconds > PATIENCE:
                spent = self._spent[scope]
                is_slow = spent.free - moment.at >= seconds
                return Wait(
                    scope=scope,
                    seconds=seconds,
                    until=now + timedelta(seconds=ceil(seconds)),
                    seconds_each=seconds_each(self._budget(scope), spent) if is_slow else 0.0,
                    is_refused=is_slow and spent.in_vain > 0,
                    is_for_editions=is_edition,
                )
        return None

    def troubles(self, connection: Connection, *, now: datetime) -> list[str]:
        """What leaves more slowly than it could, or not at all, a sentence each."""
        wait = self.wait(connection, now=now)
        return [*([] if wait is None else [wait.told]), *self._slowed(now=now)]

    def _slowed(self, *, now: datetime) -> Iterator[str]:
        assert self._moment is not None
        for scope, spent in sorted(self._spent.items()):
            closed = spent.free - self._moment.at
            if scope != self._provider and spent.in_vain >= TRIED_IN_VAIN and closed > PATIENCE:
                until = now + timedelta(seconds=closed)
                yield f"{name_of(scope)} refuses messages for now: it is left alone until {until:%Y-%m-%d %H:%M} UTC."
            elif spent.slowed_to is not None:
                yield f"{name_of(scope)} gets {spent.slowed_to:.2g} messages a second, since it refused more."

    def _look(self, connection: Connection, *, now: datetime, anyway: bool = False) -> Moment | None:
        """Read what was spent, so that nobody else spends meanwhile; None where nothing is limited."""
        self._moment, self._spent = None, {}
        if not anyway and not self._limits.are_any and not self._ours(connection):
            return None
        hold_budgets(connection)
        return self._read(connection, now=now)

    def _read(self, connection: Connection, *, now: datetime) -> Moment:
        """Read what was spent up to now."""
        self._spent, self._moment = self._ours(connection), Moment(at=clock(connection), now=now)
        return self._moment

    def _ours(self, connection: Connection) -> dict[str, Spent]:
        """What was spent of all scopes but those of other providers, which were there before."""
        others = by_provider("")
        found = spent_of_all(connection).items()
        return {scope: spent for scope, spent in found if scope == self._provider or not scope.startswith(others)}

    def _budget(self, scope: str, *, is_edition: bool = False) -> Budget:
        assert self._moment is not None
        budget = self._limits.budget(scope, self._spent.get(scope, Spent()), self._moment)
        if is_edition and budget.per_day is not None:
            return replace(budget, per_day=budget.per_day - int(budget.per_day * KEPT_FOR_AWAITED))
        return budget

    def _room(self, *, is_edition: bool) -> float:
        """How many may leave now, whatever domain they go to."""
        assert self._moment is not None
        counts = [
            room(self._budget(scope, is_edition=is_edition), self._spent.get(scope, Spent()), self._moment)
            for scope in (EVERYTHING, self._provider)
        ]
        return min((count for count in counts if count is not None), default=inf)

    def _closed(self, *, is_edition: bool) -> tuple[float, str]:
        """For how long none may leave, whatever domain it goes to, and by which scope's budget."""
        assert self._moment is not None
        moment = self._moment
        return max(
            (
                seconds_closed(self._budget(scope, is_edition=is_edition), self._spent.get(scope, Spent()), moment),
                scope,
            )
            for scope in (EVERYTHING, self._provider)
        )

    def _scopes(self, delivery: Delivery) -> list[str]:
        """The scopes that a delivery spends of."""
        scopes = (EVERYTHING, self._provider, to_domain(_domain(delivery)))
        return [scope for scope in scopes if scope in self._spent or self._budget(scope) != UNLIMITED]

    def _wait_of(self, delivery: Delivery, lanes: dict[str, _Lane]) -> float:
        """The seconds that a delivery waits for its domain; 0 where it does not, and its permit is reckoned with."""
        scope = to_domain(_domain(delivery))
        budget, spent = self._budget(scope), self._spent.get(scope)
        if delivery.kind is DeliveryKind.TEST or (spent is None and budget == UNLIMITED):
            return 0.0
        assert self._moment is not None
        if scope not in lanes:
            spent = spent or Spent()
            count, each = room(budget, spent, self._moment), seconds_each(budget, spent)
            wait = (count or 0) * each or seconds_closed(budget, spent, self._moment)
            lanes[scope] = _Lane(room=count, wait=max(wait, AT_LEAST), each=each)
        lane = lanes[scope]
        if lane.room is None:
            return 0.0
        if lane.room > 0:
            lane.room -= 1
            return 0.0
        lane.waiting += 1
        return lane.wait + (lane.waiting - 1) * lane.each

    def _put_off(self, delivery: Delivery, lanes: Mapping[str, _Lane]) -> float:
        """In how many seconds a delivery is looked at again: each in a time of its own, behind those before it."""
        assert self._moment is not None
        scope = to_domain(_domain(delivery))
        lane, at = lanes[scope], self._moment.at
        tail = max(self._tails.get(scope, 0.0), at + max(lane.wait, PATIENCE)) + lane.each
        self._tails[scope] = tail
        return tail - at


def _is_edition(delivery: Delivery) -> bool:
    # Whoever has asked for a preview, which has no date of its own, waits for it.
    return delivery.kind is DeliveryKind.EDITION and delivery.due_on is not None


def _domain(delivery: Delivery) -> str:
    domain = (delivery.address or "").rpartition("@")[2].lower()
    return domain if domain.isascii() else domain_of(domain)


def _slows_down(answer: Answer) -> bool:
    # A connection that was closed by 421 says so in words.
    return answer.outcome is Outcome.DEFERRED and _SLOW_DOWN.match(answer.code or answer.detail) is not None
