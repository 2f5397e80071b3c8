"""Job: what only the operator can mend -> one message to them, at most one in 24 hours and cause.

Where the provider refuses everything, the alarm waits in the queue with all else; the log says it too.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from digest.address import parse_address
from digest.model import DeliveryKind, Priority
from digest.press import Press
from digest.rendering.alarms import Alarm, Cause, alarm_facts
from digest.store import Connection, Store
from digest.store.deliveries import (
    NewDelivery,
    has_keyed_since,
    queue,
    sender_refused_since,
)
from digest.store.pauses import PauseCause, pauses_now
from digest.store.sources import health
from digest.store.subscribers import subscriber_for
from digest.store.waiting import waiting_now

DAY = timedelta(days=1)


def alarm_of_refusal(store: Store, press: Press, refused: str, *, to: str, now: datetime) -> bool:
    """Queue word that the provider refuses us as a sender, by its name and answer; whether it was queued.

    `to` is the operator's address; without one nothing is queued.
    """
    if not to or not refused:
        return False
    with store.writing() as connection:
        since_at = sender_refused_since(connection) or now
        return _sound(connection, press, Cause.REFUSED, refused, since_at=since_at, to=to, now=now)


def alarm_of_sources(store: Store, press: Press, failed: Collection[str], *, to: str, now: datetime) -> list[str]:
    """Queue word of those of the failed sources that were last read a day ago or longer; which were queued.

    One that has never been read is not among them: whoever set it up sees it fail.
    """
    if not to or not failed:
        return []
    with store.writing() as connection:
        late = [
            (one.name, one.succeeded_at)
            for one in health(connection)
            if one.name in failed and one.succeeded_at is not None and now - one.succeeded_at >= DAY
        ]
        return [
            name
            for name, since_at in late
            if _sound(connection, press, Cause.SOURCE, name, since_at=since_at, to=to, now=now)
        ]


def alarm_of_pauses(store: Store, press: Press, *, to: str, now: datetime) -> list[str]:
    """Queue word of newsletters that have stopped by themselves, since their list is ill or their readers complain;
    which were queued."""
    if not to:
        return []
    with store.reading() as connection:
        stopped = [
            one
            for one in pauses_now(connection).values()
            if one.cause in _CAUSES and not _was_told(connection, _CAUSES[one.cause], one.scope, now=now)
        ]
    if not stopped:
        return []
    with store.writing() as connection:
        return [
            one.scope
            for one in stopped
            if _sound(connection, press, _CAUSES[one.cause], one.scope, since_at=one.since_at, to=to, now=now)
        ]


_CAUSES = {PauseCause.BOUNCES: Cause.BOUNCES, PauseCause.COMPLAINTS: Cause.COMPLAINTS}


def _sound(
    connection: Connection, press: Press, cause: Cause, what: str, *, since_at: datetime, to: str, now: datetime
) -> bool:
    if _was_told(connection, cause, what, now=now):
        return False
    waiting = waiting_now(connection, now=now).queued
    alarm = Alarm(cause=cause, what=what, since_at=since_at, queued=waiting)
    message = NewDelivery(
        key=_key(cause, what, now),
        kind=DeliveryKind.NOTICE,
        priority=Priority.AWAITED,
        newsletter=next(iter(press.newsletters)),
        subscriber_id=subscriber_for(connection, parse_address(to), now=now),
        reader=alarm_facts(alarm),
        dated_at=now,
        send_before_at=now + DAY,
        signed_with=press.keys.newest,
    )
    return queue(connection, message)


def _was_told(connection: Connection, cause: Cause, what: str, *, now: datetime) -> bool:
    """Whether the same was told within a day: that was under the date of today or of yesterday."""
    keys = [_key(cause, what, at) for at in (now, now - DAY)]
    return has_keyed_since(connection, keys, since=now - DAY, now=now)


def _key(cause: Cause, what: str, at: datetime) -> str:
    return f"alarm:{cause}:{'' if cause is Cause.REFUSED else what}:{at:%Y-%m-%d}"
