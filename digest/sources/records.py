"""Flat records of papers, by the several names that their fields go by."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from digest.model import Listing, Signals
from digest.sources.huggingface import count, instant, text, web_address
from digest.sources.names import ARXIV_ID


def record(row: Mapping[str, Any]) -> Listing | None:
    """The listing in a record, or None where it has no title.

    `summary` is the abstract in records that have no `abstract`, and one sentence in those that do.
    """
    title = text(row, "title")
    if not title.strip():
        return None
    abstract = text(row, "abstract")
    return Listing(
        title=title,
        abstract=abstract or text(row, "summary"),
        aliases=_aliases(row),
        authors=tuple(_names(row.get("authors"))),
        organisation=_first(row, "organisation", "organization"),
        categories=tuple(_words(row.get("categories"))),
        keywords=tuple(_words(row.get("keywords") or row.get("ai_keywords"), separator=",")),
        summary=text(row, "ai_summary") or (text(row, "summary") if abstract else ""),
        summary_is_generated=bool(text(row, "ai_summary")),
        published_at=_moment(_first(row, "published_at", "published")),
        listed_on=_day(_first(row, "listed_on", "list_day")),
        url=web_address(text(row, "url")) or _arxiv_page(row),
        pdf_url=web_address(text(row, "pdf_url")),
        code_url=web_address(_first(row, "code_url", "github_repo")),
        project_url=web_address(_first(row, "project_url", "project_page")),
        signals=Signals(
            upvotes=count(row, "upvotes"),
            comments=_count(row, "comments", "num_comments"),
            stars=_count(row, "stars", "github_stars"),
        ),
    )


def _aliases(row: Mapping[str, Any]) -> tuple[str, ...]:
    number, doi = _first(row, "arxiv_id", "id"), text(row, "doi").strip().lower()
    arxiv = ARXIV_ID.match(number)
    own = f"arxiv:{arxiv.group()}" if arxiv else f"record:{number}" if number else ""
    return tuple(name for name in (own, f"doi:{doi}" if doi else "") if name)


def _arxiv_page(row: Mapping[str, Any]) -> str:
    arxiv = ARXIV_ID.match(_first(row, "arxiv_id", "id"))
    return f"https://arxiv.org/abs/{arxiv.group()}" if arxiv else ""


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


def _words(value: Any, *, separator: str | None = None) -> list[str]:
    parts = value.split(separator) if isinstance(value, str) else value if isinstance(value, list) else []
    return [part.strip() for part in parts if isinstance(part, str) and part.strip()]


def _moment(value: str) -> datetime | None:
    day = _day(value)
    return instant(value) or (None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC))


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
