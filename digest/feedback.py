"""Job: what comes back, about a delivery or from a reader about a paper -> events, suppressions, feedback."""

import re
from datetime import datetime, timedelta

from digest.address import Address
from digest.breaker import look_at_complaint
from digest.errors import InputError
from digest.model import MOVES, DeliveryState, Subscription, Want
from digest.store import Connection
from digest.store import feedback as kept
from digest.store.deliveries import Delivery, deliveries_of, last_sent_at
from digest.store.events import Event, add_event, events_of, note
from digest.store.past import deliveries_holding
from digest.store.subscribers import end_subscriptions, is_still_there, subscriber_named
from digest.store.suppressions import lift_suppressions, suppress, suppression_of
from digest.store.tallies import note_complaint
from digest.tokens import Keys

PERMANENT = ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10")
"""Statuses (RFC 3463) that say there is no such mailbox. Other 5.x.x do not: a full mailbox empties."""

REFUSALS, REFUSAL_DAYS = 5, 3
"""After so many refusals of a mailbox that is there, on so many days (UTC) at least, it counts as left."""

REFUSED_WITHIN = timedelta(days=30)

_OF_MAILBOX = re.compile(r" 5\.(?:1\.(?![78]$)|2\.)\d+$")
"""What says something of the mailbox (RFC 3463): 5.1.X but for the sender's address, 5.2.X. Any other status, or none,
may be about us, who are refused everywhere then."""

COMPLAINED = "complained"
"""The reason of a suppression by a complaint; any other says by which reply an address was refused."""

_COMPLAINED_OF = {DeliveryState.COMPLAINED, *(one for one, after in MOVES.items() if DeliveryState.COMPLAINED in after)}
"""What was sent, whether it was complained of before or not."""


def bounced(connection: Connection, delivery: Delivery, *, code: str, now: datetime) -> None:
    """The recipient of a delivery was refused, with a reply such as `550 5.1.1`."""
    # The delivery was read before it was sent: since then they may have been erased.
    if delivery.subscriber_id is None or not is_still_there(connection, delivery.subscriber_id):
        return
    event = Event(
        key=f"bounce:{delivery.key}:{delivery.attempts}",
        kind="bounced",
        happened_at=now,
        subscriber_id=delivery.subscriber_id,
        delivery_id=delivery.id,
        detail={"code": code},
    )
    if not add_event(connection, event):
        return
    if is_permanent(code) or _is_left(connection, delivery.subscriber_id, code=code, now=now):
        suppress(connection, delivery.subscriber_id, reason=f"bounced: {code}", now=now)


def _is_left(connection: Connection, subscriber_id: int, *, code: str, now: datetime) -> bool:
    """Whether a mailbox that says this has refused so much since it last took a message, or was lifted."""
    if not _OF_MAILBOX.search(code):
        return False
    refused = list[datetime]()
    for event in events_of(connection, subscriber_id):
        if event.kind == "lifted":
            refused.clear()
        elif event.kind == "bounced" and _OF_MAILBOX.search(event.detail["code"]):
            refused.append(event.happened_at)
    recent = [one for one in refused if now - REFUSED_WITHIN < one <= now]
    # Many rows may have to be read for it.
    if len(recent) >= REFUSALS and (taken_at := last_sent_at(connection, subscriber_id, now=now)) is not None:
        recent = [one for one in recent if one > taken_at]
    return len(recent) >= REFUSALS and len({one.date() for one in recent}) >= REFUSAL_DAYS


def complained(connection: Connection, delivery: Delivery, *, now: datetime) -> bool:
    """A delivery was called spam: its reader gets nothing more; whether that stopped its newsletter.

    The first complaint of a delivery counts. Of whoever was erased meanwhile only the count is kept.
    """
    if not note_complaint(connection, delivery.id):
        return False
    if delivery.subscriber_id is not None and is_still_there(connection, delivery.subscriber_id):
        event = Event(
            key=f"complaint:{delivery.key}",
            kind="complained",
            happened_at=now,
            subscriber_id=delivery.subscriber_id,
            delivery_id=delivery.id,
            detail={"newsletter": delivery.newsletter},
        )
        add_event(connection, event)
        _turn_away(connection, delivery.subscriber_id, now=now)
    return delivery.printing_id is not None and look_at_complaint(connection, delivery.printing_id, now=now)


