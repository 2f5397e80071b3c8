"""What addresses were asked to confirm, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, exists, select, update

from digest.model import Choices
from digest.store.choices import choices_from_json, choices_to_json
from digest.store.subscribers import is_left_over
from digest.store.tables import confirms, subscribers, subscriptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """What an address was asked to confirm. `nonce` goes into the link's signature only.

    `subscription_id` is the subscription that is to go to that address; None where one is asked for.

    `network` is a keyed hash of where it was asked for, `form` one of the text that was shown; empty where not known.
    """

    id: int
    subscriber_id: int
    address: str
    newsletter: str
    choices: Choices
    nonce: str
    asked_at: datetime
    expires_at: datetime
    used_at: datetime | None
    network: str
    form: str
    subscription_id: int | None = None


def add_confirm(
    connection: Connection,
    subscriber_id: int,
    *,
    newsletter: str,
    choices: Choices,
    nonce: str,
    now: datetime,
    expires_at: datetime,
    mailbox: str = "",
    network: str = "",
    form: str = "",
    subscription_id: int | None = None,
) -> int:
    """Remember what was asked for, and by whom (see `Confirm`; `mailbox` is a keyed hash, too); its number."""
    row = {
        "subscriber_id": subscriber_id,
        "newsletter": newsletter,
        "choices": choices_to_json(choices),
        "nonce": nonce,
        "asked_at": now,
        "expires_at": expires_at,
        "mailbox": mailbox,
        "network": network,
        "form": form,
        "subscription_id": subscription_id,
    }
    return int(connection.execute(confirms.insert().values(row).returning(confirms.c.id)).scalar_one())


def confirm_numbered(connection: Connection, number: int) -> Confirm | None:
    """The confirm with this number."""
    return next(iter(_where(connection, confirms.c.id == number)), None)


def open_confirms(connection: Connection, *, now: datetime, subscriber_id: int | None = None) -> list[Confirm]:
    """Whoever was asked and has neither answered nor run out of time, oldest first; one subscriber's alone if named."""
    unanswered = confirms.c.used_at.is_(None) & (confirms.c.expires_at > now)
    return _where(connection, unanswered if subscriber_id is None else unanswered & _of(subscriber_id))


def confirms_of(connection: Connection, subscriber_id: int) -> list[Confirm]:
    """What the subscriber's address was asked to confirm, oldest first."""
    return _where(connection, _of(subscriber_id))


def _where(connection: Connection, wanted: ColumnElement[bool]) -> list[Confirm]:
    joined = confirms.join(subscribers, confirms.c.subscriber_id == subscribers.c.id)
    query = select(confirms, subscribers.c.address).select_from(joined).where(wanted)
    return [_confirm(row) for row in connection.execute(query.order_by(confirms.c.id))]


def _of(subscriber_id: int) -> ColumnElement[bool]:
    return confirms.c.subscriber_id == subscriber_id


def use_confirm(connection: Connection, number: int, *, now: datetime) -> bool:
    """Mark the confirm as used; false where it had been used already."""
    used = update(confirms).where(confirms.c.id == number, confirms.c.used_at.is_(None)).values(used_at=now)
    return connection.execute(used).rowcount == 1


def close_confirms(connection: Connection, subscriber_id: int, *, newsletter: str, now: datetime) -> None:
    """Whatever else was asked for is answered: older links do nothing more."""
    _close(connection, _of(subscriber_id) & (confirms.c.newsletter == newsletter), now=now)


def close_moves(connection: Connection, subscription_id: int, *, now: datetime) -> None:
    """Wherever else the subscription was to go, it does not: older links do nothing more."""
    _close(connection, confirms.c.subscription_id == subscription_id, now=now)


def _close(connection: Connection, whose: ColumnElement[bool], *, now: datetime) -> None:
    connection.execute(update(confirms).where(whose, confirms.c.used_at.is_(None)).values(used_at=now))


def forget_confirms(connection: Connection, *, now: datetime) -> int:
    """Delete what ran out, but not what led to a subscription that the address has; and the addresses that nothing
    else is known of: how many."""
    kept = exists().where(subscriptions.c.subscriber_id == confirms.c.subscriber_id)
    expired = delete(confirms).where(confirms.c.expires_at <= now, confirms.c.used_at.is_(None) | ~kept)
    if connection.execute(expired).rowcount == 0:
        return 0
    asked = exists().where(confirms.c.subscriber_id == subscribers.c.id)
    return connection.execute(delete(subscribers).where(is_left_over(), ~asked)).rowcount


def _confirm(row: Row[Any]) -> Confirm:
    return Confirm(
        id=row.id,
        subscriber_id=row.subscriber_id,
        address=row.address,
        newsletter=row.newsletter,
        choices=choices_from_json(row.choices),
        nonce=row.nonce,
        asked_at=row.asked_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        network=row.network,
        form=row.form,
        subscription_id=row.subscription_id,
    )
