"""What is an address, and when two are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.address import EXAMPLE, parse_address
from digest.errors import InputError

REFUSED = [
    '"a\r\nRCPT TO:<e@z>"@y',
    "x@y>\r\nRCPT TO:<evil@z",
    "a@b.org\r\nBcc: c@d.org",
    "a@b.org\n",
    "\ta@b.org",
    "a@b@c.org",
    "a@b.org,c@d.org",
    "a@b.org;c@d.org",
    "a@b.org c@d.org",
    "Name <a@b.org>",
    "<a@b.org>",
    "a@b.org(comment)",
    "(comment)a@b.org",
    '"a b"@c.org',
    '"a"@c.org',
    "a@[127.0.0.1]",
    "a@localhost",
    "a@b",
    "@b.org",
    "a@",
    "",
    " ",
    ".a@b.org",
    "a.@b.org",
    "a..b@c.org",
    "a@b..org",
    "a@-b.org",
    "a@b.org.",
    "a b@c.org",
    "a\u200b@b.org",
    "a@b.org\u2028",
    "a\0@b.org",
    "\ud800@b.org",
    "a\u202e@b.org",
    "x" * 65 + "@b.org",
    "a@" + "b" * 64 + ".org",
    "a@" + "b." * 130 + "org",
    "a" * 100_000,
    "@" * 10_000,
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_address_alone_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InputError) as failure:
        parse_address(text)
    assert str(failure.value) == f"That is not a full address. Enter one such as {EXAMPLE}."


@pytest.mark.parametrize("text", ["Ada@example.org", "ADA@EXAMPLE.ORG", " ada@Example.org ", "ada@ｅxample.org"])
def test_addresses_that_differ_in_case_or_width_of_letters_are_the_same(text: str) -> None:
    assert parse_address(text).key == "ada@example.org"


def test_an_owner_s_spelling_is_kept() -> None:
    assert parse_address("Ada.Birch+papers@Example.org").text == "Ada.Birch+papers@example.org"


def test_a_domain_is_compared_in_idna_2008() -> None:
    assert parse_address("ada@faß.de").key == "ada@xn--fa-hia.de"
    assert parse_address("ada@faß.de").key != parse_address("ada@fass.de").key


def test_a_domain_and_its_a_labels_are_the_same() -> None:
    assert parse_address("ada@xn--bcher-kva.org") == parse_address("ada@Bücher.org")


@pytest.mark.parametrize("text", ["jo\u0308rg@example.org", "J\u00d6RG@example.org"])
def test_an_address_that_no_mailer_can_write_yet_is_refused_at_the_door(text: str) -> None:
    with pytest.raises(InputError):
        parse_address(text)


@pytest.mark.parametrize("text", ["a+b@example.org", "o'neill@example.org", "x!y%z@example.org", "a_b-c@ex-ample.org"])
def test_unusual_but_lawful_addresses_are_taken(text: str) -> None:
    assert parse_address(text).text == text


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_an_input_error(text: str) -> None:
    try:
        address = parse_address(text)
    except InputError:
        return
    assert address.text.count("@") == 1
    assert address.text.isprintable()
    assert not set(address.text) & set(' <>(),;:"\\')
