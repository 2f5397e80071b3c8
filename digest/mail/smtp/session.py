"""One connection, and the messages that go over it.

Where the server allows it (PIPELINING, RFC 2920), a message's content and the next one's MAIL, RCPT and
DATA leave in one write, and each reply is matched to its command in turn; elsewhere each command waits
for the reply to the one before. What is known of a message when a connection breaks is what was written
and what was answered: its final dot may have been read, or it cannot have been.
"""

import asyncio
from collections import deque
from enum import IntEnum
from math import inf
from typing import Protocol, cast

from digest.mail.smtp import wire
from digest.mail.smtp.envelope import Features, UnsendableError, commands, on_the_wire
from digest.mail.smtp.replies import CLOSING, Replies, Reply, SessionError, accepted, refused, unknown, unsendable
from digest.mail.smtp.server import Timeouts
from digest.model import Answer, Outcome, Outgoing

# Looked up with every reply: what is a number is hashed without a call of Python.
Stage = IntEnum("Stage", "MAIL RCPT DATA DOT NOTHING RSET QUIT")
"""What a reply is expected to; NOTHING is a message of no line."""

_TIMED_AS: dict[Stage | None, str] = {
    Stage.DATA: "data",
    Stage.DOT: "final_dot",
    Stage.NOTHING: "final_dot",
    Stage.QUIT: "quit",
}
_REFUSED_AT = {Stage.MAIL: Outcome.SENDER_REFUSED, Stage.RCPT: Outcome.RECIPIENT_REFUSED}


class Desk(Protocol):
    """Where a connection gets its messages, and leaves what became of them. `now` is its clock, in seconds; while it
    `is_early`, there may be messages later."""

    now: float
    is_early: bool
    sessions: "set[Session]"

    def take(self) -> Outgoing | None:
        """The next message, or None where there is none now."""

    def answer(self, answer: Answer) -> None:
        """What became of a message."""

    def put_back(self, message: Outgoing, why: str) -> None:
        """A message that cannot have been taken, since the connection broke too early."""

    def ended(self, session: "Session", why: str) -> None:
        """The connection is over; all that it held was answered or put back."""


