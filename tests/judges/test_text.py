"""Every kind of message's text part: that it can be read alone, and leads wherever the HTML leads."""

import re

from messages import Message

URL = r"(?:https?://|mailto:)\S+"


def links(message: Message) -> set[str]:
    return {href for link in message.page.iter("a") if (href := link.get("href"))}


def test_the_text_comes_first_then_the_html(message: Message) -> None:
    assert message.parsed.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.parsed.iter_parts()] == ["text/plain", "text/html"]
    assert {part.get_content_charset() for part in message.parsed.iter_parts()} == {"utf-8"}


def test_every_link_is_in_both_parts_and_unbroken(message: Message) -> None:
    assert set(re.findall(URL, message.text)) == links(message)


def test_its_lines_are_wrapped_but_for_links(message: Message) -> None:
    assert [line for line in message.text.split("\n") if len(line) > 72 and not re.search(URL, line)] == []
    assert not re.search(r"[ \t]$", message.text, re.MULTILINE)
    assert "\n\n\n\n\n" not in message.text


def test_there_is_no_markup_in_it(message: Message) -> None:
    assert not re.search(r"&(?:amp|lt|gt|nbsp|quot|#\d+);|</?(?:a|p|b|span|td|div)\b|\{[{%]", message.text)
