"""A reader's choices as rows and as JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, delete, select

from digest.model import Cadence, Choices, Interest, InterestKind, Weekday, Weights
from digest.store.spelling import any_of
from digest.store.tables import interests, subscriptions


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


CHOSEN = tuple(
    subscriptions.c[name]
    for name in "cadence hour timezone max_papers weights only_matches language weekday month_day".split()
)


def choices_in(chosen: Sequence[Any], followed: tuple[Interest, ...]) -> Choices:
    """The choices that the columns CHOSEN of a subscription say, with its interests."""
    cadence, hour, timezone, max_papers, weights, only_matches, language, weekday, month_day = chosen
    return Choices(
        cadence=Cadence(cadence),
        hour=hour,
        timezone=timezone,
        max_papers=max_papers,
        interests=followed,
        weights=_weights_from_json(weights),
        only_matches=only_matches,
        language=language,
        weekday=Weekday(weekday),
        month_day=month_day,
    )


def set_interests(connection: Connection, subscription_id: int, followed: Iterable[Interest]) -> None:
    """Replace a subscription's interests."""
    connection.execute(delete(interests).where(interests.c.subscription_id == subscription_id))
    rows = [{"subscription_id": subscription_id, "kind": one.kind, "value": one.value} for one in followed]
    if rows:
        connection.execute(interests.insert(), rows)


def interests_of(connection: Connection, subscription_ids: Iterable[int]) -> dict[int, tuple[Interest, ...]]:
    """The interests of each subscription that has any, in the order in which they were named."""
    named = (interests.c.subscription_id, interests.c.kind, interests.c.value)
    theirs = any_of(interests.c.subscription_id, subscription_ids)
    query = select(*named).where(theirs).order_by(interests.c.subscription_id, interests.c.id)
    followed = groupby(connection.execute(query).all(), itemgetter(0))
    return {number: tuple([_interest(kind, value) for _, kind, value in rows]) for number, rows in followed}


@lru_cache(maxsize=20_000)
def _interest(kind: str, value: str) -> Interest:
    """Many readers have the same: it is made once."""
    return Interest(kind=InterestKind(kind), value=value)


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
