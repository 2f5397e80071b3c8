"""What follows links before people do, scanners and previews; and mail programs, which leave by one click."""

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from personas import NOON, PAPERS, choices, papers_come_in, reader_joins
from reading import read_page
from sites import Place

from digest.address import parse_address
from digest.compose import Composer
from digest.model import DeliveryKind, Subscription, SubscriptionState
from digest.store.feedback import feedback_of
from digest.store.subscribers import all_subscriptions
from digest.subscribe import subscribe

pytestmark = pytest.mark.slow

LOOKS = [
    *(("GET", {"User-Agent": agent}) for agent in ("Mozilla/5.0 (compatible; SafeLinks)", "GoogleImageProxy", "")),
    ("GET", {"Purpose": "prefetch", "Sec-Purpose": "prefetch;prerender", "X-Moz": "prefetch"}),
    ("GET", {"Range": "bytes=0-99", "If-None-Match": "*"}),
    ("HEAD", {}),
    ("OPTIONS", {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}),
    ("PROPFIND", {}),
]
TIMES = 100
NO_CURL = "there is no curl; `apt-get install curl` brings it"


@pytest.fixture
def place(open_place: Callable[..., Place]) -> Place:
    """A reader of two newsletters and another of one, each with an edition; and somebody who has asked."""
    place = open_place(newsletter=[{"slug": "papers"}, {"slug": "robots", "title": "Robots"}])
    papers_come_in(place.app.store, PAPERS)
    reader_joins(place.app, "ada@example.org", choices("diffusion models"))
    reader_joins(place.app, "bob@example.org", choices("speech"))
    subscribe(place.app.store, parse_address("ada@example.org"), newsletter="robots", choices=choices(), now=NOON)
    place.publish()
    place.client.post("/", data=place.form() | {"address": "asking@example.org"})
    return place


def messages(place: Place) -> dict[tuple[str, DeliveryKind], EmailMessage]:
    """What was sent, by whom it is to and by kind."""
    kinds = {one.key.replace(":", "."): one for one in place.waiting()}
    place.deliver()
    found = {}
    for path in (place.outbox / "new").iterdir():
        message = read_message(path.read_bytes())
        found[str(message["To"]), kinds[path.name].kind] = message
    return found


