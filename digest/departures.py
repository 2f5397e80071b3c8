"""When the messages of an edition leave: a few first where it is large, or all of them spread over a while."""

from dataclasses import dataclass
from datetime import datetime, timedelta

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

    def leaves_at(self, place: int, *, of: int, deadline_at: datetime, now: datetime) -> datetime:
        """When the message in that place of so many, counted from 0, leaves at the soonest."""
        at = now + self.spread * min(place / max(of, 1), 1)
        if 0 < self.canary_from <= of:
            is_canary = place % max(CANARY_SHARE, -(-of // CANARY_MOST)) == 0
            at = now if is_canary else at + CANARY_WAIT
        return max(now, min(at, deadline_at - SOONEST_DEADLINE))
