"""Leases: which process may send which deliveries, for how long, by the database's clock.

A lease holds a block of deliveries, and says which of them its holder is handing over. Taking one over raises its
generation, and nothing is done under a generation that is not the current one: a process that was believed dead sends
nothing more.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Connection, CursorResult, Row, and_, bindparam, delete, func, insert, select, update

from digest.errors import StoreError
from digest.model import DeliveryState, Priority
from digest.store.deliveries import SENDING_ORDER
from digest.store.jobs import Work, announce
from digest.store.spelling import Clock, any_of, many
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


# Made once: some of these are asked for every window of messages.
_EXPIRED = (
    select(leases.c.id, leases.c.generation)
    .where(leases.c.expires <= Clock())
    .order_by(leases.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_CURRENT = and_(leases.c.id == bindparam("lease"), leases.c.generation == bindparam("held"))
_HOLD = update(leases).where(_CURRENT).values(expires=Clock() + bindparam("seconds"))
_BEGIN = update(leases).where(_CURRENT).values(begun=bindparam("begun", type_=JSON))
_TAKE_OVER = _HOLD.values(holder=bindparam("by"), generation=leases.c.generation + 1)
_MAKE = (
    insert(leases)
    .values(holder=bindparam("by"), generation=1, expires=Clock() + bindparam("seconds"))
    .returning(leases.c.id)
)
_TAKE = (
    update(deliveries)
    .where(any_of(deliveries.c.id, many("numbers", deliveries.c.id)))
    .values(state=DeliveryState.LEASED, lease_id=bindparam("lease"))
)


def take_expired(connection: Connection, *, holder: str, seconds: float) -> Lease | None:
    """Take over a lease whose holder has not held on to it, if there is one."""
    row = _expired(connection)
    if row is None:
        return None
    told = {"lease": row.id, "held": row.generation, "by": holder, "seconds": seconds}
    connection.execute(_TAKE_OVER, told)
    return Lease(id=row.id, generation=row.generation + 1, seconds=seconds)


def any_expired(connection: Connection) -> bool:
    """Whether there is a lease to be taken over."""
    return _expired(connection) is not None


def _expired(connection: Connection) -> Row[int, int] | None:
    """The first lease that nobody holds on to; not one whose row another transaction has."""
    return connection.execute(_EXPIRED).first()


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
    query = select(deliveries.c.id).where(waiting).order_by(*SENDING_ORDER).limit(limit)
    numbers = list(connection.execute(query.with_for_update(skip_locked=True)).scalars())
    if not numbers:
        return None
    if len(numbers) == limit:
        # There may be more than one can take.
        announce(connection, Work.DELIVER)
    number = int(connection.execute(_MAKE, {"by": holder, "seconds": seconds}).scalar_one())
    connection.execute(_TAKE, {"numbers": numbers, "lease": number})
    return Lease(id=number, generation=1, seconds=seconds)


def hold(connection: Connection, lease: Lease) -> None:
    """Go on holding the lease. Raises LeaseLostError if another process has it."""
    _of_holder(connection.execute(_HOLD, _named(lease) | {"seconds": lease.seconds}))


def begin_attempts(connection: Connection, lease: Lease, numbers: Iterable[int]) -> None:
    """Note, before the first byte leaves, that of the lease's deliveries these are being handed over, and no others.

    Raises LeaseLostError if another process has it.
    """
    _of_holder(connection.execute(_BEGIN, _named(lease) | {"begun": list(numbers)}))


def numbers_begun(connection: Connection, lease: Lease) -> set[int]:
    """The numbers of what was being handed over at last, some of which may have been answered since."""
    return set(connection.execute(select(leases.c.begun).where(leases.c.id == lease.id)).scalar_one())


def release(connection: Connection, lease: Lease) -> None:
    """Give the lease up once it holds nothing."""
    connection.execute(delete(leases).where(_CURRENT), _named(lease))


def soonest_expiry(connection: Connection) -> float | None:
    """In how many seconds the first of the leases runs out, unless it is held on to; None without leases."""
    left = connection.execute(select(func.min(leases.c.expires) - Clock())).scalar()
    return None if left is None else max(0.0, float(left))


def any_held(connection: Connection) -> bool:
    """Whether any process holds deliveries, or did until just now."""
    return connection.execute(select(leases.c.id).where(leases.c.expires > Clock()).limit(1)).first() is not None


def _of_holder(done: CursorResult[Any]) -> None:
    if done.rowcount != 1:
        raise LeaseLostError("Another process has taken over these deliveries; it sends them.")


def _named(lease: Lease) -> dict[str, int]:
    return {"lease": lease.id, "held": lease.generation}
