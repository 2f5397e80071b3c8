"""Writing down what a source lists: matching it with what is there, and merging.

A listing is a paper that is known already if they share an alias, or a normalised title and the
first author's family name (an absent author matches any) without having two different names of
one kind (arXiv ids, DOIs, a feed's own). What is known stays, unless a newer version says it
anew; a listing fills what is still blank, and an earlier list's day counts. Two papers that a listing
has names of are one from then on, under the earlier number, unless they have two different names of one kind.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, select, update

from digest.model import MOST_AHEAD, Listing, Signals
from digest.store.engine import blocks, take_turns
from digest.store.features import forget_features
from digest.store.papers import ARXIV, ARXIV_DOI, EXAMPLES, NEVER, TITLED
from digest.store.signals import highest, join_signals, record_signals
from digest.store.tables import aliases, feedback, former_papers, papers
from digest.text import CLEANING, author_key, title_key

_FILLED = (
    *("abstract", "raw_abstract", "authors", "author_key", "organisation", "categories", "keywords", "summary"),
    *("published_at", "url", "pdf_url", "code_url", "project_url"),
)
_TEXTS = ("title", "raw_title", "abstract", "raw_abstract", "authors", "author_key", "categories")
"""What a newer version brings anew."""

MOST_SAME_TITLED = 100
"""Papers of one title that a listing is compared with: a feed of ten thousand would cost hours otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a run did: listings read, papers that were new, papers that learned something."""

    read: int
    new: int
    changed: int


@dataclass(slots=True, eq=False)
class _Entry:
    """A paper in the making: its row, its names, the highest signals of this run where it is listed, what is joined.

    `title_keys` are those that it is found by.
    """

    row: dict[str, Any]
    aliases: set[str] = field(default_factory=set)
    new_aliases: set[str] = field(default_factory=set)
    signals: Signals | None = None
    changed: bool = False
    joined: list[int] = field(default_factory=list)
    title_keys: list[str] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        return self.aliases | self.new_aliases

    def is_another(self, names: Iterable[str], *, kinds: Collection[str] = ()) -> bool:
        """Whether it has a name of the same kind as one of these, yet none of them; of all kinds, or only of some."""
        own, others = _by_kind(self.names), _by_kind(names)
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
        entry.title_keys.append(entry.row["title_key"])
        for alias in entry.aliases:
            self.by_alias[alias] = entry

    def find(self, listing: Listing, *, title: str, author: str) -> _Entry | None:
        for alias in listing.aliases:
            known = self.by_alias.get(alias)
            # Some authors give one DOI to two papers of theirs.
            if known is not None and not known.is_another(listing.aliases, kinds=[ARXIV]):
                return known
        for entry in self.by_title[title][:MOST_SAME_TITLED]:
            same_author = not author or not entry.row["author_key"] or author == entry.row["author_key"]
            if same_author and not entry.is_another(listing.aliases):
                return entry
        return None

    def name(self, entry: _Entry, alias: str) -> _Entry:
        """Give the entry a name; one that another has makes them one paper, unless they differ in names of one kind."""
        owner = self.by_alias.setdefault(alias, entry)
        if owner is not entry:
            return entry if owner.is_another(entry.names) else self._join(owner, entry)
        if alias not in entry.aliases:
            entry.new_aliases.add(alias)
        return entry

    def _join(self, one: _Entry, other: _Entry) -> _Entry:
        """The earlier of two entries, with all that the later had."""
        into, gone = sorted((one, other), key=lambda entry: entry.row.get("id", math.inf))
        into.changed |= _learn(into.row, gone.row) or "id" in gone.row
        into.aliases |= gone.aliases
        into.new_aliases |= gone.new_aliases
        into.signals = _highest(into.signals, gone.signals)
        into.joined += [*gone.joined, *([gone.row["id"]] if "id" in gone.row else [])]
        self.entries.remove(gone)
        self.by_alias.update(dict.fromkeys(gone.names, into))
        for title in gone.title_keys:
            self.by_title[title] = [into if entry is gone else entry for entry in self.by_title[title]]
        into.title_keys += gone.title_keys
        return into


def _highest(one: Signals | None, other: Signals | None) -> Signals | None:
    return highest(one, other) if one and other else one or other


def _by_kind(names: Iterable[str]) -> dict[str, set[str]]:
    """Names by what stands before their colon; arXiv's own DOIs are its ids again, titles are compared as such."""
    kinds: dict[str, set[str]] = {}
    for name in names:
        if not name.startswith((ARXIV_DOI, TITLED)):
            kinds.setdefault(name.partition(":")[0] + ":", set()).add(name)
    return kinds


