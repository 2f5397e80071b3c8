"""How many confirm messages may be asked for: by one mailbox, from one network, by everybody together.

What is counted are the confirms in the store, so limits hold over restarts and over processes alike. Looking back at
past editions stores nothing, and is counted in memory.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from digest.errors import BusyError
from digest.store import Connection
from digest.store.asking import asked_by, asked_by_form, asked_from, unanswered_by
from digest.store.pauses import EVERYTHING, pauses_now

PERIOD = timedelta(hours=1)
MOST_FROM_A_NETWORK = 20
MOST_BY_FORM = 500
"""In a period: a class that subscribes together fits, a list of strangers' addresses does not."""

MOST_LOOKS = 100
"""From a network in a period: a lecture hall that tries it out fits, and costs ten seconds of one core."""

MOST_CHOICES = 30
"""Of one reader in a period, to see what would be chosen, or why not: each takes a second of one core, and a turn."""

MOST_NETWORKS = 50_000
"""Whose looks are counted at a time, in some 6 MB: whoever has more at hand than these is not kept out by counting."""

MOST_UNANSWERED = 3
"""Messages to one mailbox that wait for an answer; of the others there may be one in a period."""


def require_room(connection: Connection, network: str, *, now: datetime) -> None:
    """Raise BusyError where a network, or everybody, has asked too often, or nothing leaves at all.

    An empty network is not known.
    """
    if EVERYTHING in pauses_now(connection):
        raise BusyError("No mail leaves from here at the moment, so no link would reach you. Come back another day.")
    since = now - PERIOD
    if network and asked_from(connection, network, since=since) >= MOST_FROM_A_NETWORK:
        raise _busy("from your network")
    if asked_by_form(connection, since=since) >= MOST_BY_FORM:
        raise _busy("here")


def has_been_asked(connection: Connection, mailbox: str, *, now: datetime) -> bool:
    """Whether a mailbox has been sent enough for now."""
    asked = asked_by(connection, mailbox, since=now - PERIOD)
    return asked > 0 or unanswered_by(connection, mailbox, now=now) >= MOST_UNANSWERED


@dataclass(slots=True)
class Looks:
    """Counts who looks back, or asks for what costs as much, a period at a time: of each `most`, then the `refusal`."""

    refusal: str
    most: int = MOST_LOOKS
    _since: datetime | None = None
    _counts: Counter[str] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def take(self, who: str, *, now: datetime) -> None:
        """Count a look. Raises BusyError where they had too many; an empty network is not known."""
        with self._lock:
            is_over = self._since is None or not timedelta(0) <= now - self._since < PERIOD
            if is_over or len(self._counts) >= MOST_NETWORKS:
                self._since, self._counts = now, Counter()
            if who and self._counts[who] >= self.most:
                raise BusyError(self.refusal)
            self._counts[who] += 1


def _busy(where: str) -> BusyError:
    return BusyError(
        f"Too many confirm messages were asked for {where} within the hour. Keep this page open, and press the button"
        " again in an hour."
    )
