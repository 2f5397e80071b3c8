"""Work in a process of its own, which ends with it: all the memory that it took goes back to the system.

A socket connects the two. Work, configuration and moment go over it one way, what was done comes back the other.
Whatever else goes over it, or its end, which is the parent's, tells the work to stop.
"""

import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Protocol, TypeVar

from digest import log
from digest.errors import ProcessError, sentence_of

# The process knows what to do with signals before it imports all the rest.
if TYPE_CHECKING:
    from digest.app import App

ASKED_EVERY = 0.1
"""Seconds after which the process is told to stop, at the latest."""

STOPS_WITHIN = 7.0
"""Seconds that it has for the block in hand, which is done anew where it takes longer."""

HOWEVER_LONG = math.inf
"""For what cannot be done anew: of a message that is under way nobody would know whether it arrived."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Work(Protocol[T_co]):
    """A function of a module. What it tells of its progress, its arguments and itself can be pickled."""

    def __call__(self, app: "App", *, now: datetime, should_stop: Callable[[], bool]) -> Iterator[T_co]:
        """Do it, until `should_stop` says so."""


@dataclass(frozen=True, slots=True)
class _Failed:
    sentence: str


def here(app: "App", work: Work[T], *, now: datetime, should_stop: Callable[[], bool], **_: float) -> Iterator[T]:
    """Do the work in this process, which stops by itself, however long it takes."""
    return work(app, now=now, should_stop=should_stop)


def apart(
    app: "App",
    work: Work[T],
    *,
    now: datetime,
    should_stop: Callable[[], bool],
    stops_within: float = STOPS_WITHIN,
) -> Iterator[T]:
    """Do the work in a process of its own, on an installation opened anew; it has ended when this has.

    One that has not stopped so many seconds after it was told to is ended. Raises ProcessError where it failed, or was
    killed.
    """
    ours, theirs = Pipe()
    with theirs:
        process = _start(theirs.fileno())
    # A process that is killed leaves a broken socket: its exit code says more.
    with process, ours, suppress(EOFError, ConnectionError):
        ours.send((app.config, work, now))
        yield from _heard(process, ours, should_stop, stops_within)
    # Whoever tells all processes of a service to stop may reach this one before it can hear that.
    was_told = should_stop() and process.returncode in (-signal.SIGTERM, -signal.SIGINT)
    if process.returncode and not was_told:
        raise ProcessError(_ending(process.returncode, is_done_anew=stops_within < HOWEVER_LONG))


def _start(socket: int) -> subprocess.Popen[bytes]:
    """The process. It has its modules from where this one has them; its command line tells nothing but a number."""
    command = [sys.executable, "-P", "-c", "from digest.apart import main; main()", str(socket)]
    modules = os.pathsep.join(str(Path(folder).absolute()) for folder in sys.path)
    try:
        return subprocess.Popen(command, pass_fds=[socket], env=os.environ | {"PYTHONPATH": modules})  # noqa: S603
    except OSError as error:
        raise ProcessError(
            f"No process can be started for this tick: {error.strerror}. Allow the service more memory or processes;"
            " the next tick tries again."
        ) from error


def _heard(
    process: subprocess.Popen[bytes], ours: Connection, should_stop: Callable[[], bool], stops_within: float
) -> Iterator[T]:
    """What the process tells, until it ends. Raises ProcessError where it says that it failed, or does not stop."""
    told_at = None
    while True:
        if ours.poll(ASKED_EVERY):
            told = ours.recv()
            if isinstance(told, _Failed):
                raise ProcessError(told.sentence)
            yield told
        elif should_stop() and told_at is None:
            ours.send(None)
            told_at = monotonic()
        elif told_at is not None and monotonic() - told_at > stops_within:
            process.kill()
            raise ProcessError(
                f"The process of this tick had not stopped after {stops_within:.0f} s and was ended. Nothing was"
                " half-written; the next start goes on."
            )


def _ending(code: int, *, is_done_anew: bool) -> str:
    left = "Nothing was half-written" if is_done_anew else "What it was just sending may be unknown (`digest stats`)"
    if code > 0:
        return (
            f"The process of this tick ended with {code}. Its error is in this log. {left}; the next tick tries again."
        )
    return (
        f"The process of this tick was ended by {signal.Signals(-code).name}, by somebody or for want of memory (the"
        f" system's log knows). {left}; the next tick goes on."
    )


def main() -> None:
    """Be the process: do the work that comes over the socket, and tell what was done."""
    log.to_output()
    stopping = Event()
    # A service manager tells all processes of a service to stop, a terminal all that it started.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    parent = Connection(int(sys.argv[1]))
    # Without its parent there is nobody to tell.
    with suppress(EOFError, ConnectionError):
        config, work, now = parent.recv()
        Thread(target=_listen, args=(parent, stopping), daemon=True).start()
        try:
            from digest.installation import open_app

            app = open_app(config)
            with closing(app.store):
                for done in work(app, now=now, should_stop=stopping.is_set):
                    parent.send(done)
        except Exception as error:
            parent.send(_Failed(sentence_of(error)))


def _listen(parent: Connection, stopping: Event) -> None:
    with suppress(EOFError, ConnectionError):
        parent.recv()
    stopping.set()
