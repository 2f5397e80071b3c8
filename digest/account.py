"""Job: all that is known of a reader, for them to have; and erasing it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from digest.address import Address
from digest.errors import InputError
from digest.feedback import marks_of
from digest.model import DeliveryKind, Paper, Pick, Subscription
from digest.store import Connection, Store
from digest.store.accounts import (
    Account,
    Attempt,
    account_numbered,
    attempts_of,
    deliveries_about,
    erase_subscriber,
)
from digest.store.again import tried_again
from digest.store.confirms import Confirm, confirms_of
from digest.store.deliveries import Delivery, deliveries_of
from digest.store.events import Event, events_of
from digest.store.feedback import feedback_of
from digest.store.papers import papers_by_id, present_numbers
from digest.store.subscribers import subscriber_named, subscriptions_of
from digest.tokens import Keys

_OF_NO_USE = {"asked_from", "confirmed_from", "form", "from"}
"""Of events: hashes by which a network or a form is recognised here, and nothing is read; and a row's number."""


def known_of(connection: Connection, subscriber_id: int, *, now: datetime) -> dict[str, Any] | None:
    """Everything that is stored of a subscriber (JSON), without secrets; None where there is none."""
    account = account_numbered(connection, subscriber_id)
    if account is None:
        return None
    sent = deliveries_about(connection, subscriber_id)
    subscriptions = subscriptions_of(connection, subscriber_id)
    said = feedback_of(connection, [one.id for one in subscriptions])
    numbers = {pick.paper_id for one in sent for pick in _picks(one)}
    numbers |= {one.paper_id for words in said.values() for one in words}
    papers = _papers(connection, numbers, now=now)
    attempts = attempts_of(connection, [one.id for one in sent])
    return {
        "exported_at": now.isoformat(),
        **_account(account),
        "asked": [_asked(one) for one in confirms_of(connection, subscriber_id)],
        "subscriptions": [
            _subscription(one)
            | {"said_of_papers": [_told(asdict(word)) | papers.get(word.paper_id, {}) for word in said.get(one.id, [])]}
            for one in subscriptions
        ],
        "deliveries": [_delivery(one, papers, attempts) for one in sent],
        "events": [_event(one) for one in events_of(connection, subscriber_id)],
    }


def opens_all(connection: Connection, subscription: Subscription) -> bool:
    """Whether this subscription's links may show and erase all that is known of its address.

    Not where it came from another address, which has the same links still, to one that has something of its own.
    """
    subscriber_id, newsletter = subscription.subscriber_id, subscription.newsletter
    known = events_of(connection, subscriber_id)
    if not any(one.kind == "moved" and one.detail["newsletter"] == newsletter for one in known):
        return True
    return not (
        len(subscriptions_of(connection, subscriber_id)) > 1
        or any(one.subscription_id is None for one in confirms_of(connection, subscriber_id))
        or any(
            one.subscription_id != subscription.id and one.kind is not DeliveryKind.CONFIRM
            for one in deliveries_of(connection, subscriber_id)
        )
    )


def numbered(connection: Connection, address: Address) -> int:
    """The number of the subscriber with this address. Raises InputError where it is not known."""
    number = subscriber_named(connection, address)
    if number is None:
        raise InputError("That address is not known here. `digest subscriber list` shows those that are.")
    return number


@tried_again
def erase(store: Store, subscriber_id: int, *, keys: Keys) -> bool:
    """Forget a subscriber: subscriptions, choices, words on papers, what messages said of them, and events.

    What stays is the account of what was sent, to nobody by now; and a suppression, under a keyed hash, so that it is
    still honoured. False where there is no such subscriber.
    """
    with store.writing() as connection:
        if account_numbered(connection, subscriber_id) is None:
            return False
        erase_subscriber(connection, subscriber_id, mark=lambda address_key: marks_of(keys, address_key)[0])
        return True


def _account(account: Account) -> dict[str, Any]:
    since_at = account.suppressed_at
    suppressed = None if since_at is None else {"reason": account.suppressed, "since_at": since_at.isoformat()}
    return {"address": account.address, "known_since": account.created_at.isoformat(), "nothing_is_sent": suppressed}


def _asked(asked: Confirm) -> dict[str, Any]:
    return {
        "newsletter": asked.newsletter,
        "for_a_new_address": asked.subscription_id is not None,
        "asked_at": asked.asked_at.isoformat(),
        "expires_at": asked.expires_at.isoformat(),
        "answered_at": None if asked.used_at is None else asked.used_at.isoformat(),
        "choices": asdict(asked.choices),
    }


def _subscription(one: Subscription) -> dict[str, Any]:
    told = _told(asdict(one))
    return {name: told[name] for name in told if name not in {"id", "subscriber_id", "address"}}


def _delivery(one: Delivery, papers: Mapping[int, dict[str, Any]], attempts: Sequence[Attempt]) -> dict[str, Any]:
    return {
        "key": one.key,
        "kind": one.kind,
        "state": one.state,
        "detail": one.detail,
        "sent_to": one.address,
        "dated_at": one.dated_at.isoformat(),
        "edition_of": None if one.due_on is None else one.due_on.isoformat(),
        "papers": [papers.get(pick.paper_id, {}) | _reason(pick) for pick in _picks(one)],
        "said_of_you": one.reader,
        "attempts": [
            _told({name: value for name, value in asdict(each).items() if name != "delivery_id"})
            for each in attempts
            if each.delivery_id == one.id
        ],
    }


def _picks(one: Delivery) -> Sequence[Pick]:
    return () if one.selection is None else one.selection.picks


def _reason(pick: Pick) -> dict[str, Any]:
    return {"score": pick.score, "chosen_by": pick.reason._asdict()}


def _event(one: Event) -> dict[str, Any]:
    kept = {name: value for name, value in one.detail.items() if name not in _OF_NO_USE}
    return {"kind": one.kind, "happened_at": one.happened_at.isoformat(), **kept}


def _papers(connection: Connection, numbers: set[int], *, now: datetime) -> dict[int, dict[str, Any]]:
    """Papers by the numbers under which they were sent."""
    present = present_numbers(connection, numbers)
    known = papers_by_id(connection, {present.get(number, number) for number in numbers}, now=now)
    found = {number: known.get(present.get(number, number)) for number in numbers}
    return {number: _paper(paper) for number, paper in found.items() if paper is not None}


def _paper(paper: Paper) -> dict[str, Any]:
    return {"title": paper.title, "arxiv_id": paper.arxiv_id or None, "url": paper.url or None}


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as JSON knows them."""
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values.items()}
