"""The seam between the ledger and whatever takes our messages."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeAlias

from digest.model import Answer, Later, Outgoing

Messages: TypeAlias = Iterable[Outgoing | Later]

IN_VAIN_MOST = 3
"""Tries in a row to reach a provider that are in vain; then nothing more is tried."""


def never() -> bool:
    """Nobody says that it is time to stop."""
    return False


class Mailer(Protocol):
    """Takes messages and answers for each one; it knows nothing of the ledger.

    `repeatable` is true where handing over the same key twice has no effect, so that a hand-over
    whose answer was lost is simply made again; `signs` where it puts a DKIM signature of its own on
    what it takes. Raises DeliveryError only where it cannot work at all and nothing was handed over.
    """

    name: str
    repeatable: bool
    signs: bool

    def send(self, messages: Messages, *, should_stop: Callable[[], bool] = never) -> Iterator[Answer]:
        """Hand the messages over; one answer each, in any order, as they come, until `should_stop` says so.

        The next message is asked for when there is room for it, so `messages` may make them one by one, and
        note a window of them as under way before it gives out the first; `Later` in place of one says that there
        may be more. Sending goes on while the next answer is waited for. When it is to stop, only what is being
        handed over is waited for. What has no answer when this ends, or raises, was not handed over; where the
        caller stops listening earlier, what has none may have been.
        """
        ...


def in_their_time(messages: Messages, should_stop: Callable[[], bool] = never) -> Iterator[Outgoing]:
    """The messages, for a mailer that hands them over one after another: it sleeps where one is to leave later."""
    for message in messages:
        if should_stop():
            return
        if isinstance(message, Later):
            time.sleep(message.seconds)
        else:
            yield message
