"""Reading papers and their signals."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, func, or_, select

from digest.model import Paper, SeenSignals, Signals
from digest.store.engine import blocks
from digest.store.tables import aliases, former_papers, paper_sources, papers, signals, summaries

ARXIV = "arxiv:"
ARXIV_DOI = "doi:10.48550/"
TITLED = "title:"
"""Before a hash of title and author: the name of a paper that was typed without any other."""

EXAMPLES = "examples"
"""The source of papers that readers named: they can be liked, but no source has listed them."""

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""When such a paper was first seen, until a source lists it: whatever asks for what was seen by now leaves it out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A paper in a list of many, without its texts; of its signals the upvotes alone."""

    id: int
    listed_at: datetime
    first_seen_at: datetime
    categories: tuple[str, ...]
    signals: Signals


# Made once: making it anew takes as long as a small answer.
_KNOWN = signals.c.paper_id.in_(bindparam("ids", expanding=True)) & (signals.c.seen_at <= bindparam("now"))
_NEWEST = (
    select(signals.c.paper_id, func.max(signals.c.seen_at).label("seen_at"))
    .where(_KNOWN)
    .group_by(signals.c.paper_id)
    .subquery()
)
_LATEST = select(signals).join(
    _NEWEST, (signals.c.paper_id == _NEWEST.c.paper_id) & (signals.c.seen_at == _NEWEST.c.seen_at)
)
_SHOWN = [*(column for column in papers.c if not column.name.startswith("raw_")), summaries.c.sentence]


def papers_listed(
    connection: Connection, *, since: datetime, now: datetime, sources: Sequence[str] = (), most: int | None = None
) -> list[Paper]:
    """Papers listed since then and seen by `now`, newest first, `most` of them, with the last signals known at `now`.

    Withdrawn papers are left out. A list may be out before its day has begun (UTC). An empty
    `sources` means all of them.
    """
    wanted = and_(papers.c.listed_at >= since, _is_seen(now))
    if sources:
        listed = select(paper_sources.c.paper_id).where(paper_sources.c.source.in_(sources))
        wanted = and_(wanted, papers.c.id.in_(listed))
    return _papers(connection, wanted, now=now, most=most)


def lines_listed(connection: Connection, *, since: datetime, until: datetime, now: datetime) -> list[Listed]:
    """What lists are put in order by of the papers listed from then until then, both included, and seen by `now`."""
    known = (signals.c.paper_id == papers.c.id) & (signals.c.seen_at <= now)
    latest = select(signals.c.upvotes).where(known).order_by(signals.c.seen_at.desc()).limit(1).scalar_subquery()
    query = select(papers.c.id, papers.c.listed_at, papers.c.first_seen_at, papers.c.categories, latest)
    wanted = query.where(papers.c.listed_at.between(since, until), _is_seen(now))
    return [
        Listed(
            id=number,
            listed_at=listed_at,
            first_seen_at=seen_at,
            categories=tuple(categories),
            signals=Signals(upvotes=upvotes),
        )
        for number, listed_at, seen_at, categories, upvotes in connection.execute(wanted)
    ]


