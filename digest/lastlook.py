"""The last look at what is about to leave: who must not get it any more."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from digest.feedback import marks_of
from digest.model import DeliveryKind
from digest.store import Connection
from digest.store.accounts import turn_back
from digest.store.attempts import skip_unwanted
from digest.store.deliveries import Delivery
from digest.store.pauses import EVERYTHING, pauses_now
from digest.store.suppressions import suppressed_marks
from digest.tokens import Keys


def going(connection: Connection, waiting: list[Delivery]) -> list[Delivery]:
    """What is not paused of what waits; the rest is queued again."""
    halted = pauses_now(connection)
    if not halted:
        return waiting
    if EVERYTHING in halted:
        return [one for one in waiting if one.kind is DeliveryKind.TEST]
    return [one for one in waiting if one.kind is not DeliveryKind.EDITION or one.newsletter not in halted]


def last_look(connection: Connection, leaving: Sequence[Delivery], *, keys: Keys, now: datetime) -> dict[int, str]:
    """Whoever unsubscribed up to here gets nothing, and whoever moved gets it there; who gets nothing, and why."""
    numbers = [delivery.id for delivery in leaving]
    turn_back(connection, numbers)
    return skip_unwanted(connection, numbers, now=now, suppressed_as=_suppressed(connection, leaving, keys=keys))


def _suppressed(connection: Connection, leaving: Iterable[Delivery], *, keys: Keys) -> set[int]:
    """The deliveries to addresses that were suppressed, and then erased: a hash is all that is left of them."""
    marks = {one.id: marks_of(keys, one.address.casefold()) for one in leaving if one.address}
    found = suppressed_marks(connection, {mark for theirs in marks.values() for mark in theirs})
    return {number for number, theirs in marks.items() if found.intersection(theirs)}