def record_listings(connection: Connection, listings: Sequence[Listing], *, source: str, now: datetime) -> Recorded:
    """Store what one run of a source listed: `now` is when it was seen.

    The same listings recorded again change nothing. Those of the source EXAMPLES are no news to anybody.
    """
    take_turns(connection, "papers")
    register = _register(connection, listings)
    for listing in listings:
        _merge(register, listing, seen_at=NEVER if source == EXAMPLES else now, now=now)
    new = [entry for entry in register.entries if "id" not in entry.row]
    changed = [entry for entry in register.entries if entry.changed and "id" in entry.row]
    for entry in changed:
        for gone in entry.joined:
            _join_rows(connection, gone=gone, into=entry.row["id"])
    _write_papers(connection, new=new, changed=changed)
    _write_names(connection, register.entries)
    said = {entry.row["id"]: entry.signals for entry in register.entries if entry.signals is not None}
    learned = record_signals(connection, said, source=source, now=now) | {entry.row["id"] for entry in changed}
    return Recorded(read=len(listings), new=len(new), changed=len(learned - {entry.row["id"] for entry in new}))


def _register(connection: Connection, listings: Sequence[Listing]) -> _Register:
    """Everything known that one of the listings could be."""
    ids: set[int] = set()
    for some in blocks({alias for listing in listings for alias in listing.aliases}):
        ids.update(connection.execute(select(aliases.c.paper_id).where(aliases.c.alias.in_(some))).scalars())
    for some in blocks({stored_title_key(listing.title) for listing in listings}):
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


def _merge(register: _Register, listing: Listing, *, seen_at: datetime, now: datetime) -> None:
    row = _row(listing, seen_at=seen_at, now=now)
    entry = register.find(listing, title=row["title_key"], author=row["author_key"])
    if entry is None:
        entry = _Entry(row=row)
        register.add(entry)
    else:
        entry.changed |= _learn(entry.row, row)
    for alias in listing.aliases:
        entry = register.name(entry, alias)
    entry.signals = _highest(entry.signals, listing.signals)


def _row(listing: Listing, *, seen_at: datetime, now: datetime) -> dict[str, Any]:
    return {
        "title": listing.title,
        "abstract": listing.abstract,
        "raw_title": listing.raw_title,
        "raw_abstract": listing.raw_abstract,
        "title_key": stored_title_key(listing.title),
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
        "listed_at": _listed_at(listing.listed_on, listing.published_at, seen_at),
        "first_seen_at": seen_at,
        "url": listing.url,
        "pdf_url": listing.pdf_url,
        "code_url": listing.code_url,
        "project_url": listing.project_url,
        "cleaning": CLEANING,
    }


def stored_title_key(title: str) -> str:
    """What is indexed has its limits: titles that are the same for so long are the same."""
    return title_key(title)[:500]


def _listed_at(listed_on: date | None, published_at: datetime | None, first_seen_at: datetime) -> datetime:
    told = published_at if listed_on is None else datetime.combine(listed_on, time(), UTC)
    return first_seen_at if told is None or told - first_seen_at > MOST_AHEAD else told


