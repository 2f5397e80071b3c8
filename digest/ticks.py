"""What ticks do with much memory: the papers, who gets which, and their messages, told bit by bit."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from digest.alarms import alarm_of_sources
from digest.app import App
from digest.collect import Collected, collect
from digest.deliver import deliver
from digest.embed import Embedded, embed
from digest.publish import Published, publish
from digest.refit import refit_background
from digest.terms import Delivered


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarmed:
    """The operator is told of a source that has failed for a day."""

    source: str


def gather(app: App, *, now: datetime, should_stop: Callable[[], bool]) -> Iterator[Collected | Alarmed | Embedded]:
    """Read the sources, fit the background anew where it is time, and make vectors."""
    collected = collect(app.store, app.sources(), now=now, look_backs=app.look_backs, should_stop=should_stop)
    yield from collected
    failed = [one.source for one in collected if one.error]
    for source in alarm_of_sources(app.store, app.press, failed, to=app.config.mail.alarms, now=now):
        yield Alarmed(source=source)
    refit_background(app.store, now=now)
    yield embed(app.store, app.embedder(), should_stop=should_stop)


def publish_all(app: App, *, now: datetime, should_stop: Callable[[], bool]) -> Iterator[tuple[str, Published]]:
    """Queue what is due of each newsletter."""
    for newsletter in app.config.newsletter:
        published = publish(
            app.store,
            app.press,
            newsletter=newsletter.slug,
            weights=app.weights,
            now=now,
            departures=app.departures,
            should_stop=should_stop,
        )
        yield newsletter.slug, published


def deliver_all(app: App, *, now: datetime, should_stop: Callable[[], bool]) -> Iterator[Delivered]:
    """Send what is queued; time goes on from `now`."""
    began = monotonic()

    def clock() -> datetime:
        return now + timedelta(seconds=monotonic() - began)

    yield deliver(app.store, app.mailer(), app.press, terms=app.terms, clock=clock, should_stop=should_stop)