def complained_by(connection: Connection, address: Address, *, now: datetime) -> str | None:
    """An address complained, of the last edition that it was sent, or of nothing that is known: it gets nothing more.

    Which newsletter that stopped, empty for none. None where the address is not known.
    """
    number = subscriber_named(connection, address)
    if number is None:
        return None
    sent = [one for one in deliveries_of(connection, number) if one.printing_id and one.state in _COMPLAINED_OF]
    stops = bool(sent) and complained(connection, sent[0], now=now)
    _turn_away(connection, number, now=now)
    return sent[0].newsletter if stops else ""


def _turn_away(connection: Connection, subscriber_id: int, *, now: datetime) -> None:
    end_subscriptions(connection, now=now, subscriber_id=subscriber_id)
    suppress(connection, subscriber_id, reason=COMPLAINED, now=now)


def require_sendable(connection: Connection, address: Address, *, keys: Keys) -> None:
    """Raises InputError with the reason where nothing is sent to an address any more, also one that was erased."""
    known = suppression_of(connection, names_of(keys, address.key))
    if known is None:
        return
    did = (
        "called a message spam"
        if known.reason == COMPLAINED
        else f"was refused by its server ({known.reason.removeprefix('bounced: ')})"
    )
    raise InputError(
        f"That address {did} on {known.since_at.date()}, and nothing is sent to it any more. If that was a mistake,"
        " `digest subscriber lift` with the address ends it, and it can be added again."
    )


def lift(connection: Connection, address: Address, *, keys: Keys, now: datetime) -> bool:
    """What came back of an address was a mistake: send to it again; false where nothing kept messages away."""
    if not lift_suppressions(connection, names_of(keys, address.key)):
        return False
    number = subscriber_named(connection, address)
    if number is not None:
        event = Event(
            key=f"lifted:{number}:{now.isoformat()}", kind="lifted", happened_at=now, subscriber_id=number, detail={}
        )
        add_event(connection, event)
    return True


def is_permanent(code: str) -> bool:
    """Whether a reply such as `550 5.1.1` says that there is no such mailbox."""
    return code.rpartition(" ")[2] in PERMANENT


def marks_of(keys: Keys, address_key: str) -> list[str]:
    """What a suppressed address is known by once it was erased: a keyed hash, by every key, newest first."""
    return keys.fingerprints(f"address {address_key}")


def names_of(keys: Keys, address_key: str) -> list[str]:
    """What an address is known by among suppressions, erased or not: its key and its marks."""
    return [address_key, *marks_of(keys, address_key)]


def say(connection: Connection, subscription: Subscription, paper_id: int, want: Want, *, now: datetime) -> bool:
    """Keep what a reader says of a paper, under the interest that it was chosen for; false where it was said before."""
    said = kept.feedback_of(connection, [subscription.id]).get(subscription.id, [])
    if any(one.paper_id == paper_id and one.want is want for one in said):
        return False
    picks = [pick for _, pick in deliveries_holding(connection, subscription.id, paper_id)]
    interest = picks[0].reason.interest if picks else ""
    kept.set_feedback(connection, subscription.id, paper_id=paper_id, want=want, interest=interest, now=now)
    note(connection, subscription, f"wants {want}", now=now, paper=paper_id)
    return True


def take_back(connection: Connection, subscription: Subscription, paper_id: int, *, now: datetime) -> bool:
    """Forget what a reader said of a paper; false where nothing was."""
    if not kept.take_back(connection, subscription.id, paper_id=paper_id):
        return False
    note(connection, subscription, "took back", now=now, paper=paper_id)
    return True
