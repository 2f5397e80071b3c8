"""An installation moves from one database to another, and goes on there as if it had not."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import store_url
from furnished import Furnish
from logged import lines_logged
from personas import DIFFUSION, NOON, choices, papers_come_in, reader_joins
from sites import Clock
from sqlalchemy import Connection, delete, event, func, select, text

from digest.app import App
from digest.config import parse_config
from digest.copying import copy_store
from digest.deliver import deliver
from digest.errors import StoreError
from digest.installation import set_up
from digest.model import Weights
from digest.publish import publish
from digest.scheduler import Ticker
from digest.store import Store, open_store
from digest.store.leases import take_queued
from digest.store.pauses import EVERYTHING, PauseCause, pause_sending, pauses_now, resume_sending
from digest.store.search import search_papers
from digest.store.tables import deliveries, metadata, papers

HOUR = timedelta(hours=1)


@pytest.fixture
def other(request: pytest.FixtureRequest, app: App, tmp_path: Path) -> Iterator[Store]:
    """An empty store on the database that the installation is not on."""
    kind = "postgresql" if app.store.engine.dialect.name == "sqlite" else "sqlite"
    folder = tmp_path / "other"
    folder.mkdir()
    opened = open_store(store_url(kind, request, folder), folder=folder)
    yield opened
    opened.close()


@pytest.fixture
def lived_in(app: App, furnish: Furnish) -> App:
    """Papers, readers, messages that were sent, and some that wait."""

    def fill() -> None:
        papers_come_in(app.store)
        for name in "abcde":
            reader_joins(app, f"{name}@example.org", choices("quasars"))
        publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON)
        deliver(app.store, app.mailer(), app.press, terms=app.terms, clock=lambda: NOON, limit=3)

    furnish(fill, app.store)
    return app


def rows(store: Store) -> dict[str, list[str]]:
    with store.reading() as connection:
        found = {table.name: connection.execute(select(table)).all() for table in metadata.sorted_tables}
    return {name: sorted(repr(tuple(row)) for row in theirs) for name, theirs in found.items()}


def paused(store: Store) -> dict[str, PauseCause]:
    with store.reading() as connection:
        return {scope: one.cause for scope, one in pauses_now(connection).items()}


@pytest.mark.slow
def test_a_copy_holds_the_same_rows_and_finds_the_same_words(lived_in: App, other: Store) -> None:
    before = rows(lived_in.store)
    copied = copy_store(lived_in.store, other, now=NOON)
    assert copied == {name: len(theirs) for name, theirs in before.items()}
    assert copied["deliveries"] == 5
    assert rows(other) == before
    with other.reading() as connection:
        assert [found.paper.id for found in search_papers(connection, "laundry", limit=9, now=NOON)] == [2]


@pytest.mark.slow
def test_numbers_that_were_given_out_are_not_given_out_again_by_the_copy(lived_in: App, other: Store) -> None:
    with lived_in.store.writing() as connection:
        connection.execute(delete(papers).where(papers.c.id == 3))
    copy_store(lived_in.store, other, now=NOON)
    papers_come_in(other, [replace(DIFFUSION, title="Another", aliases=("arxiv:2606.00009",))], now=NOON)
    with other.reading() as connection:
        assert connection.execute(select(func.max(papers.c.id))).scalar() == 4


@pytest.mark.slow
def test_the_old_store_sends_nothing_any_more(lived_in: App, other: Store) -> None:
    copy_store(lived_in.store, other, now=NOON)
    sent = deliver(lived_in.store, lived_in.mailer(), lived_in.press, terms=lived_in.terms, clock=lambda: NOON)
    assert sent.counts.total() == 0
    with other.reading() as connection:
        assert pauses_now(connection) == {}


PAUSED = {"level": "warning", "event": "sending paused"}


@pytest.mark.slow
def test_a_daemon_that_stood_still_before_logs_that_the_store_was_copied_and_what_newsletter_goes_on(
    lived_in: App, other: Store
) -> None:
    ticker = Ticker(lived_in, clock=lambda: NOON)
    with lived_in.store.writing() as connection:
        pause_sending(connection, EVERYTHING, why="moving", now=NOON)
        pause_sending(connection, "papers", why="of 20, 10 do not exist", now=NOON, cause=PauseCause.BOUNCES)
    with lines_logged() as logged:
        ticker.tick(ticker.deliver)
        copy_store(lived_in.store, other, now=NOON)
        with lived_in.store.writing() as connection:
            resume_sending(connection, "papers")
        ticker.tick(ticker.deliver)
    by_hand, copied, resumed = logged
    assert by_hand == PAUSED | {"what": "everything", "cause": "operator", "why": "moving"}
    assert (copied["cause"], copied["what"]) == ("copied", "everything")
    assert resumed == {"level": "info", "event": "sending goes on", "what": "newsletter papers"}


@pytest.mark.slow
def test_a_daemon_that_was_forgotten_logs_once_why_it_stands_still_and_once_that_it_goes_on(
    lived_in: App, other: Store
) -> None:
    ticker = Ticker(lived_in, clock=lambda: NOON)
    copy_store(lived_in.store, other, now=NOON)
    with lines_logged() as logged:
        for _ in range(2):
            ticker.tick(ticker.deliver)
        with lived_in.store.writing() as connection:
            resume_sending(connection, EVERYTHING)
        ticker.tick(ticker.deliver)
    paused, resumed, delivered = logged
    why = f"copied to {other.where}"
    assert paused == PAUSED | {"what": "everything", "cause": "copied", "why": why}
    assert resumed == {"level": "info", "event": "sending goes on", "what": "everything"}
    assert delivered["event"] == "delivered"


@pytest.mark.slow
def test_whoever_paused_before_copies_no_pause_of_everything_and_the_old_store_says_where_it_went(
    lived_in: App, other: Store
) -> None:
    with lived_in.store.writing() as connection:
        pause_sending(connection, EVERYTHING, why="moving", now=NOON)
        pause_sending(connection, "papers", why="holidays", now=NOON)
    copy_store(lived_in.store, other, now=NOON)
    assert paused(other) == {"papers": PauseCause.OPERATOR}
    assert paused(lived_in.store) == {EVERYTHING: PauseCause.COPIED, "papers": PauseCause.OPERATOR}


@pytest.mark.slow
@pytest.mark.parametrize("whose", ["old", "new"])
def test_what_is_killed_before_a_commit_leaves_nothing_that_sends_twice_and_is_simply_made_again(
    lived_in: App, other: Store, whose: str
) -> None:
    killed_in = {"old": lived_in.store, "new": other}[whose].engine

    def kill(_connection: Connection) -> None:
        raise KeyboardInterrupt

    event.listen(killed_in, "commit", kill)
    with pytest.raises(KeyboardInterrupt):
        copy_store(lived_in.store, other, now=NOON)
    event.remove(killed_in, "commit", kill)
    assert not any(rows(other).values())
    assert copy_store(lived_in.store, other, now=NOON)["deliveries"] == 5
    assert paused(lived_in.store) == {EVERYTHING: PauseCause.COPIED}


def test_a_store_that_holds_something_is_not_copied_into(lived_in: App, other: Store) -> None:
    papers_come_in(other)
    before = rows(other)
    with pytest.raises(StoreError, match="holds something already"):
        copy_store(lived_in.store, other, now=NOON)
    assert rows(other) == before


def test_nothing_is_copied_while_anybody_sends(lived_in: App, other: Store) -> None:
    with lived_in.store.writing() as connection:
        assert take_queued(connection, holder="one", seconds=60, limit=1, now=NOON)
    with pytest.raises(StoreError, match="Messages are being sent"):
        copy_store(lived_in.store, other, now=NOON)


@pytest.mark.slow
def test_a_copy_that_is_cut_short_leaves_nothing_and_is_simply_made_again(lived_in: App, other: Store) -> None:
    def cut(told: str) -> None:
        if told.startswith("deliveries"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_store(lived_in.store, other, now=NOON, progress=cut)
    assert not any(rows(other).values())
    assert copy_store(lived_in.store, other, now=NOON)["deliveries"] == 5


def test_a_row_that_does_not_arrive_as_it_was_is_noticed(lived_in: App, other: Store) -> None:
    with other.writing() as connection:
        for statement in SPOILING[connection.dialect.name]:
            connection.execute(text(statement))
    with pytest.raises(StoreError, match="the table subscribers did not arrive"):
        copy_store(lived_in.store, other, now=NOON)
    assert not any(rows(other).values())


SPOILING = {
    "sqlite": [
        "CREATE TRIGGER spoil AFTER INSERT ON subscribers WHEN new.id = 2 BEGIN"
        " UPDATE subscribers SET address = 'x@example.org' WHERE id = 2; END"
    ],
    "postgresql": [
        "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF new.id = 2 THEN new.address := 'x@example.org'; END IF; RETURN new; END $$",
        "CREATE TRIGGER spoil BEFORE INSERT ON subscribers FOR EACH ROW EXECUTE FUNCTION spoil()",
    ],
}


def lived(app: App, hours: range) -> None:
    """At each of the hours a paper comes in, what is due is queued, and four messages leave, so that some wait."""
    for hour in hours:
        clock = Clock(NOON + hour * HOUR)
        paper = replace(DIFFUSION, title=f"Paper of hour {hour}", aliases=(f"arxiv:2606.{hour + 100:05}",))
        papers_come_in(app.store, [paper], now=clock())
        publish(app.store, app.press, newsletter="papers", weights=Weights(), now=clock())
        deliver(app.store, app.mailer(), app.press, terms=app.terms, clock=clock, limit=4)


def ledger(app: App) -> list[tuple[str, ...]]:
    with app.store.reading() as connection:
        found = connection.execute(select(deliveries.c.key, deliveries.c.state, deliveries.c.selection))
        return sorted(tuple(map(str, row)) for row in found)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "other"), [("sqlite", "postgresql"), ("postgresql", "sqlite")])
def test_a_service_that_moves_to_another_database_sends_what_it_would_have_sent(
    kind: str, other: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    ledgers, boxes = [], []
    for name, places in (("stayed", [kind]), ("moved", [kind, other])):
        apps = []
        for number, place in enumerate(places):
            folder = tmp_path / name / str(number)
            folder.mkdir(parents=True)
            url = store_url(place, request, folder).replace("sqlite:///", f"sqlite:///{folder}/")
            # Both are one installation: its keys, and the box that it sends into.
            apps.append(set_up(parse_config({"store": {"url": url}}, folder=tmp_path / name))[0])
        for number, hour in enumerate((8, 12, 16, 20) * 3):
            wanted = choices("diffusion models", hour=hour, timezone=("UTC", "Asia/Tokyo")[number % 2])
            reader_joins(apps[0], f"reader{number}@example.org", wanted)
        lived(apps[0], range(0, 28, 4))
        if len(apps) > 1:
            copy_store(apps[0].store, apps[1].store, now=NOON + 24 * HOUR)
        lived(apps[-1], range(28, 60, 4))
        ledgers.append(ledger(apps[-1]))
        boxes.append(sorted(path.name for path in (tmp_path / name / "var/outbox/new").iterdir()))
        for app in apps:
            app.store.close()
    assert ledgers[1] == ledgers[0]
    assert boxes[1] == boxes[0]
    assert len(boxes[0]) == len(ledgers[0]) > 24
