"""Job: what is only looked back at goes once it is as old as the operator says; in blocks, each a short transaction.

Nothing goes that choosing, sending or an account of consent still needs: editions reach back over LOOK_BACK, what is
under way stays until it has ended, and papers, likes, suppressions and consents stay for good.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from digest.store import Connection, Store
from digest.store.again import tried_again
from digest.store.retention import forget_events, forget_messages, strip_editions, thin_printings

DAY = timedelta(days=1)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How long readers' own editions, the account of messages, and events are kept."""

    editions: timedelta
    messages: timedelta
    events: timedelta


@dataclass(slots=True, kw_only=True)
class Tidied:
    """What went: the contents of editions, rows of printings, messages, and events."""

    editions: int = 0
    printings: int = 0
    messages: int = 0
    events: int = 0


def tidy(
    store: Store,
    *,
    keeping: Keeping,
    now: datetime,
    should_stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int], None] = lambda _: None,
) -> Tidied:
    """Delete what is older than it is kept, until nothing is left to go or `should_stop` says so."""
    tidied = Tidied()
    # An edition's date is its readers' own, which may be a day ahead.
    before = (now - keeping.editions - DAY).date()

    def blocks(take: Callable[[Connection], int]) -> int:
        count = 0
        while not should_stop():
            gone = _in_one(store, take)
            if not gone:
                break
            count += gone
            progress(gone)
        return count

    def walked(forget: Callable[..., tuple[int, int | None]], *, kept: timedelta) -> int:
        count, last = 0, 0
        while not should_stop():
            gone, seen = _in_one(store, partial(forget, before=now - kept, after=last))
            if seen is None:
                break
            count, last = count + gone, seen
            progress(gone)
        return count

    tidied.editions = blocks(lambda connection: strip_editions(connection, before=before))
    tidied.printings = blocks(lambda connection: thin_printings(connection, before=before))
    tidied.messages = walked(forget_messages, kept=keeping.messages)
    tidied.events = walked(forget_events, kept=keeping.events)
    return tidied


@tried_again
def _in_one(store: Store, take: Callable[[Connection], T]) -> T:
    """A block, in a transaction of its own."""
    with store.writing() as connection:
        return take(connection)