def listed_beside(
    connection: Connection, *, since: datetime, until: datetime, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """When the last paper was listed before that, and the first after that, of those seen and listed by `now`."""
    before = select(func.max(papers.c.listed_at)).where(papers.c.listed_at < since, papers.c.listed_at <= now)
    after = select(func.min(papers.c.listed_at)).where(papers.c.listed_at > until, papers.c.listed_at <= now)
    first, last = (connection.execute(query.where(_is_seen(now))).scalar_one() for query in (before, after))
    return first, last


def _is_seen(now: datetime) -> ColumnElement[bool]:
    return (papers.c.first_seen_at <= now) & papers.c.withdrawn_at.is_(None)


def keywords_seen(connection: Connection, *, since: datetime, now: datetime) -> list[tuple[str, ...]]:
    """The keywords of each paper first seen since then."""
    seen = select(papers.c.keywords).where(papers.c.first_seen_at >= since, papers.c.first_seen_at <= now)
    return [tuple(keywords) for keywords in connection.execute(seen.where(papers.c.withdrawn_at.is_(None))).scalars()]


def has_papers(connection: Connection) -> bool:
    """Whether there is any paper."""
    return connection.execute(select(papers.c.id).limit(1)).first() is not None


def began_at(connection: Connection) -> datetime | None:
    """When the first of the papers was first seen."""
    began: datetime | None = connection.execute(select(papers.c.first_seen_at).order_by(papers.c.id).limit(1)).scalar()
    return began


def papers_by_id(connection: Connection, ids: Iterable[int], *, now: datetime) -> dict[int, Paper]:
    """The papers with these numbers, those that there are."""
    found = [paper for block in blocks(ids) for paper in _papers(connection, papers.c.id.in_(block), now=now)]
    return {paper.id: paper for paper in found}


def paper_named(connection: Connection, name: str, *, now: datetime) -> Paper | None:
    """The paper with this alias, arXiv id or number, one that it had before it was joined with another included."""
    spelled = [name, ARXIV + name.split("v")[0] if name[:4].isdigit() else ARXIV + name]
    by_alias = papers.c.id.in_(select(aliases.c.paper_id).where(aliases.c.alias.in_(spelled)))
    number = int(name) if name.isdecimal() and len(name) < 18 else 0
    by_number = papers.c.id == present_numbers(connection, [number]).get(number, number)
    return next(iter(_papers(connection, or_(by_alias, by_number), now=now)), None)


def papers_named(connection: Connection, names: Collection[str]) -> dict[str, int]:
    """The numbers of the papers with these aliases, those that there are."""
    found: dict[str, int] = {}
    for block in blocks(names):
        rows = connection.execute(select(aliases).where(aliases.c.alias.in_(block)))
        found.update({row.alias: row.paper_id for row in rows})
    return found


def with_histories(connection: Connection, papers: Sequence[Paper], *, now: datetime) -> list[Paper]:
    """The papers with all that was seen of them until now."""
    found: defaultdict[int, list[SeenSignals]] = defaultdict(list)
    for block in blocks(paper.id for paper in papers):
        query = select(signals).where(signals.c.paper_id.in_(block), signals.c.seen_at <= now)
        for row in connection.execute(query.order_by(signals.c.paper_id, signals.c.seen_at)):
            found[row.paper_id].append(SeenSignals(seen_at=row.seen_at, signals=signals_in(row)))
    return [replace(paper, history=tuple(found[paper.id])) for paper in papers]


def latest_signals(connection: Connection, ids: Iterable[int], *, now: datetime) -> dict[int, Signals]:
    """The last that was seen of each paper until now."""
    found: dict[int, Signals] = {}
    for block in blocks(ids):
        for row in connection.execute(_LATEST, {"ids": block, "now": now}):
            found[row.paper_id] = signals_in(row)
    return found


def upvotes_seen(connection: Connection, ids: Iterable[int]) -> Iterator[list[tuple[int, float, int]]]:
    """(paper, seconds since 1970, upvotes) of all that was ever seen of the papers, some hundreds of them at a time."""
    for block in blocks(ids):
        query = select(signals.c.paper_id, signals.c.seen_at, signals.c.upvotes)
        rows = connection.execute(query.where(signals.c.paper_id.in_(block), signals.c.upvotes.is_not(None)))
        yield [(row.paper_id, row.seen_at.timestamp(), row.upvotes) for row in rows]


def present_numbers(connection: Connection, ids: Iterable[int]) -> dict[int, int]:
    """The numbers that papers have now, by those under which they were known before they were joined with another."""
    found: dict[int, int] = {}
    for block in blocks(ids):
        for row in connection.execute(select(former_papers).where(former_papers.c.number.in_(block))):
            found[row.number] = row.paper_id
    return found


def former_numbers(connection: Connection, paper_id: int) -> list[int]:
    """The numbers under which a paper was known before it was joined with another."""
    query = select(former_papers.c.number).where(former_papers.c.paper_id == paper_id)
    return list(connection.execute(query).scalars())


def alias_names(connection: Connection, paper_id: int) -> list[str]:
    """Every name that the paper is known by."""
    query = select(aliases.c.alias).where(aliases.c.paper_id == paper_id).order_by(aliases.c.alias)
    return list(connection.execute(query).scalars())


def source_names(connection: Connection, paper_id: int) -> list[str]:
    """The sources that have listed the paper."""
    query = select(paper_sources.c.source).where(paper_sources.c.paper_id == paper_id)
    return sorted(connection.execute(query).scalars())


def _papers(
    connection: Connection, wanted: ColumnElement[bool], *, now: datetime, most: int | None = None
) -> list[Paper]:
    query = select(*_SHOWN).select_from(papers.outerjoin(summaries)).where(wanted)
    rows = connection.execute(query.order_by(papers.c.listed_at.desc(), papers.c.id.desc()).limit(most)).all()
    latest = latest_signals(connection, [row.id for row in rows], now=now)
    arxiv_ids = _arxiv_ids(connection, [row.id for row in rows])
    return [_paper(row, latest.get(row.id, Signals()), arxiv_ids.get(row.id, "")) for row in rows]


def _arxiv_ids(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for block in blocks(ids):
        # Told apart here: PostgreSQL would look through all that begin so, instead of those of these papers.
        for row in connection.execute(select(aliases).where(aliases.c.paper_id.in_(block))):
            if row.alias.startswith(ARXIV):
                found[row.paper_id] = row.alias.removeprefix(ARXIV)
    return found


def _paper(row: Row[Any], latest: Signals, arxiv_id: str) -> Paper:
    return Paper(
        id=row.id,
        title=row.title,
        abstract=row.abstract,
        authors=tuple(row.authors),
        organisation=row.organisation,
        categories=tuple(row.categories),
        keywords=tuple(row.keywords),
        summary=row.summary or row.sentence or "",
        summary_is_generated=row.summary_is_generated if row.summary else bool(row.sentence),
        published_at=row.published_at,
        listed_at=row.listed_at,
        first_seen_at=row.first_seen_at,
        url=row.url,
        pdf_url=row.pdf_url,
        code_url=row.code_url,
        project_url=row.project_url,
        arxiv_id=arxiv_id,
        signals=latest,
        withdrawn_at=row.withdrawn_at,
    )


def signals_in(row: Row[Any]) -> Signals:
    """The signals that a row holds."""
    return Signals(upvotes=row.upvotes, comments=row.comments, stars=row.stars)
