"""Job: ask, confirm, unsubscribe. Nobody is subscribed who has not confirmed, or been vouched for by the operator."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from digest.address import Address
from digest.due import next_due_at
from digest.errors import InputError
from digest.limits import has_been_asked, require_room
from digest.model import (
    Choices,
    DeliveryKind,
    Priority,
    Subscription,
    SubscriptionState,
)
from digest.notify import welcome
from digest.store import Connection, Store
from digest.store.again import tried_again
from digest.store.asking import hold_asking
from digest.store.confirms import (
    Confirm,
    add_confirm,
    close_confirms,
    close_moves,
    confirm_numbered,
    forget_confirms,
    use_confirm,
)
from digest.store.deliveries import NewDelivery, queue, skip_queued
from digest.store.events import Event, add_event, note
from digest.store.past import first_free_on
from digest.store.subscribers import (
    Ended,
    active_held,
    add_subscription,
    end_subscriptions,
    set_subscription,
    subscriber_for,
    subscriber_named,
    subscriptions_of,
)
from digest.tokens import Keys, Purpose, claimed

CONFIRM_LASTS = timedelta(hours=48)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """A subscription, what it was before (None where it is new), and when its next edition is due, if one is."""

    id: int
    before: SubscriptionState | None
    next_due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came of asking: whether a confirm message was queued, and what the subscription is, if there is one."""

    queued: bool
    before: SubscriptionState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where somebody asked on the web: their network, empty where not known, and the hash of the form's text."""

    network: str
    form: str


@tried_again
def ask(
    store: Store,
    address: Address,
    *,
    newsletter: str,
    choices: Choices,
    keys: Keys,
    now: datetime,
    origin: Origin | None = None,
    moving: int | None = None,
    settled: Collection[SubscriptionState] = (),
) -> Asked:
    """Queue a confirm message to the address, subscribed or not; at most one an hour to a mailbox.

    `moving` is the number of the subscription that is to go to the address, where none is asked for. Nobody is asked
    whose subscription is in one of the states that are `settled`.
    Raises BusyError where too many were asked for from that origin; the operator has none.
    """
    mailbox = keys.fingerprint(f"mailbox {address.mailbox}")
    network = keys.fingerprint(f"network {origin.network}") if origin and origin.network else ""
    with store.writing() as connection:
        hold_asking(connection)
        if origin:
            require_room(connection, network, now=now)
        subscriber_id = subscriber_for(connection, address, now=now)
        before = _state(connection, subscriber_id, newsletter)
        if before in settled or has_been_asked(connection, mailbox, now=now):
            return Asked(queued=False, before=before)
        confirm_id = add_confirm(
            connection,
            subscriber_id,
            newsletter=newsletter,
            choices=choices,
            nonce=secrets.token_hex(16),
            now=now,
            expires_at=now + CONFIRM_LASTS,
            mailbox=mailbox,
            network=network,
            form=origin.form if origin else "",
            subscription_id=moving,
        )
        message = NewDelivery(
            key=f"{newsletter}:confirm:{confirm_id}",
            kind=DeliveryKind.CONFIRM,
            priority=Priority.AWAITED,
            newsletter=newsletter,
            subscriber_id=subscriber_id,
            confirm_id=confirm_id,
            dated_at=now,
            send_before_at=now + CONFIRM_LASTS,
            signed_with=keys.newest,
            reader={"is_subscribed": before is SubscriptionState.ACTIVE},
        )
        return Asked(queued=queue(connection, message), before=before)


def asked_for(connection: Connection, token: str, *, keys: Keys, now: datetime) -> Confirm | None:
    """What a confirm link is about, or None where it is not ours, has expired, or nothing is left to confirm."""
    asked = confirm_behind(connection, Purpose.CONFIRM, token, keys=keys, now=now)
    if (
        asked is not None
        and asked.used_at is not None
        and not is_active(connection, asked.subscriber_id, asked.newsletter)
    ):
        return None
    return asked


def confirm_behind(
    connection: Connection, purpose: Purpose, token: str, *, keys: Keys, now: datetime
) -> Confirm | None:
    """The confirm that a link of this purpose is of, or None where it is not ours, or has expired."""
    number = claimed(token)
    asked = None if number is None else confirm_numbered(connection, number)
    if asked is None or not keys.verify(purpose, asked.id, token, salt=asked.nonce):
        return None
    return asked if now < asked.expires_at else None


def is_active(connection: Connection, subscriber_id: int, newsletter: str) -> bool:
    """Whether the subscriber has a subscription of that newsletter that goes on."""
    return _state(connection, subscriber_id, newsletter) is SubscriptionState.ACTIVE


def _state(connection: Connection, subscriber_id: int, newsletter: str) -> SubscriptionState | None:
    known = _known(connection, subscriber_id, newsletter)
    return None if known is None else known.state


def _known(connection: Connection, subscriber_id: int, newsletter: str) -> Subscription | None:
    """The subscriber's subscription to that newsletter, if there ever was one."""
    theirs = subscriptions_of(connection, subscriber_id)
    return next((one for one in theirs if one.newsletter == newsletter), None)


