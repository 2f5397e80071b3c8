"""The mailer: messages go in one by one as connections are free for them, answers come out meanwhile.

The event loop is private to it: whoever calls `send` sees a plain iterator, and the loop runs while
the caller waits for the next answer.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import fields

from digest.errors import DeliveryError, GrantRefusedError
from digest.mail.mailer import IN_VAIN_MOST, Messages, never
from digest.mail.smtp.opening import SignInRefusedError, open_session, why_unopened
from digest.mail.smtp.replies import deferred, refused, without_sign_in
from digest.mail.smtp.server import Server
from digest.mail.smtp.session import Desk, Session
from digest.model import Answer, Later, Outcome, Outgoing

try:
    from uvloop import new_event_loop
except ImportError:
    from asyncio import new_event_loop  # type: ignore[assignment]

ANSWERS_AT_ONCE = 32
ANSWERS_WITHIN = 0.005
"""Seconds that an answer waits for others to be told together with it."""

LONGEST_TICK = 1.0
TURNS_TO_CLOSE = 3
"""Turns of the event loop until a transport that was aborted has let its socket go."""


class Smtp:
    """Sends each message with an envelope of its own."""

    name = "smtp"
    repeatable = False
    signs = False

    def __init__(
        self,
        server: Server,
        *,
        local_hostname: str = "",
        new_loop: Callable[[], asyncio.AbstractEventLoop] = new_event_loop,
    ) -> None:
        self.server = server
        self.local_hostname = local_hostname
        self._context = None if server.tls == "none" else ssl.create_default_context()
        self._new_loop = new_loop

    def send(self, messages: Messages, *, should_stop: Callable[[], bool] = never) -> Generator[Answer]:
        """Send the messages. Raises DeliveryError where no connection can be made, or three in a row come to nothing.

        An exception that `messages` raises is raised here, after what was taken before is answered.
        """
        sending = _Sending(self, iter(messages), should_stop, self._new_loop())
        try:
            yield from sending.answers()
        finally:
            sending.close()

    async def open(self, desk: Desk) -> Session:
        """A connection that is ready for messages; see `open_session`."""
        return await open_session(desk, self.server, self._context, hostname=self.local_hostname)


class _Sending:
    """One call of `send`: the connections' desk.

    A connection is opened for a message that waits for one, the first before all others. A message
    that a connection broke under before it can have been taken gets one more try.
    """

    def __init__(
        self,
        mailer: Smtp,
        source: Iterator[Outgoing | Later],
        should_stop: Callable[[], bool],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.now = 0.0
        self.sessions: set[Session] = set()
        self.is_early = False
        self._mailer, self._source, self._should_stop, self._loop = mailer, source, should_stop, loop
        self._answers: deque[Answer] = deque()
        self._returned: deque[Outgoing] = deque()
        self._tried: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections, self._wanted = 0, 1
        self._in_vain, self._has_opened = 0, False
        self._has_stopped = False
        self._failure: Exception | None = None
        self._is_waiting = False
        self._waking: asyncio.TimerHandle | None = None

    def answers(self) -> Iterator[Answer]:
        """The answers, as they come."""
        timeouts = self._mailer.server.timeouts
        self._tick(min(LONGEST_TICK, *(getattr(timeouts, field.name) / 4 for field in fields(timeouts))))
        self._open_more()
        while self._connections or self._answers or self.is_early:
            if not self._answers:
                self._is_waiting = True
                self._loop.run_forever()
            while self._answers:
                yield self._answers.popleft()
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Leave nothing open, whatever was going on."""
        self._has_stopped, self._is_waiting = True, False
        self._loop.run_until_complete(self._leave())
        self._loop.close()

    async def _leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for session in [*self.sessions]:
            session.abort("the program stopped sending")
        for _ in range(TURNS_TO_CLOSE):
            await asyncio.sleep(0)

    # The connections' desk.

    def take(self) -> Outgoing | None:
        """The next message: one that came back, else one of the source."""
        if self._has_stopped:
            return None
        if self._returned:
            return self._returned.popleft()
        if self.is_early:
            return None
        try:
            message = next(self._source, None)
        except Exception as error:
            self._stop(error)
            return None
        if isinstance(message, Later):
            self.is_early = True
            self._loop.call_later(message.seconds, self._ask_again)
            return None
        return message

    def _ask_again(self) -> None:
        """Let the connections that have nothing to do ask for messages, then others where there is work for them."""
        self.is_early = False
        for session in [*self.sessions]:
            session.go_on()
        self._open_more()
        if not self._connections:
            self._wake()

    def answer(self, answer: Answer) -> None:
        """Keep the answer for whoever waits for it; a refused sender is the end of sending."""
        if answer.outcome is not Outcome.UNKNOWN:
            self._in_vain = 0
        if answer.outcome is Outcome.SENDER_REFUSED:
            self._stop()
        self._answers.append(answer)
        self._wake()

    def put_back(self, message: Outgoing, why: str) -> None:
        """Try the message once more, or say that it has to wait."""
        if message.delivery_id in self._tried:
            self._answers.append(deferred(message, why))
            self._wake()
        else:
            self._tried.add(message.delivery_id)
            self._returned.append(message)

    def ended(self, session: Session, why: str) -> None:
        """Open another connection where there is work for it, unless that has been in vain too often."""
        self._one_less("" if session.decided or session.leaving else why)

    # Connections.

    def _open_more(self) -> None:
        while self._connections < self._wanted and (message := self.take()) is not None:
            self._connections += 1
            task = self._loop.create_task(self._open(message))
            self._tasks.add(task)
            task.add_done_callback(self._end_task)

    def _end_task(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        # An interrupt was raised out of the loop as well; asyncio shows it again where nobody asks for it.
        if not task.cancelled():
            task.exception()

    async def _open(self, message: Outgoing) -> None:
        try:
            session = await self._mailer.open(self)
        except asyncio.CancelledError:
            self._one_less("")
        except SignInRefusedError as error:
            self.answer(refused(message, error.reply, permanently=Outcome.SENDER_REFUSED))
            self._one_less("")
        except GrantRefusedError as error:
            self.answer(without_sign_in(message, str(error)))
            self._one_less("")
        except DeliveryError as error:
            self._returned.appendleft(message)
            self._stop(error)
            self._one_less("")
        except Exception as error:
            # Whatever it is: a connection that is neither there nor given up would be waited for without end.
            self._returned.appendleft(message)
            self._one_less(why_unopened(error))
        else:
            if not self._has_opened:
                self._has_opened, self._wanted = True, self._mailer.server.connections
            self._begin(session, message)
            self._open_more()

    def _begin(self, session: Session, message: Outgoing) -> None:
        try:
            session.begin(message)
        except Exception as error:
            session.abort(type(error).__name__)

    def _one_less(self, in_vain: str) -> None:
        self._connections -= 1
        if in_vain and not self._has_stopped:
            self._in_vain += 1
            self._wanted = max(1, self._connections)
            if not self._connections and self._in_vain >= (IN_VAIN_MOST if self._has_opened else 1):
                self._stop(self._unreachable(in_vain))
        self._open_more()
        if not self._connections:
            self._wake()

    def _unreachable(self, why: str) -> DeliveryError:
        server = self._mailer.server
        return DeliveryError(
            f"{server.host}:{server.port} cannot be reached, or refused us ({why}). Mend mail.smtp.host, port and tls,"
            " or wait until the server is back."
        )

    def _wake(self) -> None:
        """Let whoever waits in `answers` go on, soon: to stop and start the loop costs as much as half a message."""
        if len(self._answers) >= ANSWERS_AT_ONCE or not self._connections:
            self._wake_now()
        elif self._answers and self._waking is None:
            self._waking = self._loop.call_later(ANSWERS_WITHIN, self._wake_now)

    def _wake_now(self) -> None:
        if self._waking is not None:
            self._waking.cancel()
            self._waking = None
        if self._is_waiting:
            self._is_waiting = False
            self._loop.stop()

    def _stop(self, failure: Exception | None = None) -> None:
        self._has_stopped, self.is_early = True, False
        self._failure = self._failure or failure

    def _tick(self, seconds: float) -> None:
        """Move the clock on. It stands still while the caller does something else, so nobody is late for that."""
        self.now += seconds
        if self._should_stop():
            self._wind_down()
        for session in [*self.sessions]:
            session.look_at_the_clock()
        self._loop.call_later(seconds, self._tick, seconds)

    def _wind_down(self) -> None:
        """Take no more messages, and leave every connection that is not handing one over."""
        self._stop()
        for task in self._tasks:
            task.cancel()
        for session in [*self.sessions]:
            if session.handed_over is None:
                session.abort("the program was told to stop")
        if not self._connections:
            self._wake()
