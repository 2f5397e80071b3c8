"""Opening a connection: greeting, EHLO, TLS, signing in."""

import asyncio
import base64
import os
import re
import socket
import ssl
from functools import partial
from typing import TYPE_CHECKING

from digest.mail.smtp.envelope import Features
from digest.mail.smtp.replies import Reply, SessionError
from digest.mail.smtp.server import Server, Timeouts
from digest.mail.smtp.session import Desk, Session

if TYPE_CHECKING:
    from digest.mail.grant import Grant


class SignInRefusedError(Exception):
    """The server does not take the user name with its password or token."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


_IN_WORDS = (
    (socket.gaierror, "its name cannot be resolved"),
    (TimeoutError, "no answer in time"),
    (ConnectionRefusedError, "connection refused"),
    (ConnectionError, "the connection was lost"),
)
_NUMBER = re.compile(r"\[Errno (\d+)\]")


def why_unopened(error: Exception) -> str:
    """Why a connection could not be opened, in words; a fault of ours by its type."""
    if isinstance(error, SessionError):
        return str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {(error.reason or 'for no reason told').replace('_', ' ').lower()}"
    for kind, words in _IN_WORDS:
        if isinstance(error, kind):
            return words
    if isinstance(error, OSError):
        # Where several addresses failed, asyncio's error has no number, but its words have each one's.
        numbers = [error.errno] if error.errno else [int(number) for number in _NUMBER.findall(str(error))]
        told = dict.fromkeys(os.strerror(number).lower() for number in numbers)
        return ", ".join(told) or "none of its addresses can be reached"
    return type(error).__name__


async def open_session(desk: Desk, server: Server, context: ssl.SSLContext | None, *, hostname: str) -> Session:
    """A connection that is ready for messages.

    Raises SignInRefusedError; DeliveryError where there is nothing to sign in with; SessionError or OSError where it
    cannot be made otherwise.
    """
    session = Session(desk, server.timeouts)
    try:
        await _prepare(session, server, context, hostname)
    except BaseException:
        if hasattr(session, "transport"):
            session.abort("opening it failed")
        raise
    return session


async def _prepare(session: Session, server: Server, context: ssl.SSLContext | None, hostname: str) -> None:
    await _be_greeted(session, server, context)
    await _say_hello(session, hostname, server.timeouts)
    if server.tls == "starttls":
        await _secure(session, server, context)
        await _say_hello(session, hostname, server.timeouts)
    if server.grant is not None:
        await _sign_in_by(server.grant, session, server)
    elif server.username:
        await _sign_in(session, server)


async def _be_greeted(session: Session, server: Server, context: ssl.SSLContext | None) -> None:
    """Connect, under TLS where the server speaks nothing else, and be greeted."""
    timeouts = server.timeouts
    greeted = partial(session.ask, b"", seconds=timeouts.connect + timeouts.greeting)
    # The greeting may have come before anybody is told of the connection, or of TLS.
    if server.tls == "tls":
        await _reach(session, server)
        session.require_silence()
        greeting = greeted()
        await _go_under_tls(session, server, context)
    else:
        greeting = greeted()
        await _reach(session, server)
    if (reply := await greeting).code != 220:
        raise SessionError(reply.status)


async def _reach(session: Session, server: Server) -> None:
    try:
        async with asyncio.timeout(server.timeouts.connect):
            await asyncio.get_running_loop().create_connection(lambda: session, server.host, server.port)
    except UnicodeError as error:  # what it cannot spell in the DNS
        raise SessionError("its name is no host's") from error


async def _say_hello(session: Session, hostname: str, timeouts: Timeouts) -> None:
    name = hostname or _own_name(session.transport)
    reply = await session.ask(f"EHLO {name}\r\n".encode(), seconds=timeouts.command)
    if reply.code == 250:
        session.features = Features.of(reply.lines)
        return
    if 500 <= reply.code < 505:  # it does not know the command: a server of before 1995
        reply = await session.ask(f"HELO {name}\r\n".encode(), seconds=timeouts.command)
    if reply.code != 250:
        raise SessionError(reply.status)
    session.features = Features()


def _own_name(transport: asyncio.Transport) -> str:
    """This machine's name where it is a full one, else its address (RFC 5321, 4.1.3)."""
    name = socket.gethostname()
    if "." in name and name.isascii() and name.isprintable():
        return name
    address = str(transport.get_extra_info("sockname")[0])
    return f"[IPv6:{address.partition('%')[0]}]" if ":" in address else f"[{address}]"


async def _secure(session: Session, server: Server, context: ssl.SSLContext | None) -> None:
    if not session.features.starttls:
        raise SessionError("it offers no STARTTLS")
    reply = await session.ask(b"STARTTLS\r\n", seconds=server.timeouts.command)
    if reply.code != 220:
        raise SessionError(f"{reply.status} to STARTTLS")
    # Whoever sits in between could put words here that would count as said under TLS (CVE-2021-38371).
    session.require_silence()
    await _go_under_tls(session, server, context)


async def _go_under_tls(session: Session, server: Server, context: ssl.SSLContext | None) -> None:
    assert context is not None
    transport = await asyncio.get_running_loop().start_tls(
        session.transport,
        session,
        context,
        server_hostname=server.host,
        ssl_handshake_timeout=server.timeouts.connect,
    )
    assert transport is not None
    session.use(transport)


async def _sign_in(session: Session, server: Server) -> None:
    """AUTH by PLAIN, else by LOGIN (RFC 4954)."""
    name, password = server.username.encode(), server.password.encode()
    if "PLAIN" in session.features.sign_in:
        steps = [b"AUTH PLAIN " + base64.b64encode(b"\0%b\0%b" % (name, password))]
    elif "LOGIN" in session.features.sign_in:
        steps = [b"AUTH LOGIN", base64.b64encode(name), base64.b64encode(password)]
    else:
        raise SessionError("it offers no sign-in by PLAIN or LOGIN")
    for place, step in enumerate(steps, 1):
        reply = await session.ask(step + b"\r\n", seconds=server.timeouts.command)
        if reply.code >= 500:
            raise SignInRefusedError(reply)
        if reply.code != (235 if place == len(steps) else 334):
            raise SessionError(f"{reply.status} to the sign-in")


async def _sign_in_by(grant: "Grant", session: Session, server: Server) -> None:
    """AUTH by XOAUTH2, as Google and Microsoft describe it: what is wrong with a token comes as a challenge first."""
    if "XOAUTH2" not in session.features.sign_in:
        raise SessionError("it offers no sign-in by XOAUTH2")
    token = await asyncio.to_thread(grant.token)
    told = base64.b64encode(f"user={server.username}\x01auth=Bearer {token}\x01\x01".encode())
    reply = await session.ask(b"AUTH XOAUTH2 %b\r\n" % told, seconds=server.timeouts.command)
    if reply.code == 334:
        reply = await session.ask(b"\r\n", seconds=server.timeouts.command)
    if reply.code >= 500:
        grant.forget()
        raise SignInRefusedError(reply)
    if reply.code != 235:
        raise SessionError(f"{reply.status} to the sign-in")
