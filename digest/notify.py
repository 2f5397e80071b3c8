"""Readers are told what was done with their subscription: messages that are queued with the very change."""

from dataclasses import replace
from datetime import datetime, timedelta

from digest.model import DeliveryKind, InterestKind, Priority, Subscription
from digest.rendering.arrangement import arrangement_facts
from digest.rendering.notice import About
from digest.rendering.welcome import example_for
from digest.store import Connection
from digest.store.deliveries import NewDelivery, queue
from digest.store.editions import newest_cards
from digest.tokens import Keys

WORTH_SENDING = timedelta(hours=24)
"""How long a notice may wait in the queue: an edition says more by then."""


def welcome(connection: Connection, subscription: Subscription, *, confirm_id: int, keys: Keys, now: datetime) -> None:
    """Queue the message to somebody who has confirmed; it explains editions by a paper of the last one."""
    topics = [one.value for one in subscription.choices.interests if one.kind is InterestKind.TOPIC]
    example = example_for(topics, newest_cards(connection, newsletter=subscription.newsletter))
    facts = arrangement_facts(subscription) | {"example": example}
    key = f"{subscription.newsletter}:welcome:{confirm_id}"
    queue(connection, _message(subscription, DeliveryKind.WELCOME, key, facts, keys=keys, now=now))


def notify(connection: Connection, subscription: Subscription, about: About, *, keys: Keys, now: datetime) -> None:
    """Queue what a subscriber is told of; of the same once an hour at most, by the clock."""
    # What is overdue comes at once.
    due_at = max(subscription.next_due_at or now, now)
    facts = arrangement_facts(replace(subscription, next_due_at=due_at)) | {"about": about.value}
    until = f"{subscription.paused_until}:" if about is About.PAUSED else ""
    key = f"{subscription.newsletter}:{about}:{subscription.id}:{until}{now:%Y-%m-%dT%H}"
    queue(connection, _message(subscription, DeliveryKind.NOTICE, key, facts, keys=keys, now=now))


def notify_old_address(
    connection: Connection, subscription: Subscription, *, confirm_id: int, keys: Keys, now: datetime
) -> None:
    """Queue what the address is told that a subscription went away from: it is no part of that any more."""
    facts: dict[str, object] = {"about": About.MOVED.value, "language": subscription.choices.language}
    key = f"{subscription.newsletter}:{About.MOVED}:{confirm_id}"
    told = _message(subscription, DeliveryKind.NOTICE, key, facts, keys=keys, now=now)
    queue(connection, replace(told, subscription_id=None))


def _message(
    subscription: Subscription, kind: DeliveryKind, key: str, facts: dict[str, object], *, keys: Keys, now: datetime
) -> NewDelivery:
    return NewDelivery(
        key=key,
        kind=kind,
        priority=Priority.AWAITED,
        newsletter=subscription.newsletter,
        subscriber_id=subscription.subscriber_id,
        subscription_id=subscription.id,
        reader=facts,
        dated_at=now,
        send_before_at=now + WORTH_SENDING,
        signed_with=keys.newest,
    )
