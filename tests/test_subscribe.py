from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from personas import NOON, choices, papers_come_in

from digest.address import parse_address
from digest.app import App
from digest.deliver import deliver
from digest.errors import InputError
from digest.mail.outbox import Outbox
from digest.model import DeliveryKind, DeliveryState, SubscriptionState, Weights
from digest.publish import publish
from digest.store.confirms import confirm_numbered, open_confirms
from digest.store.deliveries import count_by_state, deliveries_of
from digest.store.events import events_of
from digest.store.subscribers import subscriber_named, subscriptions_of
from digest.store.tables import confirms
from digest.subscribe import (
    ask,
    confirm,
    forget_unconfirmed,
    subscribe,
    unsubscribe,
    unsubscribe_address,
)
from digest.tokens import Purpose

READER = parse_address("reader@example.org")


def asked(app: App, *, hours: float = 0) -> bool:
    now = NOON + timedelta(hours=hours)
    return ask(app.store, READER, newsletter="papers", choices=choices("robots"), keys=app.keys, now=now).queued


def link(app: App, number: int = 1) -> str:
    """The token that the confirm message carries."""
    with app.store.reading() as connection:
        found = confirm_numbered(connection, number)
    assert found is not None
    return app.keys.sign(Purpose.CONFIRM, number, salt=found.nonce)


def states(app: App) -> list[SubscriptionState]:
    with app.store.reading() as connection:
        number = subscriber_named(connection, READER)
        return [] if number is None else [one.state for one in subscriptions_of(connection, number)]


def test_asking_queues_one_confirm_message_and_subscribes_nobody(app: App) -> None:
    assert asked(app)
    assert states(app) == []
    with app.store.reading() as connection:
        assert count_by_state(connection) == {DeliveryState.QUEUED: 1}


def test_asking_again_within_the_hour_queues_no_second_message(app: App) -> None:
    assert asked(app)
    assert not asked(app, hours=0.9)
    assert asked(app, hours=1.1)


def test_the_link_subscribes_with_what_was_asked_for(app: App) -> None:
    asked(app)
    assert confirm(app.store, link(app), keys=app.keys, now=NOON) is not None
    with app.store.reading() as connection:
        [subscription] = subscriptions_of(connection, 1)
        assert subscription.choices == choices("robots")
        assert [event.kind for event in events_of(connection, 1)] == ["confirmed"]


def test_what_was_asked_for_before_an_upgrade_is_in_english_and_not_weighed(app: App) -> None:
    asked(app)
    with app.store.writing() as connection:
        told = connection.execute(confirms.select()).one().choices
        newer = ("language", "weights", "only_matches")
        connection.execute(confirms.update().values(choices={name: told[name] for name in told if name not in newer}))
    confirm(app.store, link(app), keys=app.keys, now=NOON)
    with app.store.reading() as connection:
        [subscription] = subscriptions_of(connection, 1)
    assert subscription.choices == choices("robots")


def test_the_language_is_kept(app: App) -> None:
    wanted = replace(choices("robots"), language="de")
    ask(app.store, READER, newsletter="papers", choices=wanted, keys=app.keys, now=NOON)
    confirm(app.store, link(app), keys=app.keys, now=NOON)
    with app.store.reading() as connection:
        [subscription] = subscriptions_of(connection, 1)
    assert subscription.choices == wanted


def test_the_link_used_twice_is_one_subscription(app: App) -> None:
    asked(app)
    for minutes in (0, 5):
        assert confirm(app.store, link(app), keys=app.keys, now=NOON + timedelta(minutes=minutes)) is not None
    assert states(app) == [SubscriptionState.ACTIVE]
    with app.store.reading() as connection:
        assert len(events_of(connection, 1)) == 1


def test_the_link_expires_to_the_second(app: App) -> None:
    asked(app)
    end = NOON + timedelta(hours=48)
    assert confirm(app.store, link(app), keys=app.keys, now=end) is None
    assert confirm(app.store, link(app), keys=app.keys, now=end - timedelta(seconds=1)) is not None


