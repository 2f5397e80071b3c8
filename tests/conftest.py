"""What many tests stand on: real stores, and an installation in a folder of its own."""

import socket
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import postgres
import psycopg
import pytest

from digest.app import App, set_up
from digest.config import parse_config
from digest.store import Store, open_store
from digest.store.schema import migrate

NOON = datetime(2026, 6, 19, 12, tzinfo=UTC)


@pytest.fixture(scope="session", autouse=True)
def no_way_out() -> None:
    """Nothing but loopback and local sockets can be reached from a test."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and str(address[0]) not in {"127.0.0.1", "::1", "localhost"}:
            raise ConnectionRefusedError(f"tests stay on loopback; {address} is not on it")
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign, assignment]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    if postgres.programs() is None:
        pytest.skip(postgres.NO_POSTGRES)
    with postgres.running() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store at the newest revision, on either database."""
    opened = open_store(store_url(request.param, request, tmp_path), folder=tmp_path, create=True)
    migrate(opened)
    yield opened
    opened.close()


def store_url(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """The address of a database that is empty."""
    if kind == "sqlite":
        return f"sqlite:///{folder}/store.db"
    server = request.getfixturevalue("postgres_server")
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(server.format(name="postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return str(server.format(name=name))


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Callable[..., App]]:
    """Sets up an installation with the given configuration, in a folder of its own."""
    opened: list[App] = []

    def installed(**values: Any) -> App:
        app, _, _ = set_up(parse_config(values, folder=tmp_path))
        opened.append(app)
        return app

    yield installed
    for app in opened:
        app.store.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def app(install: Callable[..., App], request: pytest.FixtureRequest, tmp_path: Path) -> App:
    """An installation with the defaults, and the outbox, on either database."""
    return install(store={"url": store_url(request.param, request, tmp_path)})
