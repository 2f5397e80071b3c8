"""HTTP on one connection, in bounded time: uvicorn itself waits for a request for as long as somebody sends it."""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_UNDER_WAY = (h11.IDLE, h11.SEND_BODY)


class PromptProtocol(H11Protocol):
    """Ends a connection whose request is not there whole in time, or whose answer is not taken.

    At any moment one deadline runs: until the request is there, headers and body; then until it is answered; and then
    until the next is there, where uvicorn ends idle connections sooner.
    """

    request_seconds = 20.0
    """The largest form, 128 KB, arrives in that from a telephone at 7 KB/s; an ordinary one is a single packet."""

    answer_seconds = 60.0

    _deadline: asyncio.TimerHandle | None = None
    _is_answering = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request."""
        super().connection_made(transport)
        self._wait(self.request_seconds)

    def data_received(self, data: bytes) -> None:
        """Read on; from the end of the request on, wait for its answer."""
        super().data_received(data)
        if not self._is_answering and self.conn.their_state not in _UNDER_WAY:
            self._is_answering = True
            self._wait(self.answer_seconds)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._is_answering = False
        self._wait(self.request_seconds)
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        super().connection_lost(exc)
        self._forget()

    def _wait(self, seconds: float) -> None:
        self._forget()
        # What is written and not taken goes with it: closing would wait for that.
        self._deadline = self.loop.call_later(seconds, self.transport.abort)

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
