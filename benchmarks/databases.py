"""The databases that a benchmark runs on: SQLite in a folder, and PostgreSQL where one is installed."""

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from digest.store import Store, open_store
from digest.store.schema import migrate

sys.path.append(str(Path(__file__).parents[1] / "tests"))
import postgres


@contextmanager
def addresses(folder: Path, *, are_careful: bool = False) -> Iterator[dict[str, str]]:
    """The address of an empty database, by kind; a careful PostgreSQL writes to a disk, with fsync."""
    found = {"SQLite": f"sqlite:///{folder}/store.db"}
    if postgres.programs() is None:
        print(postgres.NO_POSTGRES)
        yield found
        return
    with postgres.running(is_careful=are_careful) as server:
        name = f"b{uuid.uuid4().hex}"
        with psycopg.connect(server.format(name="postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        yield found | {"PostgreSQL": server.format(name=name)}


def empty_store(url: str, folder: Path) -> Store:
    """The store at an address, set up."""
    store = open_store(url, folder=folder, create=True)
    migrate(store)
    return store
