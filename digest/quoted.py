"""Quoted-printable (RFC 2045, 6.7) in pieces: what is encoded apart can stand in a row. Pure."""

from binascii import a2b_qp, b2a_qp

_SOFT_BREAK = b"=\r\n"
_LINE = 75


def quoted(text: str) -> bytes:
    """The text in lines of at most 76 octets that end in CRLF.

    Where its last line has no end, a soft break follows: another piece begins on a line of its own, and a reader
    sees the two side by side. Raises UnicodeEncodeError for half a character.
    """
    lines = text.encode()
    if len(lines) <= _LINE and text.isascii() and text.isprintable() and "=" not in text and lines[-1:] > b" ":
        return lines + _SOFT_BREAK
    if b"\r" in lines:
        lines = lines.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\n" in lines:
        encoded = b2a_qp(lines.replace(b"\n", b"\r\n"))
        return encoded if lines.endswith(b"\n") else _broken_off(encoded)
    # Of a text without line ends, binascii does not know which to take.
    return _broken_off(b2a_qp(lines).replace(b"=\n", _SOFT_BREAK)) if lines else b""


def _broken_off(encoded: bytes) -> bytes:
    """With a soft break at the end, for which a last line of 76 octets has no room: its last sign gets a new one."""
    if len(encoded) - encoded.rfind(b"\n") - 1 > _LINE:
        sign = 3 if encoded[-3:-2] == b"=" else 1
        encoded = encoded[:-sign] + _SOFT_BREAK + encoded[-sign:]
    return encoded + _SOFT_BREAK


def unquoted(encoded: bytes) -> str:
    """What was encoded, with line feeds as line ends."""
    return a2b_qp(encoded).replace(b"\r\n", b"\n").decode()
