"""Papers made up in a line, for tests of choosing."""

from collections.abc import Sequence
from datetime import UTC, datetime

from digest.model import Interest, InterestKind, Paper, Signals

MIDNIGHT = datetime(2026, 6, 19, tzinfo=UTC)


def paper(
    number: int,
    title: str = "A paper",
    abstract: str = "",
    *,
    upvotes: int | None = 0,
    listed_at: datetime = MIDNIGHT,
    first_seen_at: datetime = MIDNIGHT,
    authors: Sequence[str] = (),
    categories: Sequence[str] = (),
) -> Paper:
    return Paper(
        id=number,
        title=title,
        abstract=abstract,
        authors=tuple(authors),
        organisation="",
        categories=tuple(categories),
        keywords=(),
        summary="",
        summary_is_generated=False,
        published_at=None,
        listed_at=listed_at,
        first_seen_at=first_seen_at,
        url="",
        pdf_url="",
        code_url="",
        project_url="",
        arxiv_id="",
        signals=Signals(upvotes=upvotes),
    )


def topic(value: str) -> Interest:
    return Interest(kind=InterestKind.TOPIC, value=value)


def author(value: str) -> Interest:
    return Interest(kind=InterestKind.AUTHOR, value=value)


def category(value: str) -> Interest:
    return Interest(kind=InterestKind.CATEGORY, value=value)


def mute(value: str) -> Interest:
    return Interest(kind=InterestKind.MUTE, value=value)
