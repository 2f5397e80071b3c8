"""Every kind of message in Chromium: what it requests, how it fits, and what axe-core says of it in light and dark."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from messages import Message
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

PHONE = 375
DESKTOP = 640
NARROWEST = 320
BYTES_OF_TEN = 40_000
HEIGHT_OF_TEN = 3_300
SMALLEST_TYPE = 13
NO_FONT = "no font here is as wide as a phone's; `apt-get install fonts-liberation` brings one"
EVERYTHING = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
LOOKS = {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block", "target-size"]}
"""The rules that go by how a message looks; the others say the same of it at any width, in any colours."""

RUNS: list[tuple[int, str, dict[str, Any]]] = [
    (PHONE, "light", EVERYTHING),
    (DESKTOP, "light", LOOKS),
    (PHONE, "dark", LOOKS),
    (DESKTOP, "dark", LOOKS),
    (PHONE, "dark in Outlook", LOOKS),
]
IN_OTHER_WORDS = {
    *("weekly", "monthly", "German", "long titles", "German welcome"),
    *("alarm-bounces", "alarm-complaints", "alarm-refused"),
}
"""Kinds whose every part and colour is in another kind, too: `daily`, `welcome`, `alarm-source`."""

TYPE_SIZES = """() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    const sizes = []
    while (walker.nextNode()) {
        const parent = walker.currentNode.parentElement
        if (walker.currentNode.data.trim() && parent.offsetParent !== null)
            sizes.push(parseFloat(getComputedStyle(parent).fontSize))
    }
    return sizes
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    yield page
    page.close()


def width_needed(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth"))


def show(page: Page, html: str) -> None:
    """Put a message into the tab, with axe-core beside it."""
    page.set_content(html)
    page.evaluate(Axe().axe_script)


def violations(page: Page, *, width: int, scheme: str, options: dict[str, Any]) -> list[dict[str, Any]]:
    """What axe-core finds serious or critical in what is shown."""
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    # Outlook sets attributes of its own and asks no media query.
    page.evaluate(
        """is_so => {
        for (const name of ["data-ogsc", "data-ogsb"]) document.documentElement.toggleAttribute(name, is_so)
    }""",
        scheme == "dark in Outlook",
    )
    found = page.evaluate("options => axe.run(options).then(run => run.violations)", options)
    return [{"id": one["id"], "nodes": [node["html"] for node in one["nodes"]]} for one in found if is_grave(one)]


def is_grave(violation: dict[str, Any]) -> bool:
    return violation["impact"] in {"serious", "critical"}


def test_axe_finds_nothing_serious(page: Page, message: Message) -> None:
    show(page, message.html)
    for width, scheme, options in RUNS if message.kind not in IN_OTHER_WORDS else RUNS[:1]:
        assert violations(page, width=width, scheme=scheme, options=options) == [], (width, scheme)


@pytest.mark.parametrize(
    ("scheme", "colour"), [("light", "#4C5C64"), ("dark", "#A2B0B7"), ("dark in Outlook", "#A2B0B7")]
)
def test_axe_sees_what_cannot_be_read(page: Page, messages: dict[str, Message], scheme: str, colour: str) -> None:
    show(page, messages["test"].html.replace(colour, "#777777"))
    found = violations(page, width=PHONE, scheme=scheme, options=LOOKS)
    assert [one["id"] for one in found] == ["color-contrast"]


def test_opening_it_requests_nothing(page: Page, messages: dict[str, Message]) -> None:
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    for message in messages.values():
        page.set_content(message.html)
    assert requested == []
    page.set_content('<img src="http://127.0.0.1:1/pixel.gif">')
    assert requested == ["http://127.0.0.1:1/pixel.gif"]


@pytest.mark.parametrize("has_styles", [True, False], ids=["with its styles", "with the head's styles taken off"])
def test_nothing_scrolls_sideways(page: Page, message: Message, has_styles: bool) -> None:
    page.set_viewport_size({"width": NARROWEST, "height": 800})
    page.set_content(message.html if has_styles else re.sub(r"<style.*?</style>", "", message.html, flags=re.DOTALL))
    assert width_needed(page) == NARROWEST


AFTER_THE_TOPIC = """() => {
    const topic = document.querySelector("h1.e .m"), around = document.createRange()
    around.setStart(topic.nextSibling, 0)
    around.setEnd(topic.nextSibling, 1)
    const letters = document.createRange()
    letters.selectNodeContents(topic)
    return [around.toString(), around.getBoundingClientRect().left - letters.getBoundingClientRect().right]
}"""


@pytest.mark.parametrize("kind", ["daily", "German"])
def test_the_full_stop_stands_right_behind_the_topic(page: Page, messages: dict[str, Message], kind: str) -> None:
    page.set_viewport_size({"width": 640, "height": 100})
    page.set_content(messages[kind].html)
    letter, gap = page.evaluate(AFTER_THE_TOPIC)
    assert letter == "."
    assert abs(gap) < 1


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_no_text_is_small(page: Page, message: Message, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.set_content(message.html)
    assert min(page.evaluate(TYPE_SIZES)) >= SMALLEST_TYPE


def has_a_phones_font() -> bool:
    """Whether there is a font of Helvetica's width: in another one a message is longer than on any phone."""
    if (program := shutil.which("fc-match")) is None:
        return False
    found = subprocess.run([program, "--format=%{family}", "Helvetica"], capture_output=True, text=True, check=True)
    return any(name in found.stdout for name in ("Liberation", "Helvetica", "Arial", "Arimo", "Nimbus"))


@pytest.mark.skipif(not has_a_phones_font(), reason=NO_FONT)
@pytest.mark.parametrize("kind", ["daily", "weekly", "monthly", "German"])
def test_ten_papers_are_short_and_light(page: Page, messages: dict[str, Message], kind: str) -> None:
    page.set_viewport_size({"width": PHONE, "height": 100})
    page.set_content(messages[kind].html)
    assert page.evaluate("document.documentElement.scrollHeight") <= HEIGHT_OF_TEN
    assert len(messages[kind].html.encode()) <= BYTES_OF_TEN
