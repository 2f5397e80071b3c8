"""What is known of a reader: had as a file, and erased, by whoever holds the link and nobody else."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from furnished import Furnish
from personas import DIFFUSION, NOON, PAPERS, choices, papers_come_in, reader_joins
from reading import read_page
from sites import Front, Place

from digest.account import erase, known_of
from digest.address import parse_address
from digest.app import App
from digest.compose import Composer
from digest.deliver import deliver
from digest.errors import RenderingError
from digest.mail.outbox import Outbox
from digest.model import DeliveryKind, DeliveryState, Want, Weights
from digest.move import move
from digest.publish import publish
from digest.store.attempts import deliveries_leased
from digest.store.check import damage
from digest.store.confirms import confirm_numbered, confirms_of
from digest.store.deliveries import deliveries_queued, delivery_numbered
from digest.store.feedback import set_feedback
from digest.store.leases import take_queued
from digest.store.subscribers import all_subscriptions, subscriber_named
from digest.store.suppressions import suppress, suppressed_marks
from digest.subscribe import ask, confirm, subscribe, unsubscribe
from digest.tokens import Keys, Purpose
from digest.web import create_site

pytestmark = pytest.mark.slow

ADA = "ada@example.org"
SECRET_TOPIC = "medieval falconry"


def joins(app: App, address: str = ADA) -> None:
    """Somebody asks, confirms, gets an edition, and says what they think of a paper."""
    wanted = choices("diffusion models", SECRET_TOPIC)
    ask(app.store, parse_address(address), newsletter="papers", choices=wanted, keys=app.keys, now=NOON)
    with app.store.reading() as connection:
        asked = confirm_numbered(connection, 1)
    assert asked is not None
    token = app.keys.sign(Purpose.CONFIRM, 1, salt=asked.nonce)
    confirm(app.store, token, keys=app.keys, now=NOON - timedelta(hours=1), network="203.0.113.0/24")
    publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON)
    with app.store.writing() as connection:
        set_feedback(connection, 1, paper_id=1, want=Want.MORE, interest=SECRET_TOPIC, now=NOON)


@pytest.fixture
def path(place: Place, furnish: Furnish) -> str:
    """The preferences of somebody of whom much is known."""

    def fill() -> None:
        papers_come_in(place.app.store, PAPERS)
        joins(place.app)
        place.deliver()

    furnish(fill, place.app.store)
    return f"/preferences/{place.preferences_token()}"


def exported(place: Place, path: str) -> Any:
    answer = place.client.get(f"{path}/export.json")
    assert answer.status_code == 200
    return answer.json()


def test_the_file_holds_everything_that_is_stored(place: Place, path: str) -> None:
    told = exported(place, path)
    assert (told["address"], told["nothing_is_sent"]) == (ADA, None)
    [subscription] = told["subscriptions"]
    assert {"kind": "topic", "value": SECRET_TOPIC} in subscription["choices"]["interests"]
    assert subscription["said_of_papers"][0] == {
        "paper_id": 1,
        "want": "more",
        "interest": SECRET_TOPIC,
        "said_at": NOON.isoformat(),
        "title": DIFFUSION.title,
        "arxiv_id": "2606.00001",
        "url": DIFFUSION.url,
    }
    assert [one["kind"] for one in told["deliveries"]] == ["confirm", "welcome", "edition"]
    edition = told["deliveries"][-1]
    assert (edition["state"], edition["sent_to"], edition["edition_of"]) == ("sent", ADA, "2026-06-19")
    assert DIFFUSION.title in {one["title"] for one in edition["papers"]}
    assert edition["papers"][0]["chosen_by"]["interest"] == "diffusion models"
    assert [one["asked_at"] for one in told["asked"]] == [NOON.isoformat()]
    assert told["events"][0]["kind"] == "confirmed"
    assert told["events"][0]["asked_at"] == NOON.isoformat()


def test_the_file_holds_no_secret_and_nothing_that_opens_anything(place: Place, path: str) -> None:
    answer = place.client.get(f"{path}/export.json")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="offprint-export.json"'
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store, private"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    with place.app.store.reading() as connection:
        asked = confirm_numbered(connection, 1)
    assert asked is not None
    secrets = [asked.nonce, asked.network, place.app.keys.newest, path.rpartition("/")[2], "203.0.113"]
    assert not [one for one in secrets if one and one in answer.text]
    assert "confirmed_from" not in answer.text


def test_the_file_is_of_its_reader_alone(place: Place, path: str) -> None:
    bob = reader_joins(place.app, "bob@example.org", choices("robots"))
    assert "bob@" not in json.dumps(exported(place, path))
    of_bob = json.dumps(exported(place, f"/preferences/{place.preferences_token(bob)}"))
    assert ADA not in of_bob
    assert SECRET_TOPIC not in of_bob
    for wrong in ("1-forged", place.unsubscribe_token(), place.app.keys.sign(Purpose.FEED, 1)):
        assert place.client.get(f"/preferences/{wrong}/export.json").status_code == 404


def test_whoever_has_left_can_still_have_the_file_and_be_erased(place: Place, path: str) -> None:
    unsubscribe(place.app.store, 1, now=NOON)
    assert exported(place, path)["subscriptions"][0]["state"] == "unsubscribed"
    assert f"{path}/erase" in read_page(place.client.get(path).text).links()
    place.client.post(f"{path}/erase")
    assert place.client.get(f"{path}/export.json").status_code == 404


def test_looking_erases_nothing(place: Place, path: str) -> None:
    before = place.rows()
    for method in ("GET", "HEAD"):
        answer = place.client.request(method, f"{path}/erase", headers={"User-Agent": "scanner"})
        assert answer.status_code == 200
    assert f"<h1>Erase {ADA}?</h1>" in place.client.get(f"{path}/erase").text
    assert place.rows() == before


def test_erasing_leaves_nothing_of_the_reader(place: Place, path: str) -> None:
    answer = place.client.post(f"{path}/erase")
    assert (answer.status_code, "<h1>Erased</h1>" in answer.text) == (200, True)
    rows = "\n".join(place.rows())
    assert not [word for word in ("ada@", SECRET_TOPIC, "203.0.113", "Europe/") if word in rows]
    with place.app.store.reading() as connection:
        assert all_subscriptions(connection) == []
        sent = [delivery_numbered(connection, number) for number in (1, 2, 3)]
    assert [one and (one.state, one.address, one.reader, one.selection) for one in sent] == [
        (DeliveryState.SENT, None, None, None)
    ] * 3
    assert damage(place.app.store) == []


def test_old_links_of_whoever_was_erased_bring_nothing_back(place: Place, path: str) -> None:
    feed = f"/feed/private/{place.app.keys.sign(Purpose.FEED, 1)}.atom"
    place.client.post(f"{path}/erase")
    before = place.rows()
    left = place.client.post(f"/unsubscribe/{place.unsubscribe_token()}", data={"List-Unsubscribe": "One-Click"})
    assert (left.status_code, left.text) == (200, "Unsubscribed.")
    assert place.client.get(f"/unsubscribe/{place.unsubscribe_token()}").status_code == 200
    for gone in (path, f"{path}/why?paper=2606.00001", f"{path}/next", f"{path}/export.json"):
        answer = place.client.get(gone)
        assert answer.status_code == 404
        assert "This address is unsubscribed and gets no more mail" in answer.text
    assert place.client.post(path, data={"do": "move", "address": "new@example.org"}).status_code == 404
    said = place.client.post(f"/feedback/{place.feedback_token(3)}?paper=1&want=more")
    assert "This address is unsubscribed and gets no more mail" in said.text
    assert place.client.get(feed).status_code == 410
    for number in (1, 2, 3):
        assert place.client.get(f"/view/{place.view_token(number)}").status_code == 404
    again = place.client.post(f"{path}/erase")
    assert (again.status_code, "<h1>Erased</h1>" in again.text) == (200, True)
    assert place.rows() == before
    with place.app.store.reading() as connection:
        sent = delivery_numbered(connection, 3)
        assert sent is not None
        with pytest.raises(RenderingError, match="erased"):
            Composer(place.app.press).outgoing(connection, sent)


def test_every_subscription_of_the_address_goes_and_the_page_says_so(open_place: Callable[..., Place]) -> None:
    told = [{"slug": slug, "title": slug, "sender": f"{slug}@example.org"} for slug in ("papers", "robots")]
    place = open_place(newsletter=told)
    for newsletter in ("papers", "robots"):
        subscribe(place.app.store, parse_address(ADA), newsletter=newsletter, choices=choices(), now=NOON)
    path = f"/preferences/{place.preferences_token()}/erase"
    assert "All 2 subscriptions of this address" in place.client.get(path).text
    place.client.post(path)
    with place.app.store.reading() as connection:
        assert all_subscriptions(connection) == []


def test_another_reader_stays_whole(place: Place, path: str) -> None:
    bob = reader_joins(place.app, "bob@example.org", choices("robots"))
    before = exported(place, f"/preferences/{place.preferences_token(bob)}")
    place.client.post(f"{path}/erase")
    assert exported(place, f"/preferences/{place.preferences_token(bob)}") == before


def test_the_links_of_a_subscription_that_moved_in_open_nothing_else_of_the_address(
    open_place: Callable[..., Place],
) -> None:
    told = [{"slug": slug, "title": slug, "sender": f"{slug}@example.org"} for slug in ("papers", "robots")]
    place = open_place(newsletter=told)
    guest, own = "mallory@example.org", "bob@example.org"
    number = reader_joins(place.app, guest, choices("quasars"))
    subscribe(place.app.store, parse_address(own), newsletter="robots", choices=choices("my illness"), now=NOON)
    path, theirs = (f"/preferences/{place.preferences_token(one)}" for one in (number, number + 1))
    place.client.post(path, data={"do": "move", "address": own})
    with place.app.store.reading() as connection:
        [asked] = confirms_of(connection, 2)
    move(place.app.store, place.app.keys.sign(Purpose.MOVE, asked.id, salt=asked.nonce), keys=place.app.keys, now=NOON)
    for answer in (
        place.client.get(f"{path}/export.json"),
        place.client.get(f"{path}/erase"),
        place.client.post(f"{path}/erase"),
    ):
        assert answer.status_code == 409
        assert "answer any of our messages" in answer.text
        assert "illness" not in answer.text
    assert len(exported(place, theirs)["subscriptions"]) == 2
    assert place.client.post(f"{theirs}/erase").status_code == 200
    with place.app.store.reading() as connection:
        assert all_subscriptions(connection) == []


def test_whoever_moved_to_an_address_that_was_nobody_s_has_the_file_and_is_erased(place: Place, path: str) -> None:
    place.client.post(path, data={"do": "move", "address": "new@example.org"})
    with place.app.store.reading() as connection:
        [asked] = confirms_of(connection, 2)
    move(place.app.store, place.app.keys.sign(Purpose.MOVE, asked.id, salt=asked.nonce), keys=place.app.keys, now=NOON)
    place.deliver()
    assert exported(place, path)["address"] == "new@example.org"
    assert place.client.post(f"{path}/erase").status_code == 200
    with place.app.store.reading() as connection:
        assert all_subscriptions(connection) == []


def test_an_address_that_was_asked_for_a_move_is_erased_with_the_reader_and_not_written_to(app: App) -> None:
    papers_come_in(app.store)
    joins(app)
    new, bob = parse_address("new@example.org"), parse_address("bob@example.org")
    subscribe(app.store, bob, newsletter="papers", choices=choices(), now=NOON)
    for address in (new, bob):
        ask(app.store, address, newsletter="papers", choices=choices(), keys=app.keys, now=NOON, moving=1)
    assert erase(app.store, 1, keys=app.keys)
    with app.store.reading() as connection:
        assert subscriber_named(connection, new) is None
        assert subscriber_named(connection, bob)
        assert deliveries_queued(connection, now=NOON) == []
    assert damage(app.store) == []


def test_what_was_queued_or_taken_by_a_worker_is_not_sent(app: App) -> None:
    papers_come_in(app.store)
    joins(app)
    with app.store.writing() as connection:
        lease = take_queued(connection, holder="slow", seconds=0, limit=1, now=NOON)
        assert lease
        assert len(deliveries_leased(connection, lease.id)) == 1
        assert len(deliveries_queued(connection, now=NOON)) == 2
    assert erase(app.store, 1, keys=app.keys)
    deliver(app.store, Outbox(app.config.folder / "outbox"), app.press, terms=app.terms, clock=lambda: NOON)
    assert not list(app.config.folder.glob("outbox/new/*"))
    with app.store.reading() as connection:
        found = [delivery_numbered(connection, number) for number in (1, 2, 3)]
    assert [one and (one.state, one.detail) for one in found] == [(DeliveryState.SKIPPED, "erased")] * 3


def test_erasing_while_an_edition_is_published_leaves_nothing_of_the_reader(app: App) -> None:
    papers_come_in(app.store)
    joins(app)
    tomorrow = NOON + timedelta(days=1)
    another = replace(DIFFUSION, title="Diffusion, day 1", aliases=("arxiv:2606.10001",), listed_on=tomorrow.date())
    papers_come_in(app.store, [another], now=tomorrow)
    with ThreadPoolExecutor(2) as pool:
        published = pool.submit(publish, app.store, app.press, newsletter="papers", weights=Weights(), now=tomorrow)
        erased = pool.submit(erase, app.store, 1, keys=app.keys)
        published.result()
        assert erased.result()
    with app.store.reading() as connection:
        assert all_subscriptions(connection) == []
        assert deliveries_queued(connection, now=tomorrow) == []
        left = [delivery_numbered(connection, number) for number in range(1, 5)]
    assert [one for one in left if one is not None and (one.reader or one.selection or one.address)] == []


def test_a_complaint_is_honoured_after_erasing_by_a_hash_alone(app: App) -> None:
    papers_come_in(app.store)
    joins(app)
    with app.store.writing() as connection:
        suppress(connection, 1, reason="complained", now=NOON)
    with app.store.reading() as connection:
        told = known_of(connection, 1, now=NOON)
    assert told
    assert told["nothing_is_sent"]["reason"] == "complained"
    erase(app.store, 1, keys=app.keys)
    with app.store.reading() as connection:
        assert suppressed_marks(connection, [ADA]) == set()
        assert len(suppressed_marks(connection, app.keys.fingerprints(f"address {ADA}"))) == 1
    # Whoever types it again: nothing is sent, and nothing is told.
    later = NOON + timedelta(days=1)
    for address in ("ADA@example.org", "bob@example.org"):
        ask(app.store, parse_address(address), newsletter="papers", choices=choices(), keys=app.keys, now=later)
    outbox = Outbox(app.config.folder / "outbox")
    # After the keys were rotated, too.
    press = replace(app.press, keys=Keys((b"a newer key of thirty-two characters", *app.keys.secrets)))
    delivered = deliver(app.store, outbox, press, terms=app.terms, clock=lambda: later)
    assert delivered.counts["sent"] == 1
    assert b"bob@" in next(app.config.folder.glob("outbox/new/*")).read_bytes()


def test_an_earlier_address_of_the_reader_is_erased_with_them(app: App) -> None:
    papers_come_in(app.store)
    joins(app)
    new = parse_address("new@example.org")
    later = NOON + timedelta(hours=2)
    ask(app.store, new, newsletter="papers", choices=choices(), keys=app.keys, now=later, moving=1)
    with app.store.reading() as connection:
        asked = confirm_numbered(connection, 2)
    assert asked is not None
    assert move(app.store, app.keys.sign(Purpose.MOVE, 2, salt=asked.nonce), keys=app.keys, now=later)
    deliver(app.store, Outbox(app.config.folder / "outbox"), app.press, terms=app.terms, clock=lambda: later)
    with app.store.writing() as connection:
        suppress(connection, 1, reason="complained", now=later)
    with app.store.reading() as connection:
        told = known_of(connection, 2, now=later)
    assert told
    assert {one["kind"] for one in told["events"]} == {"confirmed", "moved"}
    assert DeliveryKind.EDITION in {one["kind"] for one in told["deliveries"]}
    erase(app.store, 2, keys=app.keys)
    with app.store.reading() as connection:
        assert [known_of(connection, number, now=later) for number in (1, 2)] == [None, None]
        assert suppressed_marks(connection, [ADA]) == set()
        assert len(suppressed_marks(connection, app.keys.fingerprints(f"address {ADA}"))) == 1
        left = {one.address for one in deliveries_queued(connection, now=later)}
    assert left == set()


def test_a_reader_is_erased_on_either_database(app: App, front: Front, client: httpx.Client) -> None:
    papers_come_in(app.store)
    joins(app)
    front.site = create_site(app, clock=lambda: NOON)
    path = f"/preferences/{app.keys.sign(Purpose.PREFERENCES, 1)}"
    assert client.get(f"{path}/export.json").json()["address"] == ADA
    assert client.post(f"{path}/erase").status_code == 200
    assert client.get(path).status_code == 404
    assert damage(app.store) == []
