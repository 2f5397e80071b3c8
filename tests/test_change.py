"""Other choices, breaks and their ends: never two editions for one local date, and none that is lost."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from dialects import app_on_sqlite
from personas import NOON, PAPERS, ROBOTS, SPEECH, TODAY, choices, papers_come_in, reader_joins

from digest.address import parse_address
from digest.app import App
from digest.change import LONGEST_BREAK, break_of, change, pause, resume
from digest.deliver import deliver
from digest.errors import InputError
from digest.mail import Messages
from digest.mail.outbox import Outbox
from digest.model import Answer, Cadence, Choices, DeliveryKind, DeliveryState, Subscription, Want, Weights
from digest.notify import notify
from digest.publish import publish
from digest.rendering.notice import About
from digest.store.attempts import skip_unwanted
from digest.store.deliveries import Delivery, deliveries_of
from digest.store.events import events_of
from digest.store.feedback import feedback_of, set_feedback
from digest.store.subscribers import active_held, set_subscription, subscriber_for, subscription_numbered
from digest.store.tables import deliveries as ledger
from digest.store.tables import subscriptions
from digest.subscribe import unsubscribe

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
FIRST = datetime(2026, 7, 1, 12, tzinfo=UTC)
MONDAY = datetime(2026, 6, 22, 12, tzinfo=UTC)


@pytest.fixture
def reader(app: App) -> int:
    """A daily reader at 12:00 UTC, for whom there are papers."""
    papers_come_in(app.store)
    return reader_joins(app, "reader@example.org", choices())


def subscription(app: App, number: int) -> Subscription:
    with app.store.reading() as connection:
        found = subscription_numbered(connection, number)
    assert found is not None
    return found


def deliveries(app: App) -> list[Delivery]:
    with app.store.reading() as connection:
        return deliveries_of(connection, 1)


def editions(app: App) -> list[Delivery]:
    return [one for one in deliveries(app) if one.kind is DeliveryKind.EDITION]


def papers_in(edition: Delivery) -> list[int]:
    assert edition.selection is not None
    return [pick.paper_id for pick in edition.selection.picks]


def events(app: App) -> list[str]:
    with app.store.reading() as connection:
        return [event.kind for event in events_of(connection, 1)]


def queued_at(app: App, now: datetime) -> int:
    return publish(app.store, app.press, newsletter="papers", weights=Weights(), now=now).queued


def days_queued(app: App, *, days: int, since: datetime = NOON) -> list[date]:
    """The dates of the editions that the coming days bring, looked for every hour."""
    for hour in range(days * 24):
        queued_at(app, since + timedelta(hours=hour))
    return sorted(one.due_on for one in deliveries(app) if one.due_on is not None)


@app_on_sqlite
def test_a_paused_reader_gets_nothing_until_the_day_and_then_an_ordinary_edition(app: App, reader: int) -> None:
    assert pause(app.store, reader, until=TODAY + 3 * DAY, keys=app.keys, now=NOON - DAY)
    assert subscription(app, reader).next_due_at == NOON + 3 * DAY
    papers_come_in(app.store, [replace(ROBOTS, aliases=("arxiv:2606.00009",), title="New")], now=NOON + DAY)
    assert days_queued(app, days=4) == [TODAY + 3 * DAY]
    # What came in meanwhile is in it.
    assert len(papers_in(deliveries(app)[0])) == len(PAPERS) + 1
    assert subscription(app, reader).paused_until is None
    assert events(app) == ["paused"]


def test_a_break_of_a_weekly_reader_ends_with_the_first_monday_after_it(app: App) -> None:
    number = reader_joins(app, "reader@example.org", choices(cadence=Cadence.WEEKLY))
    pause(app.store, number, until=date(2026, 6, 23), keys=app.keys, now=NOON)
    assert subscription(app, number).next_due_at == datetime(2026, 6, 29, 12, tzinfo=UTC)
    during, after = datetime(2026, 6, 22, 23, tzinfo=UTC), datetime(2026, 6, 23, tzinfo=UTC)
    assert break_of(subscription(app, number), now=during) == date(2026, 6, 23)
    assert break_of(subscription(app, number), now=after) is None


def test_the_day_on_which_a_break_ends_is_the_readers_own(app: App) -> None:
    number = reader_joins(app, "reader@example.org", choices(hour=0, timezone="Pacific/Kiritimati"))
    pause(app.store, number, until=TODAY + 2 * DAY, keys=app.keys, now=NOON)
    assert subscription(app, number).next_due_at == datetime(2026, 6, 20, 10, tzinfo=UTC)


@app_on_sqlite
def test_pausing_takes_back_what_is_queued_and_its_papers_come_after_the_break(app: App, reader: int) -> None:
    assert queued_at(app, NOON) == 1
    pause(app.store, reader, until=TODAY + 2 * DAY, keys=app.keys, now=NOON)
    [_, skipped] = deliveries(app)
    assert (skipped.state, skipped.detail) == (DeliveryState.SKIPPED, "paused")
    assert queued_at(app, NOON + 2 * DAY) == 1
    [edition, _, _] = deliveries(app)
    assert papers_in(edition) == papers_in(skipped) != []


class PausesMeanwhile:
    """A mailer during whose first message the second's reader takes a break."""

    name = "scripted"
    repeatable = False
    signs = False

    def __init__(self, app: App, number: int) -> None:
        self.app, self.number = app, number

    def send(self, messages: Messages, **_: object) -> Iterator[Answer]:
        pause(self.app.store, self.number, until=TODAY + DAY, keys=self.app.keys, now=NOON)
        yield from Outbox(Path(self.app.config.folder) / "box").send(messages)


