"""A reader as a whole: a subscription that goes to another address, all that is stored of somebody, and erasing it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, exists, select, update

from digest.model import DeliveryState, Subscription, SubscriptionState
from digest.store.attempts import LEASED_AMONG
from digest.store.deliveries import Delivery, delivery_in, delivery_rows
from digest.store.engine import blocks, insert
from digest.store.events import events_of
from digest.store.subscribers import is_left_over
from digest.store.tables import attempts, confirms, deliveries, events, subscribers, subscriptions, suppressions


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An address, since when it is known, and why nothing is sent to it: empty where something is."""

    address: str
    created_at: datetime
    suppressed: str
    suppressed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A provider's words on a delivery that it did not plainly accept."""

    delivery_id: int
    number: int
    provider: str
    answered_at: datetime
    outcome: str
    code: str
    detail: str


def account_numbered(connection: Connection, subscriber_id: int) -> Account | None:
    """The subscriber with this number."""
    joined = subscribers.outerjoin(suppressions, suppressions.c.address_key == subscribers.c.address_key)
    query = select(subscribers, suppressions.c.reason, suppressions.c.since_at).select_from(joined)
    row = connection.execute(query.where(subscribers.c.id == subscriber_id)).first()
    if row is None:
        return None
    return Account(
        address=row.address,
        created_at=row.created_at,
        suppressed=row.reason or "",
        suppressed_at=row.since_at,
    )


def deliveries_about(connection: Connection, subscriber_id: int) -> list[Delivery]:
    """What was queued for a subscriber, and for their subscriptions at an earlier address, oldest first."""
    query = delivery_rows().where(_theirs(subscriber_id)).order_by(deliveries.c.id)
    return [delivery_in(row) for row in connection.execute(query)]


def attempts_of(connection: Connection, numbers: Iterable[int]) -> list[Attempt]:
    """What providers said of these deliveries, oldest first."""
    found: list[Attempt] = []
    names = [column for column in attempts.c if column.name != "id"]
    for block in blocks(numbers):
        query = select(*names).where(attempts.c.delivery_id.in_(block)).order_by(attempts.c.id)
        found += [Attempt(**row._asdict()) for row in connection.execute(query)]
    return found


def hold_destination(connection: Connection, subscription_id: int, subscriber_id: int) -> None:
    """Nobody else subscribes this address, or gives it the subscription, until the transaction ends."""
    # In the order in which confirming does: what was asked for first, then the address.
    asked = select(confirms.c.id).where(confirms.c.subscription_id == subscription_id).order_by(confirms.c.id)
    connection.execute(asked.with_for_update())
    connection.execute(select(subscribers.c.id).where(subscribers.c.id == subscriber_id).with_for_update())


def move_subscription(connection: Connection, moved: Subscription, *, subscriber_id: int, now: datetime) -> None:
    """Give the subscription to another subscriber, who confirmed now: with its history, and what is queued for it.

    One to the same newsletter that had ended there gives way; an active one must not be there.
    """
    ended = (subscriptions.c.subscriber_id == subscriber_id) & (subscriptions.c.newsletter == moved.newsletter)
    ended &= subscriptions.c.state != SubscriptionState.ACTIVE
    _forget_moves(connection, ended)
    connection.execute(delete(subscriptions).where(ended))
    told = {"subscriber_id": subscriber_id, "confirmed_at": now}
    connection.execute(update(subscriptions).where(subscriptions.c.id == moved.id).values(told))
    history = [one.key for one in events_of(connection, moved.subscriber_id) if _is_about(one.detail, moved)]
    for block in blocks(history):
        connection.execute(update(events).where(events.c.key.in_(block)).values(subscriber_id=subscriber_id))
    queued = (deliveries.c.subscription_id == moved.id) & (deliveries.c.state == DeliveryState.QUEUED)
    _readdress(connection, connection.execute(_STRAYED.where(queued)).all())


_STRAYED = (
    select(deliveries.c.id, deliveries.c.reader, subscriptions.c.subscriber_id, subscriptions.c.confirmed_at)
    .select_from(deliveries.join(subscriptions, deliveries.c.subscription_id == subscriptions.c.id))
    .where(deliveries.c.subscriber_id.is_distinct_from(subscriptions.c.subscriber_id))
    .with_for_update(of=deliveries)
)
"""Deliveries that are not for whom their subscription belongs to."""
_STRAYED_AMONG = _STRAYED.where(LEASED_AMONG)


