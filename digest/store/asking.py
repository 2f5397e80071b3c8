"""How often confirm messages were asked for: by a mailbox, from a network, by everybody. Limits read this."""

from datetime import datetime

from sqlalchemy import Connection, func, select

from digest.store.engine import take_turns
from digest.store.tables import confirms


def hold_asking(connection: Connection) -> None:
    """Nobody else asks until the transaction ends: what is counted stays true."""
    take_turns(connection, "asking")


def asked_by(connection: Connection, mailbox: str, *, since: datetime) -> int:
    """How many confirm messages a mailbox was sent since then."""
    return _count(connection, confirms.c.mailbox == mailbox, confirms.c.asked_at > since)


def unanswered_by(connection: Connection, mailbox: str, *, now: datetime) -> int:
    """How many of them were not answered and have not run out."""
    return _count(connection, confirms.c.mailbox == mailbox, confirms.c.used_at.is_(None), confirms.c.expires_at > now)


def asked_from(connection: Connection, network: str, *, since: datetime) -> int:
    """How many confirm messages were asked for from a network since then."""
    return _count(connection, confirms.c.network == network, confirms.c.asked_at > since)


def asked_by_form(connection: Connection, *, since: datetime) -> int:
    """How many confirm messages were asked for on the web since then."""
    return _count(connection, confirms.c.asked_at > since, confirms.c.form != "")


def _count(connection: Connection, *wanted: object) -> int:
    return int(connection.execute(select(func.count()).select_from(confirms).where(*wanted)).scalar_one())  # type: ignore[arg-type]
