"""What is only looked back at goes in time, and nothing goes that is still needed."""

from datetime import timedelta

import pytest
from dialects import app_on_sqlite
from personas import NOON, choices, papers_come_in, reader_joins
from sqlalchemy import Table, func, select, update

from digest.app import App
from digest.deliver import deliver
from digest.mail.outbox import Outbox
from digest.model import Cadence, DeliveryState, Weights
from digest.publish import publish
from digest.store.check import damage
from digest.store.deliveries import delivery_numbered
from digest.store.editions import LEADING, editions_printed
from digest.store.engine import IN_AT_ONCE
from digest.store.events import events_of, note
from digest.store.past import past_editions
from digest.store.subscribers import subscription_numbered
from digest.store.tables import attempts, deliveries, events, pieces, printings
from digest.tidy import Keeping, Tidied, tidy

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
KEEPING = Keeping(editions=100 * DAY, messages=200 * DAY, events=300 * DAY)


def tidied(app: App, *, days: float) -> Tidied:
    gone = tidy(app.store, keeping=KEEPING, now=NOON + days * DAY)
    assert damage(app.store) == []
    return gone


def count(app: App, table: Table) -> int:
    with app.store.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def published(app: App) -> None:
    assert publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON).queued > 0


def delivered(app: App) -> None:
    deliver(app.store, Outbox(app.config.folder / "out"), app.press, terms=app.terms, clock=lambda: NOON)


def sent(app: App) -> int:
    """A reader's edition that was sent; the reader's number."""
    papers_come_in(app.store)
    number = reader_joins(app, "ada@example.org", choices("diffusion"))
    published(app)
    delivered(app)
    return number


@app_on_sqlite
def test_an_edition_is_whole_as_long_as_it_is_kept_and_then_only_its_account_is(app: App) -> None:
    sent(app)
    assert tidied(app, days=99) == Tidied()
    with app.store.reading() as connection:
        kept = delivery_numbered(connection, 1)
    assert kept is not None
    assert kept.selection is not None
    assert tidied(app, days=102).editions == 1
    with app.store.reading() as connection:
        left = delivery_numbered(connection, 1)
    assert left is not None
    assert (left.state, left.due_on, left.address) == (DeliveryState.SENT, NOON.date(), "ada@example.org")
    assert (left.selection, left.reader, left.printing_id) == (None, None, None)
    assert tidied(app, days=102) == Tidied()


def test_the_account_of_a_message_goes_later_with_the_answers_to_it(app: App) -> None:
    sent(app)
    with app.store.writing() as connection:
        told = {"delivery_id": 1, "number": 1, "provider": "outbox", "answered_at": NOON}
        connection.execute(attempts.insert().values(**told, outcome="deferred", code="451", detail=""))
    assert tidied(app, days=199).messages == 0
    assert tidied(app, days=201).messages == 1
    assert (count(app, deliveries), count(app, attempts)) == (0, 0)


@pytest.mark.parametrize("state", [DeliveryState.QUEUED, DeliveryState.LEASED])
def test_what_is_under_way_stays_with_all_that_it_is_made_of(app: App, state: DeliveryState) -> None:
    papers_come_in(app.store)
    reader_joins(app, "ada@example.org", choices("diffusion"))
    published(app)
    with app.store.writing() as connection:
        connection.exec_driver_sql("INSERT INTO leases (id, holder, generation, expires) VALUES (1, 'me', 1, 1e12)")
        lease = 1 if state is DeliveryState.LEASED else None
        connection.execute(update(deliveries).values(state=state, lease_id=lease))
    assert tidied(app, days=5000) == Tidied()


@app_on_sqlite
def test_what_a_reader_was_sent_as_far_back_as_an_edition_reaches_is_known_at_the_shortest_time_of_keeping(
    app: App,
) -> None:
    shortest = timedelta(days=70)
    number = sent(app)
    keeping = Keeping(editions=shortest, messages=shortest, events=shortest)
    now = NOON + 62 * DAY
    tidy(app.store, keeping=keeping, now=now)
    with app.store.reading() as connection:
        past = past_editions(connection, [number], since_on=(now - 62 * DAY).date())
    assert len(past[number].sent) == 3


def test_the_archive_stays_with_the_papers_that_led(app: App) -> None:
    papers_come_in(app.store)
    reader_joins(app, "ada@example.org", choices("diffusion"))
    published(app)
    with app.store.writing() as connection:
        row = connection.execute(select(printings)).one()
        old = {"edition_id": row.edition_id, "version": "superseded", "content": row.content, "id": 0}
        connection.execute(printings.insert().values(old))
        cards = [{"printing_id": 0, "paper_id": 1000 + n, "content": {}} for n in range(IN_AT_ONCE + 5)]
        cards += [{"printing_id": row.id, "paper_id": 1000 + n, "content": {}} for n in range(LEADING)]
        connection.execute(pieces.insert(), cards)
    delivered(app)
    assert tidied(app, days=102).printings == IN_AT_ONCE + 5 + 1 + LEADING
    with app.store.reading() as connection:
        today = NOON.date()
        [printed] = editions_printed(connection, ["papers"], since=today, until=today)
        left = connection.execute(select(pieces.c.printing_id, pieces.c.paper_id)).all()
    assert sorted(left) == [(printed.printing_id, number) for number in (1, 2, 3)]


@app_on_sqlite
def test_consents_stay_and_other_events_go(app: App) -> None:
    number = reader_joins(app, "ada@example.org", choices("diffusion", cadence=Cadence.WEEKLY))
    with app.store.writing() as connection:
        subscription = subscription_numbered(connection, number)
        assert subscription is not None
        for kind in ("confirmed", "moved", "changed", "paused"):
            note(connection, subscription, kind, now=NOON)
    assert tidied(app, days=299).events == 0
    assert tidied(app, days=301).events == 2
    with app.store.reading() as connection:
        assert [one.kind for one in events_of(connection, subscription.subscriber_id)] == ["confirmed", "moved"]


def test_thousands_of_rows_go_in_blocks_and_a_stop_between_two_leaves_the_rest_to_the_next_run(app: App) -> None:
    sent(app)
    with app.store.writing() as connection:
        row = connection.execute(select(deliveries)).mappings().one()
        copied = {name: value for name, value in row.items() if name not in {"id", "key", "due_on"}}
        many = [{**copied, "key": f"copy:{n}"} for n in range(2 * IN_AT_ONCE)]
        connection.execute(deliveries.insert(), many)
        connection.execute(events.insert(), [_event(n) for n in range(2 * IN_AT_ONCE)])
    went: list[int] = []
    tidy(app.store, keeping=KEEPING, now=NOON + 400 * DAY, should_stop=lambda: bool(went), progress=went.append)
    assert went == [IN_AT_ONCE]
    assert damage(app.store) == []
    rest = tidied(app, days=400)
    assert (rest.editions, rest.messages, rest.events) == (IN_AT_ONCE + 1, 2 * IN_AT_ONCE + 1, 2 * IN_AT_ONCE)
    assert max(went) <= IN_AT_ONCE


def _event(number: int) -> dict[str, object]:
    return {"key": f"changed:{number}", "kind": "changed", "happened_at": NOON, "detail": {}, "delivery_id": 1}
