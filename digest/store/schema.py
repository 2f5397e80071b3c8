"""The schema's revision: making, moving up, and saying what is wrong."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from digest.errors import StoreError
from digest.store.engine import Store


def _alembic(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def _history() -> list[str]:
    """Every revision, oldest first."""
    revisions = ScriptDirectory.from_config(_alembic()).walk_revisions()
    return [revision.revision for revision in revisions][::-1]


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def migrate(store: Store) -> tuple[str | None, str]:
    """Bring the schema to this program's revision, in one transaction; (before, after).

    Raises StoreError where the store is from a newer version: there is no way down.
    """
    with store.writing() as connection:
        before = _current(connection)
        _refuse_newer(before, store)
        command.upgrade(_alembic(connection), "head")
        after = _current(connection)
        assert after is not None
        return before, after


def require_current(store: Store) -> None:
    """Raise StoreError unless the schema is the one that this program was written for."""
    with store.reading() as connection:
        current = _current(connection)
    _refuse_newer(current, store)
    if current is None:
        raise StoreError(f"The store {store.where} is empty. Run `digest init` to set it up.")
    if current != _history()[-1]:
        raise StoreError(
            f"The store {store.where} is at revision {current}, this program at {_history()[-1]}."
            " Run `digest store migrate`; make a backup before."
        )


def _refuse_newer(current: str | None, store: Store) -> None:
    if current is not None and current not in _history():
        raise StoreError(
            f"The store {store.where} was written by a newer version (its revision {current} is unknown here)."
            " Install that version, or restore the backup made before the upgrade."
        )


def damage(store: Store) -> list[str]:
    """What is wrong with the store, a sentence each; an empty list for a sound one."""
    with store.reading() as connection:
        if connection.dialect.name != "sqlite":
            return []
        found = [str(row[0]) for row in connection.execute(text("PRAGMA integrity_check")) if row[0] != "ok"]
        for table, row, parent, _ in connection.execute(text("PRAGMA foreign_key_check")):
            found.append(f"row {row} of {table} refers to a row of {parent} that is not there")
        return found
