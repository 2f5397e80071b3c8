"""Job: what comes back about a delivery -> events and suppressions."""

from datetime import datetime

from digest.store import Connection
from digest.store.deliveries import Delivery
from digest.store.events import Event, add_event
from digest.store.subscribers import suppress

PERMANENT = ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10")
"""Statuses (RFC 3463) that say there is no such mailbox. Other 5.x.x do not: a full mailbox empties."""


def bounced(connection: Connection, delivery: Delivery, *, code: str, now: datetime) -> None:
    """The recipient of a delivery was refused, with a reply such as `550 5.1.1`."""
    if delivery.subscriber_id is None:
        return
    event = Event(
        key=f"bounce:{delivery.key}:{delivery.attempts}",
        kind="bounced",
        happened_at=now,
        subscriber_id=delivery.subscriber_id,
        delivery_id=delivery.id,
        detail={"code": code},
    )
    if add_event(connection, event) and code.split()[-1:] and code.split()[-1] in PERMANENT:
        suppress(connection, delivery.subscriber_id, reason=f"bounced: {code}", now=now)