@tried_again
def confirm(store: Store, token: str, *, keys: Keys, now: datetime, network: str = "") -> Confirm | None:
    """Subscribe and welcome whoever holds the link; the same link again changes nothing. None: see asked_for.

    The event is the record of consent: when and from where (keyed hashes of networks) was asked and confirmed, on
    which form.
    """
    with store.writing() as connection:
        asked = asked_for(connection, token, keys=keys, now=now)
        if asked is not None and use_confirm(connection, asked.id, now=now):
            subscribed = _subscribe(
                connection, asked.subscriber_id, newsletter=asked.newsletter, choices=asked.choices, now=now
            )
            subscription = active_held(connection, subscribed.id)
            assert subscription is not None
            welcome(connection, subscription, confirm_id=asked.id, keys=keys, now=now)
            from_where = keys.fingerprint(f"network {network}") if network else ""
            add_event(connection, consent(asked, "confirmed", from_where=from_where, now=now))
        return asked


def consent(asked: Confirm, kind: str, *, from_where: str, now: datetime) -> Event:
    """The record of what an address agreed to, and of a keyed hash of the network from which it did."""
    return Event(
        key=f"{kind}:{asked.id}",
        kind=kind,
        happened_at=now,
        subscriber_id=asked.subscriber_id,
        detail={
            "newsletter": asked.newsletter,
            "asked_at": asked.asked_at.isoformat(),
            "asked_from": asked.network,
            "form": asked.form,
            "confirmed_from": from_where,
        },
    )


@tried_again
def subscribe(
    store: Store, address: Address, *, newsletter: str, choices: Choices, now: datetime, only_new: bool = False
) -> Subscribed:
    """Subscribe an address for which the operator vouches, whatever its subscription was before.

    With `only_new` whoever has, or had, that subscription stays as they are.
    """
    with store.writing() as connection:
        subscriber_id = subscriber_for(connection, address, now=now)
        wanted = _subscribe_new if only_new else _subscribe
        return wanted(connection, subscriber_id, newsletter=newsletter, choices=choices, now=now)


@tried_again
def unsubscribe(store: Store, subscription_id: int, *, now: datetime) -> bool:
    """End a subscription at once, messages in the queue included; false where it had ended before."""
    with store.writing() as connection:
        ended = end_subscriptions(connection, now=now, subscription_id=subscription_id)
        _leave(connection, ended, now=now)
        return bool(ended)


@tried_again
def unsubscribe_address(store: Store, address: Address, *, now: datetime) -> int:
    """End every subscription of an address; how many there were. Raises InputError where it is unknown."""
    with store.writing() as connection:
        subscriber_id = subscriber_named(connection, address)
        if subscriber_id is None:
            raise InputError("That address is not known here. `digest subscriber list` shows those that are.")
        ended = end_subscriptions(connection, now=now, subscriber_id=subscriber_id)
        _leave(connection, ended, now=now)
        return len(ended)


def active_subscription(connection: Connection, address: Address) -> Subscription:
    """The first active subscription of an address. Raises InputError where there is none."""
    return active_subscriptions(connection, address)[0]


def active_subscriptions(connection: Connection, address: Address) -> list[Subscription]:
    """The active subscriptions of an address, at least one. Raises InputError where there is none."""
    subscriber_id = subscriber_named(connection, address)
    known = [] if subscriber_id is None else subscriptions_of(connection, subscriber_id)
    active = [subscription for subscription in known if subscription.state is SubscriptionState.ACTIVE]
    if not active:
        raise InputError("That address has no active subscription. `digest subscriber add` makes one.")
    return active


@tried_again
def forget_unconfirmed(store: Store, *, now: datetime) -> int:
    """Delete the addresses that did not confirm in time; how many."""
    with store.writing() as connection:
        return forget_confirms(connection, now=now)


def _subscribe(
    connection: Connection, subscriber_id: int, *, newsletter: str, choices: Choices, now: datetime
) -> Subscribed:
    close_confirms(connection, subscriber_id, newsletter=newsletter, now=now)
    before = _known(connection, subscriber_id, newsletter)
    free_on = first_free_on(connection, before.id, timezone=choices.timezone, now=now) if before else date.min
    due_at = next_due_at(now, choices, not_before=free_on)
    number = set_subscription(
        connection, subscriber_id, newsletter=newsletter, choices=choices, next_due_at=due_at, now=now
    )
    return Subscribed(id=number, before=before.state if before else None, next_due_at=due_at)


def _subscribe_new(
    connection: Connection, subscriber_id: int, *, newsletter: str, choices: Choices, now: datetime
) -> Subscribed:
    due_at = next_due_at(now, choices, not_before=date.min)
    # Subscriptions are locked before confirms, the other way round than by `confirm`: `tried_again` is for that.
    number = add_subscription(
        connection, subscriber_id, newsletter=newsletter, choices=choices, next_due_at=due_at, now=now
    )
    if number is None:
        known = _known(connection, subscriber_id, newsletter)
        assert known is not None
        return Subscribed(id=known.id, before=known.state, next_due_at=known.next_due_at)
    close_confirms(connection, subscriber_id, newsletter=newsletter, now=now)
    return Subscribed(id=number, before=None, next_due_at=due_at)


def _leave(connection: Connection, ended: list[Ended], *, now: datetime) -> None:
    skip_queued(connection, [one.id for one in ended], detail="unsubscribed")
    for one in ended:
        close_confirms(connection, one.subscriber_id, newsletter=one.newsletter, now=now)
        close_moves(connection, one.id, now=now)
        note(connection, one, "unsubscribed", now=now)
