"""What a server says when it does not do what it is asked: a sentence, and whether the same may be asked again."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from conftest import store_url
from sqlalchemy import Connection, text

from digest.errors import StoreAddressError, StoreAwayError, StoreBusyError, StoreContestedError, StoreError
from digest.store import Store, open_store

pytestmark = pytest.mark.slow


@pytest.fixture
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(store_url("postgresql", request, tmp_path), folder=tmp_path)
    yield opened
    opened.close()


def refused(store: Store, *deeds: str | Callable[[Connection], object]) -> StoreError:
    """How a transaction ends in which this is asked and done."""
    try:
        with store.writing() as connection:
            for deed in deeds:
                if callable(deed):
                    deed(connection)
                else:
                    connection.execute(text(deed))
    except StoreError as error:
        return error
    raise AssertionError("nothing was refused")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("08006", StoreAwayError),
        ("25006", StoreBusyError),
        ("25P03", StoreAwayError),
        ("40001", StoreContestedError),
        ("40P01", StoreContestedError),
        ("53100", StoreBusyError),
        ("53200", StoreBusyError),
        ("53300", StoreAwayError),
        ("55P03", StoreBusyError),
        ("57014", StoreBusyError),
        ("57P01", StoreAwayError),
        ("57P03", StoreAwayError),
        ("58030", StoreBusyError),
    ],
)
def test_an_error_is_known_by_its_code_whatever_language_the_server_speaks(
    served: Store, code: str, kind: type[StoreError]
) -> None:
    error = refused(served, f"DO $$ BEGIN RAISE EXCEPTION 'das geht nicht' USING ERRCODE = '{code}'; END $$")
    assert type(error) is kind
    assert str(error).startswith(f"The store {served.where} cannot be used: ")


@pytest.mark.parametrize(
    ("statements", "kind", "said"),
    [
        (("SET LOCAL statement_timeout = 1", "SELECT pg_sleep(30)"), StoreBusyError, "statement_timeout"),
        (("SELECT pg_cancel_backend(pg_backend_pid())", "SELECT pg_sleep(30)"), StoreBusyError, "cancelled"),
        (("SET TRANSACTION READ ONLY", "DELETE FROM ticks"), StoreBusyError, "takes nothing that is written"),
        (("SELECT pg_terminate_backend(pg_backend_pid())",), StoreAwayError, "ended the connection"),
    ],
)
def test_what_a_server_stops_refuses_or_ends_is_said(
    served: Store, statements: tuple[str, ...], kind: type[StoreError], said: str
) -> None:
    error = refused(served, *statements)
    assert type(error) is kind
    assert said in str(error)


def test_a_lock_that_is_not_given_in_time_is_said(served: Store) -> None:
    with served.writing() as connection:
        connection.execute(text("LOCK TABLE ticks"))
        error = refused(served, "SET LOCAL lock_timeout = 1", "DELETE FROM ticks")
    assert type(error) is StoreBusyError
    assert "lock_timeout" in str(error)


@pytest.mark.parametrize("asked", [["SELECT 1"], []])
def test_a_connection_that_is_cut_before_the_next_question_or_the_commit_is_said(
    served: Store, asked: list[str]
) -> None:
    error = refused(served, "SELECT 1", cut_wire, *asked)
    assert type(error) is StoreAwayError
    assert "ended the connection" in str(error)


def test_a_connection_that_its_library_has_found_lost_is_said(served: Store) -> None:
    error = refused(served, cut_wire, lambda connection: driven(connection).pgconn.exec_(b"SELECT 1"), "SELECT 1")
    assert type(error) is StoreAwayError
    assert "ended the connection" in str(error)


@pytest.mark.parametrize("key", ["store.url", "--to"])
def test_a_password_that_is_missing_is_to_be_written_where_no_command_line_shows_it(
    key: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "absent"))
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as other:
        server.settimeout(30)
        asked = other.submit(ask_for_a_password, server)
        address = f"postgresql://ada@127.0.0.1:{server.getsockname()[1]}/name?sslmode=disable&gssencmode=disable"
        store = open_store(address, folder=tmp_path, key=key)
        error = refused(store, "SELECT 1")
        asked.result()
        store.close()
    assert type(error) is StoreAddressError
    assert str(error).endswith("asks for a password. Write it into ~/.pgpass, or into the variable PGPASSWORD.")


def ask_for_a_password(server: socket.socket) -> None:
    """Answer one client's first message as a PostgreSQL does that takes a password in the clear."""
    client, _ = server.accept()
    with client:
        client.recv(1024)
        client.sendall(b"R\0\0\0\x08\0\0\0\x03")
        client.recv(1024)


def cut_wire(connection: Connection) -> None:
    """Close the socket of a connection behind its library's back."""
    with socket.socket(fileno=driven(connection).fileno()) as wire:
        wire.shutdown(socket.SHUT_RDWR)
        wire.detach()


def driven(connection: Connection) -> Any:
    return connection.connection.driver_connection
