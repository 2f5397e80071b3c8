"""A store that is locked while messages are under way: by SMTP, since the outbox may be asked again."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from logged import lines_logged
from personas import NOON, choices, papers_come_in, reader_joins
from smtp_server import OK, SmtpServer
from sqlalchemy import event

from digest import sending
from digest.app import App
from digest.deliver import deliver
from digest.errors import StoreBusyError
from digest.mail.smtp import Server, Smtp
from digest.model import DeliveryState, Weights
from digest.publish import publish
from digest.store import Store
from digest.store.deliveries import count_by_state
from digest.terms import Delivered, Terms

PATIENCE = (0.001, 0.001)


@pytest.fixture
def queued(app: App, monkeypatch: pytest.MonkeyPatch) -> App:
    """Six readers' editions wait; every answer is written down at once, and a locked store says so at once."""
    papers_come_in(app.store)
    for name in "abcdef":
        reader_joins(app, f"{name}@example.org", choices("quasars"))
    publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON)
    monkeypatch.setattr(sending, "RECORDED_WITHIN", -1)
    monkeypatch.setattr(sending, "PAUSES", PATIENCE)
    app.store.engine.dispose()
    event.listen(app.store.engine, "connect", _impatient)
    return app


def _impatient(connection: Any, _record: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA busy_timeout = 5")
    else:
        connection.execute("SET lock_timeout = 5")
        connection.commit()


class Lock:
    """Another process that writes, from when it is told to until the store has said so many times that it is locked."""

    def __init__(self, store: Store, *, failures: int) -> None:
        self.left, self._ended = failures, False
        if store.engine.dialect.name == "sqlite":
            file = Path(store.engine.url.database or "")
            self._other: Any = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
            self._taking = ["BEGIN IMMEDIATE"]
        else:
            self._other = psycopg.connect(store.conninfo, autocommit=True)
            self._taking = ["BEGIN", "LOCK TABLE deliveries IN EXCLUSIVE MODE"]
        event.listen(store.engine, "handle_error", self._count)

    def take(self) -> None:
        for statement in self._taking:
            self._other.execute(statement)

    def give_back(self) -> None:
        if not self._ended:
            self._ended = True
            self._other.execute("ROLLBACK")

    def close(self) -> None:
        self._other.close()

    def _count(self, _context: object) -> None:
        self.left -= 1
        if self.left == 0:
            self.give_back()


def sent(app: App, server: SmtpServer, *, window: int, should_stop: Callable[[], bool] = lambda: False) -> Delivered:
    mailer = Smtp(Server(host=server.host, port=server.port, tls="none", connections=1))
    terms = Terms(lease_seconds=60, window=window)
    return deliver(app.store, mailer, app.press, terms=terms, clock=lambda: NOON, should_stop=should_stop)


def locking(other: Lock, after: int) -> Callable[[str, str], str]:
    """Takes every message; with the one of that number the store is locked."""
    messages = Counter[str]()

    def answer(command: str, _address: str) -> str:
        messages[command] += 1
        if command == "DATA" and messages[command] == after:
            other.take()
        return OK

    return answer


def states(app: App) -> dict[DeliveryState, int]:
    with app.store.reading() as connection:
        return count_by_state(connection)


@pytest.mark.slow
@pytest.mark.parametrize("window", [2, 6])
def test_a_store_that_is_locked_for_longer_than_anybody_s_patience_loses_no_answer(queued: App, window: int) -> None:
    with closing(Lock(queued.store, failures=20)) as other, SmtpServer(locking(other, after=2)) as server:
        assert sent(queued, server, window=window).counts == Counter(sent=6, skipped=0)
        assert len(server.wait_for(6)) == 6
        assert other.left <= 0
    assert states(queued) == {DeliveryState.SENT: 6}


def test_whoever_waits_for_the_store_says_so_once(queued: App) -> None:
    held, lines_kept = closing(Lock(queued.store, failures=12)), lines_logged()
    with held as other, SmtpServer(locking(other, after=2)) as server, lines_kept as lines:
        sent(queued, server, window=6)
    assert [line["event"] for line in lines] == ["sending waits for the store"]


def test_whoever_is_told_to_stop_while_it_is_locked_still_tries_for_some_seconds(queued: App) -> None:
    with closing(Lock(queued.store, failures=8)) as other, SmtpServer(locking(other, after=2)) as server:
        delivered = sent(queued, server, window=4, should_stop=lambda: len(server.taken) > 1)
        assert delivered.counts == Counter(sent=4, skipped=0)
    assert states(queued) == {DeliveryState.SENT: 4, DeliveryState.QUEUED: 2}


def test_whoever_is_told_to_stop_does_not_wait_for_ever(queued: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "STILL_TRIES", 0)
    with closing(Lock(queued.store, failures=-1)) as other, SmtpServer(locking(other, after=2)) as server:
        with pytest.raises(StoreBusyError):
            sent(queued, server, window=4, should_stop=lambda: len(server.taken) > 1)
        other.give_back()
