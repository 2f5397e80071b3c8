from dataclasses import replace
from datetime import date, timedelta

import httpx
import pytest
from furnished import Furnish
from personas import NOON, PAPERS, choices, papers_come_in, reader_joins
from sites import Front, Place

from digest.change import pause
from digest.model import Cadence, DeliveryKind, SubscriptionState
from digest.store.subscribers import all_subscriptions
from digest.tokens import Keys, Purpose
from digest.web import create_site

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def path(place: Place, furnish: Furnish) -> str:
    """The link of a reader whose edition is queued."""

    def fill() -> None:
        papers_come_in(place.app.store, PAPERS)
        reader_joins(place.app, "ada@example.org", choices())
        place.publish()

    furnish(fill, place.app.store)
    return f"/unsubscribe/{place.unsubscribe_token()}"


def states(place: Place) -> list[SubscriptionState]:
    with place.app.store.reading() as connection:
        return [one.state for one in all_subscriptions(connection)]


def test_the_page_asks(place: Place, path: str) -> None:
    text = place.client.get(path).text
    assert "<h1>Unsubscribe ada@example.org?</h1>" in text
    assert text.count("<button>") == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(place: Place, path: str, method: str) -> None:
    before = place.rows()
    answer = place.client.request(method, path, headers={"User-Agent": "scanner"})
    assert answer.status_code == 200
    assert place.rows() == before


def test_the_button_acts_and_says_so(place: Place, path: str) -> None:
    answer = place.client.post(path)
    assert answer.status_code == 200
    assert "ada@example.org is unsubscribed. No goodbye mail follows." in answer.text
    assert states(place) == [SubscriptionState.UNSUBSCRIBED]
    assert place.queued() == 0


@pytest.fixture
def retired(place: Place, front: Front, path: str) -> str:
    """The link of a reader whose message was signed by a key that has been retired since."""
    keys = Keys((b"a newer key of thirty-two characters",), retired=place.app.keys.secrets)
    front.site = create_site(replace(place.app, keys=keys), clock=place.clock)
    return path


@pytest.mark.parametrize("form", [None, ONE_CLICK, {"do": "weekly"}])
def test_by_a_retired_key_one_can_leave(place: Place, retired: str, form: dict[str, str] | None) -> None:
    assert place.client.post(retired, data=form).status_code == 200
    assert states(place) == [SubscriptionState.UNSUBSCRIBED]


def test_whoever_got_hold_of_a_retired_key_learns_nothing_by_it(place: Place, retired: str) -> None:
    told = [place.client.get(retired), place.client.post(retired), place.client.get(retired)]
    assert "<h1>Unsubscribe?</h1>" in told[0].text
    assert not any("ada@example.org" in one.text or "Weekly" in one.text for one in told)
    assert told[0].text == told[2].text


@pytest.mark.parametrize("form", ["urlencoded", "multipart"])
def test_one_click_acts_at_once(place: Place, path: str, form: str) -> None:
    assert place.queued() == 1
    sent = {"data": ONE_CLICK} if form == "urlencoded" else {"files": {"List-Unsubscribe": (None, "One-Click")}}
    answer = httpx.post(place.url + path, headers={"User-Agent": ""}, follow_redirects=False, **sent)
    assert (answer.status_code, answer.text) == (200, "Unsubscribed.")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert states(place) == [SubscriptionState.UNSUBSCRIBED]
    assert place.queued() == 0


@pytest.mark.parametrize(("wish", "cadence"), [("weekly", Cadence.WEEKLY), ("monthly", Cadence.MONTHLY)])
def test_fewer_mails_can_be_had_instead(place: Place, path: str, wish: str, cadence: Cadence) -> None:
    answer = place.client.post(path, data={"do": wish})
    assert f"<h1>{wish.capitalize()} from now on</h1>" in answer.text
    assert "ada@example.org stays subscribed." in answer.text
    assert states(place) == [SubscriptionState.ACTIVE]
    with place.app.store.reading() as connection:
        assert [one.choices.cadence for one in all_subscriptions(connection)] == [cadence]
    # What is rarer already is not offered, nor done.
    assert f'value="{wish}"' not in place.client.get(path).text


def test_a_break_can_be_had_instead(place: Place, path: str) -> None:
    answer = place.client.post(path, data={"do": "pause"})
    assert "<h1>Paused until 19 July 2026</h1>" in answer.text
    assert "The next edition comes on 19 July at 12:00 (UTC)." in answer.text
    assert states(place) == [SubscriptionState.ACTIVE]
    # What is left in the queue is the message that says so.
    assert [one.kind for one in place.waiting()] == [DeliveryKind.NOTICE]