def read_message(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def links(place: Place, message: EmailMessage) -> list[str]:
    """Every address of ours in a message: in its texts and its headers."""
    texts = [str(part.get_content()) for part in message.walk() if part.get_content_maintype() == "text"]
    everything = "\n".join([*texts, *(str(value) for value in message.values())]).replace("&amp;", "&")
    found = dict.fromkeys(re.findall(rf"{place.url}(/[^\s\"'<>)\]]*)", everything))
    assert {"unsubscribe", "confirm"} & {link.split("/")[1] for link in found}
    return list(found)


def subscriptions(place: Place) -> dict[tuple[str, str], Subscription]:
    with place.app.store.reading() as connection:
        return {(one.address, one.newsletter): one for one in all_subscriptions(connection)}


def test_a_scanner_that_follows_every_link_a_hundred_times_changes_nothing(place: Place) -> None:
    sent = messages(place)
    two = sent["ada@example.org", DeliveryKind.EDITION], sent["asking@example.org", DeliveryKind.CONFIRM]
    found = [link for message in two for link in links(place, message)]
    assert {link.split("/")[1] for link in found} >= {"confirm", "unsubscribe", "preferences", "feedback", "view"}
    before = place.rows()
    for number in range(TIMES):
        method, headers = LOOKS[number % len(LOOKS)]
        for link in found:
            answer = place.client.request(method, link, headers=headers)
            assert answer.status_code == (405 if method in {"OPTIONS", "PROPFIND"} else 200), (method, link)
    assert place.rows() == before


def press_everything(place: Place, link: str) -> None:
    """Send every form of a page by each of its buttons, as it stands, and each of the pages that come of it, too."""
    page = read_page(place.client.get(link).text)
    held = {str(one["name"]): one.get("value") or "on" for one in page.all("input") if one.get("name")}
    values = {one.get("value") or "" for one in page.all("button")}
    for value in ["", *sorted(values)]:
        place.client.post(link, data=held | ({"do": value} if value else {}))


@pytest.mark.parametrize("kind", ["preferences", "feedback", "unsubscribe"])
def test_a_scanner_that_presses_every_button_does_no_more_than_its_link_allows(place: Place, kind: str) -> None:
    message = messages(place)["ada@example.org", DeliveryKind.EDITION]
    before, queued = subscriptions(place), {one.id for one in place.waiting()}
    pressed = [link for link in links(place, message) if link.startswith(f"/{kind}/")]
    assert pressed
    for link in pressed:
        press_everything(place, link)
    after = subscriptions(place)
    own = ("ada@example.org", "papers")
    assert {who for who in after if after[who] != before[who]} <= {own}
    assert {one.subscriber_id for one in place.waiting() if one.id not in queued} <= {before[own].subscriber_id}
    left = after[own].state is SubscriptionState.UNSUBSCRIBED
    assert left == (kind == "unsubscribe")
    if kind == "feedback":
        assert after == before
        with place.app.store.reading() as connection:
            assert feedback_of(connection, [one.id for one in after.values()]).keys() == {before[own].id}


def test_a_scanner_that_presses_the_button_of_a_confirm_message_subscribes_its_own_address_alone(place: Place) -> None:
    message = messages(place)["asking@example.org", DeliveryKind.CONFIRM]
    before = subscriptions(place)
    for link in links(place, message):
        press_everything(place, link)
    after = subscriptions(place)
    assert after.keys() - before.keys() == {("asking@example.org", "papers")}
    assert {who: after[who] for who in before} == before


ONE_CLICK = ("--data", "List-Unsubscribe=One-Click")
CURLS: dict[str, Sequence[str]] = {
    "urlencoded": ONE_CLICK,
    "multipart": ("--form", "List-Unsubscribe=One-Click"),
    "HTTP/1.0": ("--http1.0", *ONE_CLICK),
    "no User-Agent": ("--user-agent", "", *ONE_CLICK),
    "an odd User-Agent": ("--user-agent", "'; DROP TABLE subscriptions; -- \t<script>", *ONE_CLICK),
    "no Accept and no Host's port": ("--header", "Accept:", "--header", "Host: x", *ONE_CLICK),
    "from another site": ("--header", "Origin: https://mail.example", *ONE_CLICK),
    "in pieces": ("--header", "Transfer-Encoding: chunked", *ONE_CLICK),
    "asking first": ("--header", "Expect: 100-continue", *ONE_CLICK),
}


@pytest.mark.parametrize("way", CURLS)
def test_no_mail_program_is_kept_from_leaving_by_one_click(place: Place, way: str, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip(NO_CURL)
    [edition] = [one for one in place.waiting() if one.address == "ada@example.org"]
    with place.app.store.reading() as connection:
        message = read_message(Composer(place.app.press).outgoing(connection, edition).content)
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    [uri] = re.findall("<(http[^>]+)>", message["List-Unsubscribe"])
    command = [curl, "--silent", "--show-error", "--noproxy", "*", *CURLS[way], "--output", str(tmp_path / "answer")]
    asked = [*command, "--write-out", "%{http_code} %{redirect_url}%header{set-cookie}", uri]
    told = []
    for _ in range(2):
        done = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60)
        told.append((done.stdout, (tmp_path / "answer").read_text(), place.rows()))
    assert told[0] == told[1]
    assert told[0][:2] == ("200 ", "Unsubscribed.")
    assert subscriptions(place)["ada@example.org", "papers"].state is SubscriptionState.UNSUBSCRIBED
    assert messages(place).keys() == {
        ("bob@example.org", DeliveryKind.EDITION),
        ("asking@example.org", DeliveryKind.CONFIRM),
    }
