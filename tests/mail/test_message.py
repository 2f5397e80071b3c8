"""A message's bytes: as they go over the wire, and as a mail program reads them."""

import locale
import re
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.errors import RenderingError
from digest.mail.message import ListHeaders, Sender, build_message, envelope_sender, wire_address
from digest.tokens import Keys, Purpose, claimed

KEYS = Keys((b"k" * 32,))
TOKEN = KEYS.sign(Purpose.MESSAGE, 42)
SENDER = Sender(mailbox="Offprint <digest@example.org>")
LIST = ListHeaders(
    list_id="papers.example.org",
    title="Offprint",
    unsubscribe_url=f"https://papers.example.org/unsubscribe/{KEYS.sign(Purpose.UNSUBSCRIBE, 7)}",
    unsubscribe_subject=f"unsubscribe {KEYS.sign(Purpose.UNSUBSCRIBE, 7)}",
    archive_url="https://papers.example.org/trending",
    help_url="https://papers.example.org/",
    feedback_id=("2026-06-19", "papers", "edition", "offprint"),
)
SUBJECTS = [
    "Few-step sampling, and 9 more",
    "word " * 60,
    "one" + "-long" * 60,
    "Schrödinger-Brücken für Diffusionsmodelle, " * 5,
    "拡散モデルの高速サンプリング" * 12,
    "👩‍👩‍👧‍👦🏳️‍🌈" * 20,
    "=?utf-8?q?=0D=0ABcc:_evil=40example.org?=",
    'quotes " and \\ and <angles>, commas; colons:',
    "",
]
NAMES = [
    "Offprint",
    "Offprint, the weekly",
    'The "best" \\ papers',
    "Überblick über die Bücher, wöchentlich <von@example.net>",
    "週刊論文" * 15,
    "a plain name " * 10,
    "=?utf-8?q?Bank?=",
    "evil@example.net",
]


def build(**values: Any) -> bytes:
    given: dict[str, Any] = {
        "sender": SENDER,
        "recipient": "reader@example.org",
        "subject": "Few-step sampling, and 9 more",
        "text": "Good morning.\n",
        "html": "<p>Good morning.</p>\n",
        "token": TOKEN,
        "dated_at": datetime(2026, 6, 19, 5, tzinfo=UTC),
        "list_headers": LIST,
    }
    return build_message(**given | values)


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def head(raw: bytes) -> list[str]:
    """The lines of the message's header as they stand."""
    return raw.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")


def parts(raw: bytes) -> list[tuple[str, str]]:
    message = parsed(raw)
    return [(part.get_content_type(), part.get_content().replace("\r\n", "\n")) for part in message.iter_parts()]


def assert_fit_for_the_wire(raw: bytes) -> None:
    assert raw.isascii()
    assert b"\0" not in raw
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    for word in re.findall(rb"=\?[^?\s]+\?[bqBQ]\?[^?\s]*\?=", raw.partition(b"\r\n\r\n")[0]):
        assert len(word) <= 75
    names = [line.partition(":")[0].lower() for line in head(raw) if line[0] != " "]
    assert len(names) == len(set(names))


# M1, M2: the single headers.


def test_the_headers_that_every_message_has_are_there_once() -> None:
    message = parsed(build())
    for name in ("From", "To", "Date", "Message-ID", "Subject", "MIME-Version"):
        assert len(message.get_all(name, [])) == 1
    assert build().count(b"MIME-Version") == 1


def test_the_date_is_english_with_a_numeric_zone() -> None:
    assert "Date: Fri, 19 Jun 2026 05:00:00 +0000" in head(build())
    assert "Date: Fri, 19 Jun 2026 05:00:00 -0930" in head(
        build(dated_at=datetime(2026, 6, 19, 5, tzinfo=timezone(-timedelta(hours=9, minutes=30))))
    )


