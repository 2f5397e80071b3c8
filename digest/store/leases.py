"""Leases: which process may send which deliveries, for how long, by the database's clock.

A lease holds a block of deliveries. Taking one over raises its generation, and nothing is done
under a generation that is not the current one: a process that was believed dead sends nothing more.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, select, update

from digest.errors import StoreError
from digest.model import DeliveryState, Priority
from digest.store.engine import any_of, clock
from digest.store.jobs import Work, announce
from digest.store.tables import deliveries, leases
from digest.store.waiting import may_leave


class LeaseLostError(StoreError):
    """Another process has taken the lease over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to send a block of deliveries; `seconds` is how long each holding lasts."""

    id: int
    generation: int
    seconds: float


def take_expired(connection: Connection, *, holder: str, seconds: float) -> Lease | None:
    """Take over a lease whose holder has not held on to it, if there is one."""
    now = clock(connection)
    row = _expired(connection, now)
    if row is None:
        return None
    told = {"holder": holder, "generation": row.generation + 1, "expires": now + seconds}
    connection.execute(update(leases).where(leases.c.id == row.id).values(told))
    return Lease(id=row.id, generation=row.generation + 1, seconds=seconds)


def any_expired(connection: Connection) -> bool:
    """Whether there is a lease to be taken over."""
    return _expired(connection, clock(connection)) is not None


def _expired(connection: Connection, now: float) -> Row[Any] | None:
    """The first lease that nobody holds on to; not one whose row another transaction has."""
    gone = select(leases).where(leases.c.expires <= now).order_by(leases.c.id).limit(1)
    return connection.execute(gone.with_for_update(skip_locked=True)).first()


def take_queued(
    connection: Connection,
    *,
    holder: str,
    seconds: float,
    limit: int,
    now: datetime,
    only: int | None = None,
    awaited_alone: bool = False,
) -> Lease | None:
    """Lease a block of at most `limit` queued deliveries, the most urgent first, or `only` the one with that number.

    What is paused waits, but for a test of the provider; `awaited_alone` leaves editions where they are.
    """
    waiting = may_leave(connection, now=now)
    if awaited_alone:
        waiting = and_(waiting, deliveries.c.priority < Priority.EDITION)
    if only is not None:
        waiting = and_(waiting, deliveries.c.id == only)
    order = (deliveries.c.priority, deliveries.c.send_after_at, deliveries.c.id)
    query = select(deliveries.c.id).where(waiting).order_by(*order).limit(limit)
    numbers = list(connection.execute(query.with_for_update(skip_locked=True)).scalars())
    if not numbers:
        return None
    if len(numbers) == limit:
        # There may be more than one can take.
        announce(connection, Work.DELIVER)
    row = {"holder": holder, "generation": 1, "expires": clock(connection) + seconds}
    number = int(connection.execute(leases.insert().values(row).returning(leases.c.id)).scalar_one())
    told = {"state": DeliveryState.LEASED, "lease_id": number, "attempted_at": None}
    connection.execute(update(deliveries).where(any_of(connection, deliveries.c.id, numbers)).values(told))
    return Lease(id=number, generation=1, seconds=seconds)


def hold(connection: Connection, lease: Lease) -> None:
    """Go on holding the lease. Raises LeaseLostError if another process has it."""
    told = {"expires": clock(connection) + lease.seconds}
    if connection.execute(update(leases).where(_current(lease)).values(told)).rowcount != 1:
        raise LeaseLostError("Another process has taken over these deliveries; it sends them.")


def release(connection: Connection, lease: Lease) -> None:
    """Give the lease up once it holds nothing."""
    connection.execute(delete(leases).where(_current(lease)))


def soonest_expiry(connection: Connection) -> float | None:
    """In how many seconds the first of the leases runs out, unless it is held on to; None without leases."""
    soonest = connection.execute(select(func.min(leases.c.expires))).scalar()
    return None if soonest is None else max(0.0, float(soonest) - clock(connection))


def any_held(connection: Connection) -> bool:
    """Whether any process holds deliveries, or did until just now."""
    return (
        connection.execute(select(leases.c.id).where(leases.c.expires > clock(connection)).limit(1)).first() is not None
    )


def _current(lease: Lease) -> ColumnElement[bool]:
    return and_(leases.c.id == lease.id, leases.c.generation == lease.generation)
