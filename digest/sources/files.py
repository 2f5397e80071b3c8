"""Papers out of files: the Hugging Face API's JSON, records in JSON or JSONL, BibTeX, a captured page.

What a file is, its content says, not its name; only an undated list takes its day from the name.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from digest.errors import SourceError
from digest.model import MOST_AHEAD, Listing
from digest.sources import bibtex, capture
from digest.sources.records import misread, record
from digest.sources.source import Page

MOST_BYTES = 200_000_000
NAME = "files"


class Files:
    """The given files, a page each."""

    name = NAME

    def __init__(self, paths: Sequence[Path], *, name: str = NAME) -> None:
        self.name = name
        self._paths = tuple(paths)

    def listings(self, *, since: date, now: datetime) -> Iterator[Page]:
        """Every paper of every file, whatever its date."""
        for path in self._paths:
            yield _page(path)


def read_papers(path: Path) -> tuple[Listing, ...]:
    """The papers in a file. Raises SourceError, in one sentence, for one that is no good; nothing is half read."""
    return _page(path).listings


def _page(path: Path) -> Page:
    text = _read(path)
    start = text.lstrip()[:1]
    if not start:
        raise SourceError(NAME, f"{path} is empty. Fetch it again; a list that rightly holds no papers is [].")
    if start in {"[", "{"}:
        rows = _of_list(path, text) if start == "[" else _of_lines(path, text)
        is_answer = start == "[" and any("paper" in row for _, row in rows)
        listings = _of_answer(path, rows) if is_answer else tuple(_record(path, row, line=at) for at, row in rows)
        remark = "" if is_answer else _misread(path, rows)
        return Page(label=path.name, listings=listings, cursor=path.name, remark=remark)
    if capture.looks_like_page(text):
        return Page(label=path.name, listings=_of_page(path, text), cursor=path.name)
    if not bibtex.looks_like_bibtex(text):
        raise _no_papers(path)
    return Page(label=path.name, listings=_of_bibtex(path, text), cursor=path.name)


def read_bibtex(path: Path) -> tuple[Listing, ...]:
    """The papers in a BibTeX file. Raises SourceError, in one sentence, for one that is no good."""
    text = _read(path)
    if not bibtex.looks_like_bibtex(text):
        raise SourceError(NAME, f"{path} holds no BibTeX entries. Export it as BibTeX (.bib).")
    return _of_bibtex(path, text)


def newest_noon(listings: Sequence[Listing], *, now: datetime) -> datetime | None:
    """The first noon (UTC) after the newest dated paper; None where none is dated.

    One that is dated too far ahead, as by a mistyped year, counts only where all are.
    """
    days = [datetime.combine(one.listed_on, time(), UTC) for one in listings if one.listed_on is not None]
    moments = [one.published_at.astimezone(UTC) for one in listings if one.published_at is not None]
    dated = days + moments
    if not dated:
        return None
    newest = max([one for one in dated if one - now <= MOST_AHEAD] or dated)
    noon = datetime.combine(newest.date(), time(12), UTC)
    return noon if noon > newest else noon + timedelta(days=1)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            # Opened once: what comes through a pipe cannot be read again.
            packed = file.peek(2)[:2] == b"\x1f\x8b"
            content = gzip.GzipFile(fileobj=file).read(MOST_BYTES + 1) if packed else file.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is damaged"
        raise SourceError(NAME, f"{path} cannot be read: {reason}. Mend the path or the file.") from error
    if len(content) > MOST_BYTES:
        raise SourceError(NAME, f"{path} holds more than {MOST_BYTES:,} bytes. Split it.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _no_papers(path) from error


def _of_page(path: Path, text: str) -> tuple[Listing, ...]:
    try:
        return capture.parse(text)
    except ValueError as error:
        raise SourceError(NAME, f"{path} is a captured page, but {error}. Capture it again, whole.") from error


def _of_bibtex(path: Path, text: str) -> tuple[Listing, ...]:
    try:
        return bibtex.parse(text)
    except ValueError as error:
        raise SourceError(NAME, f"{path} is BibTeX, but {error}. Mend that entry.") from error


def _of_list(path: Path, text: str) -> list[tuple[int, Any]]:
    rows = _json(path, text, line=1)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _no_papers(path)
    return list(enumerate(rows, 1))


def _of_lines(path: Path, text: str) -> list[tuple[int, Any]]:
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    return [(number, _json(path, line, line=number)) for number, line in lines]


def _of_answer(path: Path, rows: Sequence[tuple[int, Any]]) -> tuple[Listing, ...]:
    # Imported here: it brings HTTP along, which who only reads what was typed does without.
    from digest.sources import huggingface

    try:
        return huggingface.parse([row for _, row in rows], source=NAME, day=_named_day(path))
    except SourceError as error:
        raise SourceError(NAME, f"{path}: {str(error).partition(': ')[2]}") from error


def _misread(path: Path, rows: Sequence[tuple[int, Any]]) -> str:
    found = [(number, keys) for number, row in rows if (keys := misread(row))]
    if not found:
        return ""
    many = "1 record holds" if len(found) == 1 else f"{len(found)} records hold"
    number, keys = found[0]
    return (
        f"{path.name}: {many} a count or a date that is none, the first is record {number} ({', '.join(keys)}). Write"
        " 12, and 2026-06-19."
    )


def _json(path: Path, text: str, *, line: int) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        at = line + (error.lineno - 1 if isinstance(error, json.JSONDecodeError) else 0)
        raise SourceError(NAME, f"{path} is not whole JSON, from line {at} on. Fetch the file again.") from error


def _record(path: Path, row: Any, *, line: int) -> Listing:
    listing = record(row) if isinstance(row, Mapping) else None
    if listing is None:
        raise SourceError(NAME, f"{path}: record {line} has no title, so it is no paper. Mend or remove it.")
    return listing


def _named_day(path: Path) -> date | None:
    found = re.search(r"\d{4}-\d{2}-\d{2}", path.name)
    try:
        return date.fromisoformat(found.group()) if found else None
    except ValueError:
        return None


def _no_papers(path: Path) -> SourceError:
    return SourceError(
        NAME,
        f"{path} holds no papers that can be read. Give the Hugging Face API's JSON, JSON or JSONL records with a"
        " title, BibTeX, or the text of a Daily Papers page.",
    )
