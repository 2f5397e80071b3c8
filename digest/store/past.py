"""What a subscription's editions came to: the papers they held, and the dates they took."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, func, select

from digest.due import due_on
from digest.model import HOLDING, DeliveryState, Pick
from digest.store.deliveries import Delivery, delivery_in, delivery_rows
from digest.store.papers import former_numbers, present_numbers
from digest.store.spelling import any_of
from digest.store.tables import deliveries


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a subscription's editions came to: the papers that count as sent, and, where the last of
    them came to nothing (skipped, failed, bounced), how far it had been looked through before those."""

    sent: frozenset[int] = frozenset()
    is_given_back: bool = False
    reached_from_at: datetime | None = None


def past_editions(connection: Connection, subscription_ids: Iterable[int], *, since_on: date) -> dict[int, Past]:
    """The past of each subscription that had an edition since that date."""
    found: dict[int, Past] = {}
    # An edition without a date was made by a clock that was ahead.
    undated = deliveries.c.due_on.is_(None) & deliveries.c.selection.is_not(None)
    theirs = any_of(deliveries.c.subscription_id, subscription_ids)
    order = (deliveries.c.subscription_id, deliveries.c.due_on.is_not(None), deliveries.c.due_on, deliveries.c.id)
    told = (deliveries.c.subscription_id, deliveries.c.state, deliveries.c.selection, deliveries.c.reached_from_at)
    query = select(*told).where(theirs, (deliveries.c.due_on >= since_on) | undated).order_by(*order)
    for number, state, selection, reached_from_at in connection.execute(query):
        past = found.get(number, Past())
        if state in HOLDING:
            found[number] = Past(sent=past.sent.union(pick[0] for pick in selection["picks"]))
        elif not past.is_given_back:
            found[number] = Past(sent=past.sent, is_given_back=True, reached_from_at=reached_from_at)
    present = present_numbers(connection, {number for past in found.values() for number in past.sent})
    return {
        subscription: replace(past, sent=past.sent.union(present[number] for number in past.sent & present.keys()))
        for subscription, past in found.items()
    }


def deliveries_holding(connection: Connection, subscription_id: int, paper_id: int) -> list[tuple[Delivery, Pick]]:
    """The subscription's deliveries that hold the paper, newest first, each with its pick."""
    numbers = {paper_id, *former_numbers(connection, paper_id)}
    wanted = (deliveries.c.subscription_id == subscription_id) & deliveries.c.selection.is_not(None)
    found = [
        delivery_in(row) for row in connection.execute(delivery_rows().where(wanted).order_by(deliveries.c.id.desc()))
    ]
    picks = [(one, pick) for one in found if one.selection is not None for pick in one.selection.picks]
    return [(one, pick) for one, pick in picks if pick.paper_id in numbers]


def editions_sent(connection: Connection, subscription_id: int, *, limit: int) -> list[Delivery]:
    """The newest of the subscription's editions that left, for all that is known, newest first."""
    left = deliveries.c.state.in_([DeliveryState.SENT, DeliveryState.UNKNOWN, DeliveryState.DELIVERED])
    wanted = (deliveries.c.subscription_id == subscription_id) & deliveries.c.due_on.is_not(None) & left
    query = delivery_rows().where(wanted).order_by(deliveries.c.due_on.desc()).limit(limit)
    return [delivery_in(row) for row in connection.execute(query)]


def first_free_on(connection: Connection, subscription_id: int, *, timezone: str, now: datetime) -> date:
    """The first local date after the subscription's last edition, whatever became of it; date.min without any.

    What is dated after the reader's tomorrow came of a wrong clock or a rehearsal, and stands in nobody's way.
    """
    tomorrow = due_on(now, timezone=timezone) + timedelta(days=1)
    known = (deliveries.c.subscription_id == subscription_id) & (deliveries.c.due_on <= tomorrow)
    last_on: date | None = connection.execute(select(func.max(deliveries.c.due_on)).where(known)).scalar_one()
    return date.min if last_on is None else last_on + timedelta(days=1)
