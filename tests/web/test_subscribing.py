import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from built import parsed
from personas import NOON, PAPERS, ROBOTS, choices, papers_come_in, reader_joins
from reading import read_page
from sites import Place

from digest.model import Cadence, Choices, Interest, InterestKind, Subscription, SubscriptionState
from digest.store.confirms import open_confirms
from digest.store.subscribers import all_subscriptions
from digest.tokens import Purpose

XSS = "\"'><script>alert(1)</script>{{ 1234567 * 7654321 }}"
EVERYTHING = {
    "address": "ada@example.org",
    "topic": ["agents", "speech"],
    "more": "few-step sampling, , world  models",
    "category": ["cs.CV", "math.CO"],
    "cadence": "weekly",
    "weekday": "friday",
    "hour": "18",
    "timezone": "Asia/Kolkata",
    "papers": "5",
}


def asked(place: Place) -> list[Choices]:
    with place.app.store.reading() as connection:
        return [one.choices for one in open_confirms(connection, now=place.clock())]


def subscribed(place: Place) -> list[Subscription]:
    with place.app.store.reading() as connection:
        return all_subscriptions(connection)


def ask(place: Place, address: str = "ada@example.org", **fields: Any) -> httpx.Response:
    return place.client.post("/", data={**place.form(), "address": address, **fields})


def topics(*values: str) -> tuple[Interest, ...]:
    return tuple(Interest(kind=InterestKind.TOPIC, value=value) for value in values)


def test_the_form_offers_the_newsletters_own_defaults(open_place: Callable[..., Place]) -> None:
    newsletter = {"cadence": "weekly", "hour": 6, "timezone": "Europe/Paris", "max_papers": 7}
    text = open_place(newsletter=[newsletter]).client.get("/").text
    assert "<h1>Seven papers a week, chosen for you</h1>" in text
    assert "what is trending, Mondays at 06:00" in text
    assert 'value="weekly" checked' in text
    assert '<option value="6" selected>06:00</option>' in text
    assert '<option value="Europe/Paris" selected>Europe/Paris (UTC+2)</option>' in text
    assert "<option selected>7</option>" in text
    assert text.count(" checked") == 1


def test_the_address_comes_first_and_is_enough(place: Place) -> None:
    fields = [held.get("name") for tag, held in read_page(place.client.get("/").text).elements if tag == "input"]
    assert fields[0] == "address"
    assert ask(place).status_code == 200
    assert asked(place) == [Choices(cadence=Cadence.WEEKDAYS, hour=7, timezone="UTC", max_papers=10)]
    assert place.queued() == 1


def test_what_was_chosen_is_what_is_asked_for(place: Place) -> None:
    place.client.post("/", data=place.form() | EVERYTHING)
    (wanted,) = asked(place)
    assert (wanted.cadence, wanted.weekday, wanted.hour) == ("weekly", "friday", 18)
    assert (wanted.timezone, wanted.max_papers) == ("Asia/Kolkata", 5)
    categories = tuple(Interest(kind=InterestKind.CATEGORY, value=code) for code in ("cs.CV", "math.CO"))
    assert wanted.interests == topics("agents", "speech", "few-step sampling", "world models") + categories


def test_the_form_can_be_sent_as_multipart(place: Place) -> None:
    answer = place.client.post(
        "/", files={"address": (None, "ada@example.org"), "hour": (None, "9"), "form": (None, place.form()["form"])}
    )
    assert answer.status_code == 200
    assert asked(place)[0].hour == 9


