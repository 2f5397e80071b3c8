"""Subscribers and their subscriptions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, exists, func, select, update

from digest.address import Address
from digest.model import Cadence, Choices, DeliveryState, Interest, Subscription, SubscriptionState
from digest.store.choices import (
    CHOSEN,
    choices_in,
    columns_of,
    interests_of,
    set_interests,
)
from digest.store.engine import insert
from digest.store.jobs import Work, announce
from digest.store.spelling import any_of
from digest.store.tables import deliveries, subscribers, subscriptions, suppressions


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A subscription that was ended."""

    id: int
    subscriber_id: int
    newsletter: str


def subscriber_for(connection: Connection, address: Address, *, now: datetime) -> int:
    """The number of the subscriber with this address, who is made if there is none."""
    made = insert(connection, subscribers).values(address=address.text, address_key=address.key, created_at=now)
    connection.execute(made.on_conflict_do_nothing(index_elements=["address_key"]))
    # Locked: who asks twice at once waits for the first. Not so what only refers to the row, such as a message that is
    # queued under a lock on the subscription, for which this transaction may wait in turn.
    query = select(subscribers.c.id).where(subscribers.c.address_key == address.key).with_for_update(key_share=True)
    return int(connection.execute(query).scalar_one())


def subscriber_named(connection: Connection, address: Address) -> int | None:
    """The number of the subscriber with this address."""
    return connection.execute(select(subscribers.c.id).where(subscribers.c.address_key == address.key)).scalar()


def has_subscribers(connection: Connection) -> bool:
    """Whether there is any."""
    return connection.execute(select(subscribers.c.id).limit(1)).first() is not None


def is_still_there(connection: Connection, number: int) -> bool:
    """Whether there is a subscriber with this number, who then stays until the transaction ends."""
    query = select(subscribers.c.id).where(subscribers.c.id == number).with_for_update(read=True, key_share=True)
    return connection.execute(query).first() is not None


def is_left_over() -> ColumnElement[bool]:
    """Whether a subscriber has no subscription, and no message under way."""
    subscribed = exists().where(subscriptions.c.subscriber_id == subscribers.c.id)
    waiting = exists().where(
        deliveries.c.subscriber_id == subscribers.c.id,
        deliveries.c.state.in_([DeliveryState.QUEUED, DeliveryState.LEASED]),
    )
    return ~subscribed & ~waiting


def set_subscription(
    connection: Connection,
    subscriber_id: int,
    *,
    newsletter: str,
    choices: Choices,
    next_due_at: datetime,
    now: datetime,
) -> int:
    """Make the subscription active with these choices, whatever it was before; its number."""
    told = _anew(choices, next_due_at=next_due_at, now=now)
    made = insert(connection, subscriptions).values(subscriber_id=subscriber_id, newsletter=newsletter, **told)
    kept = made.on_conflict_do_update(index_elements=_WHOSE, set_=told)
    number = int(connection.execute(kept.returning(subscriptions.c.id)).scalar_one())
    set_interests(connection, number, choices.interests)
    return number


def add_subscription(
    connection: Connection,
    subscriber_id: int,
    *,
    newsletter: str,
    choices: Choices,
    next_due_at: datetime,
    now: datetime,
) -> int | None:
    """Make a subscription with these choices; its number, or None where there is one, active or not, by this moment."""
    told = _anew(choices, next_due_at=next_due_at, now=now)
    made = insert(connection, subscriptions).values(subscriber_id=subscriber_id, newsletter=newsletter, **told)
    added = made.on_conflict_do_nothing(index_elements=_WHOSE).returning(subscriptions.c.id)
    number = connection.execute(added).scalar()
    if number is not None:
        set_interests(connection, number, choices.interests)
    return number


_WHOSE = ("subscriber_id", "newsletter")


def _anew(choices: Choices, *, next_due_at: datetime, now: datetime) -> dict[str, Any]:
    return {
        "state": SubscriptionState.ACTIVE,
        **columns_of(choices),
        "next_due_at": next_due_at,
        "paused_until": None,
        "confirmed_at": now,
        "unsubscribed_at": None,
    }


