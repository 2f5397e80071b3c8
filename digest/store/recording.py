"""Writing down what a source lists: matching it with what is there, and merging.

A listing is a paper that is known already if they share an alias, or a normalised title and the
first author's family name (an absent author matches any) without having two different names of
one kind (arXiv ids, DOIs, a feed's own). What is known stays, unless a newer version says it
anew; a listing fills what is still blank, and an earlier list's day counts.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from digest.model import Listing, Signals
from digest.store.engine import blocks, insert, take_turns
from digest.store.papers import ARXIV, ARXIV_DOI, latest_signals
from digest.store.tables import aliases, paper_sources, papers, signals
from digest.text import author_key, title_key

_FILLED = (
    *("abstract", "raw_abstract", "authors", "author_key", "organisation", "categories", "keywords", "summary"),
    *("published_at", "url", "pdf_url", "code_url", "project_url", "withdrawn_at"),
)
_TEXTS = ("title", "raw_title", "abstract", "raw_abstract", "authors", "author_key", "categories")
"""What a newer version brings anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a run did: listings read, papers that were new, papers that learned something."""

    read: int
    new: int
    changed: int


@dataclass(slots=True)
class _Entry:
    """A paper in the making: its row, its names, and the highest signals of this run."""

    row: dict[str, Any]
    aliases: set[str] = field(default_factory=set)
    new_aliases: set[str] = field(default_factory=set)
    signals: Signals = field(default_factory=Signals)
    changed: bool = False

    def is_another(self, names: Iterable[str], *, kinds: Collection[str] = ()) -> bool:
        """Whether it has a name of the same kind as one of these, yet none of them; of all kinds, or only of some."""
        own, others = _by_kind(self.aliases | self.new_aliases), _by_kind(names)
        shared = own.keys() & others.keys() & (set(kinds) or own.keys())
        return any(not own[kind] & others[kind] for kind in shared)


class _Register:
    """The papers that this run may touch, found by alias or by title."""

    def __init__(self) -> None:
        self.entries: list[_Entry] = []
        self.by_alias: dict[str, _Entry] = {}
        self.by_title: defaultdict[str, list[_Entry]] = defaultdict(list)

    def add(self, entry: _Entry) -> None:
        self.entries.append(entry)
        self.by_title[entry.row["title_key"]].append(entry)
        for alias in entry.aliases | entry.new_aliases:
            self.by_alias.setdefault(alias, entry)

    def find(self, listing: Listing, *, title: str, author: str) -> _Entry | None:
        for alias in listing.aliases:
            known = self.by_alias.get(alias)
            # Some authors give one DOI to two papers of theirs.
            if known is not None and not known.is_another(listing.aliases, kinds=[ARXIV]):
                return known
        for entry in self.by_title[title]:
            same_author = not author or not entry.row["author_key"] or author == entry.row["author_key"]
            if same_author and not entry.is_another(listing.aliases):
                return entry
        return None


def _by_kind(names: Iterable[str]) -> dict[str, set[str]]:
    """Names by what stands before their colon; arXiv's own DOIs are no more than arXiv ids again."""
    kinds: dict[str, set[str]] = {}
    for name in names:
        if not name.startswith(ARXIV_DOI):
            kinds.setdefault(name.partition(":")[0] + ":", set()).add(name)
    return kinds


def record_listings(connection: Connection, listings: Sequence[Listing], *, source: str, now: datetime) -> Recorded:
    """Store what one run of a source listed: `now` is when it was seen.

    The same listings recorded again change nothing.
    """
    take_turns(connection, "papers")
    register = _register(connection, listings)
    for listing in listings:
        _merge(register, listing, now=now)
    new = [entry for entry in register.entries if "id" not in entry.row]
    changed = [entry for entry in register.entries if entry.changed and "id" in entry.row]
    _write_papers(connection, new=new, changed=changed)
    _write_names(connection, register.entries, source=source)
    risen = _write_signals(connection, register.entries, now=now)
    learned = {id(entry) for entry in changed} | (risen - {id(entry) for entry in new})
    return Recorded(read=len(listings), new=len(new), changed=len(learned))


def _register(connection: Connection, listings: Sequence[Listing]) -> _Register:
    """Everything known that one of the listings could be."""
    ids: set[int] = set()
    for some in blocks({alias for listing in listings for alias in listing.aliases}):
        ids.update(connection.execute(select(aliases.c.paper_id).where(aliases.c.alias.in_(some))).scalars())
    for some in blocks({_title_key(listing) for listing in listings}):
        ids.update(connection.execute(select(papers.c.id).where(papers.c.title_key.in_(some))).scalars())
    names: defaultdict[int, set[str]] = defaultdict(set)
    for block in blocks(sorted(ids)):
        for row in connection.execute(select(aliases).where(aliases.c.paper_id.in_(block))):
            names[row.paper_id].add(row.alias)
    register = _Register()
    for block in blocks(sorted(ids)):
        for row in connection.execute(select(papers).where(papers.c.id.in_(block)).order_by(papers.c.id)):
            register.add(_Entry(row=row._asdict(), aliases=names[row.id]))
    return register


def _merge(register: _Register, listing: Listing, *, now: datetime) -> None:
    row = _row(listing, now=now)
    entry = register.find(listing, title=row["title_key"], author=row["author_key"])
    if entry is None:
        entry = _Entry(row=row, new_aliases=set(listing.aliases))
        register.add(entry)
    else:
        entry.changed |= _learn(entry.row, row)
        for alias in set(listing.aliases) - entry.aliases:
            entry.new_aliases.add(alias)
            register.by_alias.setdefault(alias, entry)
    entry.signals = _highest(entry.signals, listing.signals)