@app_on_sqlite
def test_a_break_wins_even_when_the_message_is_leased_already(app: App, reader: int) -> None:
    other = reader_joins(app, "other@example.org", choices())
    assert queued_at(app, NOON) == 2
    terms = replace(app.terms, window=1)
    delivered = deliver(app.store, PausesMeanwhile(app, other), app.press, terms=terms, clock=lambda: NOON)
    # The first reader's edition is sent, and the other is told of the break.
    assert (delivered.counts["sent"], delivered.counts["skipped"]) == (2, 1)
    with app.store.reading() as connection:
        [notice, left] = deliveries_of(connection, 2)
    assert (notice.kind, notice.state) == (DeliveryKind.NOTICE, DeliveryState.SENT)
    assert (left.state, left.detail) == (DeliveryState.SKIPPED, "paused")


def test_a_break_wins_over_a_leased_edition_that_is_dated_in_another_zone(app: App) -> None:
    papers_come_in(app.store)
    # Its edition is one of the 20th, which in Pago Pago is the day to come.
    number = reader_joins(app, "reader@example.org", choices(hour=1, timezone="Pacific/Kiritimati"))
    assert queued_at(app, NOON) == 1
    change(app.store, number, choose=partial(replace, timezone="Pacific/Pago_Pago"), keys=app.keys, now=NOON)
    with app.store.writing() as connection:
        connection.execute(ledger.update().values(state=DeliveryState.LEASED))
    pause(app.store, number, until=TODAY + DAY, keys=app.keys, now=NOON)
    [edition] = editions(app)
    with app.store.writing() as connection:
        assert skip_unwanted(connection, [edition.id], now=NOON) == {edition.id: "paused"}
    assert [one.detail for one in editions(app)] == ["paused"]


def test_what_is_due_at_the_moment_of_the_pause_waits_too(app: App, reader: int) -> None:
    pause(app.store, reader, until=TODAY + DAY, keys=app.keys, now=NOON)
    assert queued_at(app, NOON) == 0


@app_on_sqlite
def test_a_break_can_be_ended_before_its_day(app: App, reader: int) -> None:
    pause(app.store, reader, until=TODAY + 30 * DAY, keys=app.keys, now=NOON)
    assert resume(app.store, reader, keys=app.keys, now=NOON + DAY)
    # What is due that very moment is in time.
    assert days_queued(app, days=4) == [TODAY + DAY]
    assert not resume(app.store, reader, keys=app.keys, now=NOON + 4 * DAY)
    assert events(app) == ["paused", "resumed"]


def test_a_break_that_is_ended_at_once_costs_no_edition_that_was_queued(app: App) -> None:
    papers_come_in(app.store, now=FIRST)
    number = reader_joins(app, "reader@example.org", choices(cadence=Cadence.MONTHLY), now=FIRST - DAY)
    assert queued_at(app, FIRST) == 1
    pause(app.store, number, until=date(2026, 9, 1), keys=app.keys, now=FIRST)
    assert [one.state for one in editions(app)] == [DeliveryState.SKIPPED]
    resume(app.store, number, keys=app.keys, now=FIRST + DAY)
    [edition] = editions(app)
    assert (edition.state, edition.detail, edition.due_on) == (DeliveryState.QUEUED, "", FIRST.date())
    assert subscription(app, number).next_due_at == datetime(2026, 8, 1, 12, tzinfo=UTC)
    outbox = Outbox(Path(app.config.folder) / "box")
    delivered = deliver(app.store, outbox, app.press, terms=app.terms, clock=lambda: FIRST + DAY)
    assert delivered.counts["sent"] == 3
    assert days_queued(app, days=3, since=FIRST + DAY) == [FIRST.date()]