def active_held(connection: Connection, number: int) -> Subscription | None:
    """The active subscription with this number, which nobody else can change until the transaction ends."""
    wanted = (subscriptions.c.id == number) & (subscriptions.c.state == SubscriptionState.ACTIVE)
    locked = _rows().where(wanted).with_for_update(of=subscriptions, key_share=True)
    return next(iter(_subscriptions(connection, connection.execute(locked).all())), None)


def set_choices(connection: Connection, number: int, choices: Choices, *, next_due_at: datetime) -> None:
    """Replace a subscription's choices."""
    told = columns_of(choices) | {"next_due_at": next_due_at}
    connection.execute(update(subscriptions).where(subscriptions.c.id == number).values(told))
    set_interests(connection, number, choices.interests)


def set_break(connection: Connection, number: int, *, paused_until: date | None, next_due_at: datetime) -> None:
    """Begin a subscription's break, or end it."""
    told = {"paused_until": paused_until, "next_due_at": next_due_at}
    connection.execute(update(subscriptions).where(subscriptions.c.id == number).values(told))


def set_reached(connection: Connection, number: int, reached_at: datetime | None) -> None:
    """Say how far a subscription's papers have been looked through."""
    connection.execute(update(subscriptions).where(subscriptions.c.id == number).values(reached_at=reached_at))


def end_subscriptions(
    connection: Connection, *, now: datetime, subscription_id: int | None = None, subscriber_id: int | None = None
) -> list[Ended]:
    """Unsubscribe one subscription, or all of a subscriber; those that were active."""
    whose = (
        subscriptions.c.id == subscription_id
        if subscription_id is not None
        else subscriptions.c.subscriber_id == subscriber_id
    )
    ended = (
        update(subscriptions)
        .where(whose, subscriptions.c.state == SubscriptionState.ACTIVE)
        .values(state=SubscriptionState.UNSUBSCRIBED, unsubscribed_at=now, next_due_at=None, paused_until=None)
    )
    returned = ended.returning(subscriptions.c.id, subscriptions.c.subscriber_id, subscriptions.c.newsletter)
    return [Ended(**row._asdict()) for row in connection.execute(returned)]


def cadences_due(connection: Connection, *, newsletter: str, now: datetime) -> list[Cadence]:
    """The cadences of the active subscriptions whose hour has come."""
    query = select(subscriptions.c.cadence).where(_due(newsletter, now)).distinct()
    return [Cadence(cadence) for cadence in connection.execute(query).scalars()]


def count_due(connection: Connection, *, newsletter: str, now: datetime) -> int:
    """How many active subscriptions' hour has come."""
    due = select(func.count()).select_from(subscriptions).where(_due(newsletter, now))
    return int(connection.execute(due).scalar_one())


def next_due(connection: Connection) -> tuple[datetime, int] | None:
    """The first instant at which any active subscription is due, and how many then are; None where there is none."""
    active = subscriptions.c.state == SubscriptionState.ACTIVE
    query = select(subscriptions.c.next_due_at, func.count()).where(active, subscriptions.c.next_due_at.is_not(None))
    row = connection.execute(query.group_by(subscriptions.c.next_due_at).order_by(subscriptions.c.next_due_at)).first()
    return None if row is None else (row[0], row[1])


def subscriptions_due(
    connection: Connection, *, newsletter: str, cadences: Sequence[Cadence], now: datetime, limit: int
) -> list[Subscription]:
    """Active subscriptions whose hour has come, the longest due first, locked until the transaction ends.

    Suppressed addresses are among them: their papers are not lost but their time moves on.
    """
    wanted = and_(_due(newsletter, now), subscriptions.c.cadence.in_(cadences))
    order = (subscriptions.c.next_due_at, subscriptions.c.id)
    locked = (
        _rows()
        .where(wanted)
        .order_by(*order)
        .limit(limit)
        .with_for_update(of=subscriptions, skip_locked=True, key_share=True)
    )
    due = connection.execute(locked).all()
    if len(due) == limit:
        # There may be more than one can take.
        announce(connection, Work.PUBLISH)
    return _subscriptions(connection, due)


