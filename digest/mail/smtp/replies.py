"""What a server says: replies (RFC 5321, 4.2) out of bytes in any pieces, and what they mean for a message."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from digest.model import Answer, Outcome, Outgoing
from digest.text import one_line

LINE_MOST = 8192
"""Octets of one line; the standard's limit is 512, which servers have been seen to exceed."""
LINES_MOST = 100
"""Lines of one reply."""

CLOSING = 421

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?!\S)")
_PLAIN = re.compile(rb"[ -?A-~]{0,200}")
_SENDERS_FAULT = re.compile(r"53[0-9]|5\d\d 5\.4\.5|5\d\d 5\.7\.8")
"""Not signed in, or over the account's limit (5.4.5): whatever it answers, the next message would fare alike."""


class SessionError(Exception):
    """The server cannot be understood, or is gone: the connection is of no more use. It holds no address."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply: its code, and its lines' texts."""

    code: int
    lines: list[bytes]

    @property
    def detail(self) -> str:
        """The first line in readable text, without anything that looks like an address."""
        [first, *_] = self.lines
        if _PLAIN.fullmatch(first):
            return first.strip().decode()
        line = one_line(first[:1000].decode(errors="replace").strip())
        return re.sub(r"<?\S+@\S+>?", "(address)", line)[:200]

    @property
    def status(self) -> str:
        """The code, with the enhanced one (RFC 3463) where there is any: `550 5.1.1`."""
        found = _STATUS.match(self.detail)
        return f"{self.code} {found.group()}" if found else str(self.code)


class Replies:
    """Cuts what a server sends into replies. Raises SessionError for what is none, or too long."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[bytes] = []
        self._code = b""

    @property
    def pending(self) -> bool:
        """Whether there is more than the replies that were given out."""
        return bool(self._rest or self._lines)

    def feed(self, data: bytes) -> Iterator[Reply]:
        """The replies that end in this piece, each before what is behind it is read."""
        self._rest += data
        while b"\n" in self._rest:
            line, _, self._rest = self._rest.partition(b"\n")
            if (reply := self._add(line)) is not None:
                yield reply
        if len(self._rest) > LINE_MOST:
            raise SessionError("a reply without an end")

    def _add(self, line: bytes) -> Reply | None:
        found = _LINE.fullmatch(line.rstrip(b"\r"))
        if found is None or len(line) > LINE_MOST or len(self._lines) == LINES_MOST:
            raise SessionError("a reply that is none")
        code, more, text = found.groups()
        if self._lines and code != self._code:
            raise SessionError("a reply of two codes")
        self._code = code
        self._lines.append(text or b"")
        if more == b"-":
            return None
        reply, self._lines = Reply(int(code), self._lines), []
        return reply


def refused(message: Outgoing, reply: Reply, *, permanently: Outcome) -> Answer:
    """A refusal: for good by 5xx, for now by anything else."""
    outcome, status = Outcome.DEFERRED, reply.status
    if reply.code >= 500:
        outcome = Outcome.SENDER_REFUSED if _SENDERS_FAULT.match(status) else permanently
    detail = reply.detail.removeprefix(status.partition(" ")[2]).lstrip()
    return Answer(delivery_id=message.delivery_id, outcome=outcome, code=status, detail=detail)


def without_sign_in(message: Outgoing, why: str) -> Answer:
    """There is nothing to sign in with, so the next message would fare alike."""
    return Answer(delivery_id=message.delivery_id, outcome=Outcome.SENDER_REFUSED, detail=why)


def accepted(message: Outgoing, reply: Reply) -> Answer:
    """The message was taken."""
    return Answer(delivery_id=message.delivery_id, outcome=Outcome.ACCEPTED, detail=reply.detail)


def unknown(message: Outgoing, why: str) -> Answer:
    """The message may have been taken."""
    return Answer(delivery_id=message.delivery_id, outcome=Outcome.UNKNOWN, code=why)


def deferred(message: Outgoing, why: str) -> Answer:
    """The message was not handed over."""
    return Answer(delivery_id=message.delivery_id, outcome=Outcome.DEFERRED, detail=why)


def unsendable(message: Outgoing, why: str) -> Answer:
    """The message cannot be handed over to this server, now or later."""
    return Answer(delivery_id=message.delivery_id, outcome=Outcome.MESSAGE_REFUSED, detail=why)
