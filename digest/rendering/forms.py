"""Templates filled but for their holes: what differs between readers is put in afterwards, at little cost.

A template is filled once for many readers. Where something differs between them it gets a Hole, which can be put
down, joined to other text and wrapped with it, and nothing else: what a template asked of it (is it empty, what is
it in capitals) would be the same for all. The rest is encoded here, once.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from digest.errors import RenderingError
from digest.quoted import quoted

_MARK = secrets.token_hex(8)
"""No text can hold it: nobody knows it, and it never leaves the process."""

_HOLE = re.compile(f"\x02{_MARK}(\\w+)\x03")
_PARTS = re.compile(f"\x04{_MARK}(\\d+):(.*?)\x05|{_HOLE.pattern}", re.DOTALL)
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+")
"""Controls, line separators, bidi marks and overrides, invisible spaces, lone surrogates."""

_BREAKS = re.compile("[ \t\r\n]+")
"""Where a line may end: not at the no-break space of a number."""

WIDTH = 72


class Hole:
    """The place of a value that differs between readers. Raises TypeError where it is asked anything."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return f"\x02{_MARK}{self.name}\x03"

    __html__ = __str__

    def __bool__(self) -> bool:
        raise TypeError(f"{self.name} differs between readers, so it can be put down, but not asked about")

    def __eq__(self, other: object) -> bool:
        return bool(self)

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A part of a message as quoted-printable with `%(name)b` for each hole, to be filled with what is encoded as well.

    `wraps` are paragraphs to be wrapped once they are filled: a name, the text with `%(name)s`, and the column.
    """

    encoded: bytes
    wraps: tuple[tuple[bytes, str, int], ...]

    def filled(self, values: dict[bytes, bytes], texts: Mapping[str, str]) -> bytes:
        """The part with these values in its holes; `texts` are those that its paragraphs are wrapped with.

        Raises RenderingError where a paragraph has another hole.
        """
        for name, text, hang in self.wraps:
            try:
                values[name] = _wrapped(text % texts, hang)
            except KeyError as error:
                raise RenderingError(f"A template wraps {error} where it cannot be. Put it down as it is.") from None
        return self.encoded % values


@lru_cache(maxsize=16_384)
def _wrapped(text: str, hang: int) -> bytes:
    return quoted(wrap(text, hang))


def form_of(rendered: str) -> Form:
    """What a template gave, as a form. Raises RenderingError where it changed a hole."""
    encoded, wraps, end = list[bytes](), list[tuple[bytes, str, int]](), 0
    for found in _PARTS.finditer(rendered):
        hang, paragraph, hole = found.groups()
        name = b"wrapped %d" % len(wraps) if hole is None else hole.encode()
        if hole is None:
            wraps.append((name, _pattern(paragraph), int(hang)))
        encoded += [_fixed(rendered[end : found.start()]), b"%%(%b)b" % name]
        end = found.end()
    encoded.append(_fixed(rendered[end:]))
    return Form(encoded=b"".join(encoded), wraps=tuple(wraps))


def line_of(rendered: str, texts: Mapping[str, str]) -> str:
    """What a template of one line gave, filled."""
    return one_line(_pattern(rendered) % texts)


def cleaned(text: str) -> str:
    """The text without control characters and halves of characters."""
    return text if text.isprintable() else _CONTROLS.sub("", text)


def one_line(text: str) -> str:
    """The text as one line without anything that cannot be seen."""
    return " ".join(_UNSEEN.sub(" ", text).split())


def wrap(text: object, hang: int = 0) -> str:
    """A paragraph in lines of at most 72 characters; a word that is longer, such as a URL, is kept whole.

    `hang` is the column at which the first line begins; the following ones are indented to it. A
    paragraph with holes is wrapped once they are filled.
    """
    told = str(text)
    if _MARK in told:
        return f"\x04{_MARK}{hang}:{told}\x05"
    if hang + len(told) <= WIDTH and told.isprintable() and "  " not in told:
        return told.strip(" ")
    lines, line = [], ""
    for word in _BREAKS.split(_UNSEEN.sub(" ", told).strip()):
        if line and hang + len(line) + 1 + len(word) > WIDTH:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return ("\n" + " " * hang).join([*lines, line])


def _fixed(text: str) -> bytes:
    if _MARK in text.casefold():
        raise RenderingError("A template changes what differs between readers. Put it down as it is, or wrapped.")
    return quoted(cleaned(text)).replace(b"%", b"%%")


def _pattern(text: str) -> str:
    return cleaned(_HOLE.sub(r"%(\1)s", text.replace("%", "%%")))
