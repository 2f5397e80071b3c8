"""A clock that is wrong: nobody waits for it, nothing comes in heaps, and nothing comes twice."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dialects import app_on_sqlite
from personas import NOON, PAPERS, TODAY, choices, papers_come_in, reader_joins

from digest.address import parse_address
from digest.alarms import alarm_of_refusal
from digest.app import App
from digest.budgets import Budget, Moment, Spent, WarmUp, taken
from digest.change import change, pause
from digest.clock import NOTED_EVERY, mind_clock, note_rehearsal
from digest.deliver import deliver
from digest.model import Cadence, DeliveryKind, DeliveryState, Weights
from digest.publish import publish
from digest.scheduler import Ticker
from digest.scopes import EVERYTHING, Limits, by_provider
from digest.store.budgets import keep_spent
from digest.store.check import damage
from digest.store.deliveries import Delivery, deliveries_of
from digest.store.papers import papers_listed
from digest.store.subscribers import subscription_numbered
from digest.store.tables import leases, summaries
from digest.subscribe import ask
from digest.terms import Terms

pytestmark = pytest.mark.slow

HOUR, DAY, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=365)


def tick(app: App, now: datetime) -> datetime | None:
    """What the daemon does at a tick; what the clock had shown, where it was set back."""
    shown = mind_clock(app.store, now=now)
    publish(app.store, app.press, newsletter="papers", weights=Weights(), now=now)
    delivered = deliver(app.store, app.mailer(), app.press, terms=app.terms, clock=lambda: now)
    assert not delivered.error
    return shown


def editions(app: App, subscriber: int = 1) -> list[Delivery]:
    with app.store.reading() as connection:
        found = deliveries_of(connection, subscriber)
    return [one for one in found if one.kind is DeliveryKind.EDITION][::-1]


def sent_to(app: App) -> list[Path]:
    """The editions in the outbox that are the first reader's."""
    box = Path(app.config.folder) / app.config.mail.outbox.path
    files = [path for path in box.rglob("*") if path.is_file() and b"To: r0@" in path.read_bytes()]
    return [path for path in files if b"List-Unsubscribe" in path.read_bytes()]


def picks(edition: Delivery) -> set[int]:
    assert edition.selection is not None
    return {pick.paper_id for pick in edition.selection.picks}


def next_due_at(app: App, number: int) -> datetime | None:
    with app.store.reading() as connection:
        found = subscription_numbered(connection, number)
    assert found is not None
    return found.next_due_at


def a_paper_comes_in(app: App, number: int, now: datetime) -> None:
    fresh = replace(PAPERS[0], title=f"Paper {number}", aliases=(f"arxiv:2606.1{number:04}",), listed_on=now.date())
    papers_come_in(app.store, [fresh], now=now)


@pytest.fixture
def readers(app: App) -> list[int]:
    """One of each cadence, who have had an edition at NOON, which none of theirs is far from."""
    papers_come_in(app.store, now=NOON - HOUR)
    wanted = [
        choices(),
        choices(cadence=Cadence.WEEKDAYS),
        choices(cadence=Cadence.WEEKLY),
        choices(cadence=Cadence.MONTHLY, month_day=21),
    ]
    numbers = [reader_joins(app, f"r{place}@example.org", one) for place, one in enumerate(wanted)]
    tick(app, NOON)
    return numbers


@app_on_sqlite
def test_an_hour_back_brings_nothing_again_and_no_date_is_moved(app: App, readers: list[int]) -> None:
    before = [next_due_at(app, number) for number in readers]
    for minutes in range(-60, 60, 5):
        assert tick(app, NOON + timedelta(minutes=minutes)) is None
    assert [next_due_at(app, number) for number in readers] == before
    assert [one.due_on for one in editions(app)] == [TODAY]


@app_on_sqlite
def test_a_year_forward_and_back_again_brings_no_heap_and_everybodys_next_date_is_right(
    app: App, readers: list[int]
) -> None:
    before = [next_due_at(app, number) for number in readers]
    for hours in range(1, 4):
        a_paper_comes_in(app, hours, NOON + YEAR + hours * HOUR)
        assert tick(app, NOON + YEAR + hours * HOUR) is None
    ahead = [editions(app, subscriber) for subscriber in (1, 2, 3, 4)]
    assert max(len(found) for found in ahead) <= 2
    assert tick(app, NOON + 3 * HOUR) == NOON + YEAR + 3 * HOUR
    assert [next_due_at(app, number) for number in readers] == before
    assert damage(app.store) == []
    for hour in range(4, 4 * 24):
        if hour % 24 == 6:
            a_paper_comes_in(app, hour, NOON + hour * HOUR)
        assert tick(app, NOON + hour * HOUR) is None
    dated = [one for one in editions(app) if one.due_on is not None]
    assert [one.due_on for one in dated] == [TODAY + days * DAY for days in range(4)]
    held = [number for one in editions(app) for number in picks(one)]
    assert len(held) == len(set(held))


