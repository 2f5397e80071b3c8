"""BibTeX, read strictly: an entry that does not end, or has no title, is an error with its line.

The grammar is that of BibTeX 0.99: entries in braces or parentheses, values in braces, in quotes,
as numbers or as names of strings, joined by `#`; whatever stands between entries is a comment.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from digest.model import Listing
from digest.sources.names import aliases, arxiv_number, doi_in, page_of
from digest.sources.people import given_name_first
from digest.sources.values import web_address
from digest.text import clean

_ENTRY = re.compile(r"@\s*([A-Za-z]+)\s*([{(])")
_KEY = re.compile(r"\s*+([^\s,={}()\"#%]*+)\s*+(?=[,})])")
_FIELD = re.compile(r"[\s,]*([A-Za-z][\w:.+/-]*)\s*=\s*")
_PART = re.compile(r"([A-Za-z][\w:.+/-]*|\d+)")
_JOIN = re.compile(r"\s*#\s*")
_CLOSE = re.compile(r"[\s,]*([})])")
_BRACE = re.compile(r"(?<!\\)[{}]")
_QUOTE = re.compile(r'(?<!\\)[{}"]')
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ENDS = {"{": "}", "(": ")"}
_MOST_GROWTH = 10
"""So many times as long as it was do strings make a text at most: each that holds another twice doubles it."""

# Braces that hold capitals, `{GPT}-4`; those of a command, an accent or an index are left to the reading of TeX.
_GROUP = re.compile(r"(?<![\\A-Za-z^_}\]\"'`~=.])\{([^\\{}$]+)\}")
_DEEPEST = 16
"""So many braces are opened that hold one another; more mean harm."""


def looks_like_bibtex(text: str) -> bool:
    """Whether the text holds an entry at the beginning of a line."""
    return re.search(r"(?m)^[ \t]*@[ \t]*[A-Za-z]+[ \t]*[{(]", text) is not None


def parse(text: str) -> tuple[Listing, ...]:
    """The papers in a BibTeX file. Raises ValueError, with the line, for an entry that cannot be read."""
    return tuple(_listing(fields, line) for fields, line in _entries(text))


def _entries(text: str) -> Iterator[tuple[dict[str, str], int]]:
    """The fields of each entry, names in lower case, and its line. Strings are put in."""
    strings = _Strings(text)
    line = at = counted = 0
    while found := _ENTRY.search(text, at):
        line += text.count("\n", counted, found.start())
        at = counted = found.end()
        kind = found.group(1).lower()
        if kind == "comment":
            continue
        try:
            fields, at = _body(text, at, kind=kind, end=_ENDS[found.group(2)], strings=strings)
        except ValueError as error:
            raise ValueError(f"the entry in line {line + 1} {error}") from error
        line += text.count("\n", counted, at)
        counted = at
        if kind == "string":
            strings.known.update(fields)
        elif kind != "preamble":
            yield fields, line + 1 - text.count("\n", found.end(), at)


class _Strings:
    """What names stand for in a text: months for themselves, others for what a @string says."""

    def __init__(self, text: str) -> None:
        self.known = {name: name for name in _MONTHS}
        self._room = len(text) * (_MOST_GROWTH - 1)

    def put_in(self, name: str) -> str:
        """What a name stands for; nothing, as in BibTeX, if it is not known. Raises ValueError for too much in all."""
        value = self.known.get(name.lower(), "")
        self._room -= len(value) - len(name)
        if self._room < 0:
            raise ValueError("makes the text ten times as long by its strings")
        return value


def _body(text: str, at: int, *, kind: str, end: str, strings: _Strings) -> tuple[dict[str, str], int]:
    """An entry's fields, and where it has ended."""
    if kind == "preamble":
        _, at = _value(text, re.compile(r"\s*").match(text, at).end(), strings)  # type: ignore[union-attr]
    elif kind != "string":
        key = _KEY.match(text, at)
        if key is None:
            raise ValueError("has no key")
        at = key.end()
    fields: dict[str, str] = {}
    while found := _FIELD.match(text, at):
        value, at = _value(text, found.end(), strings)
        fields.setdefault(found.group(1).lower(), value)
    closed = _CLOSE.match(text, at)
    if closed is None or closed.group(1) != end:
        raise ValueError("does not end, or holds what is no field")
    return fields, closed.end()


