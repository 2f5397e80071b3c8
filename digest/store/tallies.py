"""Of an edition: how many messages found no mailbox, were complained of, and were answered at all."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, update

from digest.model import MOVES, DeliveryState
from digest.store.deliveries import NOT_SENT
from digest.store.tables import deliveries, editions, printings

_ANSWERED = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.BOUNCED, DeliveryState.COMPLAINED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """An edition's newsletter, and what was counted of it since that last went on."""

    edition_id: int
    newsletter: str
    gone: int
    complained: int


def editions_of(connection: Connection, printing_ids: Iterable[int]) -> dict[int, int]:
    """The numbers of the editions that were printed so, by printing."""
    found = select(printings.c.id, printings.c.edition_id).where(printings.c.id.in_(list(printing_ids)))
    return {row.id: row.edition_id for row in connection.execute(found)}


def count_up(connection: Connection, edition_id: int, *, gone: int = 0, complained: int = 0) -> Tally | None:
    """Count more of an edition; what it comes to, by all processes. None where it is gone."""
    told = {"gone": editions.c.gone + gone, "complained": editions.c.complained + complained}
    more = update(editions).where(editions.c.id == edition_id).values(told).returning(editions)
    row = connection.execute(more).first()
    if row is None:
        return None
    return Tally(edition_id=row.id, newsletter=row.newsletter, gone=row.gone, complained=row.complained)


def note_complaint(connection: Connection, delivery_id: int) -> bool:
    """Say of a delivery that it was complained of; false where it was before, or was never sent."""
    can = [state for state, after in MOVES.items() if DeliveryState.COMPLAINED in after]
    sent = (deliveries.c.id == delivery_id) & deliveries.c.state.in_(can)
    return connection.execute(update(deliveries).where(sent).values(state=DeliveryState.COMPLAINED)).rowcount == 1


def count_answered(connection: Connection, edition_id: int) -> int:
    """How many of an edition's messages were taken or refused for good."""
    printed = select(printings.c.id).where(printings.c.edition_id == edition_id)
    of_it = deliveries.c.printing_id.in_(printed) & deliveries.c.state.in_(_ANSWERED)
    return int(connection.execute(select(func.count()).select_from(deliveries).where(of_it)).scalar_one())


def count_refusals(connection: Connection) -> dict[str, int]:
    """How many deliveries were refused and what they are now, by the server's words: `bounced: ...: 550 5.1.1`."""
    refused = NOT_SENT & (deliveries.c.detail != "") & (deliveries.c.state != DeliveryState.SKIPPED)
    found = select(deliveries.c.state, deliveries.c.detail, func.count()).where(refused)
    rows = connection.execute(found.group_by(deliveries.c.state, deliveries.c.detail).order_by(func.count().desc()))
    return {f"{state}: {detail}": count for state, detail, count in rows}


def clear_tallies(connection: Connection, newsletter: str) -> None:
    """Begin to count anew for a newsletter's editions."""
    told = {"gone": 0, "complained": 0}
    counted = (editions.c.newsletter == newsletter) & ((editions.c.gone > 0) | (editions.c.complained > 0))
    connection.execute(update(editions).where(counted).values(told))
