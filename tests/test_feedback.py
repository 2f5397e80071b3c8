"""A reader's word on a paper: kept once, under what it was chosen for, and heard by the next edition."""

from dataclasses import replace
from datetime import timedelta

import pytest
from dialects import app_on_sqlite
from personas import NOON, choices, reader_joins
from themes import fresh_papers_come_in, library_comes_in, themed

from digest.app import App
from digest.collect import cleaned
from digest.deliver import deliver
from digest.feedback import say, take_back
from digest.model import Feedback, Pick, ReasonKind, Subscription, Want, Weights
from digest.publish import publish
from digest.store.deliveries import deliveries_of
from digest.store.events import events_of
from digest.store.feedback import feedback_of
from digest.store.papers import papers_named
from digest.store.recording import record_listings
from digest.store.subscribers import subscription_numbered

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)


def subscription(app: App, number: int) -> Subscription:
    with app.store.reading() as connection:
        found = subscription_numbered(connection, number)
    assert found is not None
    return found


def picks(app: App, number: int, *, days: int) -> list[Pick]:
    """What the subscription's edition of that day holds."""
    publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON + days * DAY)
    with app.store.reading() as connection:
        newest = deliveries_of(connection, subscription(app, number).subscriber_id)[0]
    assert newest.selection is not None
    return list(newest.selection.picks)


def numbered(app: App, alias: str) -> int:
    with app.store.reading() as connection:
        return papers_named(connection, [alias])[alias]


def said(app: App, number: int) -> list[Feedback]:
    with app.store.reading() as connection:
        return feedback_of(connection, [number]).get(number, [])


@pytest.fixture
def stocked(app: App) -> App:
    library_comes_in(app.store)
    fresh_papers_come_in(app.store, [themed(theme, 50, upvotes=10 * theme) for theme in range(4)])
    return app


@app_on_sqlite
def test_a_reader_who_likes_a_paper_gets_another_next_edition(stocked: App) -> None:
    app = stocked
    quiet = reader_joins(app, "quiet@example.org", replace(choices(), max_papers=2))
    fond = reader_joins(app, "fond@example.org", replace(choices(), max_papers=2))
    first = [[pick.paper_id for pick in picks(app, reader, days=0)] for reader in (quiet, fond)]
    assert first[0] == first[1]
    liked = numbered(app, themed(3, 50).aliases[0])
    assert liked in first[1]
    with app.store.writing() as connection:
        assert say(connection, subscription(app, fond), liked, Want.MORE, now=NOON + timedelta(hours=1))
    fresh = [themed(3, 51, upvotes=0), *(themed(theme, 51, upvotes=50) for theme in (0, 1, 2))]
    fresh_papers_come_in(app.store, fresh, days=1)
    near = numbered(app, themed(3, 51).aliases[0])
    assert near not in [pick.paper_id for pick in picks(app, quiet, days=1)]
    [best, *_] = picks(app, fond, days=1)
    assert (best.paper_id, best.reason.kind) == (near, ReasonKind.LIKED)
    sent = deliver(app.store, app.mailer(), app.press, terms=app.terms, clock=lambda: NOON + DAY)
    assert (sent.counts["sent"], sent.counts["failed"]) == (2, 0)


@app_on_sqlite
def test_what_is_said_is_kept_under_the_interest_that_the_newest_delivery_names(stocked: App) -> None:
    app = stocked
    topic = " ".join(themed(3, 50).title.split()[:2])
    reader = reader_joins(app, "reader@example.org", choices(topic))
    chosen = {pick.paper_id: pick.reason.interest for pick in picks(app, reader, days=0)}
    paper = numbered(app, themed(3, 50).aliases[0])
    assert chosen[paper] == topic
    never_sent = numbered(app, themed(7, 1).aliases[0])
    with app.store.writing() as connection:
        say(connection, subscription(app, reader), paper, Want.MORE, now=NOON)
        say(connection, subscription(app, reader), never_sent, Want.MORE, now=NOON)
    assert {one.paper_id: one.interest for one in said(app, reader)} == {paper: topic, never_sent: ""}


@app_on_sqlite
def test_the_same_word_again_changes_nothing_and_the_opposite_replaces_it(stocked: App) -> None:
    app = stocked
    reader = reader_joins(app, "reader@example.org", choices())
    theirs, paper = subscription(app, reader), numbered(app, themed(3, 50).aliases[0])
    with app.store.writing() as connection:
        assert say(connection, theirs, paper, Want.MORE, now=NOON)
        assert not say(connection, theirs, paper, Want.MORE, now=NOON + DAY)
        assert [one.said_at for one in feedback_of(connection, [reader])[reader]] == [NOON]
        assert say(connection, theirs, paper, Want.LESS, now=NOON + DAY)
    assert [one.want for one in said(app, reader)] == [Want.LESS]
    with app.store.writing() as connection:
        assert take_back(connection, theirs, paper, now=NOON + DAY)
        assert not take_back(connection, theirs, paper, now=NOON + DAY)
    assert said(app, reader) == []
    with app.store.reading() as connection:
        happened = [(event.kind, event.detail["paper"]) for event in events_of(connection, theirs.subscriber_id)]
    assert happened == [("wants more", paper), ("wants less", paper), ("took back", paper)]


def test_a_liked_paper_whose_features_are_not_counted_yet_is_counted_for_the_edition(stocked: App) -> None:
    app = stocked
    reader = reader_joins(app, "fond@example.org", choices())
    liked = themed(3, 60)
    with app.store.writing() as connection:
        record_listings(connection, [cleaned(liked)], source="test", now=NOON - timedelta(hours=1))
    with app.store.writing() as connection:
        say(connection, subscription(app, reader), numbered(app, liked.aliases[0]), Want.MORE, now=NOON)
    [best, *_] = picks(app, reader, days=0)
    assert (best.paper_id, best.reason.kind) == (numbered(app, themed(3, 50).aliases[0]), ReasonKind.LIKED)
