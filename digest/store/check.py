"""Finding damage: what the database itself notices, and what no sound store holds."""

import json
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Text,
    UniqueConstraint,
    and_,
    cast,
    exists,
    func,
    inspect,
    literal_column,
    select,
    text,
)
from sqlalchemy.exc import DatabaseError

from digest.errors import StoreAddressError, StoreAwayError, StoreBusyError
from digest.model import Cadence, DeliveryKind, DeliveryState, InterestKind, SubscriptionState, Weekday
from digest.store.deliveries import IS_LEASED
from digest.store.engine import Store, blocks, clock
from digest.store.explained import trouble_in
from digest.store.papers import present_numbers
from digest.store.schema import require_current
from digest.store.tables import deliveries, interests, leases, metadata, papers, subscriptions

_BROKEN = ("58", "XX")
"""How PostgreSQL's codes begin where a file of its own is gone, or holds what it should not."""

_RESTORE = "Stop the service and restore a backup."
_SQLITE_WORDS = (
    *("table paper_words", "view paper_words_texts"),
    *("trigger paper_words_insert", "trigger paper_words_delete", "trigger paper_words_update"),
)
_STATES: tuple[tuple[Column[str], type[StrEnum]], ...] = (
    (deliveries.c.state, DeliveryState),
    (deliveries.c.kind, DeliveryKind),
    (subscriptions.c.state, SubscriptionState),
    (subscriptions.c.cadence, Cadence),
    (subscriptions.c.weekday, Weekday),
    (interests.c.kind, InterestKind),
)


def damage(store: Store) -> list[str]:
    """What is wrong with the store and what to do, a sentence each; an empty list for a sound one.

    Raises StoreError where it is of another revision, or cannot be asked.
    """
    if store.engine.dialect.name != "sqlite":
        # Whether the server can be asked at all is no question of damage.
        with store.reading():
            pass
    # What is missing or unreadable would make every further question fail.
    if found := _noticed(store, _file):
        return found
    require_current(store)
    if found := _noticed(store, _schema):
        return found
    parts = (_references, _leases, _selections, _due, _states, _search)
    return [sentence for part in parts for sentence in _noticed(store, part)]


def _noticed(store: Store, part: Callable[[Connection], Iterable[str]]) -> list[str]:
    # FTS5 examines itself in answer to an INSERT, so this is a transaction that writes.
    try:
        with store.engine.execution_options(writing=True).begin() as connection:
            return list(part(connection))
    except DatabaseError as error:
        known, code = trouble_in(error, where=store.where), getattr(error.orig, "sqlstate", None) or ""
        if isinstance(known, StoreAddressError | StoreAwayError | StoreBusyError) and not code.startswith(_BROKEN):
            raise known from error
        said = " ".join(str(error.orig).split())
        return [f"The database cannot read what it holds ({said}). {_RESTORE}"]


def _file(connection: Connection) -> Iterator[str]:
    if connection.dialect.name == "sqlite":
        said = connection.execute(text("PRAGMA integrity_check(100)")).scalars()
        # A row of it may be many lines, with a heading. A state that there is not is told with its name further down.
        lines = [line for one in said for line in str(one).splitlines()]
        found = [line for line in lines if line != "ok" and not line.startswith(("CHECK constraint", "***"))]
        if found:
            yield f"The file is damaged in {len(found)} places or more, first: {found[0]}. {_RESTORE}"


def _schema(connection: Connection) -> Iterator[str]:
    wanted = set(_wanted_objects(connection.dialect.name))
    for missing in sorted(wanted - set(_objects(connection))):
        yield f"The {missing} is missing. {_RESTORE}"


def _wanted_objects(dialect: str) -> Iterator[str]:
    for table in metadata.tables.values():
        yield f"table {table.name}"
        yield from (f"column {table.name}.{column.name}" for column in table.columns)
        yield from (f"index {index.name}" for index in table.indexes)
        yield from (f"constraint {one.name}" for one in table.constraints if isinstance(one, UniqueConstraint))
    if dialect == "sqlite":
        yield from _SQLITE_WORDS
    else:
        yield from ("column papers.words", "index ix_papers_words")


def _objects(connection: Connection) -> Iterator[str]:
    inspector = inspect(connection)
    for table in inspector.get_table_names():
        yield f"table {table}"
        if table in metadata.tables:
            yield from (f"column {table}.{column['name']}" for column in inspector.get_columns(table))
            yield from (f"index {index['name']}" for index in inspector.get_indexes(table))
            yield from (f"constraint {one['name']}" for one in inspector.get_unique_constraints(table))
    if connection.dialect.name == "sqlite":
        made = text("SELECT type || ' ' || name FROM sqlite_master WHERE type IN ('trigger', 'view')")
        yield from connection.execute(made).scalars()