@app_on_sqlite
def test_papers_that_came_under_the_wrong_clock_are_not_hidden_for_a_year(app: App, readers: list[int]) -> None:
    undated = replace(PAPERS[0], title="Undated", aliases=("arxiv:2606.19999",), listed_on=None)
    papers_come_in(app.store, [undated], now=NOON + YEAR)
    mind_clock(app.store, now=NOON + YEAR)
    mind_clock(app.store, now=NOON + 5 * HOUR)
    with app.store.reading() as connection:
        known = papers_listed(connection, since=NOON - DAY, now=NOON + 5 * HOUR, sources=[])
    assert "Undated" in [one.title for one in known]
    tick(app, NOON + DAY)
    assert len(editions(app)[-1].selection.picks) == 1  # type: ignore[union-attr]


@app_on_sqlite
def test_papers_that_come_after_a_clock_ahead_by_less_than_a_day_are_not_taken_for_seen(
    app: App, readers: list[int]
) -> None:
    a_paper_comes_in(app, 1, NOON + 20 * HOUR)
    tick(app, NOON + DAY)
    assert [one.due_on for one in editions(app)] == [TODAY, TODAY + DAY]
    assert tick(app, NOON + 4 * HOUR) is None
    a_paper_comes_in(app, 2, NOON + 9 * HOUR)
    for hours in range(9, 49):
        tick(app, NOON + hours * HOUR)
    assert [one.due_on for one in editions(app)] == [TODAY, TODAY + DAY, TODAY + 2 * DAY]
    assert len(picks(editions(app)[-1])) == 1


@app_on_sqlite
def test_the_date_that_the_wrong_clock_gave_is_free_when_it_comes(app: App, readers: list[int]) -> None:
    a_paper_comes_in(app, 1, NOON + YEAR)
    tick(app, NOON + YEAR)
    assert TODAY + YEAR in [one.due_on for one in editions(app)]
    tick(app, NOON + HOUR)
    assert TODAY + YEAR not in [one.due_on for one in editions(app)]
    a_paper_comes_in(app, 2, NOON + YEAR - HOUR)
    tick(app, NOON + YEAR)
    assert [one.due_on for one in editions(app)][-1] == TODAY + YEAR
    # The provider may have kept the key, and would take no other message under it: the outbox takes none.
    assert len({one.key for one in editions(app)}) == len(editions(app)) == len(sent_to(app))


def test_what_waited_under_the_wrong_clock_does_not_leave_and_gives_its_papers_back(app: App) -> None:
    papers_come_in(app.store, now=NOON - HOUR)
    reader_joins(app, "reader@example.org", choices())
    mind_clock(app.store, now=NOON + 3 * DAY)
    publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON + 3 * DAY)
    [waiting] = editions(app)
    tick(app, NOON + HOUR)
    skipped, sent = editions(app)
    assert (skipped.id, skipped.state, skipped.due_on) == (waiting.id, DeliveryState.SKIPPED, None)
    assert skipped.detail == "dated by a clock that was ahead"
    assert (sent.state, sent.due_on, picks(sent)) == (DeliveryState.SENT, TODAY, picks(waiting))


@app_on_sqlite
def test_an_hour_that_came_while_the_clock_was_ahead_is_not_lost(app: App) -> None:
    papers_come_in(app.store, now=NOON - HOUR)
    number = reader_joins(app, "reader@example.org", choices())
    tick(app, NOON + YEAR + timedelta(hours=9))
    tick(app, NOON + 2 * HOUR)
    assert [one.due_on for one in editions(app)] == [TODAY]
    assert next_due_at(app, number) == NOON + DAY


@app_on_sqlite
def test_a_break_lasts_as_long_as_it_was_meant_to(app: App, readers: list[int]) -> None:
    until = TODAY + 10 * DAY
    pause(app.store, readers[0], until=until, keys=app.keys, now=NOON)
    tick(app, NOON + YEAR)
    pause(app.store, readers[1], until=(NOON + YEAR).date() + 6 * DAY, keys=app.keys, now=NOON + YEAR)
    tick(app, NOON + HOUR)
    assert next_due_at(app, readers[0]) == NOON + 10 * DAY
    # 25 June 2026 is a Thursday.
    assert next_due_at(app, readers[1]) == NOON + 6 * DAY


def test_who_asked_under_the_wrong_clock_can_ask_again_and_has_48_hours(app: App) -> None:
    address = parse_address("ada@example.org")
    for now in (NOON + YEAR, NOON):
        mind_clock(app.store, now=now)
        ask(app.store, address, newsletter="papers", choices=choices(), keys=app.keys, now=now)
    with app.store.reading() as connection:
        [asked] = [one for one in deliveries_of(connection, 1) if one.kind is DeliveryKind.CONFIRM]
    assert (asked.dated_at, asked.send_before_at) == (NOON, NOON + timedelta(hours=48))
    assert deliver(app.store, app.mailer(), app.press, terms=app.terms, clock=lambda: NOON).counts["sent"] == 1
    assert ask(app.store, address, newsletter="papers", choices=choices(), keys=app.keys, now=NOON + 2 * HOUR).queued


