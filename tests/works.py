"""What tests have done in a process of its own: it must find these functions by their names."""

import os
import signal
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

from sqlalchemy import event, text

from digest import log
from digest.app import App
from digest.config import Config
from digest.errors import StoreError
from digest.publish import Published
from digest.store import Store
from digest.ticks import publish_all


def waiting(app: App, *, now: datetime, should_stop: Callable[[], bool]) -> Iterator[str]:
    """Wait until it is told to stop."""
    yield "begun"
    while not should_stop():
        Event().wait(0.01)
    yield "stopped"


def stubborn(app: App, *, now: datetime, should_stop: Callable[[], bool]) -> Iterator[str]:
    """Be in the middle of something long."""
    yield "begun"
    Event().wait()


def telling(app: App, *, now: datetime, should_stop: Callable[[], bool]) -> Iterator[tuple[Config, datetime, str]]:
    """Tell what it was given, and what all users of the machine see of it."""
    yield app.config, now, Path("/proc/self/cmdline").read_text()


def logging(app: App, *, now: datetime, should_stop: Callable[[], bool]) -> Iterator[str]:
    """Have something for the log."""
    log.warning("begun", at=now.isoformat())
    yield "done"


def deaf(app: App, *, now: datetime, should_stop: Callable[[], bool]) -> Iterator[str]:
    """Be told to stop as a process is that knows nothing of signals yet."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield "begun"
    os.kill(os.getpid(), signal.SIGTERM)


def failing(app: App, *, now: datetime, should_stop: Callable[[], bool]) -> Iterator[str]:
    """Fail in a way that was thought of."""
    yield "begun"
    raise StoreError("The store is not there. Bring it back.")


def faulty(app: App, *, now: datetime, should_stop: Callable[[], bool]) -> Iterator[str]:
    """Fail in a way that was not."""
    yield "begun"
    raise ValueError("ada@example.org")


def ending(app: App, *, now: datetime, should_stop: Callable[[], bool]) -> Iterator[str]:
    """End the process."""
    yield "begun"
    os._exit(3)


def struck(app: App, *, now: datetime, should_stop: Callable[[], bool]) -> Iterator[str]:
    """Be killed, as by a system that has no memory left."""
    yield "begun"
    os.kill(os.getpid(), signal.SIGKILL)


def killed(app: App, *, now: datetime, should_stop: Callable[[], bool]) -> Iterator[tuple[str, Published]]:
    """Publish, and be killed in the middle of a block, as by a system that has no memory left."""
    once_at(app.store, "INSERT INTO deliveries", lambda: os.kill(os.getpid(), signal.SIGKILL))
    yield from publish_all(app, now=now, should_stop=should_stop)


def cut_off(app: App, *, now: datetime, should_stop: Callable[[], bool]) -> Iterator[tuple[str, Published]]:
    """Publish, and lose the database's server in the middle of a block."""
    once_at(app.store, "INSERT INTO deliveries", lambda: cut(app.store))
    yield from publish_all(app, now=now, should_stop=should_stop)


def once_at(store: Store, beginning: str, deed: Callable[[], object]) -> None:
    """Do something just before the first statement that begins so."""
    is_done = list[bool]()

    def look(_connection: Any, _cursor: object, statement: str, *_: Any) -> None:
        if statement.startswith(beginning) and not is_done:
            is_done.append(True)
            deed()

    event.listen(store.engine, "before_cursor_execute", look)


def cut(store: Store) -> None:
    """End every connection to the database but the one that says so, as a server that is restarted does."""
    with store.engine.connect() as connection:
        ours = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        connection.execute(text(f"SELECT pg_terminate_backend(pid) {ours}"))
        connection.invalidate()