def _references(connection: Connection) -> Iterator[str]:
    for table in metadata.sorted_tables:
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name):
            if count := _count(connection, _refers_to_nothing(key)):
                to = key.column.table.name
                yield (
                    f"{count} of {table.name} refer by {key.parent.name} to a row of {to} that is not there. {_RESTORE}"
                )


def _refers_to_nothing(key: ForeignKey) -> ColumnElement[bool]:
    # By another name, so that a table may refer to itself.
    other = key.column.table.alias("other")
    return and_(key.parent.is_not(None), ~exists().where(other.c[key.column.name] == key.parent))


def _leases(connection: Connection) -> Iterator[str]:
    if count := _count(connection, and_(IS_LEASED, deliveries.c.lease_id.is_(None))):
        yield (
            f"{count} deliveries are leased, but by no lease: nobody will send them, nor knows whether they were sent."
            f" {_RESTORE}"
        )
    if count := _count(connection, and_(~IS_LEASED, deliveries.c.lease_id.is_not(None))):
        yield f"{count} deliveries are held by a lease, but are not leased. {_RESTORE}"
    # One that has not run out may belong to a process that is about to give it up.
    held = exists().where(deliveries.c.lease_id == leases.c.id)
    if count := _count(connection, and_(leases.c.expires <= clock(connection), ~held)):
        yield f"{count} leases that have run out hold nothing. Run `digest deliver`: it takes them over and ends them."


def _selections(connection: Connection) -> Iterator[str]:
    # Read as text: a selection that is no JSON must not end the reading.
    query = select(deliveries.c.id, cast(deliveries.c.selection, Text)).where(deliveries.c.selection.is_not(None))
    picked: dict[int, int] = {}
    unreadable: list[int] = []
    for number, selection in connection.execute(query):
        try:
            picked.update({int(pick[0]): number for pick in json.loads(selection)["picks"]})
        except (ValueError, TypeError, LookupError):
            unreadable.append(number)
    if unreadable:
        yield f"The selections of {len(unreadable)} deliveries, first {unreadable[0]}, cannot be read. {_RESTORE}"
    known: set[int] = set()
    for block in blocks(picked):
        known.update(connection.execute(select(papers.c.id).where(papers.c.id.in_(block))).scalars())
        known.update(present_numbers(connection, block))
    for paper in sorted(picked.keys() - known)[:10]:
        yield f"Delivery {picked[paper]} selects paper {paper}, which is not there. {_RESTORE}"


def _due(connection: Connection) -> Iterator[str]:
    active = subscriptions.c.state == SubscriptionState.ACTIVE
    if count := _count(connection, and_(active, subscriptions.c.next_due_at.is_(None))):
        yield (
            f"{count} active subscriptions are never due: their readers get nothing. Let each save the settings again,"
            " or restore a backup."
        )


def _states(connection: Connection) -> Iterator[str]:
    for column, known in _STATES:
        unknown = select(column, func.count()).where(column.not_in(list(known))).group_by(column)
        for value, count in connection.execute(unknown):
            yield f"{count} of {column.table.name} have the {column.name} {value!r}, which there is not. {_RESTORE}"


_REINDEX = "Run `digest store reindex`: it makes the index anew from the papers."


def _search(connection: Connection) -> Iterator[str]:
    if connection.dialect.name == "sqlite":
        yield from _search_on_sqlite(connection)
        return
    generated = text(
        "SELECT attgenerated = 's' FROM pg_attribute WHERE attrelid = 'papers'::regclass AND attname = 'words'"
    )
    if not connection.execute(generated).scalar():
        yield f"The papers' words are not kept in step with their texts any more. {_RESTORE}"
    valid = text("SELECT indisvalid AND indisready FROM pg_index WHERE indexrelid = 'ix_papers_words'::regclass")
    if not connection.execute(valid).scalar():
        yield f"The search index is not complete. {_REINDEX}"


def _search_on_sqlite(connection: Connection) -> Iterator[str]:
    indexed = connection.execute(text("SELECT count(*) FROM paper_words_docsize")).scalar_one()
    stored = connection.execute(select(func.count()).select_from(papers)).scalar_one()
    if indexed != stored:
        yield f"The search index holds {indexed} papers, the store {stored}. {_REINDEX}"
        return
    try:
        connection.execute(text("INSERT INTO paper_words (paper_words, rank) VALUES ('integrity-check', 1)"))
    except DatabaseError:
        yield f"The search index does not hold the words of the papers. {_REINDEX}"


def _count(connection: Connection, wanted: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count(literal_column("1"))).where(wanted)).scalar_one())
