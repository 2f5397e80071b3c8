from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from conftest import store_url
from dialects import app_on_sqlite
from personas import DIFFUSION, NOON, PAPERS, ROBOTS, SPEECH, TODAY, choices, papers_come_in, reader_joins
from sqlalchemy import text

from digest.app import App
from digest.deliver import deliver
from digest.model import Cadence, Interest, InterestKind, ReasonKind, Selection, Subscription, Weekday, Weights
from digest.publish import Published, publish
from digest.store.deliveries import (
    Delivery,
    deliveries_of,
    delivery_numbered,
    skip_queued,
)
from digest.store.editions import edition_for
from digest.store.events import events_of
from digest.store.subscribers import move_on, subscription_numbered
from digest.subscribe import unsubscribe


def published(app: App, *, now: datetime = NOON) -> Published:
    return publish(app.store, app.press, newsletter="papers", weights=Weights(), now=now)


def delivery(app: App, number: int = 1) -> Delivery | None:
    with app.store.reading() as connection:
        return delivery_numbered(connection, number)


def selection(app: App, number: int = 1) -> Selection:
    found = delivery(app, number)
    assert found is not None
    assert found.selection is not None
    return found.selection


def subscription(app: App, number: int) -> Subscription:
    with app.store.reading() as connection:
        found = subscription_numbered(connection, number)
    assert found is not None
    return found


def test_a_reader_gets_what_matches_first_and_why(app: App) -> None:
    papers_come_in(app.store)
    reader_joins(app, "reader@example.org", choices("diffusion models"))
    assert published(app).queued == 1
    chosen = selection(app)
    assert chosen.considered == 3
    reasons = [(pick.paper_id, pick.reason.kind, pick.reason.interest) for pick in chosen.picks]
    assert reasons[0] == (1, ReasonKind.TOPIC, "diffusion models")
    assert [kind for _, kind, _ in reasons[1:]] == [ReasonKind.TRENDING, ReasonKind.TRENDING]
    assert chosen.picks[0].reason.terms == ("Diffusion Models",)


def test_publishing_twice_queues_nothing_twice(app: App) -> None:
    papers_come_in(app.store)
    number = reader_joins(app, "reader@example.org", choices())
    assert published(app).queued == 1
    assert published(app) == Published()
    assert subscription(app, number).next_due_at == NOON + timedelta(days=1)
    assert delivery(app, 2) is None


@app_on_sqlite
def test_the_next_edition_holds_only_what_is_new(app: App) -> None:
    papers_come_in(app.store)
    reader_joins(app, "reader@example.org", choices())
    published(app)
    fresh = replace(DIFFUSION, title="A Fresh Paper", aliases=("arxiv:2606.00009",))
    tomorrow = NOON + timedelta(days=1)
    papers_come_in(app.store, [*PAPERS, fresh], now=tomorrow - timedelta(hours=3))
    published(app, now=tomorrow)
    assert [pick.paper_id for pick in selection(app, 2).picks] == [4]
    assert selection(app, 2).considered == 1


@app_on_sqlite
def test_a_paper_stored_late_by_a_collect_that_was_under_way_is_not_lost(app: App) -> None:
    papers_come_in(app.store, [DIFFUSION])
    reader_joins(app, "reader@example.org", choices())
    published(app)
    papers_come_in(app.store, [ROBOTS], now=NOON - timedelta(minutes=2))
    published(app, now=NOON + timedelta(days=1))
    assert [pick.paper_id for pick in selection(app, 2).picks] == [2]


def test_nothing_new_is_no_mail_and_the_hour_moves_on(app: App) -> None:
    number = reader_joins(app, "reader@example.org", choices())
    assert published(app) == Published(due=1, without_papers=1)
    assert subscription(app, number).next_due_at == NOON + timedelta(days=1)
    assert delivery(app) is None


