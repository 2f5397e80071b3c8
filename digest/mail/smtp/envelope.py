"""A message as it goes over the wire: the commands before it, and its content behind them."""

import re
from dataclasses import dataclass
from typing import Self

from digest.errors import RenderingError
from digest.mail.message import wire_address
from digest.model import Outgoing

_PATH_MOST = 254
_LOCAL_PART_MOST = 64
_LINE_END = re.compile(rb"\r\n|\r|\n")


class UnsendableError(Exception):
    """Why a message cannot go to this server; it holds no address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """What a server offers in its answer to EHLO. `size_most` in octets, 0 where it names no limit."""

    pipelining: bool = False
    starttls: bool = False
    size: bool = False
    size_most: int = 0
    sign_in: frozenset[str] = frozenset()

    @classmethod
    def of(cls, lines: list[bytes]) -> Self:
        """The features that the lines of an answer name; the first line is a greeting."""
        words = [line.decode("ascii", "replace").upper().replace("=", " ").split() for line in lines[1:]]
        named = {line[0]: line[1:] for line in reversed(words) if line}
        [most, *_] = [*named.get("SIZE", []), "0"]
        return cls(
            pipelining="PIPELINING" in named,
            starttls="STARTTLS" in named,
            size="SIZE" in named,
            size_most=int(most) if most.isascii() and most.isdigit() and len(most) < 18 else 0,
            sign_in=frozenset(named.get("AUTH", [])),
        )


def commands(message: Outgoing, features: Features) -> tuple[bytes, bytes]:
    """MAIL and RCPT. Raises UnsendableError for what the server, or the protocol, cannot take."""
    size = len(message.content)
    if 0 < features.size_most < size:
        raise UnsendableError(f"the server takes {features.size_most} bytes at most, and the message has {size}")
    sender, recipient = (_path(address) for address in (message.envelope_sender, message.recipient))
    options = f" SIZE={size}" if features.size else ""
    return f"MAIL FROM:<{sender}>{options}\r\n".encode(), f"RCPT TO:<{recipient}>\r\n".encode()


def _path(address: str) -> str:
    """The address in a command: nothing that could end it, the domain in A-labels (RFC 5891)."""
    try:
        path = wire_address(address)
    except RenderingError as error:
        raise UnsendableError("an address that cannot stand in a command") from error
    if len(path) > _PATH_MOST or path.rindex("@") > _LOCAL_PART_MOST:
        raise UnsendableError("an address that is too long")
    return path


def on_the_wire(message: Outgoing) -> bytes:
    """The message's content up to its final dot (RFC 5321, 4.5.2): nothing in it ends it.

    Ours is not looked through for that: it would push out of the processor's caches what the next one is made of.
    """
    content = message.content if message.is_lined else _lined(message.content)
    return content + (b".\r\n" if content[-2:] == b"\r\n" or not content else b"\r\n.\r\n")


def _lined(content: bytes) -> bytes:
    """The content in lines that end in CRLF, with one dot more where one begins with a dot."""
    lines = _LINE_END.sub(b"\r\n", content).replace(b"\n.", b"\n..")
    return b"." + lines if lines[:1] == b"." else lines