def test_the_link_does_not_subscribe_again_whoever_has_left(app: App) -> None:
    asked(app)
    confirm(app.store, link(app), keys=app.keys, now=NOON)
    unsubscribe_address(app.store, READER, now=NOON + timedelta(hours=1))
    assert confirm(app.store, link(app), keys=app.keys, now=NOON + timedelta(hours=2)) is None
    assert states(app) == [SubscriptionState.UNSUBSCRIBED]


def test_an_older_link_does_nothing_once_another_was_used(app: App) -> None:
    asked(app)
    asked(app, hours=2)
    later = NOON + timedelta(hours=3)
    confirm(app.store, link(app, 2), keys=app.keys, now=later)
    unsubscribe_address(app.store, READER, now=later)
    assert confirm(app.store, link(app, 1), keys=app.keys, now=later) is None
    assert states(app) == [SubscriptionState.UNSUBSCRIBED]


def test_many_who_ask_at_once_for_one_address_cause_one_message(app: App) -> None:
    with ThreadPoolExecutor(6) as pool:
        queued = list(pool.map(lambda _: asked(app), range(12)))
    assert queued.count(True) == 1


@pytest.mark.slow
def test_a_link_that_is_pressed_fifty_times_at_once_is_one_subscription_and_one_welcome(app: App) -> None:
    asked(app)
    token = link(app)
    with ThreadPoolExecutor(50) as pool:
        done = list(pool.map(lambda _: confirm(app.store, token, keys=app.keys, now=NOON), range(50)))
    assert all(done)
    assert states(app) == [SubscriptionState.ACTIVE]
    with app.store.reading() as connection:
        assert [event.kind for event in events_of(connection, 1)] == ["confirmed"]
        assert sorted(one.kind for one in deliveries_of(connection, 1)) == [DeliveryKind.CONFIRM, DeliveryKind.WELCOME]


@pytest.mark.parametrize("purpose", [Purpose.UNSUBSCRIBE, Purpose.VIEW])
def test_a_token_for_something_else_confirms_nothing(app: App, purpose: Purpose) -> None:
    asked(app)
    assert confirm(app.store, app.keys.sign(purpose, 1), keys=app.keys, now=NOON) is None
    assert confirm(app.store, app.keys.sign(Purpose.CONFIRM, 1), keys=app.keys, now=NOON) is None
    assert states(app) == []


def test_an_address_that_did_not_confirm_is_deleted_and_what_was_sent_stays_accounted_for(app: App) -> None:
    asked(app)
    deliver(app.store, Outbox(app.config.folder / "box"), app.press, terms=app.terms, clock=lambda: NOON)
    assert forget_unconfirmed(app.store, now=NOON + timedelta(hours=47)) == 0
    assert forget_unconfirmed(app.store, now=NOON + timedelta(hours=48)) == 1
    with app.store.reading() as connection:
        assert subscriber_named(connection, READER) is None
        assert open_confirms(connection, now=NOON) == []
        assert count_by_state(connection) == {DeliveryState.SENT: 1}


def test_forgetting_spares_whoever_is_subscribed_or_has_been(app: App) -> None:
    number = subscribe(app.store, READER, newsletter="papers", choices=choices(), now=NOON).id
    unsubscribe(app.store, number, now=NOON)
    assert forget_unconfirmed(app.store, now=NOON + timedelta(days=99)) == 0


def test_unsubscribing_takes_back_what_is_queued(app: App) -> None:
    papers_come_in(app.store)
    number = subscribe(app.store, READER, newsletter="papers", choices=choices(), now=NOON - timedelta(days=1)).id
    publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON)
    assert unsubscribe(app.store, number, now=NOON)
    assert not unsubscribe(app.store, number, now=NOON)
    with app.store.reading() as connection:
        [delivery] = deliveries_of(connection, 1)
        events = events_of(connection, 1)
    assert (delivery.state, delivery.detail) == (DeliveryState.SKIPPED, "unsubscribed")
    assert [event.kind for event in events] == ["unsubscribed"]


def test_an_unknown_address_cannot_be_unsubscribed(app: App) -> None:
    with pytest.raises(InputError, match="not known"):
        unsubscribe_address(app.store, READER, now=NOON)
