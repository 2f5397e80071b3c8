"""The operator is told once a day of what only they can mend."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from built import parsed
from dialects import app_on_sqlite
from personas import NOON, choices, papers_come_in, reader_joins

from digest.alarms import alarm_of_refusal, alarm_of_sources
from digest.app import App
from digest.compose import Composer
from digest.deliver import deliver
from digest.mail import Messages, in_their_time
from digest.model import Answer, Outcome, Weights
from digest.publish import publish
from digest.store.deliveries import Delivery, deliveries_queued
from digest.store.sources import note_failure, note_success
from digest.terms import Delivered

pytestmark = pytest.mark.slow

OPERATOR = "operator@example.org"
HOUR = timedelta(hours=1)


class Refuses:
    """A mailer that takes us for nobody, or everything once it is mended."""

    name = "scripted"
    repeatable = False
    signs = False

    def __init__(self) -> None:
        self.is_mended = False
        self.recipients: list[str] = []

    def send(self, messages: Messages, **_: object) -> Iterator[Answer]:
        for message in in_their_time(messages):
            self.recipients.append(message.recipient)
            outcome = Outcome.ACCEPTED if self.is_mended else Outcome.SENDER_REFUSED
            yield Answer(delivery_id=message.delivery_id, outcome=outcome, code="535 5.7.8", detail="Who are you?")


@pytest.fixture
def mailer(app: App) -> Refuses:
    """Three readers' editions wait."""
    papers_come_in(app.store)
    for name in ("ada", "bob", "eve"):
        reader_joins(app, f"{name}@example.org", choices())
    publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON)
    return Refuses()


def delivered(app: App, mailer: Refuses, *, hours: float = 0) -> Delivered:
    now = NOON + timedelta(hours=hours)
    return deliver(app.store, mailer, app.press, terms=app.terms, clock=lambda: now)


def sounded(app: App, refused: str, *, hours: float = 0, to: str = OPERATOR) -> bool:
    return alarm_of_refusal(app.store, app.press, refused, to=to, now=NOON + timedelta(hours=hours))


def alarms(app: App) -> list[Delivery]:
    with app.store.reading() as connection:
        waiting = deliveries_queued(connection, now=NOON + HOUR)
    return [one for one in waiting if one.address == OPERATOR]


def text(app: App, alarm: Delivery) -> str:
    with app.store.reading() as connection:
        raw = Composer(app.press).outgoing(connection, alarm).content
    body = parsed(raw).get_body(["plain"])
    assert body is not None
    return " ".join(body.get_content().split())


@app_on_sqlite
def test_a_refused_sender_is_told_with_its_answer_since_when_and_what_waits(app: App, mailer: Refuses) -> None:
    delivered(app, mailer)
    assert sounded(app, delivered(app, mailer, hours=1).refused, hours=1)
    [alarm] = alarms(app)
    said = text(app, alarm)
    assert "scripted (535 5.7.8: Who are you?)" in said
    assert "Since 19 June 2026, 12:00 UTC" in said
    assert "3 messages" in said
    assert "digest mail test" in said
    assert "ada@example.org" not in said


@app_on_sqlite
def test_an_alarm_is_the_first_that_leaves_once_the_provider_takes_mail_again(app: App, mailer: Refuses) -> None:
    sounded(app, delivered(app, mailer).refused)
    mailer.is_mended, mailer.recipients = True, []
    delivered(app, mailer, hours=1)
    assert mailer.recipients[0] == OPERATOR
    assert len(mailer.recipients) == 4


@app_on_sqlite
def test_the_same_is_told_once_in_24_hours(app: App, mailer: Refuses) -> None:
    refused = delivered(app, mailer).refused
    assert [sounded(app, refused, hours=hours) for hours in (0, 1, 12.5, 23.9, 24)] == [True, False, False, False, True]


@app_on_sqlite
def test_what_is_no_refusal_is_no_alarm_nor_is_there_one_without_an_operator(app: App, mailer: Refuses) -> None:
    assert not sounded(app, delivered(app, mailer).refused, to="")
    mailer.is_mended = True
    assert not sounded(app, delivered(app, mailer).refused)
    assert alarms(app) == []


def test_a_source_that_has_failed_for_a_day_is_told_by_name_without_what_it_said(app: App) -> None:
    failed = {"arxiv", "feed.late", "feed.new"}
    with app.store.writing() as connection:
        note_success(connection, "arxiv", cursor="", now=NOON - 24 * HOUR)
        note_success(connection, "feed.late", cursor="", now=NOON - 23 * HOUR)
        note_success(connection, "huggingface", cursor="", now=NOON - 30 * HOUR)
        for name in failed:
            note_failure(connection, name, error="https://feeds.example.org/?key=secret said no", now=NOON)
    assert alarm_of_sources(app.store, app.press, failed, to=OPERATOR, now=NOON) == ["arxiv"]
    assert alarm_of_sources(app.store, app.press, failed, to=OPERATOR, now=NOON + HOUR) == ["feed.late"]
    first, _ = alarms(app)
    assert "What arxiv Since 18 June 2026, 12:00 UTC" in text(app, first)
    assert "secret" not in text(app, first)
