"""What stands in a message's headers: texts of any script, names, links; and nothing that breaks out."""

import re
from dataclasses import replace

import pytest
from built import LIST, TOKEN, assert_fit_for_the_wire, build, head, listed, parsed
from hypothesis import example, given
from hypothesis import strategies as st

from digest.errors import RenderingError
from digest.mail.message import Sender

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


@pytest.mark.slow
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
    raw = build(list_headers=listed(title=name))
    assert_fit_for_the_wire(raw)
    value = str(parsed(raw)["List-Id"])
    assert value.endswith("<papers.example.org>")
    written = "\r\n".join(head(raw)).partition("List-Id: ")[2].partition("\r\nList-Help")[0]
    outside_quotes = re.sub(r'"(?:[^"\\]|\\.)*"', "", written)
    assert outside_quotes.count("<") == 1


# Threats 1 and 2: nothing breaks out of a header.

BREAKS = ["\r", "\n", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\0", "\x1b", "\x7f", "\ud800"]


@pytest.mark.parametrize("character", BREAKS)
def test_a_line_break_in_a_header_is_a_rendering_error(character: str) -> None:
    text = f"papers{character}Bcc: evil@example.net"
    with pytest.raises(RenderingError, match="Subject"):
        build(subject=text)
    with pytest.raises(RenderingError, match="List-Id"):
        build(list_headers=listed(title=text))


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


# L1, L2: the list headers.


def test_one_click_unsubscribing_is_written_as_rfc_8058_wants_it() -> None:
    message = parsed(build())
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    links = re.findall(r"<([^>]+)>", message["List-Unsubscribe"])
    assert links[0] == LIST.unsubscribe_url
    assert links[1] == f"mailto:digest@example.org?subject=unsubscribe%20{LIST.unsubscribe_token}"
    assert [link.partition(":")[0] for link in links] == ["https", "mailto"]


@pytest.mark.parametrize("host", ["p.example.org", "a-rather-long-name-of-a-host.papers.example.org"])
def test_links_in_headers_are_never_folded(host: str) -> None:
    url = f"https://{host}/unsubscribe/{TOKEN}"
    lines = head(build(list_headers=replace(listed(archive_url=url), unsubscribe_url=url)))
    first = lines.index(f"List-Unsubscribe: <{url}>,")
    assert lines[first + 1].startswith(" <mailto:")
    assert lines[first + 1].endswith(">")
    assert f"List-Archive: <{url}>" in lines


@pytest.mark.parametrize("url", ["https://x.org/ y", "https://x.org/>,<https://y.org", "https://é.org/", "", "a\r\nb"])
def test_a_link_that_cannot_stand_in_a_header_is_a_rendering_error(url: str) -> None:
    changed = [replace(LIST, unsubscribe_url=url), listed(archive_url=url), listed(help_url=url)]
    for headers in changed:
        with pytest.raises(RenderingError, match=r"web\.base_url"):
            build(list_headers=headers)


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
    fields = ("2026-06-19", "a" * 40, "edition", "offprint")
    lines = head(build(list_headers=listed(feedback_id=fields)))
    assert f"Feedback-ID: {':'.join(fields)}" in lines


def test_a_message_of_its_own_has_no_list_header() -> None:
    names = {line.partition(":")[0] for line in head(build(list_headers=None))}
    assert not {name for name in names if name.startswith("List-")} | (names & {"Precedence", "Feedback-ID"})
    assert "Auto-Submitted: auto-generated" in head(build(list_headers=None))
