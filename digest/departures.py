"""When the messages of an edition leave: a few first where it is large, or all of them spread over a while."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

LeavesAt: TypeAlias = Callable[[datetime], datetime]
"""When the next message leaves at the soonest, by its deadline."""

CANARY_SHARE = 100
CANARY_MOST = 2000
"""One message in so many of a large edition leaves first, at most so many messages."""

CANARY_WAIT = timedelta(minutes=15)
"""How long the others wait meanwhile: a list that is ill, or readers who complain, stop the newsletter by then."""

SOONEST_DEADLINE = timedelta(minutes=30)
"""Nothing is made to wait for longer than until so long before its deadline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Departures:
    """`canary_from` is how many messages make an edition large, 0 for none; `spread` how long it takes all to leave."""

    canary_from: int = 0
    spread: timedelta = timedelta(0)

    def of(self, count: int, *, now: datetime, is_rest: bool = False) -> LeavesAt:
        """When each of so many messages leaves; asked once for each.

        They are the rest of an edition where its publishing was stopped, or another process is at it, and others of it
        are held back: that one is large, however few these are.
        """
        has_canary = self.canary_from > 0 and (is_rest or count >= self.canary_from)
        if not has_canary and not self.spread:
            return lambda _: now
        stride = max(CANARY_SHARE, -(-count // CANARY_MOST))
        places = itertools.count()

        def leaves_at(deadline_at: datetime) -> datetime:
            place = next(places)
            if has_canary and place % stride == 0:
                return now
            at = now + self.spread * min(place / count, 1) + (CANARY_WAIT if has_canary else timedelta(0))
            return max(now, min(at, deadline_at - SOONEST_DEADLINE))

        return leaves_at


AT_ONCE = Departures()
