"""What the operator, or the program by itself, has stopped: all sending, or the editions of one newsletter."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, delete, select

from digest.store.engine import insert
from digest.store.tables import pauses
from digest.store.tallies import clear_tallies


class PauseCause(StrEnum):
    """What stopped it."""

    OPERATOR = "operator"
    COPIED = "copied"
    BOUNCES = "bounces"
    COMPLAINTS = "complaints"


EVERYTHING = ""
"""The scope of a pause of all sending; else it is a newsletter's slug."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Since when sending stands still, and why."""

    scope: str
    since_at: datetime
    why: str
    cause: PauseCause


def pause_sending(
    connection: Connection, scope: str, *, why: str, now: datetime, cause: PauseCause = PauseCause.OPERATOR
) -> bool:
    """Stop sending; false where it stands still already, since when and why that is stays."""
    row = {"scope": scope, "since_at": now, "why": why, "cause": cause}
    statement = insert(connection, pauses).values(row).on_conflict_do_nothing().returning(pauses.c.scope)
    return connection.execute(statement).first() is not None


def resume_sending(connection: Connection, scope: str) -> bool:
    """Go on sending; false where it did not stand still. What stopped a newsletter is not counted against it again."""
    clear_tallies(connection, scope)
    return connection.execute(delete(pauses).where(pauses.c.scope == scope)).rowcount == 1


_PAUSES = select(pauses).order_by(pauses.c.scope)


def pauses_now(connection: Connection) -> dict[str, Pause]:
    """What stands still, by scope."""
    found = connection.execute(_PAUSES)
    return {
        row.scope: Pause(scope=row.scope, since_at=row.since_at, why=row.why, cause=PauseCause(row.cause))
        for row in found
    }
