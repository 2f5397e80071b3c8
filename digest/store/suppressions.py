"""Addresses that nothing is sent to any more, known by their key, or by a mark once they were erased."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from digest.store.engine import insert
from digest.store.spelling import any_of, many
from digest.store.tables import subscribers, suppressions


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """Why nothing is sent to an address, and since when."""

    reason: str
    since_at: datetime


def suppress(connection: Connection, subscriber_id: int, *, reason: str, now: datetime) -> None:
    """Never send to this address again, until the suppression is lifted; an earlier reason stays."""
    key = select(subscribers.c.address_key).where(subscribers.c.id == subscriber_id).scalar_subquery()
    statement = insert(connection, suppressions).values(address_key=key, reason=reason, since_at=now)
    connection.execute(statement.on_conflict_do_nothing())


def suppression_of(connection: Connection, keys: Collection[str]) -> Suppression | None:
    """The suppression of whoever is known by one of these keys and marks."""
    query = select(suppressions.c.reason, suppressions.c.since_at).where(suppressions.c.address_key.in_(keys))
    row = connection.execute(query.order_by(suppressions.c.since_at)).first()
    return None if row is None else Suppression(**row._asdict())


def all_suppressions(connection: Connection) -> dict[str, Suppression]:
    """Every suppression, by the key or the mark that it is under."""
    rows = connection.execute(select(suppressions.c.address_key, suppressions.c.reason, suppressions.c.since_at))
    return {row.address_key: Suppression(reason=row.reason, since_at=row.since_at) for row in rows}


_AMONG = select(suppressions.c.address_key).where(
    any_of(suppressions.c.address_key, many("marks", suppressions.c.address_key))
)


def suppressed_marks(connection: Connection, marks: Collection[str]) -> set[str]:
    """Those of these keyed hashes of addresses under which one is suppressed."""
    return set(connection.execute(_AMONG, {"marks": marks}).scalars())


def lift_suppressions(connection: Connection, keys: Collection[str]) -> bool:
    """Send again to whoever is known by one of these keys and marks; false where nothing kept messages away."""
    return connection.execute(delete(suppressions).where(suppressions.c.address_key.in_(keys))).rowcount > 0
