"""Waiting in line to write to SQLite, which itself lets in whoever happens to ask at the right moment.

A job that writes one long transaction after another leaves no such moment: others would wait until it has ended, or
until they give up.
"""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

LEFT = 0.1
"""Of the time that a transaction took so much is left to other processes after it."""

MOST_LEFT = 0.25
"""Seconds of that at most: a process that waits for SQLite's lock asks every 0.1 s, and later on a busy machine."""


class Line:
    """Lets the threads of this process write one at a time, in the order in which they came."""

    def __init__(self) -> None:
        self._gate, self._waiting, self._is_taken = Lock(), deque[Lock](), False

    @contextmanager
    def turn(self, *, seconds: float) -> Iterator[bool]:
        """A turn of one's own; whether it came within so many seconds."""
        has_come = self._wait(seconds)
        began = time.monotonic()
        try:
            yield has_come
        finally:
            if has_come:
                self._pass_on()
                time.sleep(min(LEFT * (time.monotonic() - began), MOST_LEFT))

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
