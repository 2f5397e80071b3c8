"""What a PostgreSQL is told of its connections."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from conftest import store_url
from sqlalchemy import text

from digest.errors import StoreAwayError
from digest.store.engine import Store, open_store
from digest.store.rows import copy_rows

IDLE = "SELECT setting FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout'"
OF_TCP = "SELECT name, source FROM pg_settings WHERE name LIKE 'tcp%'"


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return store_url("postgresql", request, tmp_path)


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(url, folder=tmp_path)
    yield opened
    opened.close()


def test_the_server_is_told_when_to_give_up_a_process_that_vanished_and_one_that_stands_still(store: Store) -> None:
    # A transaction that fails takes no setting back with it.
    with pytest.raises(ZeroDivisionError), store.writing():
        raise ZeroDivisionError
    for transaction in (store.reading, store.writing):
        with transaction() as connection:
            assert connection.execute(text(IDLE)).scalar_one() == "300000"
            assert {tuple(row) for row in connection.execute(text(OF_TCP))} == {
                ("tcp_keepalives_count", "session"),
                ("tcp_keepalives_idle", "session"),
                ("tcp_keepalives_interval", "session"),
                ("tcp_user_timeout", "session"),
            }


def test_every_connection_notices_a_server_that_vanished_also_those_that_wait_for_calls(store: Store) -> None:
    with psycopg.connect(store.conninfo) as connection:
        told = connection.info.get_parameters()
    assert {name: told[name] for name in ("keepalives_idle", "tcp_user_timeout", "connect_timeout")} == {
        "keepalives_idle": "30",
        "tcp_user_timeout": "60000",
        "connect_timeout": "10",
    }


def test_what_a_process_that_stands_still_had_locked_is_free_again_after_the_time_that_the_url_says(
    url: str, tmp_path: Path
) -> None:
    setting = quote("-c idle_in_transaction_session_timeout=50")
    still = open_store(f"{url}&options={setting}", folder=tmp_path)

    def stand_still() -> None:
        with still.writing() as connection, psycopg.connect(url) as other:
            connection.execute(text("LOCK TABLE papers"))
            other.execute("LOCK TABLE papers")
            connection.execute(text("SELECT 1"))

    with pytest.raises(StoreAwayError, match="the server ended the connection"):
        stand_still()
    still.close()


def test_a_store_that_is_copied_may_wait_between_two_statements_and_only_then(
    store: Store, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    target = open_store(store_url("postgresql", request, tmp_path), folder=tmp_path)
    with store.writing() as old, target.writing() as new:
        next(copy_rows(old, new))
        assert [connection.execute(text(IDLE)).scalar_one() for connection in (old, new)] == ["0", "0"]
    with store.reading() as connection:
        assert connection.execute(text(IDLE)).scalar_one() == "300000"
    target.close()
