"""What many tests begin with is made for the first of them, and copied for the others, in a tenth of the time."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import psycopg
import pytest

from digest.store import Store


class Furnish(Protocol):
    """Fills the test's folder, and the store that is open if any, as this very function has filled others."""

    def __call__(self, fill: Callable[[], object], store: Store | None = None, /) -> None: ...


@pytest.fixture(scope="session")
def furnished() -> dict[tuple[object, bool], Path]:
    """Where there are copies, by what has filled them."""
    return {}


@pytest.fixture
def furnish(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, furnished: dict[tuple[object, bool], Path]
) -> Furnish:
    def copied(fill: Callable[[], object], store: Store | None = None, /) -> None:
        on_server = store is not None and store.engine.dialect.name == "postgresql"
        made = fill.__code__, on_server
        if is_first := made not in furnished:
            fill()
            furnished[made] = tmp_path_factory.mktemp("furnished")
        if store is not None:
            store.close()
        assert not list(tmp_path.rglob("*-wal")), "somebody still uses the store"
        before, after = (tmp_path, furnished[made]) if is_first else (furnished[made], tmp_path)
        shutil.copytree(before, after, dirs_exist_ok=True)
        if store is not None and on_server:
            _copy_database(store, name=furnished[made].name, is_first=is_first)

    return copied


def _copy_database(store: Store, *, name: str, is_first: bool) -> None:
    url = store.engine.url
    before, after = (url.database, name) if is_first else (name, url.database)
    server = url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {after} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {after} TEMPLATE {before}")
