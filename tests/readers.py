"""Very many readers at once, as rows: subscribed one by one, 20,000 take minutes."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from sqlalchemy import insert

from digest.model import Cadence, InterestKind, SubscriptionState
from digest.store import Connection
from digest.store.tables import interests, subscribers, subscriptions


def add_readers(
    connection: Connection, numbers: range, *, due_at: datetime, topics_of: Callable[[int], Iterable[str]]
) -> None:
    """Readers of a daily edition, confirmed a month ago, each with the topics that their number has."""
    plain = {
        "newsletter": "papers",
        "state": SubscriptionState.ACTIVE,
        "cadence": Cadence.DAILY,
        "hour": due_at.hour,
        "timezone": "UTC",
        "max_papers": 10,
        "next_due_at": due_at,
        "confirmed_at": due_at - timedelta(days=30),
    }
    people = [{"id": n, "address": (name := f"reader{n}@example.org"), "address_key": name} for n in numbers]
    followed = [
        {"subscription_id": n, "kind": InterestKind.TOPIC, "value": topic} for n in numbers for topic in topics_of(n)
    ]
    connection.execute(insert(subscribers).values(created_at=due_at), people)
    connection.execute(insert(subscriptions).values(plain), [{"id": n, "subscriber_id": n} for n in numbers])
    if followed:
        connection.execute(insert(interests), followed)
