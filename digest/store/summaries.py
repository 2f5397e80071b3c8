"""Sentences that a language model wrote: which papers lack one, and what was asked for and when.

A paper is asked about at most once a day, so the papers asked about within a day are the requests of that day.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from digest.model import Paper, Signals
from digest.store.engine import insert, take_turns
from digest.store.papers import latest_signals, papers_by_id
from digest.store.tables import papers, summaries

DAY = timedelta(days=1)
LOOK_BACK = timedelta(days=7)
MOST_TRIES = 3


def papers_to_summarise(connection: Connection, *, limit: int, per_day: int, now: datetime) -> list[Paper]:
    """Papers of the last week to ask about, most upvoted first, then newest: `limit`, or what the day has left."""
    limit = min(limit, per_day - _asked_within_a_day(connection, now=now))
    if limit <= 0:
        return []
    wanted = and_(
        *(papers.c.summary == "", papers.c.abstract != "", papers.c.withdrawn_at.is_(None)),
        *(papers.c.listed_at >= now - LOOK_BACK, papers.c.first_seen_at <= now),
        or_(summaries.c.paper_id.is_(None), _may_be_asked_again(now)),
    )
    query = select(papers.c.id).select_from(papers.outerjoin(summaries)).where(wanted)
    newest = list(connection.execute(query.order_by(papers.c.listed_at.desc(), papers.c.id.desc())).scalars())
    signals = latest_signals(connection, newest, now=now)
    first = sorted(newest, key=lambda paper_id: -(signals.get(paper_id, Signals()).upvotes or 0))[:limit]
    found = papers_by_id(connection, first, now=now)
    return [found[paper_id] for paper_id in first]


def note_asked(connection: Connection, paper_id: int, *, per_day: int, now: datetime) -> bool:
    """Note that a model is asked about the paper; false where it may not be.

    The day has none left, somebody asked meanwhile, or the paper was joined with another.
    """
    take_turns(connection, "papers")
    is_there = connection.execute(select(papers.c.id).where(papers.c.id == paper_id)).first() is not None
    if not is_there or _asked_within_a_day(connection, now=now) >= per_day:
        return False
    statement = insert(connection, summaries).values(paper_id=paper_id, asked_at=now, tries=1, sentence="")
    again = {"asked_at": now, "tries": summaries.c.tries + 1}
    noted = statement.on_conflict_do_update(index_elements=["paper_id"], set_=again, where=_may_be_asked_again(now))
    return connection.execute(noted.returning(summaries.c.paper_id)).first() is not None


def keep_sentence(connection: Connection, paper_id: int, sentence: str) -> None:
    """Keep what was written about the paper: it is never asked about again."""
    connection.execute(update(summaries).where(summaries.c.paper_id == paper_id).values(sentence=sentence))


def _may_be_asked_again(now: datetime) -> ColumnElement[bool]:
    return and_(summaries.c.sentence == "", summaries.c.tries < MOST_TRIES, summaries.c.asked_at <= now - DAY)


def _asked_within_a_day(connection: Connection, *, now: datetime) -> int:
    query = select(func.count()).select_from(summaries).where(summaries.c.asked_at > now - DAY)
    return int(connection.execute(query).scalar_one())
