"""What many tests stand on: real stores, and an installation in a folder of its own."""

import re
import shutil
import socket
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import postgres
import psycopg
import pytest
from furnished import furnish as furnish
from furnished import furnished as furnished
from sqlalchemy import Connection, Engine, event

from digest.app import App
from digest.config import parse_config
from digest.installation import set_up
from digest.store import Store, open_store
from digest.store.schema import migrate

NOON = datetime(2026, 6, 19, 12, tzinfo=UTC)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is tried on both databases is tried on SQLite alone by ./run check."""
    for item in items:
        if isinstance(item, pytest.Function) and re.search(r"[\[-]postgresql\b", item.name):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session", autouse=True)
def no_way_out() -> None:
    """Nothing but loopback and local sockets can be reached from a test."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and str(address[0]) not in {"127.0.0.1", "::1", "localhost"}:
            raise ConnectionRefusedError(f"tests stay on loopback; {address} is not on it")
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign, assignment]


class Compiled(dict[Any, Any]):
    """What SQLAlchemy has compiled, for any database of a kind: it tells apart even two engines of the same."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(self._for_any(key), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__(self._for_any(key), compiled)

    def _for_any(self, key: Any) -> Any:
        dialect, *statement = key
        return type(dialect), dialect._json_serializer, *statement


@pytest.fixture(scope="session", autouse=True)
def compile_once() -> None:
    """A statement is compiled once, as in a program that has one store, and not for each test's store anew."""
    compiled = Compiled()

    @event.listens_for(Engine, "engine_connect")
    def share(connection: Connection) -> None:
        connection.execution_options(compiled_cache=compiled)


TEMPLATE = "migrated"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated store, to be copied: migrating takes longer than most tests."""
    folder = tmp_path_factory.mktemp("template")
    store = open_store("sqlite:///store.db", folder=folder, create=True)
    migrate(store)
    with store.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA journal_mode = DELETE")
    store.close()
    return folder / "store.db"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A server with a migrated database, to be copied."""
    if postgres.programs() is None:
        pytest.skip(postgres.NO_POSTGRES)
    with postgres.running() as url:
        _create(url, TEMPLATE)
        store = open_store(url.format(name=TEMPLATE), folder=Path())
        migrate(store)
        store.close()
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store at the newest revision, on either database."""
    opened = open_store(store_url(request.param, request, tmp_path), folder=tmp_path)
    yield opened
    opened.close()


def store_url(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """The address of an empty store at the newest revision."""
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "store.db")
    return database_url(kind, request, template=TEMPLATE)


def database_url(
    kind: str, request: pytest.FixtureRequest, *, template: str = "template0", encoding: str = "UTF8"
) -> str:
    """The address of a database: the file `store.db`, or on PostgreSQL a copy of the template."""
    if kind == "sqlite":
        return "sqlite:///store.db"
    server = str(request.getfixturevalue("postgres_server"))
    name = f"t{uuid.uuid4().hex}"
    _create(server, name, template=template, encoding=encoding)
    return server.format(name=name)


def _create(server: str, name: str, *, template: str = "template0", encoding: str = "UTF8") -> None:
    with psycopg.connect(server.format(name="postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING '{encoding}'")


@pytest.fixture
def install(tmp_path: Path, sqlite_template: Path) -> Iterator[Callable[..., App]]:
    """Sets up an installation with the given configuration, in a folder of its own; all have the same keys."""
    opened: list[App] = []
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "keys").touch(mode=0o600)
    (tmp_path / "var" / "keys").write_text("a-key-of-more-than-thirty-two-characters\n")
    shutil.copy(sqlite_template, tmp_path / "var" / "offprint.db")

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
