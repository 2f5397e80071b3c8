"""The schema's revision: making, moving up, and saying what is wrong."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from digest.errors import StoreError
from digest.store.engine import Store, take_turns

MIGRATIONS = Path(__file__).parent / "migrations"


def _history() -> list[str]:
    """Every revision, oldest first: the files' names begin with it."""
    return sorted(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def migrate(store: Store) -> tuple[str | None, str]:
    """Bring the schema to this program's revision, in one transaction; (before, after).

    Raises StoreError where the store is from a newer version: there is no way down.
    """
    with store.writing() as connection:
        take_turns(connection, "schema")
        before, newest = _current(connection), _history()[-1]
        _refuse_newer(before, store)
        if before != newest:
            _upgrade(connection)
        return before, newest


def _upgrade(connection: Connection) -> None:
    # Imported here: every command asks for the revision, and Alembic takes a quarter of a second.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    assert _current(connection) == _history()[-1]


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
