"""Every kind of message against what its headers and its bytes must be."""

import re
from collections.abc import Mapping

import pytest
from built import assert_fit_for_the_wire, head
from desk import ADDRESS
from messages import KINDS, Message

ONE_EACH = ("From", "To", "Date", "Message-ID", "Subject", "MIME-Version")
OF_A_LIST = (
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Id",
    "List-Help",
    "List-Archive",
    "List-Post",
    "Feedback-ID",
    "Precedence",
)


def written(message: Message, name: str) -> str:
    """A header's value as it stands, unfolded."""
    lines = "\r\n".join(head(message.raw)).replace("\r\n ", " ").split("\r\n")
    [value] = [line.partition(": ")[2] for line in lines if line.startswith(f"{name}: ")]
    return value


def test_the_headers_that_every_message_has_are_there_once(message: Message) -> None:
    assert {name: len(message.parsed.get_all(name, [])) for name in ONE_EACH} == dict.fromkeys(ONE_EACH, 1)
    assert not message.parsed.defects
    assert not [header for header, value in message.parsed.items() if value.defects]


def test_the_date_is_english_with_a_numeric_zone(message: Message) -> None:
    assert re.fullmatch(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", written(message, "Date"))


def test_the_message_id_is_on_the_sender_s_domain(message: Message) -> None:
    domain = message.parsed["From"].addresses[0].domain
    assert re.fullmatch(rf"<[a-z0-9-]+@{re.escape(domain)}>", written(message, "Message-ID"))


def test_nothing_in_it_can_be_broken_on_the_way(message: Message) -> None:
    assert_fit_for_the_wire(message.raw)
    encodings = {part["Content-Transfer-Encoding"] for part in message.parsed.iter_parts()}
    assert encodings <= {"quoted-printable", "base64"}
    assert {line for line in message.raw.split(b"\r\n") if len(line) > 78 and not line.endswith((b">", b">,"))} == set()


def test_encoded_words_hold_whole_characters_and_no_address(message: Message) -> None:
    for word in re.findall(r"=\?utf-8\?\S+?\?=", "\n".join(head(message.raw))):
        assert Message("", f"Subject: {word}\r\n\r\n".encode()).parsed["Subject"].isprintable()
    for name in ("From", "To"):
        assert re.search(r"[\w.+-]+@[\w.-]+>?$", written(message, name))


def test_it_says_that_a_program_sent_it(message: Message) -> None:
    assert written(message, "Auto-Submitted") == "auto-generated"


def test_an_edition_has_a_list_s_headers_and_no_other_message_has(message: Message) -> None:
    missing = set(OF_A_LIST) - set(message.parsed.keys())
    assert missing == (set() if message.is_edition else set(OF_A_LIST))


@pytest.mark.parametrize("kind", [kind for kind, (template, _) in KINDS.items() if template == "edition"])
def test_an_edition_is_left_by_one_click(kind: str, messages: Mapping[str, Message]) -> None:
    message = messages[kind]
    assert re.fullmatch(r"<https://[^<>\s]+>, <mailto:[^<>\s]+>", written(message, "List-Unsubscribe"))
    assert written(message, "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    assert written(message, "List-Post") == "NO"
    assert written(message, "Precedence") == "bulk"
    assert re.search(r"<[\w.-]+>$", written(message, "List-Id"))
    assert len(written(message, "Feedback-ID").split(":")) == 4


def test_no_header_s_link_has_the_reader_s_address_in_it(message: Message) -> None:
    links = [value for name, value in message.parsed.items() if name.startswith("List-")]
    assert not [link for link in links if ADDRESS.text.partition("@")[0] in link]
