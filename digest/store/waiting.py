"""What waits in the queue: until its time, for a permit, or no longer since its deadline has passed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, or_, select, update

from digest.model import DeliveryKind, DeliveryState, Priority
from digest.store.deliveries import IS_LEASED, IS_QUEUED
from digest.store.engine import blocks
from digest.store.pauses import EVERYTHING, pauses_now
from digest.store.tables import deliveries

LATE_AT_ONCE = 2000
"""Deliveries: what is late is skipped so many at every look, or whoever wants to write would wait for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How many deliveries are queued, how many of them until a time that has not come, and the first such time."""

    queued: int
    later: int
    next_at: datetime | None


def waiting_now(connection: Connection, *, now: datetime) -> Waiting:
    """What waits."""
    is_later = deliveries.c.send_after_at > now
    found = select(func.count(), func.count().filter(is_later), func.min(deliveries.c.send_after_at).filter(is_later))
    queued, later, next_at = connection.execute(found.where(IS_QUEUED)).one()
    return Waiting(queued=queued, later=later, next_at=next_at)


def may_leave(connection: Connection, *, now: datetime) -> ColumnElement[bool]:
    """Whether a delivery waits, its time has come, and it is not paused: a test of the provider never is."""
    halted = pauses_now(connection)
    ready = IS_QUEUED & (deliveries.c.send_after_at <= now)
    if EVERYTHING in halted:
        return ready & (deliveries.c.kind == DeliveryKind.TEST)
    if halted:
        return ready & or_(deliveries.c.kind != DeliveryKind.EDITION, deliveries.c.newsletter.not_in(halted))
    return ready


def are_queued(connection: Connection, count: int, *, now: datetime) -> bool:
    """Whether so many deliveries may leave, or more."""
    query = select(deliveries.c.id).where(may_leave(connection, now=now)).limit(1).offset(count - 1)
    return connection.execute(query).first() is not None


def are_held_back(connection: Connection, *, newsletter: str, since: datetime, now: datetime) -> bool:
    """Whether editions of the newsletter wait for their time that were queued after that instant."""
    later = IS_QUEUED & (deliveries.c.priority == Priority.EDITION) & (deliveries.c.send_after_at > now)
    theirs = later & (deliveries.c.newsletter == newsletter) & (deliveries.c.dated_at > since)
    return connection.execute(select(deliveries.c.id).where(theirs).limit(1)).first() is not None


def awaited_are_queued(connection: Connection, *, now: datetime) -> bool:
    """Whether anything waits that somebody waits for, and whose time has come."""
    awaited = IS_QUEUED & (deliveries.c.priority < Priority.EDITION) & (deliveries.c.send_after_at <= now)
    # A preview may stand still with its newsletter.
    awaited &= deliveries.c.kind != DeliveryKind.EDITION
    return connection.execute(select(deliveries.c.id).where(awaited).limit(1)).first() is not None


def put_off(connection: Connection, until: Mapping[int, datetime]) -> None:
    """Queue leased deliveries again that were not handed over, each until its time."""
    if not until:
        return
    held = (deliveries.c.id == bindparam("_id")) & IS_LEASED
    told: dict[str, Any] = {"state": DeliveryState.QUEUED, "lease_id": None}
    told |= {"send_after_at": bindparam("_until")}
    rows = [{"_id": number, "_until": instant} for number, instant in until.items()]
    connection.execute(update(deliveries).where(held).values(told), rows)


def skip_late(connection: Connection, *, now: datetime) -> int:
    """Skip some of what is queued and past its deadline, while nothing leaves: its papers are for the next edition."""
    late = IS_QUEUED & (deliveries.c.send_before_at < now)
    some = select(deliveries.c.id).where(late).limit(LATE_AT_ONCE).with_for_update(skip_locked=True)
    numbers = connection.execute(some).scalars().all()
    told = {"state": DeliveryState.SKIPPED, "detail": "past its deadline"}
    for block in blocks(numbers):
        connection.execute(update(deliveries).where(deliveries.c.id.in_(block)).values(told))
    return len(numbers)
