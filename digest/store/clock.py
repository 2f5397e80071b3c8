"""The clock as the store knows it: when it was last looked at, and what one that was ahead has written."""

from datetime import date, datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from digest.budgets import Moment, set_back
from digest.model import DeliveryKind, DeliveryState
from digest.store.budgets import hold_budgets, keep_spent, spent_of_all
from digest.store.deliveries import IS_QUEUED, MISDATED
from digest.store.engine import clock, insert
from digest.store.events import MERGED
from digest.store.papers import NEVER
from digest.store.tables import (
    backgrounds,
    confirms,
    deliveries,
    events,
    feedback,
    impasses,
    leases,
    papers,
    signals,
    sources,
    subscribers,
    subscriptions,
    summaries,
    suppressions,
    ticks,
)

_TICK = "publish"
_SET_BACK = "set back"
_BEFORE_LEAP, _AFTER_LEAP = "before a leap", "after a leap"
_PAST = (
    backgrounds.c.fitted_at,
    confirms.c.asked_at,
    feedback.c.said_at,
    impasses.c.since_at,
    impasses.c.tried_at,
    papers.c.first_seen_at,
    papers.c.withdrawn_at,
    sources.c.succeeded_at,
    sources.c.tried_at,
    subscribers.c.created_at,
    subscriptions.c.confirmed_at,
    subscriptions.c.reached_at,
    summaries.c.asked_at,
    suppressions.c.since_at,
)
"""What can only have been by now."""

LONGEST_LEASE = timedelta(hours=1)


def last_tick_at(connection: Connection) -> datetime | None:
    """The latest moment at which it was looked for what is due."""
    return _noted(connection, _TICK)


def note_tick(connection: Connection, *, now: datetime) -> None:
    """It was looked for what is due."""
    _note(connection, _TICK, now)


def last_set_back(connection: Connection) -> datetime | None:
    """When the clock was last found set back."""
    return _noted(connection, _SET_BACK)


def note_set_back(connection: Connection, *, now: datetime) -> None:
    """The clock was found set back."""
    _note(connection, _SET_BACK, now)


def last_leap(connection: Connection) -> tuple[datetime, datetime] | None:
    """From which moment to which the clock last went at once."""
    before, after = _noted(connection, _BEFORE_LEAP), _noted(connection, _AFTER_LEAP)
    return None if before is None or after is None else (before, after)


def note_leap(connection: Connection, before: datetime, after: datetime) -> None:
    """The clock went from one moment to another at once, or the service stood still meanwhile."""
    _note(connection, _BEFORE_LEAP, before)
    _note(connection, _AFTER_LEAP, after)


def _noted(connection: Connection, name: str) -> datetime | None:
    at: datetime | None = connection.execute(select(ticks.c.at).where(ticks.c.name == name)).scalar()
    return at


def _note(connection: Connection, name: str, at: datetime) -> None:
    statement = insert(connection, ticks).values(name=name, at=at)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"at": at}))


def last_breaks(connection: Connection) -> dict[tuple[int, str], tuple[datetime, date | None]]:
    """When each (subscriber, newsletter) last began or ended a break, and until when; None for an end."""
    wanted = events.c.kind.in_(["paused", "resumed"]) & events.c.subscriber_id.is_not(None)
    query = select(events.c.subscriber_id, events.c.happened_at, events.c.detail).where(wanted).order_by(events.c.id)
    return {
        (row.subscriber_id, row.detail["newsletter"]): (
            row.happened_at,
            date.fromisoformat(row.detail["until"]) if "until" in row.detail else None,
        )
        for row in connection.execute(query)
    }


def look_again(connection: Connection, *, now: datetime) -> None:
    """Nobody's papers have been looked through further than to now."""
    ahead = subscriptions.c.reached_at > now
    connection.execute(update(subscriptions).where(ahead).values(reached_at=now))


def forget_future(connection: Connection, *, now: datetime) -> None:
    """What was written under a clock that was ahead is of now; editions that it made have no date, and do not leave.

    What was sent keeps its moment and counts as sent; dates that were called missed were not. Subscriptions' due
    instants are left to whoever knows calendars.
    """
    _redate_messages(connection, now=now)
    listed = (papers.c.first_seen_at > now) & (papers.c.first_seen_at < NEVER) & (papers.c.listed_at > now)
    connection.execute(update(papers).where(listed).values(listed_at=now))
    connection.execute(delete(signals).where(signals.c.seen_at > now))
    connection.execute(delete(events).where((events.c.kind == MERGED) & (events.c.happened_at > now)))
    for row in connection.execute(select(confirms).where(confirms.c.asked_at > now)).all():
        told = {"expires_at": now + (row.expires_at - row.asked_at)}
        connection.execute(update(confirms).where(confirms.c.id == row.id).values(told))
    for column in _PAST:
        ahead = (column > now) & (column < NEVER)
        connection.execute(update(column.table).where(ahead).values({column.name: now}))
    moment = Moment(at=clock(connection), now=now)
    stale = leases.c.expires > moment.at + LONGEST_LEASE.total_seconds()
    connection.execute(update(leases).where(stale).values(expires=moment.at))
    hold_budgets(connection)
    spent = spent_of_all(connection).items()
    keep_spent(connection, {scope: set_back(told, moment) for scope, told in spent}, at=moment.at)


def _redate_messages(connection: Connection, *, now: datetime) -> None:
    ahead = deliveries.c.dated_at > now
    edition = ahead & (deliveries.c.kind == DeliveryKind.EDITION)
    told = {"state": DeliveryState.SKIPPED, "detail": MISDATED}
    connection.execute(update(deliveries).where(IS_QUEUED, edition).values(told))
    # Its true date must be free when it comes.
    connection.execute(update(deliveries).where(edition).values(due_on=None))
    for row in connection.execute(select(deliveries).where(IS_QUEUED, ahead)).all():
        moved = {"dated_at": now, "send_before_at": now + (row.send_before_at - row.dated_at)}
        connection.execute(update(deliveries).where(deliveries.c.id == row.id).values(moved))
    late = IS_QUEUED & (deliveries.c.send_after_at > now)
    connection.execute(update(deliveries).where(late).values(send_after_at=now))
