"""Signatures: what they cover and in which form, and which keys make them."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from built import LIST, SENDER, build, head
from hypothesis import example, given
from hypothesis import strategies as st
from signatures import by_the_rfc, key, plainly_relaxed_body, plainly_relaxed_field, signer

from digest.errors import ConfigError, RenderingError
from digest.mail.dkim import Signer, Signing, relaxed_body, relaxed_fields, zone_line
from digest.mail.message import Sender

SIGNED_AT = datetime(2026, 6, 19, 5, tzinfo=UTC)
BOTH = Signing(domain="example.org", selectors=("r1", "e1"))
RSA = Signing(domain="example.org", selectors=("r1",))


def signed(content: bytes, signing: Signing = RSA) -> bytes:
    return signer().sign(content, signing, signed_at=SIGNED_AT)


def tags(content: bytes) -> dict[str, str]:
    """The tags of the signature on top."""
    unfolded = re.sub(r"\r\n[ \t]+", "", content.decode().partition("\r\n\r\n")[0])
    value = unfolded.partition("\r\n")[0].removeprefix("DKIM-Signature: ")
    return dict(tag.strip().split("=", 1) for tag in value.split(";"))


# Canonical forms.

WHITE = st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"a", b"B:", b"\xc3\xa9", b"."]), max_size=30).map(b"".join)


@pytest.mark.parametrize(
    ("body", "relaxed"),
    [
        (b" C \r\nD \t E\r\n\r\n\r\n", b" C\r\nD E\r\n"),  # RFC 6376, 3.4.5
        (b"", b""),
        (b"\r\n", b""),
        (b"\r\n\r\n \t\r\n", b""),
        (b" ", b""),
        (b"a", b"a\r\n"),
        (b"a \t", b"a\r\n"),
        (b"a\r\n\r\nb\r\n", b"a\r\n\r\nb\r\n"),
        (b"\t  a", b" a\r\n"),
    ],
)
def test_a_body_is_relaxed_as_the_rfc_wants_it(body: bytes, relaxed: bytes) -> None:
    assert relaxed_body(body) == plainly_relaxed_body(body) == relaxed


@pytest.mark.slow
@given(WHITE)
def test_every_body_is_relaxed_as_step_by_step(body: bytes) -> None:
    assert relaxed_body(body) == plainly_relaxed_body(body)
    assert relaxed_body(relaxed_body(body)) == relaxed_body(body)


def test_a_header_is_relaxed_as_the_rfc_wants_it() -> None:
    assert relaxed_fields(b"A: X\r\nB : Y\t\r\n\tZ  ") == [(b"a", b"X"), (b"b", b"Y Z")]  # RFC 6376, 3.4.5
    assert relaxed_fields(b"Empty:\r\nSUBJECT:\r\n  two\r\n   lines \r\nTo:a:b") == [
        (b"empty", b""),
        (b"subject", b"two lines"),
        (b"to", b"a:b"),
    ]


@given(
    st.lists(st.sampled_from([b" ", b"\t", b"\r\n ", b"\r\n\t", b"a", b"B:", b"\xc3\xa9"]), max_size=30).map(b"".join)
)
@example(b"\r\n \r\n ")
def test_every_header_is_relaxed_as_step_by_step(value: bytes) -> None:
    first, second = b"Subject \t:" + value, b"List-Id:x"
    told = [b"%b:%b" % field for field in relaxed_fields(first + b"\r\n" + second)]
    assert told == [plainly_relaxed_field(first), plainly_relaxed_field(second)]


# What a signature looks like.


@pytest.mark.slow
def test_a_signature_stands_on_top_in_lines_of_78_and_the_message_below_it_is_untouched() -> None:
    content = build(sender=Sender(mailbox="digest@example.org", reply_to="answers@example.org"))
    out = signed(content, BOTH)
    assert out.endswith(content)
    added = out.removesuffix(content).decode()
    assert re.fullmatch(r"(DKIM-Signature: [^\r\n]+(\r\n [^\r\n]+)+\r\n){2}", added)
    assert max(map(len, added.split("\r\n"))) <= 78


def test_the_longest_names_that_can_be_folded_are() -> None:
    selector, domain = "s" * 60, f"{'d' * 60}.example.org"
    named = Signer(keys=(key(selector),))
    out = named.sign(build(), Signing(domain=domain, selectors=(selector,)), signed_at=SIGNED_AT)
    assert max(map(len, head(out)[:12])) <= 78


def test_a_signature_says_what_it_is_and_when_it_was_made() -> None:
    told = tags(signed(build()))
    assert {name: told[name] for name in "v a c d s t".split()} == {
        "v": "1",
        "a": "rsa-sha256",
        "c": "relaxed/relaxed",
        "d": "example.org",
        "s": "r1",
        "t": str(int(SIGNED_AT.timestamp())),
    }
    assert set(told) == {*"v a c d s t h bh b".split()}
    assert tags(signed(build(), Signing(domain="example.org", selectors=("e1",))))["a"] == "ed25519-sha256"


def test_every_header_is_covered_and_those_that_a_reader_sees_once_more_than_they_are_there() -> None:
    content = build(sender=Sender(mailbox="digest@example.org", reply_to="answers@example.org"))
    covered = tags(signed(content))["h"].split(":")
    there = {line.partition(":")[0].lower() for line in head(content) if line[0] != " "}
    assert set(covered) == there | {"cc"}
    seen = {name for name in covered if covered.count(name) > (name in there)}
    assert seen == {
        *("from", "to", "cc", "subject", "date", "message-id", "reply-to"),
        *("mime-version", "content-type", "list-unsubscribe", "list-unsubscribe-post"),
    }


def test_headers_of_others_are_not_covered() -> None:
    assert "received" not in tags(signed(b"Received: by x\r\n" + build()))["h"]


def test_the_same_message_is_signed_alike() -> None:
    assert signed(build(), BOTH) == signed(build(), BOTH)


# What a signature holds together.


@pytest.mark.parametrize("signing", [BOTH, RSA])
@pytest.mark.parametrize("list_headers", [LIST, None])
def test_a_message_verifies(signing: Signing, list_headers: object) -> None:
    assert by_the_rfc(signed(build(list_headers=list_headers), signing), signer().keys)


@pytest.mark.parametrize(
    "content",
    [
        b"From: a@example.org\r\nSubject: no body\r\n\r\n",
        b"From: a@example.org\r\nSubject: not even an end",
        b"From: a@example.org\r\n\r\nno end of line",
        b"From: a@example.org\r\n\r\n\r\n \r\n\t\r\n",
        b"From: a@example.org\r\n\r\ntwo  spaces \t\r\n\r\n\r\n",
        b"From:\ta@example.org\r\nSubject : folded\r\n\t and   spaced \r\n\r\n.\r\n",
        b"From: a@example.org\r\nList-Help: <one>\r\nSubject: x\r\nList-Help: <two>\r\n\r\nTwo of a name.\r\n",
        b"Subject: nobody's\r\n\r\nNo From at all.\r\n",
    ],
)
def test_a_message_of_any_shape_verifies(content: bytes) -> None:
    assert by_the_rfc(signed(content, BOTH), signer().keys)


def test_without_a_key_a_message_stays_as_it_is() -> None:
    nobody = Signer().signing(SENDER)
    assert Signer().sign(build(), nobody, signed_at=SIGNED_AT) == build()


# Which keys sign.


def test_the_sender_s_domain_signs_unless_another_is_named() -> None:
    sender = Sender(mailbox="Bücher <digest@Bücher.example>")
    assert signer().signing(sender) == Signing(domain="xn--bcher-kva.example", selectors=("r1", "e1"))
    assert Signer(keys=(key("r1"),), domain="example").signing(sender).domain == "example"


def test_a_retired_key_signs_nothing_new_and_makes_again_what_it_signed() -> None:
    rotated = Signer(keys=(key("r2"), replace(key("r1"), retired=True)))
    assert rotated.signing(SENDER).selectors == ("r2",)
    assert rotated.sign(build(), RSA, signed_at=SIGNED_AT) == signed(build())


def test_a_selector_that_is_gone_is_named_with_what_to_do() -> None:
    with pytest.raises(RenderingError, match=r"selector 'r1', which is not configured.*`retired = true`"):
        Signer(keys=(key("r2"),)).sign(build(), RSA, signed_at=SIGNED_AT)


@pytest.mark.slow
@pytest.mark.parametrize("selectors", [["e1"], ["r1", "r2"], ["r1", "e1", "e2"]])
def test_only_one_rsa_key_and_one_of_ed25519_beside_it_sign(selectors: list[str]) -> None:
    with pytest.raises(ConfigError, match=r"mail\.dkim\.keys needs one RSA key"):
        Signer(keys=tuple(key(name, ed25519=name.startswith("e")) for name in selectors))


def test_a_record_is_written_for_a_zone_file_in_strings_of_255() -> None:
    for one in signer().keys:
        name, text = zone_line(one, domain="example.org").split(" IN TXT ")
        strings = re.findall(r'"([^"]*)"', text)
        assert name == f"{one.selector}._domainkey.example.org."
        assert "".join(strings) == one.record
        assert max(map(len, strings)) <= 255
        assert text == " ".join(f'"{string}"' for string in strings)


def test_a_key_is_never_shown() -> None:
    assert "PRIVATE" not in f"{signer()!r}"
    assert "sign=" not in f"{signer()!r}"
