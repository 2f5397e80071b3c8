"""Jobs are written with the rows that they speak of, and only where there is somebody to do them."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import TEMPLATE, database_url
from personas import NOON
from sqlalchemy import inspect, text

from digest.address import parse_address
from digest.model import DeliveryKind, Priority
from digest.queue import revisions
from digest.store import Connection, Store, open_store
from digest.store.deliveries import NewDelivery, queue
from digest.store.jobs import MOST_WAITING, Work, announce, has_jobs, make_jobs
from digest.store.leases import take_queued
from digest.store.subscribers import subscriber_for

pytestmark = pytest.mark.slow


@pytest.fixture
def called(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store whose installation has workers."""
    store = open_store(database_url("postgresql", request, template=TEMPLATE), folder=Path(), announces=True)
    _made(store)
    yield store
    store.close()


def _made(store: Store, **more: str) -> None:
    with store.writing() as connection:
        make_jobs(connection, schema=revisions.schema(), migrations={**revisions.migrations(), **more})


def queue_messages(connection: Connection, *keys: str) -> None:
    reader = subscriber_for(connection, parse_address("reader@example.org"), now=NOON)
    plain: dict[str, Any] = {
        "kind": DeliveryKind.TEST,
        "priority": Priority.EDITION,
        "newsletter": "papers",
        "signed_with": "k",
    }
    later = NOON + timedelta(hours=1)
    for key in keys:
        queue(connection, NewDelivery(key=key, subscriber_id=reader, dated_at=NOON, send_before_at=later, **plain))


def waiting(connection: Connection) -> list[str]:
    return list(connection.execute(text("SELECT queue_name FROM procrastinate_jobs ORDER BY id")).scalars())


def test_the_engines_tables_are_made_once_however_often_it_is_asked_for(called: Store) -> None:
    _made(called)
    with called.reading() as connection:
        assert has_jobs(connection)


def test_a_newer_version_of_the_engine_brings_its_migrations_each_applied_once(called: Store) -> None:
    for _ in range(2):
        _made(called, later="CREATE TABLE of_a_later_version (share text DEFAULT '100%')")
    with called.reading() as connection:
        assert inspect(connection).has_table("of_a_later_version")


def test_what_is_queued_calls_a_worker_and_what_is_taken_back_none(called: Store) -> None:
    with called.writing() as connection:
        queue_messages(connection, "a")
        assert waiting(connection) == ["deliver"]
        connection.rollback()
    with called.writing() as connection:
        assert waiting(connection) == []
        queue_messages(connection, "a")
        queue_messages(connection, "a")
    with called.reading() as connection:
        assert waiting(connection) == ["deliver"]


def test_whoever_takes_as_many_as_one_takes_calls_another(called: Store) -> None:
    with called.writing() as connection:
        queue_messages(connection, *"abc")
        connection.execute(text("DELETE FROM procrastinate_jobs"))
        for expected in (["deliver"], ["deliver"]):
            assert take_queued(connection, holder="one", seconds=9, limit=2, now=NOON)
            assert waiting(connection) == expected


def test_no_more_workers_are_called_than_there_may_be(called: Store) -> None:
    with called.writing() as connection:
        for _ in range(MOST_WAITING + 5):
            announce(connection, Work.PUBLISH)
        announce(connection, Work.DELIVER)
        assert waiting(connection) == ["publish"] * MOST_WAITING + ["deliver"]


def test_without_workers_nobody_is_called(store: Store) -> None:
    with store.writing() as connection:
        queue_messages(connection, "a")
        assert not has_jobs(connection)