def test_the_date_is_english_whatever_the_locale() -> None:
    before = locale.setlocale(locale.LC_TIME)
    installed = [name for name in ("de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8", "C") if _sets(name)]
    try:
        locale.setlocale(locale.LC_TIME, installed[0])
        assert "Date: Fri, 19 Jun 2026 05:00:00 +0000" in head(build())
    finally:
        locale.setlocale(locale.LC_TIME, before)


def _sets(name: str) -> bool:
    try:
        locale.setlocale(locale.LC_TIME, name)
    except locale.Error:
        return False
    return True


def test_the_message_id_is_on_our_domain_and_carries_the_signed_delivery() -> None:
    local, _, domain = str(parsed(build())["Message-ID"]).strip("<>").partition("@")
    assert domain == "example.org"
    assert KEYS.read(Purpose.MESSAGE, local) == 42


def test_the_same_delivery_gives_the_same_bytes() -> None:
    assert build() == build()
    assert build() != build(token=KEYS.sign(Purpose.MESSAGE, 43))


# M3, M4: the parts.


def test_the_text_comes_first_and_then_the_html() -> None:
    raw = build(text="Guten Morgen, schöne Welt.\n", html="<p>Schöne Welt</p>\n")
    assert parsed(raw).get_content_type() == "multipart/alternative"
    assert parts(raw) == [("text/plain", "Guten Morgen, schöne Welt.\n"), ("text/html", "<p>Schöne Welt</p>\n")]
    assert {part.get_content_charset() for part in parsed(raw).iter_parts()} == {"utf-8"}
    assert_fit_for_the_wire(raw)


@pytest.mark.parametrize(
    "text",
    [
        ".\n..\n.one\n",
        "before\n.\nafter\n",
        "From here on\n",
        "x" * 5000 + "\n",
        "é" * 5000 + "\n",
        "=3D is not = and trails \t \n",
        "👩‍👩‍👧‍👦" * 300 + "\n",
        "--=_looks like a boundary\n",
    ],
)
def test_any_text_arrives_as_it_was_written(text: str) -> None:
    raw = build(text=text, html=f"<pre>{text}</pre>\n")
    assert_fit_for_the_wire(raw)
    assert [content for _, content in parts(raw)] == [text, f"<pre>{text}</pre>\n"]


def test_every_line_but_a_link_s_aims_at_78() -> None:
    raw = build(text="x" * 5000, html="é" * 5000, subject="word " * 60, list_headers=_titled("word " * 60))
    assert {line for line in raw.split(b"\r\n") if len(line) > 78 and b"<" not in line} == set()


def test_stray_carriage_returns_and_nul_do_not_reach_the_wire() -> None:
    raw = build(text="one\rtwo\r\nthree\n\r.\r\n.\r\r\nMAIL FROM:<x>\0", html="<p>\0</p>")
    assert_fit_for_the_wire(raw)
    assert len(list(parsed(raw).iter_parts())) == 2


def test_half_a_character_is_a_rendering_error() -> None:
    with pytest.raises(RenderingError, match="half a character"):
        build(text="\ud800")


# M5: texts and names in headers.


@pytest.mark.parametrize("subject", SUBJECTS)
def test_any_subject_is_read_as_it_was_written(subject: str) -> None:
    raw = build(subject=subject)
    assert_fit_for_the_wire(raw)
    assert _words(parsed(raw)["Subject"]) == _words(subject)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_encoded_word_holds_whole_characters(subject: str) -> None:
    raw = build(subject=subject)
    for word in re.findall(r"=\?utf-8\?\S+\?=", "\n".join(head(raw))):
        alone = parsed(f"Subject: {word}\r\n\r\n".encode())
        assert "\ufffd" not in alone["Subject"]
        assert not alone["Subject"].defects


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=300))
@example("=?utf-8?b?")
@example("a =?x?= b")
@example("  spaces   between  ")
@example("é é")
@example("a\u00a0b " * 30)
def test_every_subject_without_line_breaks_parses_back_to_itself(subject: str) -> None:
    raw = build(subject=subject)
    assert_fit_for_the_wire(raw)
    assert _words(parsed(raw)["Subject"]) == _words(subject)


