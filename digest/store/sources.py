"""Each source's cursor and health."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from digest.store.engine import insert
from digest.store.tables import backgrounds, features, former_papers, papers, sources, vectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a source has been: `failures` counts those since it last succeeded."""

    name: str
    cursor: str
    tried_at: datetime | None
    succeeded_at: datetime | None
    failures: int
    error: str


def health(connection: Connection) -> list[Health]:
    """Every source that was ever tried, by name."""
    return [Health(**row._asdict()) for row in connection.execute(select(sources).order_by(sources.c.name))]


def last_collected_at(connection: Connection) -> datetime | None:
    """When a source was last read to its end."""
    return connection.execute(select(func.max(sources.c.succeeded_at))).scalar()


def state_of_papers(connection: Connection) -> tuple[object, ...]:
    """What differs whenever papers, what is thought of them, or what they are measured by may have changed.

    Papers come in by collecting, which notes in the same transaction that it tried. Afterwards it counts their words,
    fits a background and has vectors made, each in a transaction of its own. What an operator names as somebody's
    example is no news, but may tell that two papers are one.
    """
    tried = connection.execute(select(sources.c.name, sources.c.tried_at).order_by(sources.c.name)).all()
    counted, fitted = select(func.max(features.c.paper_id)), select(func.max(backgrounds.c.version))
    made = select(func.count()).select_from(vectors)
    known, joined = select(func.max(papers.c.id)), select(func.count()).select_from(former_papers)
    after = select(*(one.scalar_subquery() for one in (known, joined, counted, fitted, made)))
    return tuple(map(tuple, tried)), *connection.execute(after).one()


def note_success(connection: Connection, name: str, *, cursor: str, now: datetime) -> None:
    """The source was read to its end."""
    told = {"cursor": cursor, "tried_at": now, "succeeded_at": now, "failures": 0, "error": ""}
    statement = insert(connection, sources).values(name=name, **told)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=told))


def note_failure(connection: Connection, name: str, *, error: str, now: datetime) -> None:
    """The source failed; its cursor stays."""
    statement = insert(connection, sources).values(name=name, tried_at=now, failures=1, error=error)
    told = {"tried_at": now, "failures": sources.c.failures + 1, "error": error}
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=told))
