"""A store of many readers and papers, as if it had been running for days, for a benchmark to ask."""

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from digest.app import App
from digest.collect import collect
from digest.model import Cadence, DeliveryState, Listing, Signals, SubscriptionState, Weights
from digest.publish import publish
from digest.refit import refit_background
from digest.sources import Page
from digest.store import Connection
from digest.store.tables import deliveries, interests, subscribers, subscriptions

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
SHARES = {0: 0.44, 1: 0.73, 2: 0.85, 4: 1.0}
"""Of a paper's upvotes those that it has after so many days."""

REALLY_SENT = 20
EDITIONS = 7


class Dated:
    """A source that lists what came in on a day, and the upvotes of the days before."""

    name = "bench"

    def __init__(self, papers: Sequence[Mapping[str, Any]], *, days: int) -> None:
        chance = random.Random(1)
        self._upvotes = [chance.expovariate(1 / 15) for _ in papers]
        self._papers, self._days = papers, days

    def listings(self, *, since: date, now: datetime) -> Iterator[Page]:
        day = round((NOW - now) / DAY)
        listed = tuple(self._listing(at, age) for age in SHARES for at in self._at(day + age))
        yield Page(label=str(since), listings=listed)

    def _at(self, day: int) -> range:
        each = -(-len(self._papers) // self._days)
        return range(day * each, min((day + 1) * each, len(self._papers))) if day < self._days else range(0)

    def _listing(self, at: int, age: int) -> Listing:
        paper, each = self._papers[at], -(-len(self._papers) // self._days)
        return Listing(
            title=paper["title"],
            abstract=paper["abstract"],
            aliases=(f"arxiv:2606.{at:05}",),
            authors=("Ann Larch", "Ben Alder"),
            categories=tuple(paper.get("categories", ())),
            listed_on=(NOW - at // each * DAY).date(),
            signals=Signals(upvotes=round(SHARES[age] * self._upvotes[at])),
        )


def fill(app: App, rows: Sequence[Mapping[str, Any]], topics: Sequence[str], *, subscribers: int, days: int) -> None:
    """Papers day by day, the editions of the last days, and then all the other readers."""
    source = Dated(rows, days=days)
    add_readers(app, range(1, REALLY_SENT + 1), topics)
    for day in range(days - 1, -1, -1):
        now = NOW - day * DAY
        [collected] = collect(app.store, [source], now=now)
        if collected.error:
            raise SystemExit(collected.error)
        refit_background(app.store, now=now)
        if day < EDITIONS:
            publish(app.store, app.press, newsletter="papers", weights=Weights(), now=now)
    add_readers(app, range(REALLY_SENT + 1, subscribers + 1), topics, is_sent=True)


def add_readers(app: App, numbers: range, topics: Sequence[str], *, is_sent: bool = False) -> None:
    chance = random.Random(len(numbers))
    plain = {
        "newsletter": "papers",
        "state": SubscriptionState.ACTIVE,
        "cadence": Cadence.DAILY,
        "hour": NOW.hour,
        "timezone": "UTC",
        "max_papers": 10,
        "next_due_at": NOW + DAY if is_sent else NOW - EDITIONS * DAY,
        "confirmed_at": NOW - 30 * DAY,
    }
    people = [
        {"id": n, "address": f"r{n}@example.org", "address_key": f"r{n}@example.org", "created_at": NOW}
        for n in numbers
    ]
    theirs = [{"id": n, "subscriber_id": n, **plain} for n in numbers]
    followed = [
        {"subscription_id": n, "kind": "topic", "value": topic} for n in numbers for topic in chance.sample(topics, 3)
    ]
    with app.store.writing() as connection:
        for table, some in ((subscribers, people), (subscriptions, theirs), (interests, followed)):
            connection.execute(insert(table), some)
        if is_sent:
            copy_delivery(connection, numbers)


def copy_delivery(connection: Connection, numbers: range) -> None:
    """Give everybody an edition that a real reader was sent."""
    [real] = connection.execute(select(deliveries).order_by(deliveries.c.id.desc()).limit(1)).mappings()
    sent = {name: value for name, value in real.items() if name != "id"} | {"state": DeliveryState.SENT}
    connection.execute(
        insert(deliveries),
        [{**sent, "key": f"copied:{n}", "subscriber_id": n, "subscription_id": n} for n in numbers],
    )