@app_on_sqlite
def test_an_edition_long_past_its_hour_is_merged_into_the_next(app: App) -> None:
    papers_come_in(app.store)
    number = reader_joins(app, "reader@example.org", choices())
    assert published(app, now=NOON + timedelta(hours=7)) == Published(due=1, merged=1)
    assert subscription(app, number).reached_at is None
    papers_come_in(app.store, [], now=NOON + timedelta(hours=23))
    assert published(app, now=NOON + timedelta(days=1)).queued == 1
    assert selection(app).considered == 3


@app_on_sqlite
def test_why_dates_have_no_edition_is_noted(app: App) -> None:
    papers_come_in(app.store)
    reader_joins(app, "reader@example.org", choices())
    assert published(app, now=NOON + timedelta(days=2, hours=7)) == Published(due=1, merged=3)
    papers_come_in(app.store, [replace(SPEECH, aliases=("arxiv:2606.00009",), title="New")], now=NOON)
    assert published(app, now=NOON + timedelta(days=5)) == Published(due=1, queued=1, merged=2)
    with app.store.reading() as connection:
        noted = [event.detail for event in events_of(connection, 1) if event.kind == "merged"]
    assert noted == [
        {"newsletter": "papers", "first_on": first, "last_on": last, "editions": count}
        | {"reason": "published past its deadline"}
        for first, last, count in (("2026-06-19", "2026-06-21", 3), ("2026-06-22", "2026-06-23", 2))
    ]


def test_after_days_of_outage_one_edition_comes_and_not_one_for_each_day(app: App) -> None:
    papers_come_in(app.store)
    number = reader_joins(app, "reader@example.org", choices(), now=NOON - timedelta(days=4))
    assert published(app, now=NOON + timedelta(hours=1)).queued == 1
    found = delivery(app)
    assert found is not None
    assert found.due_on == date(2026, 6, 19)
    assert found.send_before_at == NOON + timedelta(hours=6)
    assert subscription(app, number).next_due_at == NOON + timedelta(days=1)


@pytest.mark.slow
@app_on_sqlite
@pytest.mark.parametrize(("days", "since_on"), [(1, None), (2, "2026-06-19"), (3, "2026-06-19")])
def test_an_edition_after_an_outage_says_since_when_it_looks(app: App, days: int, since_on: str | None) -> None:
    papers_come_in(app.store)
    reader_joins(app, "reader@example.org", choices())
    assert published(app).queued == 1
    later = NOON + timedelta(days=days)
    papers_come_in(app.store, [replace(DIFFUSION, title="A Fresh Paper", aliases=("arxiv:2606.00009",))], now=later)
    assert published(app, now=later).queued == 1
    found = delivery(app, 2)
    assert found is not None
    assert found.reader is not None
    assert found.reader["since_on"] == since_on


@app_on_sqlite
def test_a_delivery_that_was_taken_back_gives_its_papers_back(app: App) -> None:
    papers_come_in(app.store)
    number = reader_joins(app, "reader@example.org", choices())
    published(app)
    with app.store.writing() as connection:
        assert skip_queued(connection, [number], detail="for a test") == 1
    papers_come_in(app.store, PAPERS, now=NOON)
    again = NOON + timedelta(days=1)
    with app.store.writing() as connection:
        move_on(connection, [(number, again, None)])
    assert published(app, now=again).queued == 1
    assert {pick.paper_id for pick in selection(app, 2).picks} == {1, 2, 3}


@pytest.mark.slow
@app_on_sqlite
def test_an_edition_that_was_never_sent_is_made_good_by_the_next(app: App) -> None:
    papers_come_in(app.store)
    reader_joins(app, "reader@example.org", choices())
    published(app)
    late = NOON + timedelta(hours=7)
    delivered = deliver(app.store, app.mailer(), app.press, terms=app.terms, clock=lambda: late)
    assert delivered.counts["skipped"] == 1
    tomorrow = NOON + timedelta(days=1)
    fresh = replace(DIFFUSION, title="A Fresh Paper", aliases=("arxiv:2606.00009",))
    papers_come_in(app.store, [fresh], now=tomorrow - timedelta(hours=3))
    assert published(app, now=tomorrow).queued == 1
    assert {pick.paper_id for pick in selection(app, 2).picks} == {1, 2, 3, 4}