def test_an_alarm_of_a_clock_that_was_ahead_silences_none(app: App) -> None:
    def alarmed(now: datetime) -> bool:
        return alarm_of_refusal(app.store, app.press, "smtp (535)", to="ops@example.org", now=now)

    assert alarmed(NOON + YEAR)
    mind_clock(app.store, now=NOON + YEAR)
    mind_clock(app.store, now=NOON)
    assert alarmed(NOON + DAY + HOUR)


@app_on_sqlite
def test_a_lease_of_a_clock_that_was_ahead_is_taken_over(app: App, readers: list[int]) -> None:
    mind_clock(app.store, now=NOON + YEAR)
    with app.store.writing() as connection:
        connection.execute(leases.insert().values(holder="gone", generation=1, expires=time.time() + 365 * 86400))
    mind_clock(app.store, now=NOON)
    tick(app, NOON + DAY)
    with app.store.reading() as connection:
        assert connection.execute(leases.select()).all() == []


def test_budgets_that_were_spent_under_a_clock_ahead_hold_up_nothing(app: App) -> None:
    papers_come_in(app.store, now=NOON - HOUR)
    for name in "abc":
        reader_joins(app, f"{name}@example.org", choices())
    publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON)
    mind_clock(app.store, now=NOON + YEAR)
    with app.store.writing() as connection:
        ahead = Moment(at=time.time() + YEAR.total_seconds(), now=NOON + YEAR)
        spent = taken(Budget(per_second=1), Spent(), 1, ahead)
        keep_spent(connection, {EVERYTHING: spent, by_provider("own"): spent}, at=ahead.at)
    mind_clock(app.store, now=NOON)
    limits = Limits(provider_name="own", warm_up=WarmUp(first_day=3, growth=2))
    terms = Terms(lease_seconds=60, window=9, limits=limits)
    sent = deliver(app.store, app.mailer(), app.press, terms=terms, clock=lambda: NOON)
    assert (sent.counts["sent"], sent.wait) == (3, None)


def test_a_sentence_that_was_asked_for_under_the_wrong_clock_counts_for_one_day(app: App, readers: list[int]) -> None:
    with app.store.writing() as connection:
        connection.execute(summaries.insert().values(paper_id=1, asked_at=NOON + YEAR, tries=1, sentence=""))
    mind_clock(app.store, now=NOON + YEAR)
    mind_clock(app.store, now=NOON)
    with app.store.reading() as connection:
        assert connection.execute(summaries.select()).one().asked_at == NOON


def test_a_clock_that_goes_back_a_little_at_a_time_is_found(app: App) -> None:
    assert [mind_clock(app.store, now=NOON - hours * HOUR) for hours in (0, 8, 16, 24)] == [None] * 4
    assert mind_clock(app.store, now=NOON - 25 * HOUR) == NOON
    assert mind_clock(app.store, now=NOON - 26 * HOUR) is None


def test_a_tick_is_not_written_down_each_time(app: App) -> None:
    mind_clock(app.store, now=NOON)
    mind_clock(app.store, now=NOON + NOTED_EVERY - timedelta(seconds=1))
    assert mind_clock(app.store, now=NOON - 25 * HOUR) == NOON


@app_on_sqlite
def test_a_rehearsal_ahead_is_mended_by_the_next_true_tick_and_one_behind_changes_nothing(
    app: App, readers: list[int]
) -> None:
    before = [next_due_at(app, number) for number in readers]
    note_rehearsal(app.store, now=NOON - 9 * DAY)
    assert tick(app, NOON + HOUR) is None
    note_rehearsal(app.store, now=NOON + YEAR)
    publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON + YEAR)
    assert tick(app, NOON + 2 * HOUR) == NOON + YEAR
    assert [next_due_at(app, number) for number in readers] == before


@app_on_sqlite
def test_choices_that_were_changed_under_the_wrong_clock_hold(app: App, readers: list[int]) -> None:
    tick(app, NOON + YEAR)
    change(app.store, readers[0], choose=lambda held: replace(held, hour=18), keys=app.keys, now=NOON + YEAR)
    tick(app, NOON + HOUR)
    assert next_due_at(app, readers[0]) == NOON + DAY + 6 * HOUR


def test_the_daemon_goes_on_ticking_after_the_machines_clock_was_set_back(
    install: Callable[..., App], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scheduler's own clock is the machine's, so its jobs are put to where a clock a year ahead had left them."""
    monkeypatch.setattr("digest.scheduler.WATCH_SECONDS", 0.05)
    ticked = threading.Event()

    def clock() -> datetime:
        ticked.set()
        return NOON

    ticker = Ticker(install(sources={"huggingface": {"enabled": False}}), clock=clock)
    ticker.start()
    assert ticked.wait(30)
    ahead = datetime.now(UTC) + YEAR
    for job in ticker._scheduler.get_jobs():
        job.modify(next_run_time=ahead)
    ticked.clear()
    assert ticked.wait(30)
    ticker.stop()
