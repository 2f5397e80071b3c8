"""Quoted-printable (RFC 2045, 6.7) in pieces: what is encoded apart can stand in a row. Pure."""

import re
from binascii import a2b_qp, b2a_qp

_SOFT_BREAK = b"=\r\n"
_DOT = b"=2E" + _SOFT_BREAK
_LINE = 75
_PLAIN = re.compile(r"(?:(?!\.)[ -<>-~]{0,75}(?<! )\n)+(?!\.)[ -<>-~]{1,75}(?<! )")
"""Lines that stand as they are: most paragraphs are of them, once they are wrapped."""

_OVERLONG = re.compile(rb"^(.{74})(=(?:20|09)\r)$", re.MULTILINE)
"""binascii counts white space at the end of a line as one octet, and then makes three of it."""


def quoted(text: str) -> bytes:
    """The text in lines of at most 76 octets that end in CRLF.

    Where its last line has no end, a soft break follows: another piece begins on a line of its own, and a reader
    sees the two side by side. No line begins with a dot, which SMTP would have to double. Raises UnicodeEncodeError
    for half a character.
    """
    if text[:1] == ".":
        rest = text.lstrip(".")
        return _DOT * (len(text) - len(rest)) + quoted(rest)
    lines = text.encode()
    if text.isascii():
        if len(lines) <= _LINE and text.isprintable() and "=" not in text and lines[-1:] > b" ":
            return lines + _SOFT_BREAK
        if "\n" in text and _PLAIN.fullmatch(text):
            return lines.replace(b"\n", b"\r\n") + _SOFT_BREAK
    if b"\r" in lines:
        lines = lines.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\n" in lines:
        encoded = _OVERLONG.sub(rb"\1=\r\n\2", b2a_qp(lines.replace(b"\n", b"\r\n")))
        return _undotted(encoded if lines.endswith(b"\n") else _continued(encoded))
    # Of a text without line ends, binascii does not know which to take.
    return _undotted(_continued(b2a_qp(lines).replace(b"=\n", _SOFT_BREAK))) if lines else b""


def _continued(encoded: bytes) -> bytes:
    """With a soft break behind it; a last line that is full already is broken before its last character, too."""
    if len(encoded) - encoded.rfind(b"\n") - 1 > _LINE:
        last = 3 if encoded[-3:-2] == b"=" else 1
        encoded = encoded[:-last] + _SOFT_BREAK + encoded[-last:]
    return encoded + _SOFT_BREAK


def _undotted(encoded: bytes) -> bytes:
    """With each dot at the beginning of a line on a line of its own, encoded: style sheets are full of them."""
    while b"\n." in encoded:
        encoded = encoded.replace(b"\n.", b"\n" + _DOT)
    return encoded


def unquoted(encoded: bytes) -> str:
    """What was encoded, with line feeds as line ends."""
    return a2b_qp(encoded).replace(b"\r\n", b"\n").decode()
