"""The seam between the ledger and whatever takes our messages."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from digest.model import Answer, Outgoing


class Mailer(Protocol):
    """Takes messages and answers for each one; it knows nothing of the ledger.

    `repeatable` is true where handing over the same key twice has no effect, so that a hand-over
    whose answer was lost is simply made again; `signs` where it puts a DKIM signature of its own on
    what it takes. Raises DeliveryError only where it cannot work at all and nothing was handed over.
    """

    name: str
    repeatable: bool
    signs: bool

    def send(self, messages: Sequence[Outgoing]) -> Iterator[Answer]:
        """Hand the messages over; one answer each, in any order, as they come."""
        ...
