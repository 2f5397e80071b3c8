"""Job: the whole service once, on example readers: papers, choices, messages, a mailbox."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from digest.address import parse_address
from digest.collect import Collected, collect
from digest.config import DEMO
from digest.deliver import deliver
from digest.mail import Mailer
from digest.model import Cadence, Choices, Interest, InterestKind, Paper, Selection, Weights
from digest.press import Press
from digest.publish import publish
from digest.refit import refit_background
from digest.sources import Source
from digest.store import Store
from digest.store.deliveries import deliveries_of
from digest.store.papers import papers_by_id
from digest.store.subscribers import subscriber_for
from digest.subscribe import subscribe
from digest.terms import Delivered, Terms

READERS = {
    "approximation@example.org": ("approximating models",),
    "statistics@example.org": ("statistics of models",),
    "entropy@example.org": ("entropy and prediction",),
    "errors@example.org": ("errors in code",),
    "trending@example.org": (),
}
"""Example readers and the topics that they follow; the last follows nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one example reader got."""

    address: str
    topics: tuple[str, ...]
    selection: Selection | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstrated:
    """What the demo did."""

    collected: Sequence[Collected]
    readers: Sequence[Shown]
    papers: dict[int, Paper]
    delivered: Delivered


def bring_papers(
    store: Store, sources: Sequence[Source], *, now: datetime, progress: Callable[[str], None]
) -> list[Collected]:
    """Collect a week of papers; sources that list nothing are named with their error."""
    collected = collect(store, sources, now=now, look_back=timedelta(days=7), progress=progress)
    refit_background(store, now=now)
    return collected


def demonstrate(
    store: Store, press: Press, mailer: Mailer, *, collected: Sequence[Collected], terms: Terms, now: datetime
) -> Demonstrated:
    """Subscribe the example readers, for whom the hour has just come, publish and deliver."""
    for address, topics in READERS.items():
        choices = Choices(
            cadence=Cadence.DAILY,
            hour=now.hour,
            timezone="UTC",
            max_papers=10,
            interests=tuple(Interest(kind=InterestKind.TOPIC, value=topic) for topic in topics),
        )
        yesterday = now - timedelta(days=1)
        subscribe(store, parse_address(address), newsletter=DEMO, choices=choices, now=yesterday)
    publish(store, press, newsletter=DEMO, weights=Weights(), now=now)
    delivered = deliver(store, mailer, press, terms=terms, clock=lambda: now)
    readers = [_shown(store, address, topics, now=now) for address, topics in READERS.items()]
    chosen = {pick.paper_id for shown in readers if shown.selection for pick in shown.selection.picks}
    with store.reading() as connection:
        papers = papers_by_id(connection, chosen, now=now)
    return Demonstrated(collected=collected, readers=readers, papers=papers, delivered=delivered)


def _shown(store: Store, address: str, topics: tuple[str, ...], *, now: datetime) -> Shown:
    with store.writing() as connection:
        subscriber_id = subscriber_for(connection, parse_address(address), now=now)
        newest = next(iter(deliveries_of(connection, subscriber_id)), None)
    return Shown(address=address, topics=topics, selection=None if newest is None else newest.selection)
