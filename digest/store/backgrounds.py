"""Fitted backgrounds: what the stored papers' words are like, by version."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from digest.store.engine import insert
from digest.store.papers import NEVER
from digest.store.tables import backgrounds, papers


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBackground:
    """A background as it was fitted, packed."""

    version: int
    fitted_at: datetime
    papers: int
    content: bytes


def latest_background(connection: Connection) -> StoredBackground | None:
    """The newest background."""
    row = connection.execute(select(backgrounds).order_by(backgrounds.c.version.desc()).limit(1)).first()
    return None if row is None else StoredBackground(**row._asdict())


def newest_fitted(connection: Connection) -> int:
    """The version of the newest background, 0 where there is none."""
    return int(connection.execute(select(func.coalesce(func.max(backgrounds.c.version), 0))).scalar_one())


def add_background(connection: Connection, content: bytes, *, version: int, papers: int, now: datetime) -> None:
    """Store a background in place of those before it; one of the same version, fitted by another process, stays."""
    connection.execute(delete(backgrounds).where(backgrounds.c.version < version))
    row = {"version": version, "fitted_at": now, "papers": papers, "content": content}
    connection.execute(insert(connection, backgrounds).values(row).on_conflict_do_nothing())


def forget_backgrounds(connection: Connection) -> None:
    """The features that they were fitted to are counted otherwise now."""
    connection.execute(delete(backgrounds))


def count_papers(connection: Connection) -> int:
    """How many papers there are but for those that are only somebody's examples."""
    query = select(func.count()).select_from(papers).where(papers.c.first_seen_at < NEVER)
    return int(connection.execute(query).scalar_one())