@pytest.mark.slow
@pytest.mark.parametrize("wish", ["weekly", "pause"])
def test_a_wish_that_is_sent_twice_is_granted_once_and_nobody_leaves(place: Place, path: str, wish: str) -> None:
    first = place.client.post(path, data={"do": wish})
    before = place.rows()
    again = place.client.post(path, data={"do": wish})
    assert (again.status_code, again.text) == (200, first.text)
    assert place.rows() == before


@pytest.mark.slow
@pytest.mark.parametrize("wish", ["", "hourly", "weekdays", "save"])
def test_a_wish_that_the_page_does_not_offer_is_refused(place: Place, path: str, wish: str) -> None:
    before = place.rows()
    assert place.client.post(path, data={"do": wish}).status_code == 400
    assert place.rows() == before


@pytest.mark.slow
def test_fewer_mails_during_a_break_are_told_as_such(place: Place, path: str) -> None:
    place.client.post(path, data={"do": "pause"})
    answer = place.client.post(path, data={"do": "weekly"})
    assert "<h1>Weekly from now on</h1>" in answer.text
    assert "The next edition comes on 20 July at 12:00 (UTC)." in answer.text


@pytest.mark.slow
def test_a_month_does_not_shorten_a_longer_break(place: Place, path: str) -> None:
    longer = date(2026, 10, 1)
    pause(place.app.store, 1, until=longer, keys=place.app.keys, now=place.clock.now)
    assert "<h1>Paused until 1 October 2026</h1>" in place.client.post(path, data={"do": "pause"}).text
    with place.app.store.reading() as connection:
        assert [one.paused_until for one in all_subscriptions(connection)] == [longer]


def test_one_click_leaves_whatever_else_is_sent_with_it(place: Place, path: str) -> None:
    assert place.client.post(path, data=ONE_CLICK | {"do": "weekly"}).text == "Unsubscribed."
    assert states(place) == [SubscriptionState.UNSUBSCRIBED]


def test_whoever_has_left_is_not_brought_back_by_wishing_for_fewer_mails(place: Place, path: str) -> None:
    first = place.client.post(path)
    assert place.client.post(path, data={"do": "weekly"}).text == first.text
    assert states(place) == [SubscriptionState.UNSUBSCRIBED]


def test_a_body_that_cannot_be_read_is_no_reason_to_go_on_sending(place: Place, path: str) -> None:
    answer = place.client.post(path, content=b"?", headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 200
    assert states(place) == [SubscriptionState.UNSUBSCRIBED]


def test_leaving_twice_is_leaving_once(place: Place, path: str) -> None:
    first = place.client.post(path)
    before = place.rows()
    place.clock.now = NOON + timedelta(days=400)
    assert place.client.post(path).text == first.text
    assert place.client.post(path, data=ONE_CLICK).text == "Unsubscribed."
    assert place.client.get(path).text == first.text
    assert place.rows() == before


def test_the_link_works_after_the_reader_was_erased(place: Place, path: str) -> None:
    token = place.unsubscribe_token(99)
    assert place.client.get(f"/unsubscribe/{token}").status_code == 200
    assert "This address is unsubscribed." in place.client.post(f"/unsubscribe/{token}").text
    assert place.client.post(f"/unsubscribe/{token}", data=ONE_CLICK).text == "Unsubscribed."
    assert states(place) == [SubscriptionState.ACTIVE]


def test_the_link_works_in_capitals(place: Place, path: str) -> None:
    token = path.removeprefix("/unsubscribe/")
    place.client.post(f"/unsubscribe/{token.upper()}", data=ONE_CLICK)
    assert states(place) == [SubscriptionState.UNSUBSCRIBED]


def test_a_forged_link_is_refused(place: Place, path: str) -> None:
    token = path.removeprefix("/unsubscribe/")
    for forged in (token[:-1], f"{token}a", f"2{token[1:]}", "x", "1", "1-", "%00"):
        assert place.client.get(f"/unsubscribe/{forged}").status_code == 404
        assert place.client.post(f"/unsubscribe/{forged}", data=ONE_CLICK).status_code == 404
    assert states(place) == [SubscriptionState.ACTIVE]


@pytest.mark.slow
def test_a_link_for_something_else_is_refused(place: Place, path: str) -> None:
    token = place.app.keys.sign(Purpose.VIEW, 1)
    assert place.client.post(f"/unsubscribe/{token}", data=ONE_CLICK).status_code == 404
    assert states(place) == [SubscriptionState.ACTIVE]
