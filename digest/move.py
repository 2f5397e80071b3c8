"""Job: a subscription goes to another address, once whoever reads that has confirmed; its links stay as they are.

Asking is `subscribe.ask`, by the same limits; the page that asks says the same of every address.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from digest.model import Subscription, SubscriptionState
from digest.notify import notify_old_address
from digest.store import Connection, Store
from digest.store.accounts import hold_destination, move_subscription
from digest.store.again import tried_again
from digest.store.confirms import Confirm, close_moves
from digest.store.events import add_event
from digest.store.subscribers import active_held, subscription_numbered, subscriptions_of
from digest.subscribe import confirm_behind, consent
from digest.tokens import Keys, Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What a link would do, or has done: `is_taken` where the address has a subscription of its own already."""

    asked: Confirm
    subscription: Subscription
    is_done: bool
    is_taken: bool


def asked_to_move(connection: Connection, token: str, *, keys: Keys, now: datetime) -> Move | None:
    """What a link of a new address is about.

    None where it is not ours or has expired, or the subscription has ended or went elsewhere since.
    """
    asked = confirm_behind(connection, Purpose.MOVE, token, keys=keys, now=now)
    if asked is None or asked.subscription_id is None:
        return None
    subscription = subscription_numbered(connection, asked.subscription_id)
    if subscription is None or subscription.state is not SubscriptionState.ACTIVE:
        return None
    is_done = subscription.subscriber_id == asked.subscriber_id
    is_taken = not is_done and any(
        one.newsletter == asked.newsletter and one.state is SubscriptionState.ACTIVE
        for one in subscriptions_of(connection, asked.subscriber_id)
    )
    if asked.used_at is not None and not is_done and not is_taken:
        return None
    return Move(asked=asked, subscription=subscription, is_done=is_done, is_taken=is_taken)


@tried_again
def move(store: Store, token: str, *, keys: Keys, now: datetime, network: str = "") -> Move | None:
    """Do what the link asks for; the same link again changes nothing. None: see asked_to_move.

    The old address is told. The event is the record of consent, as `confirm` keeps it.
    """
    with store.writing() as connection:
        first = asked_to_move(connection, token, keys=keys, now=now)
        if first is None:
            return None
        active_held(connection, first.subscription.id)
        hold_destination(connection, first.subscription.id, first.asked.subscriber_id)
        # As it is now that nobody else changes it.
        found = asked_to_move(connection, token, keys=keys, now=now)
        if found is None or found.is_done or found.is_taken:
            return found
        asked, before = found.asked, found.subscription
        move_subscription(connection, before, subscriber_id=asked.subscriber_id, now=now)
        close_moves(connection, before.id, now=now)
        moved = replace(before, subscriber_id=asked.subscriber_id, address=asked.address)
        from_where = keys.fingerprint(f"network {network}") if network else ""
        agreed = consent(asked, "moved", from_where=from_where, now=now)
        # By number, not by address: erasing finds the old one by it.
        add_event(connection, replace(agreed, detail={**agreed.detail, "from": before.subscriber_id}))
        notify_old_address(connection, before, confirm_id=asked.id, keys=keys, now=now)
        return replace(found, subscription=moved, is_done=True)
