"""SMTP (RFC 5321) over aiosmtplib, several connections at a time.

The event loop is private to this file: whoever calls `send` sees a plain iterator.
"""

import asyncio
import re
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import aiosmtplib

from digest.errors import DeliveryError
from digest.model import Answer, Outcome, Outgoing
from digest.text import one_line

CONNECT_SECONDS = 30
COMMAND_SECONDS = 300

Tls = Literal["starttls", "tls", "none"]

# Anything else would need SMTPUTF8, or would be read by aiosmtplib as some other address.
_PLAIN = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where to send and how to sign in; `password` never leaves this value but over the wire."""

    host: str
    port: int
    tls: Tls
    username: str = ""
    password: str = field(default="", repr=False)
    connections: int = 4


class Smtp:
    """Sends each message with an envelope of its own."""

    name = "smtp"
    repeatable = False
    signs = False

    def __init__(self, server: Server, *, local_hostname: str | None = None) -> None:
        self.server = server
        self.local_hostname = local_hostname
        self._tasks: list[asyncio.Task[None]] = []

    def send(self, messages: Sequence[Outgoing]) -> Iterator[Answer]:
        """Send the messages. Raises DeliveryError where no connection can be made at all."""
        with asyncio.Runner() as runner:
            first = runner.run(self._connect())
            waiting, answers = list(reversed(messages)), asyncio.Queue[Answer]()
            runner.run(self._start(waiting, answers, first))
            for _ in messages:
                yield runner.run(answers.get())
            runner.run(self._finish())

    async def _start(self, waiting: list[Outgoing], answers: asyncio.Queue[Answer], first: aiosmtplib.SMTP) -> None:
        others = min(self.server.connections, len(waiting)) - 1
        clients: list[aiosmtplib.SMTP | None] = [first, *[None] * others]
        self._tasks = [asyncio.create_task(self._work(waiting, answers, client)) for client in clients]

    async def _finish(self) -> None:
        await asyncio.gather(*self._tasks)

    async def _work(
        self, waiting: list[Outgoing], answers: asyncio.Queue[Answer], client: aiosmtplib.SMTP | None
    ) -> None:
        while waiting:
            message = waiting.pop()
            try:
                if client is None or not client.is_connected:
                    client = await self._connect()
            except DeliveryError as error:
                answers.put_nowait(_deferred(message, str(error)))
                continue
            answers.put_nowait(await _answer(client, message))
        if client is not None and client.is_connected:
            await _quit(client)

    async def _connect(self) -> aiosmtplib.SMTP:
        server = self.server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.tls == "tls",
            start_tls=server.tls == "starttls",
            tls_context=ssl.create_default_context() if server.tls != "none" else None,
            timeout=CONNECT_SECONDS,
            local_hostname=self.local_hostname,
        )
        try:
            await client.connect()
            if server.username:
                await client.login(server.username, server.password)
        except aiosmtplib.SMTPAuthenticationError as error:
            client.close()
            raise DeliveryError(
                f"{server.host}:{server.port} refused the sign-in ({error.code}). Mend mail.smtp.username and"
                " DIGEST_SMTP__PASSWORD."
            ) from error
        except (aiosmtplib.SMTPException, OSError, UnicodeError) as error:
            client.close()
            raise DeliveryError(
                f"{server.host}:{server.port} cannot be reached or refused us ({type(error).__name__})."
                " Mend mail.smtp.host, port and tls, or wait until the server is back."
            ) from error
        client.timeout = COMMAND_SECONDS
        return client


async def _answer(client: aiosmtplib.SMTP, message: Outgoing) -> Answer:
    """One answer for one message, whatever happens: a message without one would be waited for without end."""
    try:
        return await _hand_over(client, message)
    except Exception as error:
        client.close()
        return Answer(delivery_id=message.delivery_id, outcome=Outcome.UNKNOWN, code=type(error).__name__)


async def _hand_over(client: aiosmtplib.SMTP, message: Outgoing) -> Answer:
    """MAIL, RCPT, DATA, and what each refusal means for the message."""
    if not (_PLAIN.fullmatch(message.envelope_sender) and _PLAIN.fullmatch(message.recipient)):
        return _not_writable(message)
    try:
        await client.mail(message.envelope_sender)
    except aiosmtplib.SMTPException as error:
        return await _refused(client, message, error, permanently=Outcome.SENDER_REFUSED)
    try:
        await client.rcpt(message.recipient)
    except aiosmtplib.SMTPException as error:
        return await _refused(client, message, error, permanently=Outcome.RECIPIENT_REFUSED)
    try:
        answer = await client.data(message.content)
    except (aiosmtplib.SMTPException, OSError) as error:
        if isinstance(error, aiosmtplib.SMTPResponseException) and 400 <= error.code < 600:
            return await _refused(client, message, error, permanently=Outcome.MESSAGE_REFUSED)
        # The final dot may have been read: whether the message was taken is not known.
        client.close()
        return Answer(delivery_id=message.delivery_id, outcome=Outcome.UNKNOWN, code=type(error).__name__)
    return Answer(delivery_id=message.delivery_id, outcome=Outcome.ACCEPTED, detail=_first_line(answer.message))


async def _refused(
    client: aiosmtplib.SMTP, message: Outgoing, error: aiosmtplib.SMTPException, *, permanently: Outcome
) -> Answer:
    if not isinstance(error, aiosmtplib.SMTPResponseException):
        client.close()
        return _deferred(message, type(error).__name__)
    await _reset(client)
    said = _first_line(error.message)
    status = re.match(r"[245]\.\d{1,3}\.\d{1,3}", said)
    return Answer(
        delivery_id=message.delivery_id,
        outcome=permanently if error.code >= 500 else Outcome.DEFERRED,
        code=f"{error.code} {status.group()}" if status else str(error.code),
        detail=said,
    )


async def _reset(client: aiosmtplib.SMTP) -> None:
    try:
        await client.rset()
    except (aiosmtplib.SMTPException, OSError):
        client.close()


async def _quit(client: aiosmtplib.SMTP) -> None:
    try:
        await client.quit()
    except (aiosmtplib.SMTPException, OSError):
        client.close()


def _not_writable(message: Outgoing) -> Answer:
    why = "an address that cannot stand in a command"
    return Answer(delivery_id=message.delivery_id, outcome=Outcome.MESSAGE_REFUSED, detail=why)


def _deferred(message: Outgoing, why: str) -> Answer:
    return Answer(delivery_id=message.delivery_id, outcome=Outcome.DEFERRED, detail=why)


def _first_line(said: str) -> str:
    """The first line of a reply, without anything that looks like an address."""
    line = one_line(said.strip().partition("\n")[0][:1000])
    return re.sub(r"<?\S+@\S+>?", "(address)", line)[:200]