def turn_back(connection: Connection, numbers: Sequence[int]) -> set[int]:
    """Queue again those of these leased deliveries whose subscription went to another address since; which they are."""
    strayed = connection.execute(_STRAYED_AMONG, {"numbers": numbers}).all()
    _readdress(connection, strayed)
    return {row.id for row in strayed}


def erase_subscriber(connection: Connection, subscriber_id: int, *, mark: Callable[[str], str]) -> None:
    """Delete a subscriber, the addresses that they had before or would have moved to, and all that their subscriptions
    are; of their messages, whose they were.

    A suppression stays, under what `mark` makes of the address's key.
    """
    # Held first: nothing is published to them any more.
    held = select(subscriptions.c.id).where(subscriptions.c.subscriber_id == subscriber_id).with_for_update()
    connection.execute(held).all()
    theirs = _theirs(subscriber_id)
    skipped = {"state": DeliveryState.SKIPPED, "detail": "erased"}
    connection.execute(update(deliveries).where(theirs, deliveries.c.state == DeliveryState.QUEUED).values(skipped))
    before = [one.detail["from"] for one in events_of(connection, subscriber_id) if one.kind == "moved"]
    former = select(subscribers.c.id).where(subscribers.c.id.in_(before), is_left_over())
    everybody = [subscriber_id, *connection.execute(former).scalars()]
    _keep_suppressed(connection, everybody, mark=mark)
    connection.execute(update(deliveries).where(theirs).values(selection=None, reader=None))
    connection.execute(delete(events).where(events.c.subscriber_id.in_(everybody)))
    named = _forget_moves(connection, subscriptions.c.subscriber_id == subscriber_id)
    has_asked = exists().where(confirms.c.subscriber_id == subscribers.c.id)
    unknown = subscribers.c.id.in_(named) & is_left_over() & ~has_asked
    connection.execute(delete(subscribers).where(subscribers.c.id.in_(everybody) | unknown))


def _keep_suppressed(connection: Connection, subscriber_ids: Sequence[int], *, mark: Callable[[str], str]) -> None:
    """Put marks in the place of the addresses that are suppressed."""
    keys = select(subscribers.c.address_key).where(subscribers.c.id.in_(subscriber_ids))
    for row in connection.execute(select(suppressions).where(suppressions.c.address_key.in_(keys))).all():
        told = {"address_key": mark(row.address_key), "reason": row.reason, "since_at": row.since_at}
        connection.execute(insert(connection, suppressions).values(told).on_conflict_do_nothing())
        connection.execute(delete(suppressions).where(suppressions.c.address_key == row.address_key))


def _forget_moves(connection: Connection, whose: ColumnElement[bool]) -> list[int]:
    """Forget where these subscriptions were to go: nothing may refer to what is deleted; whom nobody asks any more."""
    numbers = select(subscriptions.c.id).where(whose)
    asked = select(confirms.c.id).where(confirms.c.subscription_id.in_(numbers))
    waiting = deliveries.c.confirm_id.in_(asked) & (deliveries.c.state == DeliveryState.QUEUED)
    told = {"state": DeliveryState.SKIPPED, "detail": "nothing left to confirm"}
    connection.execute(update(deliveries).where(waiting).values(told))
    forgotten = delete(confirms).where(confirms.c.subscription_id.in_(numbers)).returning(confirms.c.subscriber_id)
    return [*connection.execute(forgotten).scalars()]


def _is_about(detail: object, moved: Subscription) -> bool:
    return isinstance(detail, dict) and detail.get("newsletter") == moved.newsletter


def _theirs(subscriber_id: int) -> ColumnElement[bool]:
    own = select(subscriptions.c.id).where(subscriptions.c.subscriber_id == subscriber_id)
    one = deliveries.alias("one")
    # By OR, PostgreSQL reads the whole table.
    to_them = select(one.c.id).where(one.c.subscriber_id == subscriber_id)
    return deliveries.c.id.in_(to_them.union(select(one.c.id).where(one.c.subscription_id.in_(own))))


def _readdress(connection: Connection, strayed: Iterable[Row[*tuple[Any, ...]]]) -> None:
    """Queue these deliveries for whom their subscription belongs to."""
    for row in strayed:
        told = {
            "subscriber_id": row.subscriber_id,
            # A message says since when the address is subscribed.
            "reader": row.reader and {**row.reader, "confirmed_at": row.confirmed_at.isoformat()},
            "state": DeliveryState.QUEUED,
            "lease_id": None,
        }
        connection.execute(update(deliveries).where(deliveries.c.id == row.id).values(told))