def _learn(known: dict[str, Any], told: dict[str, Any]) -> bool:
    """What `told` adds to `known`: a newer version its texts, any listing what is blank; whether anything.

    What somebody may have typed of an example gives way to the first listing, and adds nothing to a listed paper.
    """
    before = dict(known)
    if _is_typed(told) and known["first_seen_at"] != NEVER:
        return False
    if _is_typed(known) and told["first_seen_at"] != NEVER:
        known.update({name: value for name, value in told.items() if name != "id"})
        return True
    if known["first_seen_at"] == NEVER:
        known["first_seen_at"] = told["first_seen_at"]
    known["withdrawn_at"] = _withdrawn_at(known, told)
    if (told["version"] or 0) > (known["version"] or 0):
        known.update({name: told[name] for name in _TEXTS if told[name]})
        known.update(version=told["version"], title_key=told["title_key"])
    if not known["summary"]:
        known["summary_is_generated"] = told["summary_is_generated"]
    for name in _FILLED:
        if not known[name]:
            known[name] = told[name]
    days = [day for day in (known["listed_on"], told["listed_on"]) if day is not None]
    known["listed_on"] = min(days, default=None)
    known["listed_at"] = _listed_at(known["listed_on"], known["published_at"], known["first_seen_at"])
    return known != before


def _withdrawn_at(known: dict[str, Any], told: dict[str, Any]) -> Any:
    """When the newest version was withdrawn; an older one says nothing of it, and what names no version means it."""
    before, after = known["version"] or 0, told["version"]
    if after is None or after == before:
        return known["withdrawn_at"] or told["withdrawn_at"]
    return told["withdrawn_at"] if after > before else known["withdrawn_at"]


def _is_typed(row: dict[str, Any]) -> bool:
    """Whether no source stands behind it: an example that was not fetched from arXiv, which counts versions."""
    return row["first_seen_at"] == NEVER and row["version"] is None


def _join_rows(connection: Connection, *, gone: int, into: int) -> None:
    """Let all that refers to one paper refer to another; what was sent keeps its numbers, which are remembered."""
    join_signals(connection, gone=gone, into=into)
    # Where a reader has spoken of both, the last word holds.
    theirs = feedback.alias()
    later = exists().where(
        theirs.c.paper_id == gone,
        theirs.c.subscription_id == feedback.c.subscription_id,
        theirs.c.said_at > feedback.c.said_at,
    )
    connection.execute(delete(feedback).where(feedback.c.paper_id == into, later))
    said = select(feedback.c.subscription_id).where(feedback.c.paper_id == into)
    moved = (feedback.c.paper_id == gone) & feedback.c.subscription_id.not_in(said)
    connection.execute(update(feedback).where(moved).values(paper_id=into))
    # Features and a generated sentence go with the row: those of the other are of the same paper.
    for table in (aliases, former_papers):
        connection.execute(update(table).where(table.c.paper_id == gone).values(paper_id=into))
    connection.execute(former_papers.insert().values(number=gone, paper_id=into))
    connection.execute(papers.delete().where(papers.c.id == gone))


def _write_papers(connection: Connection, *, new: list[_Entry], changed: list[_Entry]) -> None:
    """Insert and update, some hundreds at a time: every row in hand is held twice meanwhile."""
    returning = papers.insert().returning(papers.c.id, sort_by_parameter_order=True)
    for block in blocks(new):
        ids = connection.execute(returning, [entry.row for entry in block]).scalars().all()
        for entry, number in zip(block, ids, strict=True):
            entry.row["id"] = number
    others = ("title_key", "version", "withdrawn_at", "summary_is_generated", "listed_on", "listed_at", "first_seen_at")
    names = sorted({*_FILLED, *_TEXTS, *others})
    values: dict[str, Any] = {name: bindparam(f"_{name}") for name in names}
    statement = update(papers).where(papers.c.id == bindparam("_id")).values(values)
    for block in blocks(changed):
        rows = [{"_id": e.row["id"], **{f"_{name}": e.row[name] for name in names}} for e in block]
        connection.execute(statement, rows)
    forget_features(connection, [entry.row["id"] for entry in changed])


def _write_names(connection: Connection, entries: Iterable[_Entry]) -> None:
    named = [{"alias": alias, "paper_id": e.row["id"]} for e in entries for alias in sorted(e.new_aliases)]
    if named:
        connection.execute(aliases.insert(), named)
