"""A reader's choices as rows and as JSON."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from digest.model import Cadence, Choices, Interest, InterestKind, Weekday, Weights
from digest.store.engine import blocks
from digest.store.tables import interests


def columns_of(choices: Choices) -> dict[str, Any]:
    """What a subscription's row says of its choices; their interests have rows of their own."""
    return {
        "cadence": choices.cadence,
        "hour": choices.hour,
        "timezone": choices.timezone,
        "max_papers": choices.max_papers,
        "weights": _weights_to_json(choices.weights),
        "only_matches": choices.only_matches,
        "language": choices.language,
        "weekday": choices.weekday,
        "month_day": choices.month_day,
    }


def choices_in(row: Row[Any], followed: tuple[Interest, ...]) -> Choices:
    """The choices that a subscription's row says, with its interests."""
    return Choices(
        cadence=Cadence(row.cadence),
        hour=row.hour,
        timezone=row.timezone,
        max_papers=row.max_papers,
        interests=followed,
        weights=_weights_from_json(row.weights),
        only_matches=row.only_matches,
        language=row.language,
        weekday=Weekday(row.weekday),
        month_day=row.month_day,
    )


def set_interests(connection: Connection, subscription_id: int, followed: Iterable[Interest]) -> None:
    """Replace a subscription's interests."""
    connection.execute(delete(interests).where(interests.c.subscription_id == subscription_id))
    rows = [{"subscription_id": subscription_id, "kind": one.kind, "value": one.value} for one in followed]
    if rows:
        connection.execute(interests.insert(), rows)


def interests_of(connection: Connection, subscription_ids: Iterable[int]) -> dict[int, tuple[Interest, ...]]:
    """The interests of each subscription that has any, in the order in which they were named."""
    found: defaultdict[int, list[Interest]] = defaultdict(list)
    for block in blocks(subscription_ids):
        query = select(interests).where(interests.c.subscription_id.in_(block)).order_by(interests.c.id)
        for row in connection.execute(query):
            found[row.subscription_id].append(Interest(kind=InterestKind(row.kind), value=row.value))
    return {number: tuple(followed) for number, followed in found.items()}


def choices_to_json(choices: Choices) -> dict[str, Any]:
    """The choices, as a confirm keeps them."""
    return columns_of(choices) | {"interests": [[interest.kind, interest.value] for interest in choices.interests]}


def choices_from_json(told: dict[str, Any]) -> Choices:
    """The choices that a confirm keeps."""
    followed = tuple(Interest(kind=InterestKind(kind), value=value) for kind, value in told["interests"])
    return Choices(
        cadence=Cadence(told["cadence"]),
        hour=told["hour"],
        timezone=told["timezone"],
        max_papers=told["max_papers"],
        interests=followed,
        # What was asked for before an upgrade does not say.
        weights=_weights_from_json(told.get("weights")),
        only_matches=told.get("only_matches", False),
        language=told.get("language", "en"),
        weekday=Weekday(told.get("weekday", Weekday.MONDAY)),
        month_day=told.get("month_day", 1),
    )


def _weights_to_json(weights: Weights | None) -> dict[str, float] | None:
    return None if weights is None else asdict(weights)


def _weights_from_json(told: dict[str, float] | None) -> Weights | None:
    return None if told is None else Weights(**told)
