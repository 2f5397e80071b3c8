"""What readers are told of: the welcome, changes, breaks and their ends."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from functools import partial

import pytest
from built import assert_fit_for_the_wire, parsed
from personas import NOON, PAPERS, TODAY, choices, papers_come_in, reader_joins
from reading import read_page

from digest.address import parse_address
from digest.app import App
from digest.change import change, pause, resume
from digest.compose import Composer
from digest.model import Cadence, Choices, DeliveryKind, DeliveryState, Listing, Weights
from digest.publish import publish
from digest.store.confirms import confirm_numbered
from digest.store.deliveries import Delivery, deliveries_of
from digest.subscribe import ask, confirm, unsubscribe
from digest.tokens import Purpose

pytestmark = pytest.mark.slow

READER = parse_address("reader@example.org")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def reader(app: App) -> int:
    """A daily reader at 12:00 UTC, for whom the operator vouched."""
    return reader_joins(app, READER.text, choices("robots"))


def joins(app: App, wanted: Choices) -> None:
    """Somebody asks and confirms."""
    ask(app.store, READER, newsletter="papers", choices=wanted, keys=app.keys, now=NOON)
    with app.store.reading() as connection:
        asked = confirm_numbered(connection, 1)
    assert asked is not None
    for _ in range(2):
        confirm(app.store, app.keys.sign(Purpose.CONFIRM, 1, salt=asked.nonce), keys=app.keys, now=NOON)


def told(app: App, subscriber: int = 1) -> list[Delivery]:
    """The welcomes and notices that were queued, oldest first."""
    with app.store.reading() as connection:
        found = deliveries_of(connection, subscriber)
    return [one for one in reversed(found) if one.kind in {DeliveryKind.WELCOME, DeliveryKind.NOTICE}]


def message(app: App, delivery: Delivery) -> EmailMessage:
    with app.store.reading() as connection:
        raw = Composer(app.press).outgoing(connection, delivery).content
        assert Composer(app.press).outgoing(connection, delivery).content == raw
    assert_fit_for_the_wire(raw)
    return parsed(raw)


def said(mail: EmailMessage) -> tuple[str, str]:
    """Its two parts in one line each."""
    text, html = mail.get_body(["plain"]), mail.get_body(["html"])
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    return " ".join(text.get_content().split()), " ".join(read_page(html.get_content()).text.split())


def _risen(listing: Listing, hours: int) -> Listing:
    """The paper as so many hours brought it upvotes."""
    return replace(listing, signals=replace(listing.signals, upvotes=(listing.signals.upvotes or 0) * hours // 24))


def test_who_confirms_is_welcomed_once(app: App) -> None:
    joins(app, choices("diffusion models"))
    [welcome] = told(app)
    mail = message(app, welcome)
    assert mail["Subject"] == "You’re in: first edition tomorrow at 12:00"
    for part in said(mail):
        assert "You’re in. First edition tomorrow at 12:00." in part
        assert "diffusion models" in part
        assert "add digest@example.org to your contacts" in part
        assert "because reader@example.org confirmed a subscription on 19 June 2026." in part


def test_an_address_that_the_operator_vouches_for_is_not_welcomed(app: App, reader: int) -> None:
    assert told(app) == []


def test_a_welcome_explains_an_edition_by_a_paper_of_the_last_one_on_the_readers_topic(app: App) -> None:
    for hours in range(24, -1, -3):
        papers_come_in(app.store, [_risen(one, 24 - hours) for one in PAPERS], now=NOON - hours * HOUR)
    reader_joins(app, "other@example.org", choices())
    publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON)
    joins(app, choices("four steps"))
    [welcome] = told(app, 2)
    text, page = said(message(app, welcome))
    for part in (text, page):
        assert "Few-Step Sampling for Diffusion Models" in part
    assert "12 upvotes" in text
    assert "A sampler that needs four steps." in page


def test_what_a_reader_changes_is_told_as_it_now_holds(app: App, reader: int) -> None:
    change(app.store, reader, choose=lambda _: choices("speech", hour=18), keys=app.keys, now=NOON - HOUR)
    [notice] = told(app)
    mail = message(app, notice)
    assert mail["Subject"] == "Your Offprint preferences have changed"
    for part in said(mail):
        assert "The next edition arrives today at 18:00 (UTC)." in part
        assert "speech" in part
        assert "Daily, up to 10 papers" in part
        assert "Was that not you?" in part


def test_nothing_is_told_where_nothing_changed(app: App, reader: int) -> None:
    change(app.store, reader, choose=lambda _: choices("robots"), keys=app.keys, now=NOON)
    assert not resume(app.store, reader, keys=app.keys, now=NOON)
    assert told(app) == []


def test_changes_within_an_hour_are_told_once(app: App, reader: int) -> None:
    for minutes in (1, 5, 59, 61):
        other_hour = partial(replace, hour=minutes % 24)
        change(app.store, reader, choose=other_hour, keys=app.keys, now=NOON + timedelta(minutes=minutes))
    assert [one.dated_at - NOON for one in told(app)] == [timedelta(minutes=1), timedelta(minutes=61)]


def test_a_break_and_its_end_are_told(app: App, reader: int) -> None:
    pause(app.store, reader, until=date(2026, 7, 15), keys=app.keys, now=NOON)
    resume(app.store, reader, keys=app.keys, now=NOON + DAY + timedelta(hours=7))
    paused, resumed = (message(app, one) for one in told(app))
    assert paused["Subject"] == "Paused until 15 July 2026"
    assert "The next one arrives on 15 July at 12:00 (UTC)" in said(paused)[0]
    assert "Resume: http" in said(paused)[0]
    assert resumed["Subject"] == "Resumed: next edition tomorrow at 12:00"


def test_an_edition_that_is_overdue_by_days_is_announced_for_today(app: App) -> None:
    number = reader_joins(app, "monthly@example.org", choices(cadence=Cadence.MONTHLY))
    pause(app.store, number, until=date(2026, 7, 15), keys=app.keys, now=NOON)
    resume(app.store, number, keys=app.keys, now=datetime(2026, 7, 4, 9, 30, tzinfo=UTC))
    assert [message(app, one)["Subject"] for one in told(app)][-1] == "Resumed: next edition today at 09:30"


def test_pausing_twice_leaves_the_message_of_it_in_the_queue(app: App, reader: int) -> None:
    for _ in range(2):
        pause(app.store, reader, until=TODAY + 30 * DAY, keys=app.keys, now=NOON)
    [notice] = told(app)
    assert notice.state is DeliveryState.QUEUED


def test_who_leaves_is_told_nothing_more(app: App, reader: int) -> None:
    change(app.store, reader, choose=lambda _: choices("speech"), keys=app.keys, now=NOON)
    unsubscribe(app.store, reader, now=NOON)
    [notice] = told(app)
    assert notice.state is DeliveryState.SKIPPED


def test_notices_are_messages_of_their_own_with_the_way_out_in_them(app: App, reader: int) -> None:
    change(app.store, reader, choose=lambda _: choices("speech"), keys=app.keys, now=NOON)
    [notice] = told(app)
    mail = message(app, notice)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert not [name for name in mail if name.startswith("List-") or name in {"Precedence", "Feedback-ID"}]
    token = app.keys.sign(Purpose.UNSUBSCRIBE, reader)
    assert f"/unsubscribe/{token}" in said(mail)[0]


def test_a_reader_is_told_in_their_language(app: App) -> None:
    joins(app, replace(choices("robots"), language="de"))
    with app.store.reading() as connection:
        _, asked = deliveries_of(connection, 1)
    assert asked.kind is DeliveryKind.CONFIRM
    assert message(app, asked)["Subject"] == "Bestätigen Sie Ihr Abonnement von Offprint"
    change(app.store, 1, choose=lambda _: replace(choices("speech"), language="de"), keys=app.keys, now=NOON)
    welcome, changed = (message(app, one)["Subject"] for one in told(app))
    assert welcome == "Sie sind dabei: erste Ausgabe morgen um 12:00"
    assert changed == "Ihre Einstellungen bei Offprint wurden geändert"