def test_the_answer_is_the_same_whoever_asks(place: Place) -> None:
    reader_joins(place.app, "bob@example.org", choices())
    ask(place, "cat@example.org")
    answers = [ask(place, f"{name}@example.org") for name in ("ada", "bob", "cat")]
    assert (
        len({answer.text.replace(f"{name}@", "@") for answer, name in zip(answers, ("ada", "bob", "cat"), strict=True)})
        == 1
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({tuple(answer.headers.keys()) for answer in answers}) == 1
    assert "We sent a link to ada@example.org. It works for 48 hours." in answers[0].text


NO_ADDRESSES = [
    "",
    "ada@",
    "a@b@c",
    "ada@example.org, bob@example.org",
    "Ada <ada@example.org>",
    "<ada@example.org>",
    "ada@example.org\r\nBcc: eve@example.org",
    '"a\r\nRCPT TO:<e@z>"@y',
    "ada@example.org\x00",
    "a" * 60_000 + "@example.org",
    XSS,
]


def test_what_is_not_an_address_is_refused_with_everything_else_kept(place: Place) -> None:
    for address in NO_ADDRESSES:
        answer = place.client.post("/", data={**EVERYTHING, "address": address})
        page = read_page(answer.text)
        assert answer.status_code == 422, address
        assert '<a href="#address">That is not a full address.</a>' in answer.text
        assert "Enter one such as ada@example.org." in page.text
        assert "One thing to fix." in page.text
        fields = {held["name"]: held for held in page.all("input") if held["type"] in {"email", "text"}}
        assert fields["address"]["aria-invalid"] == "true"
        # A browser sends CR LF, and a reader of HTML makes LF of it.
        assert str(fields["address"]["value"]).replace("\r\n", "\n") == address.replace("\r\n", "\n")
        assert fields["more"]["value"] == EVERYTHING["more"]
        kept = [held["value"] for held in page.all("input") if "checked" in held]
        assert kept == ["agents", "speech", "cs.CV", "math.CO", "weekly"]
        chosen = [held.get("value", "") for held in page.all("option") if "selected" in held]
        assert chosen[:4] == ["friday", "1", "18", "Asia/Kolkata"]
        assert place.queued() == 0


def test_nothing_that_is_typed_becomes_markup(place: Place) -> None:
    bare = read_page(place.client.post("/", data={"address": ""}).text)
    harmless = {name for tag, held in bare.elements for name in held} | {"aria-invalid", "open"}
    for field in (*EVERYTHING, "newsletter", "unknown"):
        answer = place.client.post("/", data={**EVERYTHING, "address": "", field: XSS})
        page = read_page(answer.text)
        assert answer.status_code == 422, field
        assert not page.all("script"), field
        assert {name for tag, held in page.elements for name in held} <= harmless, field
        assert "9449772114007" not in answer.text, field


NOT_OFFERED = [
    ("more", "x" * 201, "more"),
    ("more", "bell \x07", "more"),
    ("more", ",".join(f"topic {number}" for number in range(101)), "more"),
    ("category", "cs.XX", "more"),
    ("cadence", "hourly", "when"),
    ("hour", "24", "when"),
    ("hour", "٣", "when"),
    ("hour", "", "when"),
    ("timezone", "Mars/Olympus", "when"),
    ("timezone", "../../etc/passwd", "when"),
    ("papers", "21", "when"),
    ("papers", "-1", "when"),
    ("newsletter", "nothing", "newsletter"),
]


def test_what_no_list_offers_is_refused_where_it_stands(place: Place) -> None:
    for field, value, where in NOT_OFFERED:
        answer = place.client.post("/", data={**EVERYTHING, field: value})
        assert answer.status_code == 422, (field, value)
        assert f'<a href="#{where}">' in answer.text, (field, value)
        assert f'id="{where}-fault"' in answer.text, (field, value)
    assert place.queued() == 0


def test_several_faults_are_told_at_once(place: Place) -> None:
    answer = place.client.post("/", data={"address": "ada@", "hour": "25"})
    assert "Two things to fix." in answer.text
    assert "<title>To fix: Subscribe" in answer.text


def test_a_reader_chooses_among_several_newsletters(open_place: Callable[..., Place]) -> None:
    place = open_place(newsletter=[{"slug": "papers"}, {"slug": "robots", "title": "Robots & Arms"}])
    assert '<option value="robots">Robots &amp; Arms</option>' in place.client.get("/").text
    ask(place, newsletter="robots")
    place.client.post(f"/confirm/{place.confirm_token()}")
    assert [one.newsletter for one in subscribed(place)] == ["robots"]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("multipart/form-data; boundary=x", b"--y\r\nnothing"),
        ("multipart/form-data", b"address=ada@example.org"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="address"; filename="a"\r\n\r\nada@example.org\r\n--x--\r\n',
        ),
        ("application/x-www-form-urlencoded", b"&".join(b"topic=a" for _ in range(5000))),
    ],
)
def test_a_damaged_form_is_refused(place: Place, kind: str, content: bytes) -> None:
    answer = place.client.post("/", content=content, headers={"Content-Type": kind})
    assert answer.status_code == 400
    assert "<h1>That cannot be read</h1>" in answer.text
    assert place.queued() == 0


