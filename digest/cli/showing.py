"""A subscriber's arrangement, interests, likes and dislikes, as `subscriber show` tells them."""

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from digest.model import Cadence, Choices, InterestKind, Subscription, Want

if TYPE_CHECKING:
    from digest.store import Connection
    from digest.store.confirms import Confirm
    from digest.store.suppressions import Suppression


def plain(value: Any) -> str:
    """A value in words; a paper by its title and name, or by that alone where it is not here."""
    if isinstance(value, dict) and "title" in value:
        return f"{value['title']} ({value['name']})" if value["title"] else str(value["name"])
    return ", ".join(map(plain, value)) if isinstance(value, list) else str(value)


def subscriptions_told(
    connection: "Connection", subscriber_id: int, *, suppressed: "Suppression | None", now: datetime
) -> list[dict[str, Any]]:
    """Somebody's subscriptions, and what they were asked to confirm."""
    from digest.store.confirms import open_confirms
    from digest.store.subscribers import subscriptions_of

    told = [
        row_of(s, now=now, suppressed=suppressed)
        | followed(connection, s.choices, now=now)
        | judged(connection, s.id, now=now)
        for s in subscriptions_of(connection, subscriber_id)
    ]
    return told + [
        row_of(c, now=now, suppressed=suppressed) | followed(connection, c.choices, now=now)
        for c in open_confirms(connection, now=now, subscriber_id=subscriber_id)
    ]


def followed(connection: "Connection", choices: Choices, *, now: datetime) -> dict[str, Any]:
    """What a reader follows; examples with their titles."""
    from digest.store.papers import papers_by_id, papers_named

    told: dict[str, Any] = {kind: [i.value for i in choices.interests if i.kind is kind] for kind in InterestKind}
    numbers = papers_named(connection, told[InterestKind.EXAMPLE])
    papers = papers_by_id(connection, numbers.values(), now=now)
    told[InterestKind.EXAMPLE] = [
        {"name": name, "title": papers[numbers[name]].title if name in numbers else ""}
        for name in told[InterestKind.EXAMPLE]
    ]
    weights = None if choices.weights is None else asdict(choices.weights)
    return told | {"weights": weights, "only_matches": choices.only_matches or None}


def judged(connection: "Connection", subscription_id: int, *, now: datetime) -> dict[str, Any]:
    """What a reader likes and does not, newest first."""
    from digest.store.feedback import feedback_of
    from digest.store.papers import papers_by_id

    said = feedback_of(connection, [subscription_id]).get(subscription_id, [])
    papers = papers_by_id(connection, [one.paper_id for one in said], now=now)
    return {
        name: [
            {"name": papers[one.paper_id].arxiv_id or one.paper_id, "title": papers[one.paper_id].title}
            | {"interest": one.interest or None, "said_at": one.said_at.isoformat()}
            for one in said
            if one.want is want
        ]
        for name, want in (("likes", Want.MORE), ("dislikes", Want.LESS))
    }


def on_day_of(row: dict[str, Any]) -> str:
    """` on tuesday`, ` on 15`; nothing where the cadence has no day."""
    day_of = {Cadence.WEEKLY: row["weekday"], Cadence.MONTHLY: row["month_day"]}.get(row["cadence"])
    return "" if day_of is None else f" on {day_of}"


def row_of(one: "Subscription | Confirm", *, now: datetime, suppressed: "Suppression | None") -> dict[str, Any]:
    """Somebody's arrangement with a newsletter, or the one that they were asked to confirm, as lists show it."""
    from digest.change import break_of

    choices, state, due_at, paused_until = one.choices, "pending", None, None
    if isinstance(one, Subscription):
        state, due_at, paused_until = one.state, one.next_due_at, break_of(one, now=now)
    return {
        "address": one.address,
        "newsletter": one.newsletter,
        "state": str(state),
        "cadence": choices.cadence,
        "weekday": choices.weekday,
        "month_day": choices.month_day,
        "hour": choices.hour,
        "timezone": choices.timezone,
        "max_papers": choices.max_papers,
        "language": choices.language,
        "next_due_at": None if due_at is None else due_at.isoformat(),
        "paused_until": None if paused_until is None else paused_until.isoformat(),
        "suppressed": None if suppressed is None else suppressed.reason,
        "suppressed_at": None if suppressed is None else suppressed.since_at.isoformat(),
    }