def _value(text: str, at: int, strings: _Strings) -> tuple[str, int]:
    """A field's value, and where it has ended."""
    parts: list[str] = []
    while True:
        if text[at : at + 1] == "{":
            part, at = _nested(text, at + 1)
        elif text[at : at + 1] == '"':
            part, at = _quoted(text, at + 1)
        elif found := _PART.match(text, at):
            part, at = found.group(), found.end()
            part = part if part.isdigit() else strings.put_in(part)
        else:
            raise ValueError("has a field without a value")
        parts.append(part)
        joined = _JOIN.match(text, at)
        if joined is None:
            return "".join(parts), at
        at = joined.end()


def _nested(text: str, start: int) -> tuple[str, int]:
    depth = 1
    for brace in _BRACE.finditer(text, start):
        depth += 1 if brace.group() == "{" else -1
        if not depth:
            return text[start : brace.start()], brace.end()
    raise ValueError("has a brace that is not closed")


def _quoted(text: str, start: int) -> tuple[str, int]:
    depth = 0
    for mark in _QUOTE.finditer(text, start):
        if mark.group() == '"' and not depth:
            return text[start : mark.start()], mark.end()
        depth += {"{": 1, "}": -1}.get(mark.group(), 0)
    raise ValueError("has a quote that is not closed")


def _listing(fields: Mapping[str, str], line: int) -> Listing:
    title = readable(fields.get("title", ""))
    if not title.strip():
        raise ValueError(f"the entry in line {line} has no title")
    number, doi = _number(fields), doi_in(re.sub(r"\\([_&%#])", r"\1", fields.get("doi", "")))
    told = fields.get("url", "").strip()
    url = web_address(re.sub(r"^\\url\{(.*)\}$", r"\1", told).replace("\\", ""))
    return Listing(
        title=title,
        abstract=readable(fields.get("abstract", "")),
        aliases=aliases(arxiv=number, doi=doi),
        authors=_authors(fields.get("author", "")),
        categories=tuple(fields.get("primaryclass", "").split()[:1]),
        keywords=tuple(
            word.strip() for word in re.split(r"[,;]", readable(fields.get("keywords", ""))) if word.strip()
        ),
        published_at=_published_at(fields),
        url=url or page_of(arxiv=number, doi=doi),
        pdf_url=f"https://arxiv.org/pdf/{number}" if number else "",
    )


def _number(fields: Mapping[str, str]) -> str:
    """The arXiv number, from where the several styles keep it."""
    archive = (fields.get("archiveprefix") or fields.get("eprinttype") or "arxiv").strip().lower()
    eprint = arxiv_number(fields.get("eprint", "")) if archive == "arxiv" else ""
    volume = fields.get("volume", "")  # DBLP: journal = {CoRR}, volume = {abs/1706.03762}
    elsewhere = (
        fields.get("url", ""),
        f"arXiv:{volume[4:]}" if volume.startswith("abs/") else "",
        *(fields.get(name, "") for name in ("journal", "howpublished")),
    )
    return eprint or next(
        (number for value in elsewhere if "arxiv" in value.lower() and (number := arxiv_number(value))), ""
    )


def _authors(value: str) -> tuple[str, ...]:
    """The names, given name first; ` and ` parts them, except in braces, which hold a body's name together."""
    names: list[str] = []
    depth = start = 0
    for mark in re.finditer(r"(?<!\\)[{}]|(?<!\s)\s+and(?=\s)", value):
        depth += {"{": 1, "}": -1}.get(mark.group(), 0)
        if not depth and mark.group() not in "{}":
            names.append(value[start : mark.start()])
            start = mark.end()
    names.append(value[start:])
    told = (name.strip() for name in names)
    shown = (name if re.fullmatch(r"\{[^{}]*\}", name) else given_name_first(name) for name in told if name != "others")
    return tuple(" ".join(readable(name).split()) for name in shown if name)


def _published_at(fields: Mapping[str, str]) -> datetime | None:
    """The first moment (UTC) of the day, month or year that is told."""
    told = re.match(r"\s*(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?", fields.get("date", "") or fields.get("year", ""))
    if told is None:
        return None
    named = fields.get("month", "").strip().lower()
    month = int(told.group(2) or (_MONTHS.index(named[:3]) + 1 if named[:3] in _MONTHS else 0) or _count(named) or 1)
    try:
        return datetime(int(told.group(1)), month, int(told.group(3) or _count(fields.get("day", "")) or 1), tzinfo=UTC)
    except ValueError:
        return None


def _count(value: str) -> int:
    return int(value) if value.strip().isascii() and value.strip().isdigit() and len(value) < 4 else 0


def readable(value: str) -> str:
    """A value is TeX through and through: its letters as letters, without braces that only hold it together."""
    for _ in range(_DEEPEST):
        value, opened = _GROUP.subn(r"\1", value)
        if not opened:
            break
    return clean(value)
