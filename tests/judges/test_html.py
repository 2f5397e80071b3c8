"""Every kind of message's HTML against what mail programs, screen readers and the dark need."""

import re
from collections.abc import Mapping
from itertools import pairwise
from urllib.parse import urlsplit

from desk import ADDRESS, SETTINGS
from messages import Message

LARGEST = 100_000
LARGEST_STYLES = 8_000
OUR_HOST = urlsplit(SETTINGS["web"]["base_url"]).hostname
OUR_PAGES = {"confirm", "unsubscribe", "view", "trending", "preferences", "feedback"}
THAT_DO_SOMETHING = {
    *("script", "form", "input", "button", "iframe", "object", "embed", "applet", "base", "link"),
    *("video", "audio", "source", "svg", "math", "img", "picture"),
}
THAT_FETCH = {"src", "srcset", "background", "poster", "data", "action", "formaction", "ping", "cite", "longdesc"}
OF_MAIL_PROGRAMS = {"moz-text-html"}
"""Classes that a mail program puts around a message."""
VAGUE = {"here", "click here", "click", "link", "this", "this link", "more", "read more", "go"}
HIDDEN = "display:none;max-height:0;overflow:hidden;mso-hide:all"
INVISIBLE = re.compile("[\u034f\u200c\u00a0\\s]+$")


def styles(message: Message) -> str:
    return "".join(style.text or "" for style in message.page.iter("style"))


def rules(css: str) -> dict[str, str]:
    """Declarations by selector."""
    found = re.findall(r"([^{}]+)\{([^{}]*)\}", css)
    return {one.strip(): body for selectors, body in found for one in selectors.split(",")}


def dark(message: Message) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """What the dark changes where the program asks the system, and where it sets attributes of its own."""
    css = styles(message)
    media = re.search(r"@media \(prefers-color-scheme:\s?dark\)\s?\{((?:[^{}]+\{[^{}]*\})*)\s*\}", css)
    assert media
    twins = {selector: body for selector, body in rules(css.replace(media[0], "")).items() if "data-ogs" in selector}
    return rules(media[1]), twins


def test_no_mail_program_clips_it(message: Message) -> None:
    assert len(message.html.encode()) < LARGEST


def test_the_styles_in_the_head_are_small_and_all_there_are(message: Message) -> None:
    assert len(styles(message).encode()) < LARGEST_STYLES
    assert not list(message.page.iterfind("body//style"))


def test_it_says_its_language_and_direction(message: Message) -> None:
    assert re.fullmatch(r"[a-z]{2}(-[A-Z]{2})?", message.page.get("lang", ""))
    assert message.page.get("dir") in {"ltr", "rtl"}
    assert message.page.findtext("head/title") == message.parsed["Subject"]


def test_there_is_one_first_heading_and_none_is_left_out(message: Message) -> None:
    levels = [int(element.tag[1]) for element in message.page.iter() if re.fullmatch(r"h[1-6]", str(element.tag))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in pairwise(levels))


def test_its_tables_are_for_layout_alone(message: Message) -> None:
    assert {table.get("role") for table in message.everything.iter("table")} <= {"presentation"}
    assert not {"th", "caption", "thead"} & {element.tag for element in message.everything.iter()}


def test_every_link_says_where_it_leads(message: Message) -> None:
    for link in message.page.iter("a"):
        text = " ".join("".join(link.itertext()).split())
        assert text
        assert text.lower() not in VAGUE
        assert not re.match(r"https?://", text) or text == link.get("href")


def test_opening_it_does_and_fetches_nothing(message: Message) -> None:
    assert not THAT_DO_SOMETHING & {element.tag for element in message.everything.iter()}
    named = {name.lower() for element in message.everything.iter() for name in element.keys()}  # noqa: SIM118 -- an Element
    assert not [name for name in named if name in THAT_FETCH or name.startswith("on")]
    assert not re.search(r"url\(|image-set|@import|@font-face|expression\(", message.html, re.IGNORECASE)
    assert not [meta for meta in message.everything.iter("meta") if meta.get("http-equiv", "").lower() == "refresh"]


def test_no_link_tells_who_followed_it(message: Message) -> None:
    """Papers' links are their own addresses; ours lead to pages that a reader asks for, and name nobody."""
    for link in message.page.iter("a"):
        parts = urlsplit(link.get("href", ""))
        assert parts.scheme == "https"
        assert parts.hostname != OUR_HOST or parts.path.split("/")[1] in OUR_PAGES
        assert parts.hostname == OUR_HOST or not parts.query
        assert ADDRESS.text.partition("@")[0] not in parts.path + parts.query


def test_both_colour_schemes_are_declared(message: Message) -> None:
    told = {meta.get("name"): meta.get("content") for meta in message.page.iter("meta")}
    assert told["color-scheme"] == told["supported-color-schemes"] == "light dark"


def test_every_dark_style_has_its_twins_for_outlook(message: Message) -> None:
    media, twins = dark(message)
    for selector, declarations in media.items():
        if selector != "body":
            assert twins[f"[data-ogsc] {selector}"] == twins[f"[data-ogsb] {selector}"] == declarations


def test_every_class_that_has_a_style_in_the_head_is_some_message_s(messages: Mapping[str, Message]) -> None:
    used = {
        name
        for message in messages.values()
        for element in message.page.iter()
        for name in element.get("class", "").split()
    }
    for message in messages.values():
        selectors = " ".join(rules(styles(message)))
        assert set(re.findall(r"\.([a-zA-Z][\w-]*)", selectors)) - used <= OF_MAIL_PROGRAMS


def test_the_preheader_is_hidden_and_fits_an_inbox(message: Message) -> None:
    body = message.page.find("body")
    assert body is not None
    hidden = next(element for element in body.iter() if "display:none" in element.get("style", ""))
    assert HIDDEN in re.sub(r"\s*([:;])\s*", r"\1", hidden.get("style", ""))
    assert not re.search(
        r"(?:^|[;\s])(?:opacity|font-size|visibility)|color:\s*(?:#fff|transparent)", hidden.get("style", "")
    )
    assert 40 <= len(INVISIBLE.sub("", hidden.text or "")) <= 130
    before = "".join(body.itertext()).partition(hidden.text or "")[0]
    assert before.strip() == ""
