"""Mailboxes that refuse again and again: nothing more is sent there, unless the refusals say nothing of the mailbox."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from furnished import Furnish
from personas import NOON, choices, papers_come_in, reader_joins
from sqlalchemy import update

from digest.address import parse_address
from digest.app import App
from digest.feedback import bounced, lift
from digest.model import DeliveryState, Weights
from digest.publish import publish
from digest.store.deliveries import deliveries_of
from digest.store.suppressions import all_suppressions
from digest.store.tables import deliveries

FULL = "552 5.2.2"
ADA = "ada@example.org"

Refused = Callable[..., str | None]


@pytest.fixture
def refused(app: App, furnish: Furnish) -> Refused:
    """Says that Ada's mailbox refused messages, so many days after NOON, and why nothing is sent there then, if so."""

    def fill() -> None:
        papers_come_in(app.store)
        reader_joins(app, ADA, choices("quasars"))
        assert publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON).queued == 1

    furnish(fill, app.store)
    attempts = iter(range(1, 100))

    def on(*days: float, code: str = FULL) -> str | None:
        with app.store.writing() as connection:
            [delivery] = deliveries_of(connection, 1)
            for day in days:
                told = delivery._replace(attempts=next(attempts))
                bounced(connection, told, code=code, now=NOON + timedelta(days=day))
            found = all_suppressions(connection)
        return found[ADA].reason if ADA in found else None

    return on


def test_five_refusals_on_three_days_are_the_last(refused: Refused) -> None:
    assert refused(0, 0.1, 1, 1.1) is None
    assert refused(2) == "bounced: 552 5.2.2"


def test_a_bad_day_or_two_are_not(refused: Refused) -> None:
    assert refused(0, 0.1, 0.2, 1, 1.1, 1.2, 1.3) is None


def test_refusals_of_more_than_a_month_ago_are_forgotten(refused: Refused) -> None:
    assert refused(0, 10, 20, 29, 31) is None
    assert refused(32) == "bounced: 552 5.2.2"


@pytest.mark.parametrize("code", ["550 5.7.1", "550 5.1.8", "553 5.1.7", "554 5.3.2", "550", "HTTP 400"])
def test_what_may_be_said_of_us_is_not_said_of_the_mailbox(refused: Refused, code: str) -> None:
    assert refused(0, 1, 2, 3, 4, 5, 6, code=code) is None
    assert refused(7, 8, 9, 10) is None
    assert refused(11, code="550 5.2.1") == "bounced: 550 5.2.1"


def test_what_is_told_twice_counts_once(app: App, refused: Refused) -> None:
    assert refused(0, 1, 2, 3) is None
    with app.store.writing() as connection:
        [delivery] = deliveries_of(connection, 1)
        bounced(connection, delivery._replace(attempts=4), code=FULL, now=NOON + timedelta(days=5))
        assert not all_suppressions(connection)


def test_what_a_clock_that_was_ahead_has_noted_neither_counts_nor_stands_in_the_way(app: App, refused: Refused) -> None:
    sent = {"state": DeliveryState.SENT, "send_after_at": NOON + timedelta(days=400)}
    with app.store.writing() as connection:
        connection.execute(update(deliveries).values(sent))
    assert refused(365, 366, 367, 368) is None
    assert refused(0, 1, 2, 3) is None
    assert refused(4) == "bounced: 552 5.2.2"


def test_a_message_that_arrives_makes_them_begin_anew(app: App, refused: Refused) -> None:
    assert refused(0, 1, 2, 3) is None
    arrived = {"state": DeliveryState.SENT, "send_after_at": NOON + timedelta(days=4)}
    with app.store.writing() as connection:
        connection.execute(update(deliveries).values(arrived))
    assert refused(5, 6, 7, 8) is None
    assert refused(9) == "bounced: 552 5.2.2"


def test_after_a_suppression_was_lifted_they_begin_anew(app: App, refused: Refused) -> None:
    assert refused(0, 1, 2, 3, 4) == "bounced: 552 5.2.2"
    with app.store.writing() as connection:
        assert lift(connection, parse_address(ADA), keys=app.keys, now=NOON + timedelta(days=5))
    assert refused(6, 7, 8, 9) is None
    assert refused(10) == "bounced: 552 5.2.2"
