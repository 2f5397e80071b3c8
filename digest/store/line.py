"""Waiting in line to write to SQLite, which itself lets in whoever happens to ask at the right moment.

A job that writes one long transaction after another leaves no such moment: others would wait until it has ended, or
until they give up. Threads of a process wait for one another here; that a process waits, the others are told by a lock
on the store's folder, which any number may share: it ends with them, however they end.
"""

import fcntl
import os
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

LOOKED_EVERY = 0.005
LONGEST = 0.25
"""Seconds that others are given to begin: who waits for SQLite's lock asks every 0.1 s, and later on a busy machine."""


class Line:
    """Lets the threads of this process write one at a time, in the order in which they came.

    Between two of them those of other processes that wait for the store in this folder have a turn.
    """

    def __init__(self, folder: Path) -> None:
        self._gate, self._waiting, self._is_taken = Lock(), deque[Lock](), False
        self._folder = folder

    @contextmanager
    def turn(self, *, seconds: float) -> Iterator[bool]:
        """A turn of one's own; whether it came within so many seconds."""
        has_come = self._wait(seconds)
        try:
            yield has_come
        finally:
            if has_come:
                self._give_way()
                self._pass_on()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """While it lasts, other processes know that this one waits for them."""
        with self._opened() as folder:
            fcntl.flock(folder, fcntl.LOCK_SH)
            yield

    def _give_way(self) -> None:
        ends_at = time.monotonic() + LONGEST
        while self._is_asked_for() and time.monotonic() < ends_at:
            time.sleep(LOOKED_EVERY)

    def _is_asked_for(self) -> bool:
        with self._opened() as folder:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            return False

    @contextmanager
    def _opened(self) -> Iterator[int]:
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield folder
        finally:
            os.close(folder)

    def _wait(self, seconds: float) -> bool:
        mine = Lock()
        with self._gate:
            if not self._is_taken:
                self._is_taken = True
                return True
            mine.acquire()
            self._waiting.append(mine)
        if mine.acquire(timeout=seconds):
            return True
        with self._gate:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return False
        # It came at the last moment.
        return True

    def _pass_on(self) -> None:
        with self._gate:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False
