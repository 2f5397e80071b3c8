"""Job: a clock that somebody set back. Nobody waits for the hour that it had been ahead by, and nothing comes twice.

One that is behind by less: whatever was due by then has been seen to, and its time comes again; papers that come now
are looked at nevertheless.
A clock that was put forward cannot be told from a service that stood still: what is past its deadline is merged.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta

from digest.change import first_missed_at
from digest.due import LOOK_BACK, due_on
from digest.model import Subscription, SubscriptionState
from digest.store import Connection, Store
from digest.store.clock import (
    forget_future,
    last_breaks,
    last_leap,
    last_tick_at,
    look_again,
    note_leap,
    note_set_back,
    note_tick,
)
from digest.store.subscribers import all_subscriptions, set_break, set_reached

SET_BACK = timedelta(days=1)
"""A clock that is behind the last tick by more was set by somebody."""

A_LITTLE = timedelta(minutes=30)
"""A clock that is behind by more calls papers of now older than what was looked through; choosing allows an hour."""

NOTED_EVERY = timedelta(minutes=10)


def mind_clock(store: Store, *, now: datetime) -> datetime | None:
    """Note that it is now; where the clock was set back, put right what it wrote, and return what it had shown."""
    with store.reading() as connection:
        last_at = last_tick_at(connection)
    if last_at is not None and last_at - SET_BACK <= now < last_at + NOTED_EVERY:
        if now < last_at - A_LITTLE:
            with store.writing() as connection:
                look_again(connection, now=now)
        return None
    with store.writing() as connection:
        # Another daemon may have seen to it meanwhile.
        last_at = last_tick_at(connection)
        is_set_back = last_at is not None and now < last_at - SET_BACK
        if is_set_back:
            _put_right(connection, now=now)
            note_set_back(connection, now=now)
        _note(connection, last_at, now=now, anyhow=is_set_back)
        return last_at if is_set_back else None


def note_rehearsal(store: Store, *, now: datetime) -> None:
    """Note that somebody published as of another moment: if that is ahead, the next look at the true clock mends it."""
    with store.writing() as connection:
        _note(connection, last_tick_at(connection), now=now)


def _note(connection: Connection, last_at: datetime | None, *, now: datetime, anyhow: bool = False) -> None:
    """Note the tick; and whether it came so long after the last that the clock may have been put forward."""
    if last_at is None or anyhow or now > last_at:
        note_tick(connection, now=now)
    if last_at is not None and now > last_at + SET_BACK:
        note_leap(connection, last_at, now)


def _put_right(connection: Connection, *, now: datetime) -> None:
    active = [one for one in all_subscriptions(connection) if one.state is SubscriptionState.ACTIVE]
    breaks, unseen_from = last_breaks(connection), _unseen_from(connection, now=now)
    forget_future(connection, now=now)
    for one in active:
        until = _break_until(one, breaks.get((one.subscriber_id, one.newsletter)), now=now)
        reached_at = _reached_at(one, now=now)
        if reached_at != one.reached_at:
            set_reached(connection, one.id, reached_at)
        right = replace(one, confirmed_at=min(one.confirmed_at, now), reached_at=reached_at)
        due_at = first_missed_at(connection, right, paused_until=until, since=unseen_from, now=now)
        if until != one.paused_until or one.next_due_at is None or due_at < one.next_due_at or until:
            set_break(connection, one.id, paused_until=until, next_due_at=due_at)


def _unseen_from(connection: Connection, *, now: datetime) -> datetime | None:
    """Since when nobody looked at the true time: since the clock was put forward, where that was noticed."""
    leap = last_leap(connection)
    return leap[0] if leap is not None and leap[0] <= now < leap[1] else None


def _reached_at(subscription: Subscription, *, now: datetime) -> datetime | None:
    """How far a reader's papers were looked through: where only a clock ahead knew, they are all looked at again."""
    reached_at = subscription.reached_at
    if reached_at is None or reached_at <= now:
        return reached_at
    return now - LOOK_BACK[subscription.choices.cadence]


def _break_until(
    subscription: Subscription, noted: tuple[datetime, date | None] | None, *, now: datetime
) -> date | None:
    """The break that lasts now, as long as it was meant to, whatever the clock did to it."""
    begun_at, until = noted or (now, None)
    if until is None or begun_at < subscription.confirmed_at:
        return None
    timezone = subscription.choices.timezone
    today, begun_on = due_on(now, timezone=timezone), due_on(begun_at, timezone=timezone)
    if begun_at > now:
        until = today + (until - begun_on)
    return until if until > today else None
