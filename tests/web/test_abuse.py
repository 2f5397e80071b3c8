"""What the subscribe form does not let anybody do to others: each test is named after what it prevents."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from personas import NOON, choices, reader_joins
from reading import read_page
from sites import Place

from digest.limits import MOST_BY_FORM, MOST_FROM_A_NETWORK, MOST_LOOKS
from digest.store.confirms import open_confirms
from digest.store.pauses import EVERYTHING, pause_sending
from digest.tokens import Purpose

pytestmark = pytest.mark.slow

KEPT: dict[str, Any] = {"topic": ["agents"], "more": "few-step sampling", "examples": "2606.00002", "cadence": "weekly"}


def ask(place: Place, address: str = "ada@example.org", *, via: str = "", **fields: Any) -> httpx.Response:
    headers = {"X-Forwarded-For": via} if via else {}
    return place.client.post("/", data={**place.form(), "address": address, **fields}, headers=headers)


def asked(place: Place) -> int:
    with place.app.store.reading() as connection:
        return len(open_confirms(connection, now=place.clock()))


def assert_kept(answer: httpx.Response, address: str) -> None:
    """Everything that was typed is in the form still, and what to do stands at the address."""
    page = read_page(answer.text)
    fields = {held.get("name"): held for held in page.all("input") if held.get("type") in {"email", "text"}}
    assert (fields["address"]["value"], fields["more"]["value"]) == (address, "few-step sampling")
    assert fields["address"]["aria-invalid"] == "true"
    assert [held["value"] for held in page.all("input") if "checked" in held] == ["agents", "weekly"]
    assert "2606.00002" in page.text


def test_one_mailbox_is_not_bombed_by_a_thousand_requests(place: Place) -> None:
    answers = {ask(place, via=f"198.51.{number}.1").status_code for number in range(200)}
    assert (answers, place.queued()) == ({200}, 1)


def test_a_site_whose_messages_reach_nobody_says_where_they_are(place: Place) -> None:
    answer = ask(place)
    assert "<h1>Check your mail</h1>" in answer.text
    assert "This site is being tried out: it sends nothing" in answer.text
    assert "spam" not in answer.text


def test_where_no_mail_leaves_nobody_is_promised_a_link(place: Place) -> None:
    with place.app.store.writing() as connection:
        pause_sending(connection, EVERYTHING, why="by the operator", now=NOON)
    answer = ask(place, **KEPT)
    assert (answer.status_code, place.queued()) == (429, 0)
    assert "No mail leaves from here at the moment" in answer.text
    assert_kept(answer, "ada@example.org")


def test_a_mailbox_gets_one_message_an_hour_and_three_without_an_answer(place: Place) -> None:
    for hours, messages in ((0, 1), (0.9, 1), (1, 2), (2, 3), (3, 3), (47, 3), (49, 2)):
        place.clock.now = NOON + timedelta(hours=hours)
        assert ask(place).status_code == 200
        assert asked(place) == messages


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann@example.org", "ann+1@example.org"),
        ("ann@example.org", "ANN@EXAMPLE.ORG"),
        ("ann.lee@gmail.com", "a.n.n.lee+x@googlemail.com"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@example.org", "ann@ｅｘａｍｐｌｅ.org"),
    ],
)
def test_another_spelling_of_a_mailbox_gets_round_no_limit(place: Place, one: str, other: str) -> None:
    assert [ask(place, one).status_code, ask(place, other).status_code] == [200, 200]
    assert asked(place) == 1


def test_dots_count_wherever_they_are_not_gmails(place: Place) -> None:
    ask(place, "a.lee@example.org")
    ask(place, "alee@example.org")
    assert asked(place) == 2


@pytest.mark.parametrize(
    ("addresses", "outside"),
    [
        ("203.0.113.{}", "203.0.114.1"),
        ("2001:db8:1:2::{}", "2001:db8:1:3::1"),
        ("::ffff:203.0.113.{}", "203.0.114.1"),
    ],
)
def test_a_network_does_not_bomb_many_mailboxes(place: Place, addresses: str, outside: str) -> None:
    for number in range(MOST_FROM_A_NETWORK):
        assert ask(place, f"a{number}@example.org", via=addresses.format(number + 1)).status_code == 200
    answer = ask(place, "late@example.org", via=addresses.format(99), **KEPT)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")
    assert "Too many confirm messages were asked for from your network within the hour." in answer.text
    assert_kept(answer, "late@example.org")
    assert asked(place) == MOST_FROM_A_NETWORK
    assert ask(place, "else@example.org", via=outside).status_code == 200
    place.clock.now += timedelta(hours=1)
    assert ask(place, "late@example.org", via=addresses.format(99)).status_code == 200


def test_a_network_does_not_look_back_until_there_is_no_time_for_others(place: Place) -> None:
    for number in range(MOST_LOOKS):
        assert ask(place, do="look", via=f"203.0.113.{number + 1}").status_code == 200
    before = place.rows()
    answer = ask(place, do="look", via="203.0.113.201", **KEPT)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")
    assert "Too many have looked at past editions from your network within the hour." in answer.text
    assert "few-step sampling" in answer.text
    assert place.rows() == before
    # Whoever may not look may subscribe, and others may look.
    assert ask(place, do="look", via="203.0.114.1").status_code == 200
    assert ask(place, via="203.0.113.201").status_code == 200
    place.clock.now += timedelta(hours=1)
    assert ask(place, do="look", via="203.0.113.201").status_code == 200


def test_a_limit_tells_nobody_who_is_subscribed(place: Place) -> None:
    reader_joins(place.app, "bob@example.org", choices())
    for number in range(MOST_FROM_A_NETWORK):
        ask(place, f"a{number}@example.org", via="203.0.113.1")
    answers = [ask(place, f"{name}@example.org", via="203.0.113.1") for name in ("new", "bob")]
    assert len({(one.status_code, one.text.replace("new@", "bob@")) for one in answers}) == 1


def test_all_together_do_not_make_us_a_sender_of_spam(place: Place) -> None:
    for number in range(MOST_BY_FORM):
        assert ask(place, f"a{number}@example.org", via=f"10.{number // 250}.{number % 250}.1").status_code == 200
    answer = ask(place, via="203.0.113.1", **KEPT)
    assert answer.status_code == 429
    assert "Too many confirm messages were asked for here within the hour." in answer.text
    assert_kept(answer, "ada@example.org")


def test_limits_hold_whichever_process_counts(place: Place, open_place: Callable[..., Place]) -> None:
    for number in range(MOST_FROM_A_NETWORK):
        ask(place, f"a{number}@example.org", via="203.0.113.1")
    again = open_place()
    assert ask(again, via="203.0.113.9").status_code == 429


def test_a_forged_forwarding_header_gets_round_no_limit(place: Place) -> None:
    for number in range(MOST_FROM_A_NETWORK):
        ask(place, f"a{number}@example.org", via=f"198.51.{number}.7, 203.0.113.1")
    assert ask(place, via="192.0.2.200, nonsense, 203.0.113.77").status_code == 429


def test_a_client_that_is_no_trusted_proxy_speaks_for_itself_alone(open_place: Callable[..., Place]) -> None:
    place = open_place(web={"base_url": "http://127.0.0.1", "trusted_proxies": ["192.0.2.1"]})
    for number in range(MOST_FROM_A_NETWORK):
        ask(place, f"a{number}@example.org", via=f"198.51.{number}.7")
    assert ask(place, via="198.51.200.7").status_code == 429


def test_several_trusted_proxies_are_read_through(open_place: Callable[..., Place]) -> None:
    place = open_place(web={"base_url": "http://127.0.0.1", "trusted_proxies": ["127.0.0.0/8", "10.0.0.0/8"]})
    for number in range(MOST_FROM_A_NETWORK):
        ask(place, f"a{number}@example.org", via=f"203.0.113.1, 10.1.2.{number}")
    assert ask(place, via="203.0.113.5, 10.9.9.9").status_code == 429


@pytest.mark.parametrize(
    "address",
    [
        "abuse@example.com",
        "POSTMASTER@example.com",
        "noreply+x@example.com",
        "mailer-daemon@example.com",
        "owner-list@example.com",
        "list-request@example.com",
        "digest@example.org",
        "Digest+loop@example.org",
    ],
)
def test_what_is_no_persons_address_is_not_written_to(place: Place, address: str) -> None:
    answer = ask(place, address, **KEPT)
    assert answer.status_code == 422
    assert "That address belongs to no person" in answer.text
    assert_kept(answer, address)
    assert place.queued() == 0


def test_a_robot_that_fills_in_every_field_is_held_and_a_person_goes_on(place: Place) -> None:
    answer = ask(place, subject="buy", **KEPT)
    assert answer.status_code == 422
    assert_kept(answer, "ada@example.org")
    assert place.queued() == 0
    assert goes_on(place, answer).status_code == 200


@pytest.mark.parametrize(
    ("seconds", "held"), [(0, True), (1, True), (2, False), (86_400, False), (86_401, True), (-60, True)]
)
def test_a_form_is_held_that_was_filled_in_too_fast_or_too_long_ago(place: Place, seconds: int, held: bool) -> None:
    token = place.app.keys.sign(Purpose.FORM, int(NOON.timestamp()) - seconds)
    answer = ask(place, form=token, **KEPT)
    assert (answer.status_code, place.queued()) == ((422, 0) if held else (200, 1))
    if held:
        assert_kept(answer, "ada@example.org")
        assert "press Subscribe once more" in answer.text
        place.clock.now += timedelta(seconds=3)
        assert goes_on(place, answer).status_code == 200


def goes_on(place: Place, answer: httpx.Response) -> httpx.Response:
    """The form that came back, sent as a browser sends it."""
    page = read_page(answer.text)
    held = {str(one["name"]): str(one.get("value") or "") for one in page.all("input") if one.get("type") != "checkbox"}
    return place.client.post("/", data=held | {"cadence": "weekly"})


@pytest.mark.parametrize("token", ["", "1-forged", "{other}"])
def test_a_time_that_somebody_made_up_is_held(place: Place, token: str) -> None:
    other = place.app.keys.sign(Purpose.UNSUBSCRIBE, int(NOON.timestamp()) - 60)
    assert ask(place, form=token.format(other=other)).status_code == 422
    assert place.queued() == 0


def test_what_is_set_for_robots_is_shown_to_nobody(place: Place) -> None:
    text = place.client.get("/").text
    assert '<div class="trap"><label>Leave this empty <input type="text" name="subject" tabindex="-1"' in text
    assert ".trap { display: none; }" in place.client.get("/style.css").text


def test_a_network_is_kept_as_a_hash_that_only_our_key_makes(place: Place) -> None:
    ask(place, via="203.0.113.55")
    kept = "\n".join(place.rows())
    assert "203.0.113" not in kept
    assert place.app.keys.fingerprint("network 203.0.113.0/24") in kept
