"""A real SMTP server on loopback: it keeps what it takes, and refuses what it is told to."""

import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from threading import Condition
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

OK = "250 2.0.0 taken"

Answering = Callable[[str, str], str]
"""The reply to a command (MAIL, RCPT or DATA) and the address it is about; that of DATA is its recipient."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that was taken, as it came over the wire, its dots unstuffed."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


def take_all(_command: str, _address: str) -> str:
    return OK


class SmtpServer:
    """Runs in a thread of its own for as long as the `with` lasts; `options` are aiosmtpd's."""

    host = "127.0.0.1"

    def __init__(self, answer: Answering = take_all, **options: Any) -> None:
        self.answer = answer
        self.taken: list[Taken] = []
        self.connections = 0
        self._grown = Condition()
        self._socket = socket.create_server((self.host, 0))
        self.port: int = self._socket.getsockname()[1]
        self._controller = _Controller(self._socket, self, hostname=self.host, port=self.port, **options)

    def __enter__(self) -> Self:
        self._controller.start()
        self.connections = 0
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()
        self._socket.close()

    def wait_for(self, count: int, seconds: float = 10) -> list[Taken]:
        """What was taken, as soon as it is `count` messages; TimeoutError where it does not come to that."""
        with self._grown:
            if not self._grown.wait_for(lambda: len(self.taken) >= count, seconds):
                raise TimeoutError(f"{len(self.taken)} of {count} messages came within {seconds} s")
            return list(self.taken)

    # What aiosmtpd calls.

    async def handle_EHLO(  # noqa: N802
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, replies: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        return replies

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        reply = self.answer("MAIL", address)
        if reply.startswith("2"):
            envelope.mail_from = address
        return reply

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        reply = self.answer("RCPT", address)
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        reply = self.answer("DATA", envelope.rcpt_tos[-1])
        if reply.startswith("2"):
            with self._grown:
                content = envelope.original_content or b""
                self.taken.append(Taken(envelope.mail_from or "", tuple(envelope.rcpt_tos), content))
                self._grown.notify_all()
        return reply


class _Controller(Controller):
    """Listens on a socket that is open already, so that nobody else takes its port."""

    def __init__(self, listening: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._listening = listening

    def _create_server(self) -> Awaitable[Any]:
        server: Awaitable[Any] = self.loop.create_server(
            self._factory_invoker, sock=self._listening, ssl=self.ssl_context
        )
        return server
