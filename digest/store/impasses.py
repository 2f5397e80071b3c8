"""Since when, and why, nothing can be handed over to a provider."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from digest.store.engine import insert
from digest.store.tables import impasses


@dataclass(frozen=True, slots=True, kw_only=True)
class Impasse:
    """The first and the last try to hand something over that came to nothing, and why that one did."""

    provider: str
    since_at: datetime
    tried_at: datetime
    why: str


def impasses_now(connection: Connection) -> list[Impasse]:
    """The providers that take nothing."""
    return [Impasse(**row._asdict()) for row in connection.execute(select(impasses).order_by(impasses.c.provider))]


def note_impasse(connection: Connection, provider: str, *, why: str, now: datetime) -> None:
    """Nothing could be handed over; since when stays."""
    told = {"tried_at": now, "why": why}
    statement = insert(connection, impasses).values(provider=provider, since_at=now, **told)
    connection.execute(statement.on_conflict_do_update(index_elements=["provider"], set_=told))


_END = delete(impasses)


def end_impasses(connection: Connection) -> None:
    """A provider has heard us: mail leaves, by whichever it is now."""
    connection.execute(_END)