def test_a_break_that_is_ended_at_once_costs_no_edition_whose_hour_had_come(app: App) -> None:
    papers_come_in(app.store, now=FIRST)
    number = reader_joins(app, "reader@example.org", choices(cadence=Cadence.MONTHLY), now=FIRST - DAY)
    pause(app.store, number, until=date(2026, 9, 1), keys=app.keys, now=FIRST)
    resume(app.store, number, keys=app.keys, now=FIRST + 4 * DAY)
    assert days_queued(app, days=2, since=FIRST + 4 * DAY) == [FIRST.date()]
    assert subscription(app, number).next_due_at == datetime(2026, 8, 1, 12, tzinfo=UTC)


@app_on_sqlite
def test_what_the_break_took_back_stays_so_once_its_deadline_has_passed(app: App) -> None:
    papers_come_in(app.store, now=FIRST)
    number = reader_joins(app, "reader@example.org", choices(cadence=Cadence.MONTHLY), now=FIRST - DAY)
    queued_at(app, FIRST)
    pause(app.store, number, until=date(2026, 9, 1), keys=app.keys, now=FIRST)
    resume(app.store, number, keys=app.keys, now=FIRST + 5 * DAY + timedelta(seconds=1))
    assert [one.state for one in editions(app)] == [DeliveryState.SKIPPED]
    assert subscription(app, number).next_due_at == datetime(2026, 8, 1, 12, tzinfo=UTC)


@app_on_sqlite
def test_an_edition_whose_papers_came_in_a_later_one_is_not_queued_again(app: App) -> None:
    papers_come_in(app.store)
    number = reader_joins(app, "reader@example.org", choices(cadence=Cadence.WEEKLY))
    queued_at(app, MONDAY)
    pause(app.store, number, until=MONDAY.date() + DAY, keys=app.keys, now=MONDAY)
    change(app.store, number, choose=lambda _: choices(), keys=app.keys, now=MONDAY)
    assert queued_at(app, MONDAY + DAY) == 1
    pause(app.store, number, until=MONDAY.date() + 9 * DAY, keys=app.keys, now=MONDAY + DAY)
    resume(app.store, number, keys=app.keys, now=MONDAY + DAY)
    assert [one.state for one in editions(app)] == [DeliveryState.QUEUED, DeliveryState.SKIPPED]


def test_who_joined_after_the_hour_gets_nothing_by_a_break(app: App) -> None:
    papers_come_in(app.store)
    number = reader_joins(app, "reader@example.org", choices(), now=NOON + timedelta(hours=1))
    pause(app.store, number, until=TODAY + 9 * DAY, keys=app.keys, now=NOON + timedelta(hours=2))
    resume(app.store, number, keys=app.keys, now=NOON + timedelta(hours=3))
    assert subscription(app, number).next_due_at == NOON + DAY


@app_on_sqlite
def test_resuming_on_the_day_of_a_message_that_was_taken_back_brings_no_second_one(app: App, reader: int) -> None:
    queued_at(app, NOON)
    pause(app.store, reader, until=TODAY + 30 * DAY, keys=app.keys, now=NOON)
    change(app.store, reader, choose=lambda _: choices(hour=18), keys=app.keys, now=NOON)
    resume(app.store, reader, keys=app.keys, now=NOON)
    assert [one.state for one in editions(app)] == [DeliveryState.QUEUED]
    assert subscription(app, reader).next_due_at == NOON + DAY + timedelta(hours=6)


@app_on_sqlite
@pytest.mark.parametrize("days", [-1, 0, LONGEST_BREAK.days + 1, 99999])
def test_a_break_ends_on_a_day_that_is_ahead_and_within_a_year(app: App, reader: int, days: int) -> None:
    with pytest.raises(InputError, match="after today, within a year"):
        pause(app.store, reader, until=TODAY + days * DAY, keys=app.keys, now=NOON)
    assert subscription(app, reader).paused_until is None


@app_on_sqlite
def test_another_hour_later_on_the_day_of_an_edition_brings_no_second_one(app: App, reader: int) -> None:
    queued_at(app, NOON)
    assert change(
        app.store, reader, choose=lambda _: choices("laundry", hour=18), keys=app.keys, now=NOON + timedelta(hours=1)
    )
    changed = subscription(app, reader)
    assert changed.choices == choices("laundry", hour=18)
    assert changed.next_due_at == NOON + DAY + timedelta(hours=6)
    papers_come_in(app.store, [replace(SPEECH, aliases=("arxiv:2606.00009",), title="New")], now=NOON + DAY)
    assert days_queued(app, days=2) == [TODAY, TODAY + DAY]


