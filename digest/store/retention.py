"""Deleting what is older than it is kept, some hundreds of rows at a time, so that nobody waits for long."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, exists, func, select, update

from digest.model import DeliveryState
from digest.store.editions import LEADING, printing_content_of
from digest.store.engine import IN_AT_ONCE
from digest.store.tables import deliveries, editions, events, pieces, printings

CONSENT = ("confirmed", "moved")
"""Events that are kept as long as their subscriber: what an address agreed to."""

_UNDER_WAY = (DeliveryState.QUEUED, DeliveryState.LEASED)


def strip_editions(connection: Connection, *, before: date) -> int:
    """Forget what some editions that were due before that date held, those under way excepted; how many those were.

    The messages stay in the ledger.
    """
    settled = deliveries.c.state.not_in(_UNDER_WAY)
    held = exists().where(deliveries.c.printing_id == printings.c.id, settled)
    old = select(printings.c.id).join(editions).where(editions.c.due_on < before, held).limit(1)
    # One printing at a time: of all that are old PostgreSQL would read every message, for each block anew.
    number = connection.execute(old).scalar()
    if number is None:
        return 0
    query = select(deliveries.c.id).where(deliveries.c.printing_id == number, settled).limit(IN_AT_ONCE)
    numbers = connection.execute(query.with_for_update(skip_locked=True)).scalars().all()
    told: dict[str, Any] = {"selection": None, "reader": None, "printing_id": None}
    if numbers:
        connection.execute(update(deliveries).where(deliveries.c.id.in_(numbers)).values(told))
    return len(numbers)


def thin_printings(connection: Connection, *, before: date) -> int:
    """Leave of an edition that was due before that date what anybody may see of it, where no message needs more.

    That is the last of its printings, with the papers that led. How many rows went: 0 where nothing is left to go.
    """
    needed = exists().where(deliveries.c.printing_id == printings.c.id)
    old = select(printings.c.id).join(editions).where(editions.c.due_on < before, ~needed)
    later = printings.alias()
    is_last = ~exists().where(later.c.edition_id == printings.c.edition_id, later.c.id > printings.c.id)
    superseded = connection.execute(old.where(~is_last).limit(1)).scalar()
    if superseded is not None:
        return _forget_pieces(connection, superseded) or _forget_printing(connection, superseded)
    count = select(func.count()).where(pieces.c.printing_id == printings.c.id).scalar_subquery()
    for number in connection.execute(old.where(is_last, count > LEADING)).scalars().all():
        leading = printing_content_of(connection, number).get("leading", ())
        if gone := _forget_pieces(connection, number, but=leading):
            return gone
    return 0


def forget_messages(connection: Connection, *, before: datetime, after: int) -> tuple[int, int | None]:
    """Delete what became of messages that were queued before then, and is settled: how many, and the last number seen.

    Those numbered later than `after` are looked at, some hundreds of them; no number where there are none so old left.
    Numbers rise with time.
    """
    rows = select(deliveries.c.id, deliveries.c.dated_at, deliveries.c.state).where(deliveries.c.id > after)
    found = connection.execute(rows.order_by(deliveries.c.id).limit(IN_AT_ONCE)).all()
    old = [row for row in found if row.dated_at < before]
    if not old:
        return 0, None
    settled = deliveries.c.id.in_([row.id for row in old]) & deliveries.c.state.not_in(_UNDER_WAY)
    return connection.execute(delete(deliveries).where(settled)).rowcount, found[-1].id


def forget_events(connection: Connection, *, before: datetime, after: int) -> tuple[int, int | None]:
    """The same of events, but for the records of consent."""
    rows = select(events.c.id, events.c.happened_at).where(events.c.id > after)
    found = connection.execute(rows.order_by(events.c.id).limit(IN_AT_ONCE)).all()
    old = [row.id for row in found if row.happened_at < before]
    if not old:
        return 0, None
    told = events.c.id.in_(old) & events.c.kind.not_in(CONSENT)
    return connection.execute(delete(events).where(told)).rowcount, found[-1].id


def _forget_pieces(connection: Connection, printing_id: int, *, but: Sequence[int] = ()) -> int:
    going = select(pieces.c.paper_id).where(pieces.c.printing_id == printing_id, pieces.c.paper_id.not_in(but))
    numbers = connection.execute(going.limit(IN_AT_ONCE)).scalars().all()
    told = (pieces.c.printing_id == printing_id) & pieces.c.paper_id.in_(numbers)
    return connection.execute(delete(pieces).where(told)).rowcount if numbers else 0


def _forget_printing(connection: Connection, number: int) -> int:
    return connection.execute(delete(printings).where(printings.c.id == number)).rowcount