def _row(listing: Listing, *, now: datetime) -> dict[str, Any]:
    return {
        "title": listing.title,
        "abstract": listing.abstract,
        "raw_title": listing.raw_title,
        "raw_abstract": listing.raw_abstract,
        "title_key": _title_key(listing),
        "author_key": author_key(listing.authors),
        "authors": list(listing.authors),
        "organisation": listing.organisation,
        "categories": list(listing.categories),
        "keywords": list(listing.keywords),
        "summary": listing.summary,
        "summary_is_generated": listing.summary_is_generated,
        "published_at": listing.published_at,
        "version": listing.version,
        "withdrawn_at": now if listing.withdrawn else None,
        "listed_on": listing.listed_on,
        "listed_at": _listed_at(listing.listed_on, listing.published_at, now),
        "first_seen_at": now,
        "url": listing.url,
        "pdf_url": listing.pdf_url,
        "code_url": listing.code_url,
        "project_url": listing.project_url,
    }


def _title_key(listing: Listing) -> str:
    """What is indexed has its limits: titles that are the same for so long are the same."""
    return title_key(listing.title)[:500]


def _listed_at(listed_on: date | None, published_at: datetime | None, first_seen_at: datetime) -> datetime:
    if listed_on is not None:
        return datetime.combine(listed_on, time(), UTC)
    return published_at or first_seen_at


def _learn(known: dict[str, Any], told: dict[str, Any]) -> bool:
    """What `told` adds to `known`: a newer version its texts, any listing what is blank; whether anything."""
    before = dict(known)
    if (told["version"] or 0) > (known["version"] or 0):
        known.update({name: told[name] for name in _TEXTS if told[name]})
        known.update(version=told["version"], withdrawn_at=told["withdrawn_at"], title_key=told["title_key"])
    if not known["summary"]:
        known["summary_is_generated"] = told["summary_is_generated"]
    for name in _FILLED:
        if not known[name]:
            known[name] = told[name]
    days = [day for day in (known["listed_on"], told["listed_on"]) if day is not None]
    known["listed_on"] = min(days, default=None)
    known["listed_at"] = _listed_at(known["listed_on"], known["published_at"], known["first_seen_at"])
    return known != before


def _highest(one: Signals, other: Signals) -> Signals:
    def higher(a: int | None, b: int | None) -> int | None:
        return max((n for n in (a, b) if n is not None), default=None)

    return Signals(
        upvotes=higher(one.upvotes, other.upvotes),
        comments=higher(one.comments, other.comments),
        stars=higher(one.stars, other.stars),
    )


def _write_papers(connection: Connection, *, new: list[_Entry], changed: list[_Entry]) -> None:
    """Insert and update, some hundreds at a time: every row in hand is held twice meanwhile."""
    returning = papers.insert().returning(papers.c.id, sort_by_parameter_order=True)
    for block in blocks(new):
        ids = connection.execute(returning, [entry.row for entry in block]).scalars().all()
        for entry, number in zip(block, ids, strict=True):
            entry.row["id"] = number
    names = sorted({*_FILLED, *_TEXTS, "title_key", "version", "summary_is_generated", "listed_on", "listed_at"})
    values: dict[str, Any] = {name: bindparam(f"_{name}") for name in names}
    statement = update(papers).where(papers.c.id == bindparam("_id")).values(values)
    for block in blocks(changed):
        rows = [{"_id": e.row["id"], **{f"_{name}": e.row[name] for name in names}} for e in block]
        connection.execute(statement, rows)


def _write_names(connection: Connection, entries: Iterable[_Entry], *, source: str) -> None:
    named = [{"alias": alias, "paper_id": e.row["id"]} for e in entries for alias in sorted(e.new_aliases)]
    if named:
        connection.execute(insert(connection, aliases).on_conflict_do_nothing(), named)
    listed = [{"paper_id": e.row["id"], "source": source} for e in entries]
    if listed:
        connection.execute(insert(connection, paper_sources).on_conflict_do_nothing(), listed)


def _write_signals(connection: Connection, entries: Iterable[_Entry], *, now: datetime) -> set[int]:
    """Append what differs from the latest known, under its hour; which entries it was."""
    seen = {e.row["id"]: e for e in entries if e.signals != Signals()}
    latest = latest_signals(connection, seen, now=now)
    hour = now.replace(minute=0, second=0, microsecond=0)
    told = {number: _told(latest.get(number, Signals()), e.signals) for number, e in seen.items()}
    risen = {number: value for number, value in told.items() if value != latest.get(number)}
    if risen:
        statement = insert(connection, signals)
        replaced = {name: statement.excluded[name] for name in ("upvotes", "comments", "stars")}
        rows = [
            {"paper_id": n, "seen_at": hour, "upvotes": s.upvotes, "comments": s.comments, "stars": s.stars}
            for n, s in risen.items()
        ]
        connection.execute(statement.on_conflict_do_update(index_elements=["paper_id", "seen_at"], set_=replaced), rows)
    return {id(seen[number]) for number in risen}


def _told(before: Signals, now: Signals) -> Signals:
    """The latest word: a signal that this source does not know keeps its last value."""
    return Signals(
        upvotes=before.upvotes if now.upvotes is None else now.upvotes,
        comments=before.comments if now.comments is None else now.comments,
        stars=before.stars if now.stars is None else now.stars,
    )
