"""Another address for a subscription: asked for by its link, confirmed by the new mailbox, told to the old."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.message import EmailMessage

import httpx
import pytest
from built import parsed
from furnished import Furnish
from personas import NOON, PAPERS, choices, papers_come_in, reader_joins
from sites import Front, Place

from digest.address import parse_address
from digest.app import App
from digest.compose import Composer
from digest.deliver import deliver
from digest.limits import MOST_FROM_A_NETWORK
from digest.mail.outbox import Outbox
from digest.model import DeliveryKind, DeliveryState, Weights
from digest.move import move
from digest.publish import publish
from digest.store.accounts import deliveries_about
from digest.store.attempts import deliveries_leased
from digest.store.confirms import confirm_numbered
from digest.store.deliveries import Delivery, deliveries_of
from digest.store.events import events_of
from digest.store.leases import take_queued
from digest.store.subscribers import all_subscriptions, subscriber_named, subscription_numbered
from digest.store.suppressions import suppress
from digest.subscribe import CONFIRM_LASTS, ask, confirm, forget_unconfirmed, unsubscribe
from digest.tokens import Purpose
from digest.web import create_site

pytestmark = pytest.mark.slow

OLD, NEW = "ada@example.org", "ada.new@example.net"


@pytest.fixture
def path(place: Place, furnish: Furnish) -> str:
    """The preferences of a reader."""

    def fill() -> None:
        papers_come_in(place.app.store, PAPERS)
        reader_joins(place.app, OLD, choices("diffusion models"))

    furnish(fill, place.app.store)
    return f"/preferences/{place.preferences_token()}"


def asks(place: Place, path: str, address: str = NEW, *, via: str = "") -> httpx.Response:
    headers = {"X-Forwarded-For": via} if via else {}
    return place.client.post(path, data={"do": "move", "address": address}, headers=headers)


def link(app: App, number: int = 1) -> str:
    """The link that the new address got."""
    with app.store.reading() as connection:
        asked = confirm_numbered(connection, number)
    assert asked is not None
    return f"/move/{app.keys.sign(Purpose.MOVE, number, salt=asked.nonce)}"


def address_of(app: App, number: int = 1) -> str:
    with app.store.reading() as connection:
        found = subscription_numbered(connection, number)
    assert found is not None
    return found.address


def outbox(place: Place) -> dict[str, list[EmailMessage]]:
    """What was sent, by recipient."""
    place.deliver()
    found: dict[str, list[EmailMessage]] = {}
    for file in place.outbox.glob("new/*"):
        mail = parsed(file.read_bytes())
        found.setdefault(mail["To"], []).append(mail)
    return found


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(["plain"])
    assert isinstance(part, EmailMessage)
    return " ".join(part.get_content().split())


def test_a_reader_moves_and_the_old_address_is_told_without_the_new_one(place: Place, path: str) -> None:
    answer = asks(place, path)
    assert f"We sent a link to {NEW}. It works for 48 hours." in answer.text
    assert address_of(place.app) == OLD
    [mail] = outbox(place)[NEW]
    assert mail["Subject"] == "Confirm your new address for Offprint"
    assert "List-Unsubscribe" not in mail
    assert "diffusion" not in text_of(mail)
    assert OLD not in mail.as_string()
    found = re.search(r"http\S+(/move/\S+)", text_of(mail))
    assert found
    assert found[1] == link(place.app)
    assert f"Send the editions to {NEW}?" in place.client.get(found[1]).text
    assert address_of(place.app) == OLD
    assert f"Offprint comes to {NEW} from now on." in place.client.post(found[1]).text
    assert address_of(place.app) == NEW
    [told] = outbox(place)[OLD]
    assert told["Subject"] == "Your Offprint subscription has moved to another address"
    assert "example.net" not in told.as_string()
    assert "/preferences/" not in text_of(told)


def test_links_of_before_work_for_the_same_subscription(place: Place, path: str) -> None:
    edition = place.publish()
    place.deliver()
    asks(place, path)
    place.client.post(link(place.app))
    assert NEW in place.client.get(path).text
    assert f"Unsubscribe {NEW}?" in place.client.get(f"/unsubscribe/{place.unsubscribe_token()}").text
    assert place.client.get(f"/feedback/{place.feedback_token(edition)}?paper=1&want=more").status_code == 200
    assert place.client.get(f"/view/{place.view_token(edition)}").status_code == 200
    place.client.post(f"/unsubscribe/{place.unsubscribe_token()}")
    with place.app.store.reading() as connection:
        assert [one.state for one in all_subscriptions(connection)] == ["unsubscribed"]


def test_what_is_queued_goes_to_the_new_address_and_says_since_when(place: Place, path: str) -> None:
    place.publish()
    asks(place, path)
    place.clock.now += timedelta(hours=1)
    place.client.post(link(place.app))
    sent = outbox(place)
    [edition] = [one for one in sent[NEW] if "List-Unsubscribe" in one]
    assert "19 June 2026" in text_of(edition)
    assert not [one for one in sent[OLD] if "List-Unsubscribe" in one]


def test_what_a_worker_has_taken_already_goes_to_the_new_address(app: App, moving: str) -> None:
    with app.store.writing() as connection:
        lease = take_queued(connection, holder="slow", seconds=0, limit=9, now=NOON)
        assert lease
        read = [one for one in deliveries_leased(connection, lease.id) if one.kind is DeliveryKind.EDITION]
    assert [one.address for one in read] == [OLD]
    move(app.store, moving, keys=app.keys, now=NOON)
    # The lease is found by the next worker, with what was read for the old address.
    deliver(app.store, Outbox(app.config.folder / "outbox"), app.press, terms=app.terms, clock=lambda: NOON)
    with app.store.reading() as connection:
        [edition] = [one for one in deliveries_about(connection, 2) if one.kind is DeliveryKind.EDITION]
    assert (edition.state, edition.address) == (DeliveryState.SENT, NEW)
    sent = [parsed(one.read_bytes()) for one in app.config.folder.glob("outbox/new/*")]
    assert sorted(one["To"] for one in sent if "List-Unsubscribe" in one) == [NEW]


def test_the_page_says_the_same_of_an_address_that_is_known(place: Place, path: str) -> None:
    reader_joins(place.app, "bob@example.org", choices())
    answers = [asks(place, path, address) for address in ("bob@example.org", "eve@example.org")]
    told = [re.sub(r"(bob|eve)@", "x@", one.text) for one in answers]
    assert told[0] == told[1]
    assert [one.status_code for one in answers] == [200, 200]
    assert place.queued() == 2


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("nobody", "That is not a full address."),
        ("", "That is not a full address."),
        ("postmaster@example.net", "That address belongs to no person"),
        ("digest@example.org", "That address belongs to no person"),
        (OLD.upper(), "The editions come to that address already."),
        ("x@example.net, y@example.net", "That is not a full address."),
        ("<script>alert(1)</script>@example.net", "That is not a full address."),
    ],
)
def test_an_address_that_cannot_be_is_refused_beside_its_field(place: Place, path: str, typed: str, said: str) -> None:
    answer = asks(place, path, typed)
    assert answer.status_code == 422
    assert said in answer.text
    assert "<script>" not in answer.text
    assert place.queued() == 0


def test_nobody_is_written_to_more_often_than_by_subscribing(place: Place, path: str) -> None:
    for variant in (NEW, "ada.new+1@example.net", NEW.upper()):
        assert asks(place, path, variant).status_code == 200
    assert place.queued() == 1
    place.client.post("/", data=place.form() | {"address": NEW})
    assert place.queued() == 1
    for number in range(MOST_FROM_A_NETWORK):
        assert asks(place, path, f"reader{number}@example.net", via="203.0.113.1").status_code == 200
    answer = asks(place, path, "late@example.net", via="203.0.113.2")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")
    assert "Too many confirm messages were asked for from your network within the hour." in answer.text
    assert 'value="late@example.net"' in answer.text


def test_an_address_that_refused_us_is_not_written_to(place: Place, path: str) -> None:
    asks(place, path)
    with place.app.store.writing() as connection:
        number = subscriber_named(connection, parse_address(NEW))
        assert number is not None
        suppress(connection, number, reason="complained", now=NOON)
    assert NEW not in outbox(place)


def test_a_mailbox_with_a_subscription_of_its_own_keeps_both_as_they_are(place: Place, path: str) -> None:
    reader_joins(place.app, NEW, choices("robots"))
    asks(place, path)
    for method in ("GET", "POST"):
        answer = place.client.request(method, link(place.app))
        assert answer.status_code == 409
        assert f"{NEW} has a subscription of its own to Offprint, so nothing was changed." in answer.text
    assert [address_of(place.app, number) for number in (1, 2)] == [OLD, NEW]
    assert OLD not in outbox(place)


def test_a_subscription_that_ended_there_gives_way(place: Place, path: str) -> None:
    number = reader_joins(place.app, NEW, choices("robots"))
    place.publish()
    unsubscribe(place.app.store, number, now=NOON)
    asks(place, path)
    assert place.client.post(link(place.app)).status_code == 200
    assert address_of(place.app) == NEW
    # Its links say what they said.
    answer = place.client.post(f"/unsubscribe/{place.unsubscribe_token(number)}")
    assert (answer.status_code, address_of(place.app)) == (200, NEW)
    assert place.client.get(f"/preferences/{place.preferences_token(number)}").status_code == 404
    with place.app.store.reading() as connection:
        assert [one.state for one in all_subscriptions(connection)] == ["active"]


def test_looking_moves_nothing(place: Place, path: str) -> None:
    asks(place, path)
    before = place.rows()
    for method in ("GET", "HEAD"):
        assert place.client.request(method, link(place.app), headers={"User-Agent": "scanner"}).status_code == 200
    assert place.rows() == before


def test_a_link_is_refused_where_the_subscription_moved_again(place: Place, path: str) -> None:
    asks(place, path)
    asks(place, path, "elsewhere@example.net")
    place.client.post(link(place.app, 2))
    answer = place.client.post(link(place.app, 1))
    assert (answer.status_code, address_of(place.app)) == (404, "elsewhere@example.net")
    assert "<h1>This link has expired</h1>" in answer.text
    asks(place, path, OLD)
    place.client.post(link(place.app, 3))
    assert [place.client.post(link(place.app, number)).status_code for number in (1, 2, 3)] == [404, 404, 200]
    assert address_of(place.app) == OLD


def test_a_link_is_refused_where_the_reader_left_and_came_back(place: Place, path: str) -> None:
    asks(place, path)
    unsubscribe(place.app.store, 1, now=NOON)
    assert place.client.post(link(place.app)).status_code == 404
    reader_joins(place.app, OLD, choices())
    assert place.client.post(link(place.app)).status_code == 404
    assert address_of(place.app) == OLD


def test_a_link_is_refused_where_the_reader_was_erased(place: Place, path: str) -> None:
    asks(place, path)
    kept = link(place.app)
    assert place.client.post(f"{path}/erase").status_code == 200
    for method in ("GET", "POST"):
        assert place.client.request(method, kept).status_code == 404
    with place.app.store.reading() as connection:
        assert all_subscriptions(connection) == []
    assert NEW not in outbox(place)


def test_a_link_lasts_to_the_second(place: Place, path: str) -> None:
    asks(place, path)
    place.clock.now = NOON + CONFIRM_LASTS
    assert place.client.post(link(place.app)).status_code == 404
    place.clock.now -= timedelta(seconds=1)
    assert place.client.post(link(place.app)).status_code == 200


def test_only_the_right_kind_of_token_moves(place: Place, path: str) -> None:
    asks(place, path)
    with place.app.store.reading() as connection:
        asked = confirm_numbered(connection, 1)
    assert asked is not None
    as_confirm = place.app.keys.sign(Purpose.CONFIRM, 1, salt=asked.nonce)
    without = place.app.keys.sign(Purpose.MOVE, 1)
    for wrong in (as_confirm, without, "1-forged", "x", place.preferences_token()):
        assert place.client.post(f"/move/{wrong}").status_code == 404
    # Nor does a link that moves subscribe.
    assert place.client.post(f"/confirm/{link(place.app).rpartition('/')[2]}").status_code == 404
    # A confirm message's token moves nothing, though it is of a confirm.
    ask(
        place.app.store,
        parse_address("eve@example.org"),
        newsletter="papers",
        choices=choices(),
        keys=place.app.keys,
        now=NOON,
    )
    assert place.client.post(link(place.app, 2)).status_code == 404
    assert address_of(place.app) == OLD


@pytest.fixture
def moving(app: App) -> str:
    """The token of a reader who is about to move, on either database."""
    papers_come_in(app.store)
    reader_joins(app, OLD, choices("robots"))
    publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON)
    ask(app.store, parse_address(NEW), newsletter="papers", choices=choices(), keys=app.keys, now=NOON, moving=1)
    return link(app).rpartition("/")[2]


def told_to(app: App, subscriber: int) -> list[Delivery]:
    with app.store.reading() as connection:
        return [one for one in deliveries_of(connection, subscriber) if one.kind is DeliveryKind.NOTICE]


def test_many_confirmations_at_once_move_once(app: App, moving: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: move(app.store, moving, keys=app.keys, now=NOON), range(16)))
    assert all(one is not None and one.is_done for one in found)
    assert len(told_to(app, 1)) == 1
    with app.store.reading() as connection:
        assert [one.kind for one in events_of(connection, 2)].count("moved") == 1
        assert address_of(app) == NEW


def test_whoever_moves_in_while_the_mailbox_subscribes_finds_one_subscription(app: App, moving: str) -> None:
    later = NOON + timedelta(hours=2)
    ask(app.store, parse_address(NEW), newsletter="papers", choices=choices(), keys=app.keys, now=later)
    with app.store.reading() as connection:
        asked = confirm_numbered(connection, 2)
    assert asked is not None
    token = app.keys.sign(Purpose.CONFIRM, 2, salt=asked.nonce)
    with ThreadPoolExecutor(2) as pool:
        moved = pool.submit(move, app.store, moving, keys=app.keys, now=later)
        confirmed = pool.submit(confirm, app.store, token, keys=app.keys, now=later)
        moved.result()
        confirmed.result()
    with app.store.reading() as connection:
        active = [one for one in all_subscriptions(connection) if one.state == "active"]
    assert [one.address for one in active].count(NEW) == 1


def test_the_history_goes_along_and_the_old_address_is_forgotten(app: App, moving: str) -> None:
    move(app.store, moving, keys=app.keys, now=NOON)
    with app.store.reading() as connection:
        kinds = {one.kind for one in deliveries_about(connection, 2)}
        [moved] = events_of(connection, 2)
    assert kinds == {DeliveryKind.EDITION, DeliveryKind.CONFIRM}
    assert (moved.kind, moved.detail["asked_at"]) == ("moved", NOON.isoformat())
    mailer = Outbox(app.config.folder / "outbox")
    deliver(app.store, mailer, app.press, terms=app.terms, clock=lambda: NOON)
    # Somebody's confirm runs out: what nothing else is known of goes with it.
    ask(app.store, parse_address("eve@example.org"), newsletter="papers", choices=choices(), keys=app.keys, now=NOON)
    deliver(app.store, mailer, app.press, terms=app.terms, clock=lambda: NOON)
    assert forget_unconfirmed(app.store, now=NOON + CONFIRM_LASTS) == 2
    with app.store.reading() as connection:
        assert subscriber_named(connection, parse_address(OLD)) is None
        assert subscriber_named(connection, parse_address(NEW)) == 2


def test_the_notice_to_the_old_address_can_be_made_again(app: App, moving: str) -> None:
    move(app.store, moving, keys=app.keys, now=NOON)
    [told] = told_to(app, 1)
    with app.store.reading() as connection:
        raw = [Composer(app.press).outgoing(connection, told).content for _ in range(2)]
    assert raw[0] == raw[1]
    assert NEW.encode() not in raw[0]


def test_a_reader_moves_on_either_database(app: App, front: Front, client: httpx.Client) -> None:
    number = reader_joins(app, OLD, choices())
    front.site = create_site(app, clock=lambda: NOON)
    preferences = f"/preferences/{app.keys.sign(Purpose.PREFERENCES, number)}"
    client.post(preferences, data={"do": "move", "address": NEW})
    assert "from now on" in client.post(link(app)).text
    assert address_of(app) == NEW
