"""Templates filled but for their holes: what differs between readers is put in afterwards, at little cost.

A template is filled once for many readers. Where something differs between them it gets a Hole, which can be put
down, joined to other text and wrapped with it, and nothing else: what a template asked of it (is it empty, what is
it in capitals) would be the same for all. The rest is encoded here, once.
"""

import re
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from types import MappingProxyType

from digest.errors import RenderingError
from digest.quoted import quoted

NOTHING: Mapping[str, str] = MappingProxyType({})

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
class Paragraph:
    """A paragraph to be wrapped once it is filled: `pattern` has `%(name)s` for each hole, `hang` is its column.

    Where `hole` is its only one, of a text of at most `room` characters, all of them to be seen, it is a line: the
    encoded one, which is the value at `place`, between `before` and `after`.
    """

    pattern: str
    hang: int
    hole: str
    place: int
    room: int
    before: bytes
    after: bytes

    def filled(self, values: Sequence[bytes], texts: Mapping[str, str]) -> bytes:
        """The paragraph with these texts, which `values` has encoded."""
        if self.room >= 0 and len(told := texts[self.hole]) <= self.room and told.isprintable() and "  " not in told:
            return self.before + values[self.place] + self.after
        return quoted(wrap(self.pattern % texts, self.hang))


class Form:
    """A part of a message as quoted-printable, with holes for what is encoded as well.

    `fixed` is what stands before, between and behind its holes. `places` say where in the values each hole finds its
    own: among those that the form was made for, or behind them its paragraphs.
    """

    __slots__ = ("_paragraphs", "_parts", "_taken")

    def __init__(self, fixed: Sequence[bytes], places: Sequence[int], paragraphs: Sequence[Paragraph]) -> None:
        self._parts = [b""] * (2 * len(places) + 1)
        self._parts[::2] = fixed
        self._taken: Callable[[Sequence[bytes]], tuple[bytes, ...]]
        # Of a single place it would take the value alone.
        self._taken = itemgetter(*places) if len(places) > 1 else lambda values: tuple([values[at] for at in places])
        self._paragraphs = tuple(paragraphs)

    def pieces(self, values: tuple[bytes, ...], texts: Mapping[str, str] = NOTHING) -> list[bytes]:
        """The part in pieces, with these values in its holes; `texts` are what its paragraphs are wrapped with."""
        parts = self._parts.copy()
        for one in self._paragraphs:
            values += (one.filled(values, texts),)
        parts[1::2] = self._taken(values)
        return parts

    def filled(self, values: tuple[bytes, ...], texts: Mapping[str, str] = NOTHING) -> bytes:
        """The same, joined."""
        return b"".join(self.pieces(values, texts))


def form_of(rendered: str, names: Sequence[str], *, wrapped: Collection[str] = ()) -> Form:
    """What a template gave, as a form for values with these names, in this order; `wrapped` may be in its paragraphs.

    Raises RenderingError where the template changed a hole, or has one of another name.
    """
    fixed, places, paragraphs, end = list[bytes](), list[int](), list[Paragraph](), 0
    for found in _PARTS.finditer(rendered):
        hang, told, hole = found.groups()
        if hole is None:
            if unknown := set(_HOLE.findall(told)).difference(wrapped):
                raise RenderingError(f"A template wraps {min(unknown)!r} where it cannot be. Put it down as it is.")
            places.append(len(names) + len(paragraphs))
            paragraphs.append(_paragraph(told, int(hang), names))
        elif hole in names:
            places.append(names.index(hole))
        else:
            raise RenderingError(f"A template puts down {hole!r} where it is not known. Leave it out there.")
        fixed.append(_fixed(rendered[end : found.start()]))
        end = found.end()
    return Form([*fixed, _fixed(rendered[end:])], places, paragraphs)


def _paragraph(rendered: str, hang: int, names: Sequence[str]) -> Paragraph:
    before, *others = (part if at % 2 else cleaned(part) for at, part in enumerate(_HOLE.split(rendered)))
    hole, after = others if len(others) == len(("hole", "after")) else ("", "")
    around = f"{before}|{after}"
    is_line = hole and around.isprintable() and "  " not in around and around == around.strip(" ")
    return Paragraph(
        pattern=_pattern(rendered),
        hang=hang,
        hole=hole,
        place=names.index(hole) if hole else 0,
        room=WIDTH - hang - len(before) - len(after) if is_line else -1,
        before=quoted(before),
        after=quoted(after),
    )


class Line:
    """What a template of one line gave, to be filled with texts."""

    __slots__ = ("_pattern",)

    def __init__(self, rendered: str) -> None:
        self._pattern = _pattern(rendered)

    def filled(self, texts: Mapping[str, str]) -> str:
        """The line with these texts in its holes."""
        return one_line(self._pattern % texts)


def cleaned(text: str) -> str:
    """The text without control characters and halves of characters."""
    return text if text.isprintable() else _CONTROLS.sub("", text)


def one_line(text: str) -> str:
    """The text as one line without anything that cannot be seen."""
    is_one = text.isprintable() and "  " not in text
    return text.strip(" ") if is_one else " ".join(_UNSEEN.sub(" ", text).split())


def wrap(text: object, hang: int = 0) -> str:
    """A paragraph in lines of at most 72 characters; a word that is longer, such as a URL, is kept whole.

    `hang` is the column at which the first line begins; the following ones are indented to it. A
    paragraph with holes is wrapped once they are filled.
    """
    told = str(text)
    if _MARK in told:
        return f"\x04{_MARK}{hang}:{told}\x05"
    if not told.isprintable() or "  " in told:
        told = " ".join(_BREAKS.split(_UNSEEN.sub(" ", told)))
    told, room = told.strip(" "), WIDTH - hang
    lines, start = list[str](), 0
    while len(told) - start > room:
        end = told.rfind(" ", start, start + room + 1)
        if end < 0 and (end := told.find(" ", start + room)) < 0:
            break
        lines.append(told[start:end])
        start = end + 1
    return ("\n" + " " * hang).join([*lines, told[start:]])


def _fixed(text: str) -> bytes:
    if _MARK in text.casefold():
        raise RenderingError("A template changes what differs between readers. Put it down as it is, or wrapped.")
    return quoted(cleaned(text))


def _pattern(text: str) -> str:
    return cleaned(_HOLE.sub(r"%(\1)s", text.replace("%", "%%")))