@pytest.mark.slow
@app_on_sqlite
def test_a_second_edition_of_the_same_date_is_not_queued_and_loses_no_paper(app: App) -> None:
    papers_come_in(app.store, [DIFFUSION])
    number = reader_joins(app, "reader@example.org", choices())
    published(app)
    later = NOON + timedelta(hours=2)
    papers_come_in(app.store, [ROBOTS], now=NOON + timedelta(minutes=30))
    with app.store.writing() as connection:
        move_on(connection, [(number, later, NOON)])
    assert published(app, now=later) == Published(due=1, repeated=1)
    assert subscription(app, number).reached_at == NOON
    assert published(app, now=NOON + timedelta(days=1)).queued == 1
    with app.store.reading() as connection:
        newest = deliveries_of(connection, 1)[0]
    assert newest.selection is not None
    assert [pick.paper_id for pick in newest.selection.picks] == [2]


def test_muted_words_and_followed_authors_count(app: App) -> None:
    papers_come_in(app.store)
    wanted = replace(
        choices(),
        interests=(
            Interest(kind=InterestKind.AUTHOR, value="cleo BIRCH"),
            Interest(kind=InterestKind.MUTE, value="diffusion"),
        ),
    )
    reader_joins(app, "reader@example.org", wanted)
    published(app)
    assert [(p.paper_id, p.reason.kind) for p in selection(app).picks] == [
        (2, ReasonKind.AUTHOR),
        (3, ReasonKind.TRENDING),
    ]


@pytest.mark.parametrize("kind", ["postgresql"])
def test_two_processes_that_begin_the_same_editions_do_not_wait_for_each_other(
    install: Callable[..., App], kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    app = install(store={"url": store_url(kind, request, tmp_path)})
    papers_come_in(app.store)
    reader_joins(app, "ada@example.org", choices("quasars", cadence=Cadence.WEEKLY, weekday=Weekday.FRIDAY))
    reader_joins(app, "bob@example.org", choices("quasars"))
    with ThreadPoolExecutor(1) as elsewhere, app.store.writing() as connection:
        edition_for(connection, newsletter="papers", cadence=Cadence.DAILY, due_on=TODAY)
        done = elsewhere.submit(publish, app.store, app.press, newsletter="papers", weights=Weights(), now=NOON)
        while not connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one():
            assert not done.done()
        edition_for(connection, newsletter="papers", cadence=Cadence.WEEKLY, due_on=TODAY)
    assert done.result().queued == 2


def test_whoever_has_left_gets_nothing(app: App) -> None:
    papers_come_in(app.store)
    number = reader_joins(app, "reader@example.org", choices())
    unsubscribe(app.store, number, now=NOON - timedelta(hours=1))
    assert published(app) == Published()


@app_on_sqlite
@pytest.mark.parametrize(
    ("zone", "due_at", "due_on"),
    [
        ("Pacific/Kiritimati", datetime(2026, 6, 18, 17, tzinfo=UTC), date(2026, 6, 19)),
        ("Pacific/Pago_Pago", datetime(2026, 6, 19, 18, tzinfo=UTC), date(2026, 6, 19)),
    ],
)
def test_an_edition_has_the_readers_own_date(app: App, zone: str, due_at: datetime, due_on: date) -> None:
    papers_come_in(app.store, PAPERS, now=due_at - timedelta(hours=20))
    wanted = choices(hour=7, timezone=zone, cadence=Cadence.WEEKDAYS)
    reader_joins(app, "reader@example.org", wanted, now=due_at - timedelta(hours=1))
    assert published(app, now=due_at - timedelta(seconds=1)) == Published()
    assert published(app, now=due_at).queued == 1
    found = delivery(app)
    assert found is not None
    assert found.due_on == due_on


def test_newsletters_with_named_sources_hold_only_their_papers(install: Callable[..., App]) -> None:
    app = install(newsletter=[{"slug": "papers", "sources": ["huggingface"]}])
    papers_come_in(app.store)
    reader_joins(app, "reader@example.org", choices())
    assert published(app) == Published(due=1, without_papers=1)
