"""Flat records of papers, by the several names that their fields go by."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from digest.model import Listing, Signals
from digest.sources.names import ARXIV_ID, aliases, doi_in, page_of
from digest.sources.values import PLAUSIBLE_YEARS, count, identifier, instant, text, web_address
from digest.text import clean

COUNTS = ("upvotes", "comments", "num_comments", "stars", "github_stars")
MOMENTS = ("published_at", "published", "listed_on", "list_day")


def misread(row: Mapping[str, Any]) -> list[str]:
    """The fields of a record that say something, and no count or no date where one is meant."""
    said = {key for key in (*COUNTS, *MOMENTS) if row.get(key) not in (None, "")}
    read = {key: count(row, key) if key in COUNTS else _moment(text(row, key)) for key in said}
    return [key for key in row if key in said and read[key] is None]


def record(row: Mapping[str, Any]) -> Listing | None:
    """The listing in a record, or None where it has no title.

    `summary` is the abstract in records that have no `abstract`, and one sentence in those that do.
    """
    title = text(row, "title")
    if not clean(title):
        return None
    abstract = text(row, "abstract")
    named = {"arxiv": _arxiv_id(row), "doi": doi_in(identifier(row, "doi"))}
    return Listing(
        title=title,
        abstract=abstract or text(row, "summary"),
        aliases=aliases(**named),
        authors=tuple(_names(row.get("authors"))),
        organisation=_first(row, "organisation", "organization"),
        categories=tuple(_words(row.get("categories") or row.get("cats"), separator=r"[\s,;]")),
        keywords=tuple(_words(row.get("keywords") or row.get("ai_keywords"), separator=",")),
        summary=text(row, "ai_summary") or (text(row, "summary") if abstract else ""),
        summary_is_generated=bool(text(row, "ai_summary")),
        published_at=_moment(_first(row, "published_at", "published")),
        listed_on=_day(_first(row, "listed_on", "list_day")),
        url=web_address(text(row, "url")) or page_of(**named),
        pdf_url=web_address(text(row, "pdf_url")),
        code_url=web_address(_first(row, "code_url", "github_repo")),
        project_url=web_address(_first(row, "project_url", "project_page")),
        signals=Signals(
            upvotes=count(row, "upvotes"),
            comments=_count(row, "comments", "num_comments"),
            stars=_count(row, "stars", "github_stars"),
        ),
    )


def _arxiv_id(row: Mapping[str, Any]) -> str:
    """An `id` of another form is the file's own: it names no paper outside it."""
    found = (ARXIV_ID.match(identifier(row, key)) for key in ("arxiv_id", "id"))
    return next((arxiv.group() for arxiv in found if arxiv), "")


def _first(row: Mapping[str, Any], *keys: str) -> str:
    return next((text(row, key) for key in keys if text(row, key)), "")


def _count(row: Mapping[str, Any], *keys: str) -> int | None:
    return next((count(row, key) for key in keys if count(row, key) is not None), None)


def _names(value: Any) -> list[str]:
    if isinstance(value, str):
        return [name.strip() for name in re.split(r",| and ", value) if name.strip()]
    entries = value if isinstance(value, list) else []
    names = [text(one, "name") if isinstance(one, Mapping) else one for one in entries]
    return [name for name in names if isinstance(name, str) and name.strip()]


def _words(value: Any, *, separator: str) -> list[str]:
    parts = re.split(separator, value) if isinstance(value, str) else value if isinstance(value, list) else []
    return [part.strip() for part in parts if isinstance(part, str) and part.strip()]


def _moment(value: str) -> datetime | None:
    day = _day(value)
    return instant(value) or (None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC))


def _day(value: str) -> date | None:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        told = instant(value)
        return None if told is None else told.date()
    return day if day.year in PLAUSIBLE_YEARS else None
