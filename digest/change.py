"""Job: other choices, a break, and its end, of each of which the reader is told.

Whatever is changed, there is one edition a local date at most.
"""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date, datetime, timedelta

from digest.due import DEADLINE, due_on, next_due_at
from digest.errors import InputError
from digest.feedback import take_back
from digest.model import Choices, DeliveryKind, Subscription, SubscriptionState
from digest.notify import notify
from digest.rendering.notice import About
from digest.store import Connection, Store
from digest.store.again import tried_again
from digest.store.deliveries import queue_again, skip_queued
from digest.store.events import note
from digest.store.past import first_free_on
from digest.store.subscribers import active_held, set_break, set_choices
from digest.store.unwanted import PAUSED
from digest.tokens import Keys

BREAK = timedelta(days=14)
"""How long a break is where nobody says."""

LONGEST_BREAK = timedelta(days=366)


@tried_again
def change(
    store: Store,
    subscription_id: int,
    *,
    choose: Callable[[Choices], Choices],
    forget: Collection[int] = (),
    keys: Keys,
    now: datetime,
) -> bool:
    """Other choices from the next edition on, without what was said of the papers to `forget`; false where it ended.

    `choose` makes them of those that hold, which nobody else changes meanwhile.
    """
    with store.writing() as connection:
        subscription = active_held(connection, subscription_id)
        if subscription is None:
            return False
        for paper_id in forget:
            take_back(connection, subscription, paper_id, now=now)
        choices = choose(subscription.choices)
        # A damaged store may hold one that is never due: `digest store check` says to save the settings again.
        if choices != subscription.choices or subscription.next_due_at is None:
            due_at = _due_at(connection, subscription, choices, paused_until=subscription.paused_until, now=now)
            set_choices(connection, subscription.id, choices, next_due_at=due_at)
            note(connection, subscription, "changed", now=now)
            changed = replace(subscription, choices=choices, next_due_at=due_at)
            notify(connection, changed, About.CHANGED, keys=keys, now=now)
        return True


@tried_again
def pause(store: Store, subscription_id: int, *, until: date, keys: Keys, now: datetime) -> bool:
    """No edition before the local date `until`, those that are queued included; false where the subscription has ended.

    Raises InputError for a date that is not ahead, or too far.
    """
    with store.writing() as connection:
        subscription = active_held(connection, subscription_id)
        if subscription is None:
            return False
        check_break(subscription, until=until, now=now)
        # What is due this very moment waits as well.
        free_on = _free_on(connection, subscription, subscription.choices, until, now=now)
        due_at = next_due_at(now, subscription.choices, not_before=free_on)
        set_break(connection, subscription.id, paused_until=until, next_due_at=due_at)
        skip_queued(connection, [subscription.id], detail=PAUSED, kinds=[DeliveryKind.EDITION])
        note(connection, subscription, "paused", now=now, until=until.isoformat())
        paused = replace(subscription, paused_until=until, next_due_at=due_at)
        notify(connection, paused, About.PAUSED, keys=keys, now=now)
        return True


def check_break(subscription: Subscription, *, until: date, now: datetime) -> None:
    """Raises InputError for a date on which no break can end: one that is not ahead, or too far."""
    today = due_on(now, timezone=subscription.choices.timezone)
    if not today < until <= today + LONGEST_BREAK:
        raise InputError("A break ends on a day after today, within a year. Choose another, or unsubscribe.")


@tried_again
def resume(store: Store, subscription_id: int, *, keys: Keys, now: datetime) -> bool:
    """End a break; false where there was none, or the subscription has ended.

    What the break took back, or kept from being published, comes after all while it is worth sending.
    """
    with store.writing() as connection:
        subscription = active_held(connection, subscription_id)
        if subscription is None or break_of(subscription, now=now) is None:
            return False
        queue_again(connection, subscription.id, detail=PAUSED, now=now)
        due_at = first_missed_at(connection, subscription, paused_until=None, now=now)
        set_break(connection, subscription.id, paused_until=None, next_due_at=due_at)
        note(connection, subscription, "resumed", now=now)
        resumed = replace(subscription, paused_until=None, next_due_at=due_at)
        notify(connection, resumed, About.RESUMED, keys=keys, now=now)
        return True


def first_missed_at(
    connection: Connection,
    subscription: Subscription,
    *,
    paused_until: date | None,
    now: datetime,
    since: datetime | None = None,
) -> datetime:
    """The first due instant since its papers were looked through that is still worth sending, or else the next one.

    Any that came after `since` counts: whether it is worth sending is left to publishing.
    """
    choices = subscription.choices
    looked_at = max(subscription.confirmed_at, subscription.reached_at or subscription.confirmed_at)
    free_on = _free_on(connection, subscription, choices, paused_until, now=now)
    worth_sending = now - DEADLINE[choices.cadence]
    return next_due_at(max(looked_at, min(since or now, worth_sending)), choices, not_before=free_on)


def break_of(subscription: Subscription, *, now: datetime) -> date | None:
    """The local date on which a break ends that lasts now; None for whoever has left."""
    until = subscription.paused_until if subscription.state is SubscriptionState.ACTIVE else None
    return until if until and due_on(now, timezone=subscription.choices.timezone) < until else None


def _due_at(
    connection: Connection, subscription: Subscription, choices: Choices, *, paused_until: date | None, now: datetime
) -> datetime:
    """When the next edition is due by other choices. One whose hour has come is not lost: it is published by them."""
    overdue, free_on = subscription.next_due_at, _free_on(connection, subscription, choices, paused_until, now=now)
    if overdue is not None and overdue <= now and due_on(overdue, timezone=choices.timezone) >= free_on:
        return overdue
    return next_due_at(now, choices, not_before=free_on)


def _free_on(
    connection: Connection, subscription: Subscription, choices: Choices, paused_until: date | None, *, now: datetime
) -> date:
    """The first local date that is after the break, and has no edition yet."""
    free_on = first_free_on(connection, subscription.id, timezone=choices.timezone, now=now)
    return max(free_on, paused_until or date.min)
