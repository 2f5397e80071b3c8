"""What a stranger who asks in somebody else's name neither learns nor brings about."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
import pytest
from personas import NOON, choices, reader_joins
from reading import read_page
from sites import Clock, Front, Place
from sqlalchemy import event

from digest.address import parse_address
from digest.app import App
from digest.model import DeliveryState, SubscriptionState
from digest.store.deliveries import count_by_state, deliveries_of
from digest.store.subscribers import all_subscriptions, subscriber_named
from digest.store.suppressions import suppress
from digest.tokens import Purpose
from digest.web import create_site

pytestmark = pytest.mark.slow


@contextmanager
def statements(app: App) -> Iterator[list[str]]:
    """The SQL statements that are run, as they are sent."""
    run: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        run.append(statement)

    event.listen(app.store.engine, "before_cursor_execute", note)
    yield run
    event.remove(app.store.engine, "before_cursor_execute", note)


def test_nobody_learns_by_subscribing_who_is_subscribed(app: App, front: Front, client: httpx.Client) -> None:
    """The same status, size, page, statements and one message in the queue, whatever is known of the address."""
    clock = Clock()
    front.site = create_site(app, clock=clock)
    form = app.keys.sign(Purpose.FORM, int(clock().timestamp()) - 60)
    reader_joins(app, "known@example.org", choices())
    client.post("/", data={"form": form, "address": "asked@example.org"})
    clock.now += timedelta(hours=2)
    for name, leave in (("left0", True), ("block", False)):
        number = reader_joins(app, f"{name}@example.org", choices())
        if leave:
            client.post(f"/unsubscribe/{app.keys.sign(Purpose.UNSUBSCRIBE, number)}")
        else:
            with app.store.writing() as connection:
                found = subscriber_named(connection, parse_address(f"{name}@example.org"))
                assert found is not None
                suppress(connection, found, reason="complained", now=NOON)
    told = {}
    for name in ("nobdy", "known", "asked", "left0", "block"):
        queued = waiting(app)
        with statements(app) as run:
            answer = client.post("/", data={"form": form, "address": f"{name}@example.org"})
        headers = {key: value for key, value in answer.headers.items() if key != "date"}
        told[name] = (answer.status_code, headers, answer.text.replace(name, ""), run, waiting(app) - queued)
    front.site = None
    assert len(told["known"][3]) > 5
    assert told["known"][4] == 1
    assert [name for name in told if told[name] != told["known"]] == []


def waiting(app: App) -> int:
    with app.store.reading() as connection:
        return count_by_state(connection).get(DeliveryState.QUEUED, 0)


def test_a_strangers_confirm_message_holds_nothing_that_was_typed(place: Place) -> None:
    typed = {"topic": "BUY CHEAP PILLS", "more": "visit evil.example", "name": "support@bank.example"}
    for name, fields in (("ada", {}), ("bob", typed)):
        place.client.post("/", data=place.form() | {"address": f"{name}@example.org"} | fields)
    place.deliver()
    first, second = sorted((place.outbox / "new").iterdir())
    assert "bob@example.org" in second.read_text()
    for value in typed.values():
        assert value not in second.read_text()
    assert len(first.read_text().splitlines()) == len(second.read_text().splitlines())


def test_a_stranger_cannot_lift_a_suppression_nor_write_to_whoever_complained(place: Place) -> None:
    reader_joins(place.app, "bob@example.org", choices())
    with place.app.store.writing() as connection:
        suppress(connection, 1, reason="complained", now=NOON)
    place.client.post(f"/unsubscribe/{place.unsubscribe_token()}")
    answer = place.client.post("/", data=place.form() | {"address": "Bob@example.org"})
    assert answer.status_code == 200
    place.deliver()
    with place.app.store.reading() as connection:
        [message] = deliveries_of(connection, 1)
        assert (message.state, message.detail) == (DeliveryState.SKIPPED, "suppressed")
        assert [one.state for one in all_subscriptions(connection)] == [SubscriptionState.UNSUBSCRIBED]
    assert sum('INTO "suppressions"' in row and "complained" in row for row in place.rows()) == 1


def test_a_robot_that_gets_past_the_traps_meets_the_limits(place: Place) -> None:
    page = read_page(place.client.get("/").text)
    held = {str(one["name"]): str(one.get("value") or "") for one in page.all("input") if one.get("type") == "hidden"}
    place.clock.now += timedelta(seconds=9)
    via = {"X-Forwarded-For": "203.0.113.1"}
    sent = [place.client.post("/", data=held | {"address": f"a{n}@example.org"}, headers=via) for n in range(25)]
    assert [one.status_code for one in sent] == [200] * 20 + [429] * 5
    assert place.queued() == 20


def test_a_flood_of_throw_away_addresses_is_limited_and_the_domain_not_blocked(place: Place) -> None:
    for network in (1, 2):
        via = {"X-Forwarded-For": f"198.51.{network}.1"}
        for number in range(21):
            fields = place.form() | {"address": f"{network}-{number}@mailinator.com"}
            assert place.client.post("/", data=fields, headers=via).status_code == (429 if number == 20 else 200)
    assert place.queued() == 40
