"""Quoted-printable in pieces."""

import quopri

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.quoted import quoted, unquoted

TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("=. \t\n\r-é字"), max_size=300)


def told(text: str) -> str:
    """The text with line feeds as line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.slow
@given(st.lists(TEXT, max_size=5).filter(lambda texts: not any(text.endswith("\r") for text in texts)))
@example(["a ", "b\t", "\n", "", " c", "=", "."])
def test_pieces_in_a_row_say_what_was_encoded(texts: list[str]) -> None:
    encoded = b"".join(map(quoted, texts))
    assert unquoted(encoded) == "".join(map(told, texts))
    assert quopri.decodestring(encoded).decode().replace("\r\n", "\n") == "".join(map(told, texts))


@given(TEXT)
@example("x" * 500)
@example("." * 5000)
@example("x\n" + "." * 200)
@example("x\n" + "x" * 75 + ".")
@example("é" + "x" * 69 + ".w")
@example("." + "x" * 75)
@example("x" * 76)
@example("a\n" + "x" * 76)
@example("x" * 73 + "=")
@example("a\n" + "x" * 70 + "é")
@example("x" * 74 + " ")
@example("x" * 74 + " \n" + "x" * 74 + "\t\nx")
@example("é" * 12 + "xxxx")
@example("é" * 12 + "x\t")
@example("x\n" + "é" * 12 + "xxxx")
def test_every_line_is_ascii_short_and_ends_in_crlf(text: str) -> None:
    encoded = quoted(text)
    assert encoded.isascii()
    assert encoded == b"" or encoded.endswith(b"\r\n")
    lines = encoded.split(b"\r\n")
    assert not any(line.startswith(b".") for line in lines)
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert all(len(line) <= 76 and not line.endswith((b" ", b"\t")) for line in lines)


def test_a_text_without_any_line_end_is_broken_as_one_with() -> None:
    assert b"=\r\n" in quoted("x" * 100)
    assert quoted("") == b""
