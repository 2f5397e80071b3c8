"""A message's parts, dates and addresses, as bytes on the wire and as a mail program reads them."""

import locale
from datetime import datetime, timedelta, timezone
from email import policy
from email.message import EmailMessage

import pytest
from built import KEYS, SENDER, assert_fit_for_the_wire, build, head, listed, parsed
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import RenderingError
from digest.mail.message import Sender, envelope_sender, wire_address
from digest.quoted import quoted
from digest.tokens import Purpose, claimed


def parts(raw: bytes) -> list[tuple[str, str]]:
    message = parsed(raw)
    return [(part.get_content_type(), part.get_content().replace("\r\n", "\n")) for part in message.iter_parts()]


@pytest.mark.parametrize("pieces", [[quoted("Bye.")], [quoted("Bye."), b""], [quoted("Bye.\n")], []])
def test_no_part_ends_in_a_soft_break(pieces: list[bytes]) -> None:
    raw = build(text=pieces, html=pieces)
    boundary = parsed(raw).get_boundary()
    assert boundary
    _, *told, end = raw.split(f"\r\n--{boundary}".encode())
    assert [part.endswith(b"=\r\n") for part in told] == [False, False]
    assert end == b"--\r\n"


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
    raw = build(text="x" * 5000, html="é" * 5000, subject="word " * 60, list_headers=listed(title="word " * 60))
    assert {line for line in raw.split(b"\r\n") if len(line) > 78 and b"<" not in line} == set()


def test_stray_carriage_returns_and_nul_do_not_reach_the_wire() -> None:
    raw = build(text="one\rtwo\r\nthree\n\r.\r\n.\r\r\nMAIL FROM:<x>\0", html="<p>\0</p>")
    assert_fit_for_the_wire(raw)
    assert len(list(parsed(raw).iter_parts())) == 2


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


# The standard library builds the same message, and is the oracle.


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    text=st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), min_size=1),
    html=st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n"), min_size=1),
    subject=st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1).map(
        lambda s: " ".join(s.split())
    ),
)
def test_the_standard_library_s_message_says_the_same(text: str, html: str, subject: str) -> None:
    made = parsed(build(text=text, html=html, subject=subject or "x"))
    oracle = EmailMessage(policy=policy.SMTP)
    for name in ("From", "To", "Date", "Message-ID", "List-Unsubscribe", "List-Id", "Feedback-ID"):
        oracle[name] = str(made[name])
    oracle["Subject"] = subject or "x"
    oracle.set_content(text, cte="quoted-printable")
    oracle.add_alternative(html, subtype="html", cte="quoted-printable")
    read = parsed(oracle.as_bytes())
    assert made["Subject"] == read["Subject"]
    assert [part.get_content_type() for part in made.walk()] == [part.get_content_type() for part in read.walk()]
    for mine, theirs in zip(made.iter_parts(), read.iter_parts(), strict=True):
        assert mine["Content-Type"] == theirs["Content-Type"]
        assert mine["Content-Transfer-Encoding"] == theirs["Content-Transfer-Encoding"]
        assert mine.get_content() == theirs.get_content()
