"""What the sources say of papers, and what counts: of every source's last word, the highest.

Two sources that count differently would otherwise contradict each other at every collect.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import reduce
from typing import Any

from sqlalchemy import Connection, Table, select

from digest.model import Signals
from digest.store.engine import blocks, insert
from digest.store.papers import latest_signals, signals_in
from digest.store.tables import paper_sources, signals


def record_signals(connection: Connection, said: Mapping[int, Signals], *, source: str, now: datetime) -> set[int]:
    """Note what the source says of each paper that it lists, and what counts, where that changed, under its hour.

    Returns the papers of which it changed.
    """
    words = _words(connection, said)
    news = []
    for number, told in said.items():
        before = words[number].get(source)
        words[number][source] = _told(before or Signals(), told)
        if words[number][source] != before:
            news.append({"paper_id": number, "source": source, **asdict(words[number][source])})
    _put(connection, paper_sources, news)
    counted = {number: reduce(highest, words[number].values()) for number, told in said.items() if told != Signals()}
    latest = latest_signals(connection, counted, now=now)
    counted = {number: _told(latest.get(number, Signals()), value) for number, value in counted.items()}
    changed = {number: value for number, value in counted.items() if value != latest.get(number)}
    hour = now.replace(minute=0, second=0, microsecond=0)
    _put(connection, signals, [{"paper_id": n, "seen_at": hour, **asdict(value)} for n, value in changed.items()])
    return set(changed)


def join_signals(connection: Connection, *, gone: int, into: int) -> None:
    """Give a paper what was said of another: at each hour at which either was seen, the highest of both as of then."""
    words = _words(connection, [gone, into])
    joined = {source: highest(word, words[into].get(source, Signals())) for source, word in words[gone].items()}
    _put(connection, paper_sources, [{"paper_id": into, "source": s, **asdict(word)} for s, word in joined.items()])
    query = select(signals).where(signals.c.paper_id.in_([gone, into])).order_by(signals.c.seen_at)
    latest: dict[int, Signals] = {}
    rows = {}
    for row in connection.execute(query):
        latest[row.paper_id] = signals_in(row)
        rows[row.seen_at] = {"paper_id": into, "seen_at": row.seen_at, **asdict(reduce(highest, latest.values()))}
    _put(connection, signals, list(rows.values()))


def highest(one: Signals, other: Signals) -> Signals:
    """Of each signal the higher count."""

    def higher(a: int | None, b: int | None) -> int | None:
        return max((n for n in (a, b) if n is not None), default=None)

    return Signals(
        upvotes=higher(one.upvotes, other.upvotes),
        comments=higher(one.comments, other.comments),
        stars=higher(one.stars, other.stars),
    )


def _told(before: Signals, now: Signals) -> Signals:
    """The latest word: a signal of which nothing is said keeps its last value."""
    return Signals(
        upvotes=before.upvotes if now.upvotes is None else now.upvotes,
        comments=before.comments if now.comments is None else now.comments,
        stars=before.stars if now.stars is None else now.stars,
    )


def _words(connection: Connection, ids: Iterable[int]) -> defaultdict[int, dict[str, Signals]]:
    """What each source said last of each of these papers that it has listed."""
    found: defaultdict[int, dict[str, Signals]] = defaultdict(dict)
    for block in blocks(ids):
        for row in connection.execute(select(paper_sources).where(paper_sources.c.paper_id.in_(block))):
            found[row.paper_id][row.source] = signals_in(row)
    return found


def _put(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows of signals, in place of those that are there."""
    if rows:
        statement = insert(connection, table)
        replaced = {name: statement.excluded[name] for name in asdict(Signals())}
        connection.execute(statement.on_conflict_do_update(index_elements=table.primary_key, set_=replaced), rows)