class Session(asyncio.Protocol):
    """A connection from its first byte. `ask` is for opening it; `begin` makes it send messages until there are none.

    `decided` counts the messages whose fate the server has told; `handed_over` is the one that is on its way.
    """

    transport: asyncio.Transport

    def __init__(self, desk: Desk, timeouts: Timeouts) -> None:
        self.features = Features()
        self.decided = 0
        self.leaving = False
        self._desk, self._timeouts = desk, timeouts
        self._replies = Replies()
        self._asked: asyncio.Future[Reply] | None = None
        self._unsent: deque[tuple[Stage, bytes]] = deque()
        self._expected: deque[Stage] = deque()
        self._announced: Outgoing | None = None
        self._refusal: Answer | None = None
        self.handed_over: Outgoing | None = None
        self._is_stuck = self._has_begun = self._has_ended = False
        self._broken = ""
        self._deadline = inf

    # While it is opened.

    def ask(self, command: bytes, *, seconds: float) -> asyncio.Future[Reply]:
        """The reply to one command, or to none: the greeting. Raises SessionError where there comes none in time."""
        self._asked = asyncio.get_running_loop().create_future()
        self._deadline = self._desk.now + seconds
        if self._broken:
            self._asked.set_exception(SessionError(self._broken))
        elif command:
            self.transport.write(command)
        return self._asked

    def require_silence(self) -> None:
        """Raise SessionError where the server has said more than it was asked for."""
        if self._broken or self._replies.pending:
            raise SessionError(self._broken or "words behind a reply that should be its last before TLS")

    def use(self, transport: asyncio.Transport) -> None:
        """Go on over this transport."""
        self.transport = transport
        wire.limit(transport)

    def begin(self, message: Outgoing) -> None:
        """Send this message, and then those that the desk has."""
        self._has_begun = True
        if self._broken:
            self._announced = message
            self._end(self._broken)
            return
        self._announce(message)
        self.go_on()

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """There is a connection."""
        self.use(cast("asyncio.Transport", transport))
        self._desk.sessions.add(self)

    def data_received(self, data: bytes) -> None:
        """The server has said something."""
        try:
            for reply in self._replies.feed(data):
                self._take(reply)
            self.go_on()
        except SessionError as error:
            self.abort(str(error))

    def pause_writing(self) -> None:
        """Too much waits to be sent."""
        self._is_stuck = True

    def resume_writing(self) -> None:
        """It went."""
        self._is_stuck = False
        self._wind_up()

    def connection_lost(self, exc: Exception | None) -> None:
        """There is no connection any more."""
        self._end("the connection was lost")

    def look_at_the_clock(self) -> None:
        """End the connection where the server has taken too long."""
        if self._desk.now > self._deadline:
            self.abort("no answer in time")

    def abort(self, why: str) -> None:
        """End the connection, and say what that means for the messages on it."""
        self.transport.abort()
        self._end(why)

    # Replies.

    def _take(self, reply: Reply) -> None:
        if self._has_ended:
            return
        if self._asked is not None and not self._asked.done():
            self._asked.set_result(reply)
        elif not self._expected:
            raise SessionError(f"{reply.status} out of turn")
        else:
            self._answered(self._expected.popleft(), reply)
            self._wind_up()

    def _answered(self, stage: Stage, reply: Reply) -> None:
        if stage is Stage.DOT:
            self._content_answered(reply)
        elif stage is Stage.QUIT:
            self.transport.close()
        elif reply.code == CLOSING:
            raise SessionError(reply.status)
        elif stage is Stage.DATA:
            self._data_answered(reply)
        elif stage in _REFUSED_AT:
            self._envelope_answered(stage, reply)
        elif stage is Stage.RSET and reply.code != 250:
            raise SessionError(f"{reply.status} to RSET")

    def _envelope_answered(self, stage: Stage, reply: Reply) -> None:
        assert self._announced is not None
        if 300 <= reply.code < 400:
            raise SessionError(f"{reply.status} to {stage.name}")
        if reply.code < 300 or self._refusal is not None:
            return
        # The size is the only thing that MAIL says of the message. To RCPT the same code speaks of a full mailbox.
        is_too_big = stage is Stage.MAIL and reply.code == 552
        permanently = Outcome.MESSAGE_REFUSED if is_too_big else _REFUSED_AT[stage]
        self._refusal = refused(self._announced, reply, permanently=permanently)
        if not self.features.pipelining:
            self._unsent.clear()
            self._conclude(Stage.RSET, b"RSET\r\n")

    def _data_answered(self, reply: Reply) -> None:
        message = self._announced
        assert message is not None
        if reply.code >= 400:
            self._refusal = self._refusal or refused(message, reply, permanently=Outcome.MESSAGE_REFUSED)
            self._conclude(Stage.RSET, b"RSET\r\n")
        elif reply.code != 354 or self._replies.pending:
            raise SessionError(f"{reply.status} to DATA, out of turn")
        elif self._refusal is not None:
            # It waits for a message although it has refused its recipient: it gets an empty one (RFC 2920, 3.1).
            self._conclude(Stage.NOTHING, b".\r\n")
        else:
            self._announced, self.handed_over = None, message
            self._unsent.append((Stage.DOT, on_the_wire(message)))

    def _conclude(self, stage: Stage, command: bytes) -> None:
        """The announced message is refused; the command makes the server forget it."""
        assert self._refusal is not None
        self._decide(self._refusal)
        self._announced = self._refusal = None
        self._unsent.append((stage, command))

    def _content_answered(self, reply: Reply) -> None:
        message = self.handed_over
        assert message is not None
        self.handed_over = None
        if reply.code == 250:
            self._decide(accepted(message, reply))
        elif reply.code >= 400:
            self._decide(refused(message, reply, permanently=Outcome.MESSAGE_REFUSED))
            if reply.code == CLOSING:
                raise SessionError(reply.status)
        else:
            self._desk.answer(unknown(message, f"{reply.status} to the message"))
            raise SessionError(f"{reply.status} to the message")

    def _decide(self, answer: Answer) -> None:
        self.decided += 1
        self._desk.answer(answer)

    # Commands.

    def go_on(self) -> None:
        """Write what may be written now; the desk is asked for a message where there is room for one."""
        if not self._has_begun or self._has_ended:
            return
        had_to_wait = bool(self._expected)
        may_announce = self.handed_over is None or self.features.pipelining
        if self._announced is None and may_announce and not self.leaving:
            self._announce(self._desk.take())
        if self.features.pipelining or not self._expected:
            self._write()
        if not had_to_wait:
            self._wind_up()

    def _announce(self, message: Outgoing | None) -> None:
        """Line up the message's commands, or those of the first that can be sent to this server."""
        while message is not None:
            try:
                mail, rcpt = commands(message, self.features)
            except UnsendableError as error:
                self._desk.answer(unsendable(message, str(error)))
                message = self._desk.take()
                continue
            self._announced = message
            self._unsent.extend(((Stage.MAIL, mail), (Stage.RCPT, rcpt), (Stage.DATA, b"DATA\r\n")))
            return
        if self.handed_over is None and not self._desk.is_early:
            self.leaving = True
            self._unsent.append((Stage.QUIT, b"QUIT\r\n"))

    def _write(self) -> None:
        count = len(self._unsent) if self.features.pipelining else min(1, len(self._unsent))
        group = [self._unsent.popleft() for _ in range(count)]
        self._expected.extend(stage for stage, _ in group)
        if group:
            wire.write(self.transport, [octets for _, octets in group])

    def _wind_up(self) -> None:
        """Set the time by which the next reply has to be there; what is written meanwhile moves nothing."""
        expected = self._expected[0] if self._expected else None
        name = "block" if self._is_stuck else _TIMED_AS.get(expected, "command")
        self._deadline = self._desk.now + float(getattr(self._timeouts, name))

    # The end.

    def _end(self, why: str) -> None:
        if self._has_ended:
            return
        self._broken, self._has_ended = why, self._has_begun
        self._desk.sessions.discard(self)
        if self._asked is not None and not self._asked.done():
            self._asked.set_exception(SessionError(why))
            self._asked.exception()  # looked at: whoever asked may have failed otherwise before
        if self._has_begun:
            self._leave(why)
            self._desk.ended(self, why)

    def _leave(self, why: str) -> None:
        """Say what became of the messages that the connection still holds."""
        message, announced = self.handed_over, self._announced
        self.handed_over = self._announced = None
        was_kept = self._is_stuck or any(stage is Stage.DOT for stage, _ in self._unsent)
        if message is not None and was_kept:
            self._desk.put_back(message, why)
        elif message is not None:
            self._desk.answer(unknown(message, why))
        if announced is not None and self._refusal is not None:
            self._decide(self._refusal)
        elif announced is not None:
            self._desk.put_back(announced, why)
