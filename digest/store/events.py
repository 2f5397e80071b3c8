"""What happened to a delivery or a subscriber, each event once."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from digest.model import Subscription
from digest.store.bulk import insert_many
from digest.store.engine import insert
from digest.store.subscribers import Ended
from digest.store.tables import events

MERGED = "merged"
"""The kind of what is noted of editions that came too late, and are merged into the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened; `key` is the same however often it is told."""

    key: str
    kind: str
    happened_at: datetime
    subscriber_id: int | None = None
    delivery_id: int | None = None
    detail: Mapping[str, Any]


def add_event(connection: Connection, event: Event) -> bool:
    """Remember an event; false where it was known already."""
    added = insert(connection, events).values(asdict(event)).on_conflict_do_nothing().returning(events.c.id)
    return connection.execute(added).first() is not None


def add_events(connection: Connection, new: Sequence[Event]) -> None:
    """Remember many events, those that are known already but once."""
    if new:
        insert_many(connection, events, [asdict(event) for event in new])


def note(
    connection: Connection, subscription: Subscription | Ended, kind: str, *, now: datetime, **detail: str | int
) -> None:
    """Remember what a reader did with a subscription, once an instant."""
    add_event(connection, event_about(subscription, kind, now=now, **detail))


def event_about(subscription: Subscription | Ended, kind: str, *, now: datetime, **detail: str | int) -> Event:
    """What happens to a subscription now, as an event of its reader's."""
    told = ":".join(map(str, detail.values()))
    return Event(
        key=":".join(filter(None, [kind, str(subscription.id), told, now.isoformat()])),
        kind=kind,
        happened_at=now,
        subscriber_id=subscription.subscriber_id,
        detail={"newsletter": subscription.newsletter, **detail},
    )


def events_of(connection: Connection, subscriber_id: int) -> list[Event]:
    """A subscriber's events, oldest first."""
    query = select(events).where(events.c.subscriber_id == subscriber_id).order_by(events.c.id)
    return [
        Event(
            key=row.key,
            kind=row.kind,
            happened_at=row.happened_at,
            subscriber_id=row.subscriber_id,
            delivery_id=row.delivery_id,
            detail=row.detail,
        )
        for row in connection.execute(query)
    ]
