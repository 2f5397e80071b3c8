"""Many rows at once, as each database takes them fastest."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import JSON, Column, Connection, Dialect, Table, bindparam
from sqlalchemy.sql.compiler import SQLCompiler

from digest.store.engine import blocks, insert

ROWS_AT_ONCE = 100
"""To a statement of SQLite, which begins anew with each, checks of columns included: one by one in twice the time."""


def insert_many(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert rows of the same columns, but those that conflict with one that is there; how many were inserted."""
    names = list(rows[0])
    columns = {name: _as_bound(table.c[name], connection.dialect, [row[name] for row in rows]) for name in names}
    if connection.dialect.name == "sqlite":
        return _insert(connection, table, columns)
    return _insert_arrays(connection, table, columns)


def _insert(connection: Connection, table: Table, columns: Mapping[str, Sequence[Any]]) -> int:
    """To the driver as it wants them: SQLAlchemy works out each row's parameters anew, in four times the time."""
    statement = insert(connection, table).values({name: bindparam(name) for name in columns}).on_conflict_do_nothing()
    compiled = statement.compile(dialect=connection.dialect)
    assert isinstance(compiled, SQLCompiler)
    order = compiled.positiontup or ()
    one, count = f"({', '.join('?' * len(order))})", 0
    for some in blocks(zip(*(columns[name] for name in order), strict=True), ROWS_AT_ONCE):
        sql = str(compiled).replace(one, ", ".join([one] * len(some)))
        count += connection.exec_driver_sql(sql, tuple(chain.from_iterable(some))).rowcount
    return count


def _insert_arrays(connection: Connection, table: Table, columns: Mapping[str, Sequence[Any]]) -> int:
    """An array for each column, in the driver's binary form: in text, the quotes of JSON are escaped at ten times the
    time."""
    names = ", ".join(columns)
    arrays = ", ".join(f"%b::{table.c[name].type.compile(connection.dialect)}[]" for name in columns)
    added = f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING"  # noqa: S608
    return connection.exec_driver_sql(added, tuple(columns.values())).rowcount


def _as_bound(column: Column[Any], dialect: Dialect, values: list[Any]) -> list[Any]:
    """A column's values as the driver takes them; each is worked out once, since many rows share an instant."""
    processor = column.type.dialect_impl(dialect).bind_processor(dialect)
    if processor is None:
        return values
    if isinstance(column.type, JSON):
        return [processor(value) for value in values]
    known = {value: processor(value) for value in set(values)}
    return [known[value] for value in values]