@app_on_sqlite
def test_another_zone_in_which_it_is_an_earlier_day_brings_no_second_edition_of_a_date(app: App, reader: int) -> None:
    change(
        app.store,
        reader,
        choose=lambda _: choices(hour=3, timezone="Pacific/Kiritimati"),
        keys=app.keys,
        now=NOON - timedelta(hours=1),
    )
    assert days_queued(app, days=1) == [TODAY + DAY]
    change(
        app.store,
        reader,
        choose=lambda _: choices(hour=23, timezone="Etc/GMT+12"),
        keys=app.keys,
        now=NOON + timedelta(hours=2),
    )
    assert subscription(app, reader).next_due_at == datetime(2026, 6, 22, 11, tzinfo=UTC)


def test_an_edition_whose_hour_has_come_is_not_lost_by_a_change(app: App, reader: int) -> None:
    change(app.store, reader, choose=lambda _: choices(hour=7), keys=app.keys, now=NOON + timedelta(seconds=30))
    assert queued_at(app, NOON + timedelta(minutes=1)) == 1
    assert subscription(app, reader).next_due_at == NOON + timedelta(hours=19)


@app_on_sqlite
def test_an_edition_that_comes_late_by_another_hour_is_the_only_one_of_its_date(app: App, reader: int) -> None:
    change(app.store, reader, choose=lambda _: choices(hour=18), keys=app.keys, now=NOON + timedelta(seconds=30))
    assert queued_at(app, NOON + timedelta(minutes=1)) == 1
    assert subscription(app, reader).next_due_at == NOON + DAY + timedelta(hours=6)


def test_joining_again_on_the_day_of_an_edition_brings_no_second_one(app: App, reader: int) -> None:
    queued_at(app, NOON)
    reader_joins(app, "reader@example.org", choices(hour=18), now=NOON + timedelta(hours=1))
    assert subscription(app, reader).next_due_at == NOON + DAY + timedelta(hours=6)


def test_an_hour_that_has_come_falls_on_no_date_of_another_zone_that_has_its_edition(app: App, reader: int) -> None:
    queued_at(app, NOON)
    # The next day's noon, not yet published, is 2:00 of that day in Honolulu, and 23:30 of this one in Pago Pago.
    late = NOON + timedelta(hours=22, minutes=31)
    change(app.store, reader, choose=lambda _: choices(hour=10), keys=app.keys, now=late - timedelta(hours=1))
    assert subscription(app, reader).next_due_at == NOON + timedelta(hours=22)
    elsewhere = choices(hour=8, timezone="Pacific/Pago_Pago")
    change(app.store, reader, choose=lambda _: elsewhere, keys=app.keys, now=late)
    assert subscription(app, reader).next_due_at == datetime(2026, 6, 20, 19, tzinfo=UTC)


@app_on_sqlite
def test_whatever_is_changed_however_often_on_a_day_no_date_has_two_editions(app: App) -> None:
    """Of thirty readers some change zone, hour or cadence at every hour of two days, from one end of the world on."""
    chance, zones = random.Random(1), ["Pacific/Kiritimati", "Etc/GMT+12", "UTC", "America/New_York", "Asia/Kathmandu"]
    readers = [reader_joins(app, f"reader{number}@example.org", choices()) for number in range(30)]

    def other(held: Choices) -> Choices:
        wished = replace(held, hour=chance.randrange(24), timezone=chance.choice(zones))
        return replace(wished, cadence=chance.choice([Cadence.DAILY, Cadence.DAILY, *Cadence]))

    for hour in range(2 * 24):
        now = NOON + timedelta(hours=hour)
        fresh = replace(SPEECH, aliases=(f"arxiv:2606.2{hour:04}",), title=f"Heard at {hour}", listed_on=now.date())
        papers_come_in(app.store, [fresh], now=now)
        for number in chance.sample(readers, 4):
            change(app.store, number, choose=other, keys=app.keys, now=now)
        published = publish(app.store, app.press, newsletter="papers", weights=Weights(), now=now)
        assert (published.merged, published.repeated) == (0, 0)
    with app.store.reading() as connection:
        theirs = [deliveries_of(connection, number)[::-1] for number in readers]
    dates = [[one.due_on for one in found if one.due_on is not None] for found in theirs]
    assert all(found == sorted(set(found)) for found in dates)
    assert sum(map(len, dates)) > len(readers)