def _due(newsletter: str, now: datetime) -> ColumnElement[bool]:
    return and_(
        subscriptions.c.newsletter == newsletter,
        subscriptions.c.state == SubscriptionState.ACTIVE,
        subscriptions.c.next_due_at <= now,
    )


def move_on(connection: Connection, moves: Sequence[tuple[int, datetime, datetime | None]]) -> None:
    """Set (subscription, its next due instant, how far its papers have been looked through); breaks are over."""
    # Readers are many, instants few: a statement for each took four times as long.
    moved: dict[tuple[datetime, datetime | None], list[int]] = {}
    for number, next_due_at, reached_at in moves:
        moved.setdefault((next_due_at, reached_at), []).append(number)
    for (next_due_at, reached_at), numbers in moved.items():
        told = {"next_due_at": next_due_at, "reached_at": reached_at, "paused_until": None}
        theirs = any_of(subscriptions.c.id, numbers)
        connection.execute(update(subscriptions).where(theirs).values(told))


def subscription_numbered(connection: Connection, number: int) -> Subscription | None:
    """The subscription with this number."""
    return next(iter(_where(connection, subscriptions.c.id == number)), None)


def subscriptions_of(connection: Connection, subscriber_id: int) -> list[Subscription]:
    """A subscriber's subscriptions."""
    return _where(connection, subscriptions.c.subscriber_id == subscriber_id)


def count_subscriptions(connection: Connection) -> dict[str, int]:
    """How many subscriptions are active, active but for an address that is suppressed, or ended; where any are."""
    joined = subscriptions.join(subscribers, subscriptions.c.subscriber_id == subscribers.c.id)
    joined = joined.outerjoin(suppressions, suppressions.c.address_key == subscribers.c.address_key)
    gets_nothing = (subscriptions.c.state == SubscriptionState.ACTIVE) & suppressions.c.address_key.is_not(None)
    state = case((gets_nothing, "suppressed"), else_=subscriptions.c.state).label("counted_as")
    counted = select(state, func.count()).select_from(joined).group_by("counted_as").order_by("counted_as")
    return {row[0]: row[1] for row in connection.execute(counted)}


def all_subscriptions(connection: Connection) -> list[Subscription]:
    """Every subscription, oldest first."""
    return _subscriptions(connection, connection.execute(_rows().order_by(subscriptions.c.id)).all())


def _rows() -> Any:
    joined = subscriptions.join(subscribers, subscriptions.c.subscriber_id == subscribers.c.id)
    return select(*_TOLD, *CHOSEN).select_from(joined)


def _where(connection: Connection, wanted: ColumnElement[bool]) -> list[Subscription]:
    return _subscriptions(connection, connection.execute(_rows().where(wanted).order_by(subscriptions.c.id)).all())


def _subscriptions(connection: Connection, rows: Sequence[Row[Any]]) -> list[Subscription]:
    followed = interests_of(connection, [row[0] for row in rows])
    return [_subscription(row, followed.get(row[0], ())) for row in rows]


_TOLD = (
    *(subscriptions.c[name] for name in "id subscriber_id newsletter state next_due_at reached_at".split()),
    *(subscriptions.c.confirmed_at, subscriptions.c.paused_until, subscribers.c.address),
)


def _subscription(row: Sequence[Any], followed: tuple[Interest, ...]) -> Subscription:
    # By place: a row looks up a name in a microsecond, and has twenty.
    number, subscriber_id, newsletter, state, next_due_at, reached_at, confirmed_at, paused_until, address, *chosen = (
        row
    )
    return Subscription(
        id=number,
        subscriber_id=subscriber_id,
        address=address,
        newsletter=newsletter,
        state=SubscriptionState(state),
        choices=choices_in(chosen, followed),
        next_due_at=next_due_at,
        reached_at=reached_at,
        confirmed_at=confirmed_at,
        paused_until=paused_until,
    )
