"""A crowd of readers in a store, and how a database goes about what it is asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event, text

CROWD = 4000
GROWING = ("subscribers", "subscriptions", "interests", "deliveries", "events", "feedback", "confirms")
"""The tables that grow with the readers: no page and no message may read one from end to end."""

_EVERYBODY = f"WITH RECURSIVE n(i) AS (SELECT 10001 UNION ALL SELECT i + 1 FROM n WHERE i < {10_000 + CROWD})"


def crowd(engine: Engine) -> None:
    """Many more readers like the first, with as much said and sent; most of them are not due for a while."""
    with engine.begin() as connection:
        for table, own in (
            ("subscribers", {"id": "i", "address": "'r' || i || '@example.org'", "address_key": "'r' || i"}),
            ("subscriptions", {"id": "i", "subscriber_id": "i"}),
            ("interests", {"id": "i", "subscription_id": "i"}),
            ("confirms", {"id": "i", "subscriber_id": "i", "subscription_id": "NULL", "network": "'n' || i"}),
            ("deliveries", {"id": "i", "key": "'k' || i", "subscriber_id": "i", "subscription_id": "i"}),
            ("events", {"id": "i", "key": "'k' || i", "subscriber_id": "i", "delivery_id": "i"}),
            ("feedback", {"subscription_id": "i"}),
        ):
            names = connection.execute(text(f"SELECT * FROM {table}")).keys()
            values = [own.get(name, f"x.{name}") for name in names]
            order = "subscription_id" if table == "feedback" else "id DESC" if table == "deliveries" else "id"
            connection.execute(
                text(
                    f"INSERT INTO {table} ({', '.join(names)}) {_EVERYBODY} SELECT {', '.join(values)} FROM n,"
                    f" (SELECT * FROM {table} ORDER BY {order} LIMIT 1) AS x"
                )
            )
        connection.execute(text("UPDATE deliveries SET state = 'sent', lease_id = NULL WHERE id > 10000"))
        for told in (
            "confirms SET mailbox = network, asked_at = '2026-05-01 00:00:00.000000' WHERE id > 10000",
            # But for some whose hour is the others'.
            "subscriptions SET next_due_at = '2026-09-01 00:00:00.000000' WHERE id > 10005",
        ):
            connection.execute(text(f"UPDATE {told}"))
        if connection.dialect.name != "sqlite":
            connection.execute(text("ANALYZE"))


@contextmanager
def listening(engine: Engine) -> Iterator[dict[str, Any]]:
    """What the database is asked meanwhile: each statement once, with the values that it came with first."""
    asked: dict[str, Any] = {}

    def note(_connection: object, _cursor: object, statement: str, values: Any, _context: object, many: bool) -> None:
        if statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
            asked.setdefault(statement, values[0] if many and isinstance(values, list) else values)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)


def scans(engine: Engine, asked: dict[str, Any]) -> list[str]:
    """The statements that read a table from end to end that grows with the readers, and which that is."""
    found = []
    with engine.connect() as connection:
        for statement, values in asked.items():
            if connection.dialect.name == "sqlite":
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
                told = [str(row.detail).split() for row in rows]
                read = {words[1] for words in told if words[0] == "SCAN"}
            else:
                plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", values).scalar_one()
                read = set(_read_whole(plan[0]["Plan"]))
            found += [f"{table}: {' '.join(statement.split())}" for table in sorted(read.intersection(GROWING))]
    return found


def _read_whole(node: dict[str, Any]) -> Iterator[str]:
    if node["Node Type"] == "Seq Scan":
        yield node["Relation Name"]
    for inner in node.get("Plans", ()):
        yield from _read_whole(inner)