def _words(text: str) -> list[str]:
    return str(text).split()


@pytest.mark.parametrize("name", NAMES)
def test_any_sender_s_name_stays_a_name(name: str) -> None:
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    raw = build(sender=Sender(mailbox=f'"{quoted}" <digest@example.org>'))
    assert_fit_for_the_wire(raw)
    [mailbox] = parsed(raw)["From"].addresses
    # Python reads the white space between two encoded words of a name, which RFC 2047 (6.2) ignores.
    assert "".join(mailbox.display_name.split()) == "".join(name.split())
    assert mailbox.addr_spec == "digest@example.org"
    assert "digest@example.org" in "".join(head(raw))


@pytest.mark.parametrize("name", NAMES)
def test_any_list_title_stays_a_phrase_before_the_list_s_name(name: str) -> None:
    raw = build(list_headers=_titled(name))
    assert_fit_for_the_wire(raw)
    value = str(parsed(raw)["List-Id"])
    assert value.endswith("<papers.example.org>")
    written = "\r\n".join(head(raw)).partition("List-Id: ")[2].partition("\r\nList-Help")[0]
    outside_quotes = re.sub(r'"(?:[^"\\]|\\.)*"', "", written)
    assert outside_quotes.count("<") == 1


def _titled(title: str) -> ListHeaders:
    return ListHeaders(
        list_id=LIST.list_id,
        title=title,
        unsubscribe_url=LIST.unsubscribe_url,
        unsubscribe_subject=LIST.unsubscribe_subject,
        archive_url=LIST.archive_url,
        help_url=LIST.help_url,
        feedback_id=LIST.feedback_id,
    )


# Threats 1 and 2: nothing breaks out of a header.

