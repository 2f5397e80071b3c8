"""A newsletter whose list is ill, or whose readers complain, stops by itself: counted over processes and runs."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import store_url
from personas import NOON, TODAY, choices, papers_come_in, reader_joins
from plans import crowd, listening, scans
from sqlalchemy import select, text

from digest.account import erase
from digest.address import parse_address
from digest.alarms import alarm_of_pauses
from digest.app import App
from digest.breaker import Breaker
from digest.deliver import deliver
from digest.feedback import complained, complained_by
from digest.mail import Messages, in_their_time
from digest.model import Answer, Cadence, DeliveryState, Outcome, SubscriptionState, Weights
from digest.publish import publish
from digest.store.deliveries import count_by_state, deliveries_queued, delivery_numbered
from digest.store.editions import edition_for, printing_for
from digest.store.pauses import Pause, PauseCause, pauses_now, resume_sending
from digest.store.subscribers import subscription_numbered, subscriptions_of
from digest.store.tables import deliveries, editions
from digest.terms import Delivered, Terms

TERMS = Terms(lease_seconds=60, window=2)


class Dead:
    """A mailer to whom some mailboxes do not exist."""

    name = "scripted"
    repeatable = False
    signs = False

    def __init__(self, is_dead: Callable[[int], bool]) -> None:
        self.is_dead = is_dead

    def send(self, messages: Messages, **_: object) -> Iterator[Answer]:
        for message in in_their_time(messages):
            gone = self.is_dead(int(message.recipient.partition("@")[0]))
            outcome = Outcome.RECIPIENT_REFUSED if gone else Outcome.ACCEPTED
            yield Answer(delivery_id=message.delivery_id, outcome=outcome, code="550 5.1.1" if gone else "")


def queued(app: App, count: int) -> App:
    papers_come_in(app.store)
    for number in range(count):
        reader_joins(app, f"{number}@example.org", choices("quasars"))
    publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON)
    return app


def sent(app: App, mailer: Dead, *, limit: int | None = None) -> Delivered:
    return deliver(app.store, mailer, app.press, terms=TERMS, clock=lambda: NOON, limit=limit)


def pauses(app: App) -> dict[str, Pause]:
    with app.store.reading() as connection:
        return pauses_now(connection)


def complaint(app: App, number: int) -> bool:
    with app.store.writing() as connection:
        delivery = delivery_numbered(connection, number)
        assert delivery is not None
        return complained(connection, delivery, now=NOON)


@pytest.mark.slow
def test_bounces_are_counted_over_all_runs_that_send_an_edition(app: App) -> None:
    queued(app, 30)
    everybody = Dead(lambda _: True)
    for _ in range(4):
        assert sent(app, everybody, limit=2).paused == []
    assert sent(app, everybody).paused == ["papers"]
    assert pauses(app)["papers"].cause is PauseCause.BOUNCES
    assert pauses(app)["papers"].why == "10 addresses of an edition do not exist"
    with app.store.reading() as connection:
        assert count_by_state(connection) == {DeliveryState.BOUNCED: 10, DeliveryState.QUEUED: 20}


@pytest.mark.slow
def test_what_stopped_a_newsletter_is_not_counted_against_it_once_it_goes_on(install: Callable[..., App]) -> None:
    app = queued(install(), 30)
    assert sent(app, Dead(lambda _: True)).paused == ["papers"]
    with app.store.writing() as connection:
        assert resume_sending(connection, "papers")
    assert sent(app, Dead(lambda number: number == 12)).paused == []
    assert pauses(app) == {}


@pytest.mark.parametrize("kind", ["postgresql"])
def test_two_senders_with_bounces_of_the_same_editions_do_not_wait_for_each_other(
    install: Callable[..., App], kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    app = install(store={"url": store_url(kind, request, tmp_path)})
    with app.store.writing() as connection:
        first, second = (
            printing_for(connection, edition_for(connection, newsletter="papers", cadence=cadence, due_on=TODAY), {})
            for cadence in (Cadence.DAILY, Cadence.WEEKLY)
        )

    def other() -> None:
        with app.store.writing() as connection:
            Breaker().look(connection, {second: 1, first: 1}, now=NOON)

    with ThreadPoolExecutor(1) as elsewhere, app.store.writing() as connection:
        Breaker().look(connection, {first: 1}, now=NOON)
        done = elsewhere.submit(other)
        while not connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one():
            assert not done.done()
        Breaker().look(connection, {second: 1}, now=NOON)
    done.result()
    with app.store.reading() as connection:
        assert [count for (count,) in connection.execute(select(editions.c.gone))] == [2, 2]


@pytest.mark.slow
def test_one_dead_address_in_twenty_one_stops_nothing_however_many_they_are(install: Callable[..., App]) -> None:
    app = queued(install(), 11 * 21)
    assert sent(app, Dead(lambda number: number % 21 == 20)).paused == []


def sent_to_many(app: App, *, readers: int) -> None:
    """An edition that was sent to so many: beside the three who are there, to some who have gone."""
    queued(app, 4)
    assert sent(app, Dead(lambda _: False)).counts["sent"] == 4
    with app.store.writing() as connection:
        row = dict(connection.execute(deliveries.select().where(deliveries.c.id == 1)).one()._mapping)
        told = {name: value for name, value in row.items() if name != "id"} | {"subscription_id": None}
        connection.execute(deliveries.insert(), [told | {"key": f"more {n}"} for n in range(readers - 4)])


@pytest.mark.slow
def test_readers_who_complain_get_nothing_more_and_stop_the_newsletter_once_they_are_too_many(app: App) -> None:
    sent_to_many(app, readers=2999)
    assert [complaint(app, number) for number in (1, 1, 2, 3)] == [False, False, False, True]
    assert pauses(app)["papers"].cause is PauseCause.COMPLAINTS
    with app.store.reading() as connection:
        [ended, going_on] = [subscription_numbered(connection, number) for number in (1, 4)]
        assert ended is not None
        assert going_on is not None
        assert (ended.state, going_on.state) == (SubscriptionState.UNSUBSCRIBED, SubscriptionState.ACTIVE)
    publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON + timedelta(days=1))
    with app.store.reading() as connection:
        waiting = deliveries_queued(connection, now=NOON + timedelta(days=1))
    assert [one.address for one in waiting] in ([], ["3@example.org"])


@pytest.mark.slow
def test_one_complaint_in_a_thousand_stops_nothing(install: Callable[..., App]) -> None:
    app = install()
    sent_to_many(app, readers=3000)
    assert [complaint(app, number) for number in (1, 2, 3)] == [False] * 3


@pytest.mark.slow
def test_a_complaint_of_somebody_who_was_erased_counts_and_one_of_what_was_never_sent_does_not(
    install: Callable[..., App],
) -> None:
    app = queued(install(), 4)
    assert not complaint(app, 4)
    sent(app, Dead(lambda _: False))
    erase(app.store, 1, keys=app.keys)
    assert [complaint(app, number) for number in (1, 2, 3)] == [False, False, True]


@pytest.mark.slow
def test_a_complaint_of_an_address_counts_once_against_the_last_edition_that_it_was_sent(
    install: Callable[..., App],
) -> None:
    app = queued(install(), 4)
    sent(app, Dead(lambda _: False))

    def heard(name: str) -> str | None:
        with app.store.writing() as connection:
            return complained_by(connection, parse_address(f"{name}@example.org"), now=NOON)

    assert [heard(name) for name in ("0", "0", "1", "stranger")] == ["", "", "", None]
    assert pauses(app) == {}
    assert heard("2") == "papers"


def test_whoever_complains_before_any_edition_gets_none(app: App) -> None:
    queued(app, 1)
    with app.store.writing() as connection:
        assert complained_by(connection, parse_address("0@example.org"), now=NOON) == ""
        assert [one.state for one in subscriptions_of(connection, 1)] == [SubscriptionState.UNSUBSCRIBED]
    assert sent(app, Dead(lambda _: False)).counts == Counter(skipped=1)


@pytest.mark.slow
@pytest.mark.parametrize(("cause", "key"), [("bounces", "alarm:bounces:"), ("complaints", "alarm:complaints:")])
def test_the_operator_is_told_once_a_day_who_has_stopped_and_why(
    install: Callable[..., App], cause: str, key: str
) -> None:
    app = queued(install(), 12)
    sent(app, Dead(lambda _: cause == "bounces"))
    if cause == "complaints":
        assert [complaint(app, number) for number in (1, 2, 3)][-1]

    def told(hours: int) -> list[str]:
        return alarm_of_pauses(app.store, app.press, to="op@example.org", now=NOON + timedelta(hours=hours))

    assert [told(0), told(1), told(24)] == [["papers"], [], ["papers"]]
    with app.store.reading() as connection:
        alarms = [one.key for one in deliveries_queued(connection, now=NOON) if one.address == "op@example.org"]
    assert [one.startswith(key) for one in alarms] == [True]


@pytest.mark.slow
def test_once_the_operator_was_told_a_look_reads_no_table_whole_and_waits_for_no_writer(app: App) -> None:
    def told() -> list[str]:
        return alarm_of_pauses(app.store, app.press, to="op@example.org", now=NOON)

    sent(queued(app, 12), Dead(lambda _: True))
    assert told() == ["papers"]
    crowd(app.store.engine)
    with app.store.writing(), listening(app.store.engine) as asked:
        assert told() == []
    assert scans(app.store.engine, asked) == []
