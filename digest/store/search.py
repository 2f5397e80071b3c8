"""Finding papers by their words: SQLite's FTS5 or PostgreSQL's tsvector, ranked, with marks.

A word counts most in a title, then among the authors, then in an abstract. English words are
compared by their stems and without accents.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache, partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    column,
    func,
    literal_column,
    select,
    table,
    text,
)

from digest.model import Paper
from digest.store.papers import ARXIV, papers_by_id
from digest.store.query import Marked, Marker, Range, Stem, Term, parse
from digest.store.tables import aliases, papers

EXCERPT_CHARACTERS = 240
_ARXIV_ID = re.compile(
    r"\s*(?:arxiv:\s*|(?:https?://)?(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)/)?"
    r"(?P<id>\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v\d+)?(?:\.pdf)?\s*",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A paper, where its title holds what was looked for, and the part of its abstract that does."""

    paper: Paper
    title_marks: tuple[Range, ...]
    excerpt: Marked


def search_papers(
    connection: Connection, query: str, *, now: datetime, limit: int, offset: int = 0, since: datetime | None = None
) -> list[Found]:
    """Papers seen by `now`, and listed since then, that suit a query as somebody typed it, the best first.

    Any text is a query: see `digest.store.query`. A paper whose arXiv id it is comes first.
    """
    named, matching = _wanted(connection, query, now=now, since=since)
    ids = [] if named is None or offset else [named]
    if matching is not None:
        before = 0 if named is None or not offset else 1
        page = matching.limit(limit - len(ids)).offset(offset - before)
        ids += connection.execute(page).scalars()
    known = papers_by_id(connection, ids[:limit], now=now)
    marker = marker_of(connection, query)
    return [_found(known[number], marker) for number in ids[:limit]]


def numbers_found(
    connection: Connection, query: str, *, now: datetime, since: datetime | None = None
) -> frozenset[int]:
    """The numbers of all papers that `search_papers` finds, in no order."""
    named, matching = _wanted(connection, query, now=now, since=since)
    found = () if matching is None else tuple(connection.execute(matching.order_by(None)).scalars())
    return frozenset(found if named is None else (named, *found))


def count_found(connection: Connection, query: str, *, now: datetime) -> int:
    """How many papers `search_papers` finds."""
    named, matching = _wanted(connection, query, now=now)
    counted = None if matching is None else select(func.count()).select_from(matching.order_by(None).subquery())
    return (named is not None) + (0 if counted is None else int(connection.execute(counted).scalar_one()))


def marker_of(connection: Connection, query: str) -> Marker:
    """Marks what the query finds, in any text."""
    return Marker(parse(query), stem=_stem(connection))


def rebuild_index(connection: Connection) -> None:
    """Make the index anew from the papers' texts."""
    on_sqlite = connection.dialect.name == "sqlite"
    statement = (
        "INSERT INTO paper_words (paper_words) VALUES ('rebuild')" if on_sqlite else "REINDEX INDEX ix_papers_words"
    )
    connection.execute(text(statement))


def _wanted(
    connection: Connection, query: str, *, now: datetime, since: datetime | None = None
) -> tuple[int | None, Select[int] | None]:
    """The paper whose arXiv id the query is, and the numbers of the others, the best first; None where no word is."""
    terms = parse(query)
    wanted = papers.c.first_seen_at <= now
    if since is not None:
        wanted = and_(wanted, papers.c.listed_at >= since)
    named = _named(connection, query, wanted)
    return named, _matching(connection, terms).where(wanted, papers.c.id != (named or 0)) if terms else None


def _named(connection: Connection, query: str, wanted: ColumnElement[bool]) -> int | None:
    """The paper whose arXiv id the query is."""
    typed = _ARXIV_ID.fullmatch(query[:200])
    if typed is None:
        return None
    spelled = [ARXIV + typed["id"], ARXIV + typed["id"].lower()]
    joined = aliases.join(papers, papers.c.id == aliases.c.paper_id)
    rows = select(papers.c.id).select_from(joined).where(aliases.c.alias.in_(spelled), wanted)
    return connection.execute(rows.limit(1)).scalar()


def _matching(connection: Connection, terms: Sequence[Term]) -> Select[int]:
    if connection.dialect.name == "sqlite":
        return _FTS5_ROWS.params(typed=_fts5(terms))
    return _tsvector_rows().params(typed=_tsquery(terms))


# Made once, as the other is: a search takes a few milliseconds, and making these takes one of them.
_FTS5 = table("paper_words", column("rowid"))
_FTS5_INDEX: ColumnElement[Any] = literal_column("paper_words")
_FTS5_ROWS = (
    select(papers.c.id)
    .select_from(_FTS5.join(papers, papers.c.id == _FTS5.c.rowid))
    .where(_FTS5_INDEX.op("MATCH")(bindparam("typed")))
    .order_by(func.bm25(_FTS5_INDEX, 10.0, 4.0, 1.0), papers.c.listed_at.desc(), papers.c.id.desc())
)


@cache
def _tsvector_rows() -> Select[int]:
    """Made when it is first asked for, by when SQLAlchemy has read what it knows of PostgreSQL's functions."""
    words: ColumnElement[Any] = literal_column("papers.words")
    typed = func.to_tsquery(literal_column("'english'"), bindparam("typed"))
    # The weights are of D, C, B and A: nothing, abstract, authors, title.
    rank = func.ts_rank(literal_column("'{0, 0.1, 0.4, 1}'"), words, typed)
    order = (rank.desc(), papers.c.listed_at.desc(), papers.c.id.desc())
    return select(papers.c.id).where(words.op("@@")(typed)).order_by(*order)


def _fts5(terms: Sequence[Term]) -> str:
    """Words hold letters and digits only, so quoted they are nothing but words."""
    wanted = [_quoted(term) for term in terms if not term.is_excluded]
    unwanted = [_quoted(term) for term in terms if term.is_excluded]
    return " NOT ".join([f"({' AND '.join(wanted)})", *unwanted])


def _quoted(term: Term) -> str:
    return f'"{" ".join(term.words)}"' + (" *" if term.is_prefix else "")


def _tsquery(terms: Sequence[Term]) -> str:
    def spelled(term: Term) -> str:
        words = " <-> ".join(f"'{word}'" for word in term.words) + (":*" if term.is_prefix else "")
        return f"!({words})" if term.is_excluded else f"({words})"

    return " & ".join(map(spelled, terms))


def _stem(connection: Connection) -> Stem:
    return partial(_stemmed, "porter" if connection.dialect.name == "sqlite" else "english")


@lru_cache(maxsize=10_000)
def _stemmed(language: str, word: str) -> str:
    # Imported here: most commands search nothing. A stemmer is made for each word, having a state; the words of
    # one search are mostly those of the next.
    from Stemmer import Stemmer

    stem: str = Stemmer(language).stemWord(word)
    return stem


def _found(paper: Paper, marker: Marker) -> Found:
    return Found(
        paper=paper,
        title_marks=marker.marks(paper.title),
        excerpt=marker.excerpt(paper.abstract, limit=EXCERPT_CHARACTERS),
    )