BREAKS = ["\r", "\n", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\0", "\x1b", "\x7f", "\ud800"]


@pytest.mark.parametrize("character", BREAKS)
def test_a_line_break_in_a_header_is_a_rendering_error(character: str) -> None:
    text = f"papers{character}Bcc: evil@example.net"
    with pytest.raises(RenderingError, match="Subject"):
        build(subject=text)
    with pytest.raises(RenderingError, match="List-Id"):
        build(list_headers=_titled(text))


@pytest.mark.parametrize(
    "recipient",
    [
        "a\r\nBcc: evil@example.net",
        "x@y>\r\nRCPT TO:<evil@example.net",
        '"a\r\nRCPT TO:<e@z>"@y',
        "a@b.org,c@d.org",
        "Name <a@b.org>",
        "<a@b.org>",
        "a@b@c.org",
        "a@b.org\0",
        "@example.org",
        "reader@",
        "reader",
        "reader@-\u0301.org",
        "reader@" + "é" * 80 + ".org",
    ],
)
def test_a_recipient_that_is_no_plain_address_is_a_rendering_error_that_does_not_repeat_it(recipient: str) -> None:
    with pytest.raises(RenderingError) as failure:
        build(recipient=recipient)
    assert recipient not in str(failure.value)


def test_a_sender_with_a_line_break_adds_no_header() -> None:
    with pytest.raises(RenderingError, match="sender"):
        build(sender=Sender(mailbox='"Off\r\nBcc: evil@example.net" <digest@example.org>'))


# M7, M8: envelope and addresses.


def test_the_envelope_sender_is_the_delivery_s_own_and_survives_a_change_of_case() -> None:
    token = KEYS.sign(Purpose.MESSAGE, 10**18 - 1)
    local, _, domain = envelope_sender(SENDER, token).partition("@")
    assert domain == "example.org"
    assert len(local) <= 64
    assert claimed(local.upper().partition("+")[2]) == 10**18 - 1
    assert KEYS.read(Purpose.MESSAGE, local.upper().partition("+")[2]) == 10**18 - 1


def test_domains_are_written_in_idna_2008() -> None:
    sender = Sender(mailbox="Zeitung <digest@straße.example>", reply_to="redaktion@bücher.example")
    raw = build(sender=sender, recipient="leserin@faß.example")
    message = parsed(raw)
    assert sender.domain == "xn--strae-oqa.example"
    assert sender.address == "digest@xn--strae-oqa.example"
    assert message["From"].addresses[0].addr_spec == sender.address
    assert message["To"] == "leserin@xn--fa-hia.example"
    assert message["Reply-To"].addresses[0].addr_spec == "redaktion@xn--bcher-kva.example"
    assert "mailto:redaktion@xn--bcher-kva.example?" in message["List-Unsubscribe"]
    assert_fit_for_the_wire(raw)


def test_a_local_part_beyond_ascii_is_a_rendering_error() -> None:
    with pytest.raises(RenderingError, match="SMTPUTF8"):
        build(recipient="jörg@example.org")


def test_a_plain_address_is_left_as_it_is() -> None:
    assert wire_address("Ann.Larch+papers@Mail_2.Example.ORG") == "Ann.Larch+papers@Mail_2.Example.ORG"


# L1, L2: the list headers.


def test_one_click_unsubscribing_is_written_as_rfc_8058_wants_it() -> None:
    message = parsed(build())
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    links = re.findall(r"<([^>]+)>", message["List-Unsubscribe"])
    assert links[0] == LIST.unsubscribe_url
    assert links[1] == f"mailto:digest@example.org?subject={LIST.unsubscribe_subject.replace(' ', '%20')}"
    assert [link.partition(":")[0] for link in links] == ["https", "mailto"]


@pytest.mark.parametrize("host", ["p.example.org", "a-rather-long-name-of-a-host.papers.example.org"])
def test_links_in_headers_are_never_folded(host: str) -> None:
    url = f"https://{host}/unsubscribe/{TOKEN}"
    values = {name: getattr(LIST, name) for name in LIST.__slots__}
    lines = head(build(list_headers=ListHeaders(**values | {"unsubscribe_url": url, "archive_url": url})))
    first = lines.index(f"List-Unsubscribe: <{url}>,")
    assert lines[first + 1].startswith(" <mailto:")
    assert lines[first + 1].endswith(">")
    assert f"List-Archive: <{url}>" in lines


@pytest.mark.parametrize("url", ["https://x.org/ y", "https://x.org/>,<https://y.org", "https://é.org/", "", "a\r\nb"])
def test_a_link_that_cannot_stand_in_a_header_is_a_rendering_error(url: str) -> None:
    values = {name: getattr(LIST, name) for name in LIST.__slots__}
    for field in ("unsubscribe_url", "archive_url", "help_url"):
        with pytest.raises(RenderingError, match=r"web\.base_url"):
            build(list_headers=ListHeaders(**values | {field: url}))


def test_an_edition_says_that_it_is_a_list_s() -> None:
    message = parsed(build())
    assert message["List-Id"] == "Offprint <papers.example.org>"
    assert message["List-Help"] == "<https://papers.example.org/>"
    assert message["List-Archive"] == "<https://papers.example.org/trending>"
    assert message["List-Post"] == "NO"
    assert message["Feedback-ID"] == "2026-06-19:papers:edition:offprint"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Precedence"] == "bulk"


def test_a_feedback_id_is_never_encoded() -> None:
    values = {name: getattr(LIST, name) for name in LIST.__slots__}
    fields = ("2026-06-19", "a" * 40, "edition", "offprint")
    lines = head(build(list_headers=ListHeaders(**values | {"feedback_id": fields})))
    assert f"Feedback-ID: {':'.join(fields)}" in lines


def test_a_message_of_its_own_has_no_list_header() -> None:
    names = {line.partition(":")[0] for line in head(build(list_headers=None))}
    assert not {name for name in names if name.startswith("List-")} | (names & {"Precedence", "Feedback-ID"})
    assert "Auto-Submitted: auto-generated" in head(build(list_headers=None))
