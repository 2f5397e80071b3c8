"""All rows of a store, table by table, as another store is to hold them."""

from collections.abc import Iterator
from hashlib import blake2b

from sqlalchemy import Column, Connection, Row, Table, func, select, text
from sqlalchemy.exc import DataError, IntegrityError

from digest.errors import StoreError
from digest.store.server import take_time
from digest.store.tables import metadata

ROWS_AT_ONCE = 250
"""A printing is some 100 kB."""


def keep_still(connection: Connection) -> None:
    """Let nobody else write until the transaction ends; on SQLite, nobody does."""
    if connection.dialect.name != "sqlite":
        names = ", ".join(table.name for table in metadata.sorted_tables)
        connection.execute(text(f"LOCK TABLE {names} IN SHARE MODE"))


def has_rows(connection: Connection) -> bool:
    """Whether any table holds anything."""
    return any(connection.execute(select(table).limit(1)).first() is not None for table in metadata.sorted_tables)


def copy_rows(source: Connection, target: Connection) -> Iterator[tuple[str, int]]:
    """Copy every table, comparing each when it is there, and the numbers to give out next: its name, and its rows.

    The index of words comes by itself: by triggers on SQLite, generated on PostgreSQL. Raises StoreError where a row
    cannot be copied, or arrived as another one.
    """
    for connection in (source, target):
        take_time(connection)
    for table in metadata.sorted_tables:
        sent = _copied(source, target, table)
        if sent != _summed(target, table):
            raise StoreError(
                f"Rows of the table {table.name} did not arrive as they were. Nothing was kept of the copy."
            )
        numbered = table.autoincrement_column
        if numbered is not None:
            last = _last_number(source, numbered)
            if last:
                _go_on_numbering(target, numbered, last)
        yield table.name, sent[0]
    if target.dialect.name != "sqlite":
        # Until it knows how much there is, PostgreSQL reads whole tables.
        target.execute(text("ANALYZE"))


def _copied(source: Connection, target: Connection, table: Table) -> tuple[int, int]:
    count, total = 0, 0
    for block in _blocks(source, table):
        try:
            target.execute(table.insert(), [dict(zip(table.c.keys(), row, strict=True)) for row in block])
        except (DataError, IntegrityError) as error:
            raise StoreError(
                f"A row of the table {table.name} does not fit the new store. Nothing was kept of the copy;"
                " `digest store check` says whether the old one is sound."
            ) from error
        count, total = count + len(block), total + sum(map(_hashed, block))
    return count, total


def _summed(connection: Connection, table: Table) -> tuple[int, int]:
    """How many rows there are, and the sum of their hashes, which knows no order: databases sort differently."""
    count, total = 0, 0
    for block in _blocks(connection, table):
        count, total = count + len(block), total + sum(map(_hashed, block))
    return count, total


def _blocks(connection: Connection, table: Table) -> Iterator[list[Row[tuple[object, ...]]]]:
    with connection.execute(select(table), execution_options={"yield_per": ROWS_AT_ONCE}) as rows:
        for block in rows.partitions():
            yield list(block)


def _hashed(row: Row[tuple[object, ...]]) -> int:
    return int.from_bytes(blake2b(repr(tuple(row)).encode("utf-8", "surrogatepass"), digest_size=16).digest())


def _last_number(connection: Connection, column: Column[int]) -> int:
    """The last number that was given out, whether or not its row is still there."""
    table, told = column.table.name, {"table": column.table.name, "column": column.name}
    given: int | None = 0
    if connection.dialect.name != "sqlite":
        asked = "SELECT pg_sequence_last_value(pg_get_serial_sequence(:table, :column)::regclass)"
        given = connection.execute(text(asked), told).scalar()
    elif _is_never_reused(column):
        given = connection.execute(
            text("SELECT seq FROM sqlite_sequence WHERE name = :table"), {"table": table}
        ).scalar()
    return max(given or 0, connection.execute(select(func.max(column))).scalar() or 0)


def _go_on_numbering(connection: Connection, column: Column[int], last: int) -> None:
    told = {"table": column.table.name, "last": last}
    if connection.dialect.name != "sqlite":
        asked = "SELECT setval(pg_get_serial_sequence(:table, :column), :last)"
        connection.execute(text(asked), told | {"column": column.name})
    elif _is_never_reused(column):
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :table"), told)
        connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :last)"), told)


def _is_never_reused(column: Column[int]) -> bool:
    return bool(column.table.dialect_options["sqlite"]["autoincrement"])
