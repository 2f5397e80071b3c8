"""A newsletter's breaker: one whose addresses do not exist, or whose readers complain, is stopped before it does harm.

What counts is an edition, over all processes and runs that send it, as the ledger has it.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from digest.store import Connection
from digest.store.pauses import PauseCause, pause_sending
from digest.store.tallies import count_answered, count_up, editions_of

MOST_GONE = 0.05
FEWEST_GONE = 10
"""Of an edition's messages so many that find no mailbox, and at least so many, stop the newsletter: its list is ill."""

MOST_COMPLAINED = 0.001
FEWEST_COMPLAINED = 3
"""Of an edition's messages more than so many that are complained of, and at least so many, stop the newsletter."""


class Breaker:
    """Looks at bounces for as long as a run lasts; it remembers what it counted, to count seldom."""

    def __init__(self) -> None:
        self._answered: dict[int, int] = {}

    def look(self, connection: Connection, gone: Mapping[int, int], *, now: datetime) -> list[str]:
        """So many more messages of each printing found no mailbox: which newsletters that stops."""
        if not gone:
            return []
        editions, counts = editions_of(connection, gone), Counter[int]()
        for printing_id, edition_id in editions.items():
            counts[edition_id] += gone[printing_id]
        # In one order for all: two processes would wait for each other without end.
        looked = [self._stopped(connection, number, counts[number], now=now) for number in sorted(counts)]
        return [newsletter for newsletter in looked if newsletter]

    def _stopped(self, connection: Connection, edition_id: int, count: int, *, now: datetime) -> str:
        tally = count_up(connection, edition_id, gone=count)
        if tally is None or tally.gone < max(FEWEST_GONE, MOST_GONE * self._answered.get(tally.edition_id, 0)):
            return ""
        # There are only ever more of them: it is counted again once it could have become too many.
        answered = self._answered[tally.edition_id] = count_answered(connection, tally.edition_id)
        if tally.gone < MOST_GONE * answered:
            return ""
        why = f"{tally.gone} addresses of an edition do not exist"
        stopped = pause_sending(connection, tally.newsletter, why=why, now=now, cause=PauseCause.BOUNCES)
        return tally.newsletter if stopped else ""


def look_at_complaint(connection: Connection, printing_id: int, *, now: datetime) -> bool:
    """One more message of a printing was complained of: whether that stops its newsletter."""
    edition_id = editions_of(connection, [printing_id]).get(printing_id)
    tally = None if edition_id is None else count_up(connection, edition_id, complained=1)
    if tally is None or tally.complained < FEWEST_COMPLAINED:
        return False
    if tally.complained <= MOST_COMPLAINED * count_answered(connection, tally.edition_id):
        return False
    why = f"{tally.complained} readers of an edition complained"
    return pause_sending(connection, tally.newsletter, why=why, now=now, cause=PauseCause.COMPLAINTS)