@app_on_sqlite
def test_an_edition_dated_far_ahead_silences_nobody(app: App, reader: int) -> None:
    with app.store.writing() as connection:
        connection.execute(subscriptions.update().values(next_due_at=NOON + 5 * DAY))
    assert queued_at(app, NOON + 5 * DAY) == 1
    change(app.store, reader, choose=lambda _: choices(hour=18), keys=app.keys, now=NOON)
    assert subscription(app, reader).next_due_at == NOON + timedelta(hours=6)


def test_a_change_during_a_break_leaves_the_break(app: App, reader: int) -> None:
    pause(app.store, reader, until=TODAY + 3 * DAY, keys=app.keys, now=NOON - DAY)
    change(app.store, reader, choose=lambda _: choices(hour=6), keys=app.keys, now=NOON)
    changed = subscription(app, reader)
    assert (changed.paused_until, changed.next_due_at) == (TODAY + 3 * DAY, NOON + 3 * DAY - timedelta(hours=6))


def test_a_change_to_what_is_chosen_already_is_none(app: App, reader: int) -> None:
    assert change(app.store, reader, choose=lambda _: choices(), keys=app.keys, now=NOON)
    assert events(app) == []


def test_choices_are_made_of_those_that_hold_when_they_are_changed(app: App, reader: int) -> None:
    change(app.store, reader, choose=lambda _: choices("laundry", hour=7), keys=app.keys, now=NOON)
    change(app.store, reader, choose=partial(replace, cadence=Cadence.WEEKLY), keys=app.keys, now=NOON)
    assert subscription(app, reader).choices == choices("laundry", hour=7, cadence=Cadence.WEEKLY)


def test_saving_again_mends_a_subscription_that_is_never_due(app: App, reader: int) -> None:
    with app.store.writing() as connection:
        connection.execute(subscriptions.update().values(next_due_at=None))
    change(app.store, reader, choose=lambda _: choices(), keys=app.keys, now=NOON)
    assert subscription(app, reader).next_due_at == NOON + DAY


def test_what_was_learned_is_forgotten_with_the_change_and_no_more_than_that(app: App, reader: int) -> None:
    with app.store.writing() as connection:
        for paper in (1, 2):
            set_feedback(connection, reader, paper_id=paper, want=Want.MORE, interest="", now=NOON)
    assert change(app.store, reader, choose=lambda _: choices(), forget=[2, 3], keys=app.keys, now=NOON)
    with app.store.reading() as connection:
        assert [one.paper_id for one in feedback_of(connection, [reader])[reader]] == [1]
    assert events(app) == ["took back"]


def test_whoever_has_left_changes_nothing_any_more(app: App, reader: int) -> None:
    pause(app.store, reader, until=TODAY + 9 * DAY, keys=app.keys, now=NOON)
    unsubscribe(app.store, reader, now=NOON)
    before = subscription(app, reader)
    assert not change(app.store, reader, choose=lambda _: choices(hour=3), keys=app.keys, now=NOON)
    assert not pause(app.store, reader, until=TODAY + DAY, keys=app.keys, now=NOON)
    assert not resume(app.store, reader, keys=app.keys, now=NOON)
    assert before.paused_until is None
    assert not pause(app.store, 99, until=TODAY + DAY, keys=app.keys, now=NOON)
    assert subscription(app, reader) == before


@app_on_sqlite
def test_joining_again_ends_a_break(app: App, reader: int) -> None:
    pause(app.store, reader, until=TODAY + 30 * DAY, keys=app.keys, now=NOON - DAY)
    assert reader_joins(app, "reader@example.org", choices("diffusion models")) == reader
    assert days_queued(app, days=1) == [TODAY]


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_a_change_and_joining_again_at_once_do_not_wait_for_each_other_for_ever(app: App, reader: int) -> None:
    both_hold = threading.Barrier(2, timeout=60)

    def changes() -> None:
        with app.store.writing() as connection:
            held = active_held(connection, reader)
            assert held is not None
            both_hold.wait()
            notify(connection, held, About.CHANGED, keys=app.keys, now=NOON)

    def joins() -> None:
        with app.store.writing() as connection:
            number = subscriber_for(connection, parse_address("reader@example.org"), now=NOON)
            both_hold.wait()
            wanted = choices(hour=7)
            set_subscription(connection, number, newsletter="papers", choices=wanted, next_due_at=NOON + DAY, now=NOON)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(changes), pool.submit(joins)]:
            done.result()
    assert subscription(app, reader).choices.hour == 7
    assert [one.kind for one in deliveries(app)] == [DeliveryKind.NOTICE]
