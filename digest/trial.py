"""Job: single messages on request, outside the queue's order: a preview of an edition, a test."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from digest.address import Address
from digest.choose import Stock, choose, pasts_of, require_papers, take_stock
from digest.compose import Composer, reader_facts
from digest.due import LOOK_BACK, due_on
from digest.errors import InputError
from digest.model import (
    DeliveryKind,
    DeliveryState,
    Outgoing,
    Priority,
    Selection,
    Subscription,
    Weights,
)
from digest.press import Press
from digest.printings import cards_for, edition_content
from digest.rendering.cards import Card, card_to_json
from digest.rendering.filling import Body
from digest.store import Connection, Store
from digest.store.deliveries import (
    Delivery,
    NewDelivery,
    delivery_keyed,
    queue,
)
from digest.store.editions import add_pieces, edition_for, printing_for
from digest.store.subscribers import subscriber_for
from digest.subscribe import active_subscription

SENT_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The edition that a subscription would get now, as if it were delivery number 0."""

    delivery: Delivery
    subscription: Subscription
    selection: Selection
    content: dict[str, object]
    cards: dict[int, Card]
    body: Body
    message: Outgoing


def chosen_now(
    connection: Connection, press: Press, subscription: Subscription, *, weights: Weights, now: datetime
) -> tuple[Stock, Selection]:
    """The papers that an edition would hold if it were chosen now, perhaps none, and what they are chosen from."""
    sources, cadence = press.newsletter(subscription.newsletter).sources, subscription.choices.cadence
    stock = take_stock(connection, sources=sources, cadences=[cadence], now=now)
    pasts = pasts_of(connection, [subscription], now=now)
    [selection] = choose(connection, stock, [subscription], pasts=pasts, weights=weights, now=now)
    return stock, selection


def preview_of(store: Store, press: Press, address: Address, *, weights: Weights, now: datetime) -> Preview:
    """What the address would get now. Raises InputError where it gets nothing, and says why."""
    with store.reading() as connection:
        subscription = active_subscription(connection, address)
        stock, selection = chosen_now(connection, press, subscription, weights=weights, now=now)
        choices = subscription.choices
        if not selection.picks:
            require_papers(connection)
            raise InputError(
                f"No paper listed after {now - LOOK_BACK[choices.cadence]:%d %B %Y} is new to that address."
                " `digest collect` brings newer ones, and `digest why` says of each what bars it. Older ones are for a"
                " rehearsal: a store of its own, and --now with every command."
            )
        day = due_on(now, timezone=choices.timezone)
        content = edition_content(press, stock, newsletter=subscription.newsletter, cadence=choices.cadence, day=day)
        cards = cards_for(connection, stock, [pick.paper_id for pick in selection.picks], cadence=choices.cadence)
        delivery = _as_delivery(subscription, selection, press=press, now=now)
        composer = Composer(press)
        composer.preload(0, content, cards)
        return Preview(
            delivery=delivery,
            subscription=subscription,
            selection=selection,
            content=content,
            cards=cards,
            body=composer.body(connection, delivery),
            message=composer.outgoing(connection, delivery),
        )


def write_preview(preview: Preview, folder: Path) -> list[Path]:
    """Write preview.eml, .html and .txt into the folder. Raises InputError where it cannot be written."""
    parts = {
        "preview.eml": preview.message.content,
        "preview.html": preview.body.html.encode(),
        "preview.txt": preview.body.text.encode(),
    }
    return write_files(parts, folder)


def write_files(files: Mapping[str, bytes], folder: Path) -> list[Path]:
    """Write the files into the folder, which is made if need be. Raises InputError where it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror}. Choose another folder by --out.") from error
    return [folder / name for name in files]


def queue_preview(store: Store, preview: Preview) -> int:
    """Queue the message that was shown; its papers do not count as sent. The delivery's number."""
    subscription, shown = preview.subscription, preview.delivery
    day = due_on(shown.dated_at, timezone=subscription.choices.timezone)
    with store.writing() as connection:
        edition_id = edition_for(
            connection, newsletter=shown.newsletter, cadence=subscription.choices.cadence, due_on=day
        )
        printing_id = printing_for(connection, edition_id, preview.content)
        add_pieces(connection, printing_id, {paper: card_to_json(card) for paper, card in preview.cards.items()})
        message = NewDelivery(
            key=f"{shown.newsletter}:preview:{secrets.token_hex(8)}",
            kind=DeliveryKind.EDITION,
            priority=Priority.AWAITED,
            newsletter=shown.newsletter,
            subscriber_id=subscription.subscriber_id,
            subscription_id=subscription.id,
            printing_id=printing_id,
            selection=preview.selection,
            reader=shown.reader,
            dated_at=shown.dated_at,
            send_before_at=shown.send_before_at,
            signed_with=shown.signed_with,
        )
        queue(connection, message)
        return delivery_keyed(connection, message.key)


def queue_test(store: Store, press: Press, address: Address, *, newsletter: str, now: datetime) -> int:
    """Queue a message that says that the provider works; the delivery's number."""
    with store.writing() as connection:
        message = NewDelivery(
            key=f"{newsletter}:test:{secrets.token_hex(8)}",
            kind=DeliveryKind.TEST,
            priority=Priority.AWAITED,
            newsletter=newsletter,
            subscriber_id=subscriber_for(connection, address, now=now),
            dated_at=now,
            send_before_at=now + SENT_WITHIN,
            signed_with=press.keys.newest,
        )
        queue(connection, message)
        return delivery_keyed(connection, message.key)


def _as_delivery(subscription: Subscription, selection: Selection, *, press: Press, now: datetime) -> Delivery:
    return Delivery(
        id=0,
        key=f"{subscription.newsletter}:preview",
        kind=DeliveryKind.EDITION,
        state=DeliveryState.QUEUED,
        detail="",
        newsletter=subscription.newsletter,
        subscriber_id=subscription.subscriber_id,
        subscription_id=subscription.id,
        confirm_id=None,
        printing_id=0,
        due_on=None,
        dated_at=now,
        send_before_at=now + SENT_WITHIN,
        signed_with=press.keys.newest,
        selection=selection,
        reader=reader_facts(subscription),
        attempts=0,
        address=subscription.address,
    )
