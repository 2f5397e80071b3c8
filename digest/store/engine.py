"""Opening the store: one way for SQLite and PostgreSQL.

Transactions are opened by the jobs (`with store.writing() as connection`), and every function of
this room takes the open transaction first. On SQLite a writing transaction takes the write lock
at its start, so it never fails half-way because another process wrote in between.
"""

import json
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from sqlalchemy import (
    Connection,
    Engine,
    Table,
    create_engine,
    event,
    func,
    make_url,
    select,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from digest.errors import ConfigError, StoreAddressError, StoreBusyError, StoreError
from digest.store.explained import BUSY_SECONDS, STORE_URL, explained
from digest.store.line import Line
from digest.store.query import bare
from digest.store.server import open_server
from digest.store.spelling import Clock

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Store:
    """An open store. `where` names it, without any password; `key` is what its address is written in."""

    engine: Engine
    where: str
    key: str = STORE_URL
    _line: Line | None = None

    @property
    def conninfo(self) -> str:
        """The address of a PostgreSQL, with its password, as its own library reads it."""
        return self.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one moment and writes nothing."""
        with explained(self.where, key=self.key), self.engine.connect() as connection:
            if connection.dialect.name != "sqlite":
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[Connection]:
        """A transaction that ends whole or not at all; a `durable` one outlasts a power cut, and all before it."""
        writer = self.engine.execution_options(writing=True, durable=durable)
        with explained(self.where, key=self.key), self._turn(), writer.begin() as connection:
            yield connection

    def require_writable(self) -> None:
        """Write nothing. Raises StoreError where that fails."""
        with self.writing() as connection:
            connection.execute(text("DELETE FROM pauses WHERE 1 = 0"))

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if self._line is None:
            yield
            return
        with self._line.turn(seconds=BUSY_SECONDS) as has_come:
            if not has_come:
                raise StoreBusyError(
                    f"The store {self.where} cannot be used: it was written to for {BUSY_SECONDS} s. Try again in a"
                    " minute."
                )
            yield

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


ANNOUNCES = "announces"
"""The execution option of a store on PostgreSQL whose installation has workers to be called."""


def open_store(url: str, *, folder: Path, create: bool = False, announces: bool = False, key: str = STORE_URL) -> Store:
    """The store at an SQLAlchemy URL; a relative SQLite path starts in `folder`. Where it `announces`, see jobs.py.

    Raises StoreError for an SQLite file that is not there, unless it is to be created, and for a folder that is not.
    A server is asked only when the store is used; one whose database is not in UTF-8 is then a StoreError. Errors
    name the `key` in which the URL was written.
    """
    parsed = _parsed(url, key=key)
    # Of what stands behind its ? only where the server is: a password may be there, too.
    place = {name: parsed.query[name] for name in ("host", "port") if name in parsed.query}
    where = parsed.set(query=place).render_as_string(hide_password=True)
    if parsed.get_backend_name() == "sqlite":
        path = _file(parsed, folder=folder, create=create, key=key)
        line = Line(path.parent)
        return Store(engine=_open_sqlite(parsed.set(database=str(path)), line), where=where, key=key, _line=line)
    try:
        told = {ANNOUNCES: announces}
        engine = open_server(parsed, where=where, key=key, json_serializer=_json, execution_options=told)
        return Store(engine=engine, where=where, key=key)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise ConfigError(
            f"{key}: there is no driver for {parsed.drivername!r}. Use sqlite:///PATH, or"
            " postgresql://...; Offprint's checkout has its driver in `./run digest`, or by `pip install '.[cluster]'`."
        ) from error


def make_folder(url: str, *, folder: Path) -> None:
    """Make the folder of an SQLite file, as `open_store` finds it; a server has none."""
    parsed = _parsed(url, key=STORE_URL)
    if parsed.get_backend_name() != "sqlite":
        return
    path = _path(parsed, folder=folder)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The folder {path.parent} cannot be made: {error.strerror}. Choose another store.url or change"
            " the rights of the folder above it."
        ) from error


def _parsed(url: str, *, key: str) -> URL:
    try:
        return make_url(re.sub("^postgres:", "postgresql:", url))
    except (ArgumentError, ValueError) as error:
        raise ConfigError(
            f"{key} is not a database address. Write sqlite:///PATH or postgresql://HOST/NAME."
        ) from error


def _path(url: URL, *, folder: Path) -> Path:
    return folder / (url.database or "offprint.db")


def _file(url: URL, *, folder: Path, create: bool, key: str) -> Path:
    path = _path(url, folder=folder)
    if create and not path.parent.is_dir():
        raise StoreAddressError(f"There is no folder {path.parent}. Make it, or name another in {key}.")
    if not create and not path.exists():
        raise StoreAddressError(f"There is no store at {path}. Run `digest init` to create it, or mend {key}.")
    return path


def _open_sqlite(url: URL, line: Line) -> Engine:
    # Parameters are hidden: a faulty statement's error must not show addresses.
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_SECONDS},
        hide_parameters=True,
        json_serializer=_json,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: object) -> None:
        # The driver must not open transactions behind SQLAlchemy's back: see begin() below.
        connection.isolation_level = None
        # What the index of words is made with: see migration 0004. Only a trusted schema may call it.
        connection.create_function("bare", 1, bare)
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "trusted_schema = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("writing", False):
            connection.exec_driver_sql("BEGIN")
            return
        # With NORMAL a power cut takes whatever was committed since the last checkpoint.
        connection.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if options.get('durable') else 'NORMAL'}")
        with line.asking():
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


_encoded = json.JSONEncoder(ensure_ascii=False).encode


class ReadyJson(str):
    """What is JSON already."""

    __slots__ = ()


def _json(value: Any) -> str:
    """JSON whose letters stand as they are, so that the index of words reads them; halves of characters are escaped.

    What is JSON already stays as it is.
    """
    if isinstance(value, ReadyJson):
        return value
    text = _encoded(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return text


Insert: TypeAlias = "sqlite.Insert | postgresql.Insert"


def insert(connection: Connection, table: Table) -> Insert:
    """An INSERT that knows ON CONFLICT, which the two databases spell alike."""
    if connection.dialect.name == "sqlite":
        return sqlite.insert(table)
    # Imported here: a store of SQLite does without all that PostgreSQL has besides.
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)


_CLOCK = select(Clock())


def clock(connection: Connection) -> float:
    """Seconds since 1970 by the database's clock."""
    return float(connection.execute(_CLOCK).scalar_one())


def take_turns(connection: Connection, name: str) -> None:
    """Wait until no other transaction that takes turns under this name is open; on SQLite, writers always do."""
    if connection.dialect.name != "sqlite":
        connection.execute(select(func.pg_advisory_xact_lock(zlib.crc32(name.encode()))))


IN_AT_ONCE = 500


def blocks(values: Iterable[T], size: int = IN_AT_ONCE) -> Iterator[list[T]]:
    """`values` in lists of at most `size`: databases limit how many stand in one IN."""
    remaining = iter(values)
    while block := list(islice(remaining, size)):
        yield block