def test_json_is_a_form_without_an_address(place: Place) -> None:
    assert place.client.post("/", json={"address": "ada@example.org"}).status_code == 422


def test_the_form_shows_the_paper_at_the_head_of_todays_list(place: Place) -> None:
    assert "From today’s list" not in place.client.get("/").text
    papers_come_in(place.app.store, PAPERS)
    text = place.client.get("/").text
    assert "From today’s list" in text
    assert ROBOTS.title in text
    place.clock.now = NOON + timedelta(days=1)
    assert "From the latest list" in place.client.get("/").text


def test_the_link_asks_and_the_button_subscribes(place: Place) -> None:
    ask(place, cadence="weekly", hour="18", timezone="Asia/Kolkata", papers="5", more="a secret wish")
    path = f"/confirm/{place.confirm_token()}"
    page = place.client.get(path).text
    assert "<h1>Confirm ada@example.org</h1>" in page
    assert "Mondays at 18:00 (Asia/Kolkata), up to 5 papers." in page
    assert "a secret wish" not in page
    assert subscribed(place) == []
    answer = place.client.post(path)
    assert answer.status_code == 200
    assert "<h1>You are in</h1>" in answer.text
    assert "The first edition comes on Monday at 18:00 (Asia/Kolkata)." in answer.text
    assert [one.state for one in subscribed(place)] == [SubscriptionState.ACTIVE]
    [to_preferences] = re.findall(r'href="(/preferences/[^"]+)">Your preferences</a>', answer.text)
    assert "a secret wish" in place.client.get(to_preferences).text


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_at_a_confirm_link_changes_nothing(place: Place, method: str) -> None:
    ask(place)
    before = place.rows()
    assert place.client.request(method, f"/confirm/{place.confirm_token()}").status_code == 200
    assert place.rows() == before


def test_the_button_pressed_twice_subscribes_once(place: Place) -> None:
    ask(place)
    path = f"/confirm/{place.confirm_token()}"
    first = place.client.post(path)
    before = place.rows()
    assert place.client.post(path).text == first.text == place.client.get(path).text
    assert place.rows() == before
    assert len(subscribed(place)) == 1


def test_a_link_lasts_48_hours_to_the_second(place: Place) -> None:
    ask(place)
    path = f"/confirm/{place.confirm_token()}"
    place.clock.now = NOON + timedelta(hours=47, minutes=59, seconds=59)
    assert place.client.get(path).status_code == 200
    place.clock.now = NOON + timedelta(hours=48)
    assert place.client.get(path).status_code == place.client.post(path).status_code == 404
    assert "<h1>This link has expired</h1>" in place.client.get(path).text
    assert subscribed(place) == []


def test_a_link_that_somebody_made_up_says_the_same_as_an_expired_one(place: Place) -> None:
    ask(place)
    token = place.confirm_token()
    other = place.app.keys.sign(Purpose.UNSUBSCRIBE, 1)
    place.clock.now = NOON + timedelta(hours=48)
    expired = place.client.get(f"/confirm/{token}").text
    place.clock.now = NOON
    for forged in (f"{token}a", token[:-1], f"2{token[1:]}", other, "1-", "%00", "1" * 5000):
        answer = place.client.post(f"/confirm/{forged}")
        assert (answer.status_code, answer.text) == (404, expired)
    assert subscribed(place) == []


def test_a_link_does_not_bring_back_whoever_has_left(place: Place) -> None:
    ask(place)
    path = f"/confirm/{place.confirm_token()}"
    place.client.post(path)
    place.client.post(f"/unsubscribe/{place.unsubscribe_token()}")
    assert place.client.post(path).status_code == 404
    assert [one.state for one in subscribed(place)] == [SubscriptionState.UNSUBSCRIBED]


def test_whoever_is_subscribed_already_reads_that_their_settings_would_be_replaced(place: Place) -> None:
    reader_joins(place.app, "ada@example.org", choices("agents"))
    ask(place)
    place.deliver()
    [message] = (place.outbox / "new").iterdir()
    body = parsed(message.read_bytes()).get_body(["plain"])
    assert body is not None
    assert "ada@example.org, which is subscribed already." in " ".join(body.get_content().split())
    page = place.client.get(f"/confirm/{place.confirm_token()}").text
    assert "It is subscribed already: these settings replace the present ones." in page
    [theirs] = subscribed(place)
    assert theirs.choices.interests == topics("agents")
