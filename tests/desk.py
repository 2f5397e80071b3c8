"""An installation whose keys and hours are fixed, at which any message can be made: the same bytes every time."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from digest.address import parse_address
from digest.app import App
from digest.compose import Composer, reader_facts
from digest.config import parse_config
from digest.installation import set_up
from digest.model import Cadence, Choices, DeliveryKind, DeliveryState, Interest, InterestKind, Selection
from digest.rendering.cards import Card
from digest.store.confirms import add_confirm
from digest.store.deliveries import Delivery
from digest.store.subscribers import subscriber_for, subscription_numbered
from digest.subscribe import CONFIRM_LASTS, subscribe

SENT_AT = datetime(2026, 6, 17, 5, tzinfo=UTC)
CONFIRMED_AT = datetime(2026, 3, 3, 9, tzinfo=UTC)
ADDRESS = parse_address("ada@example.org")
CHOICES = Choices(
    cadence=Cadence.WEEKDAYS,
    hour=7,
    timezone="Europe/Paris",
    max_papers=10,
    interests=(
        Interest(kind=InterestKind.TOPIC, value="entropy"),
        Interest(kind=InterestKind.CATEGORY, value="cs.CV"),
    ),
)
SETTINGS: dict[str, Any] = {
    "web": {"base_url": "https://papers.example.org"},
    "newsletter": [
        {
            "slug": "papers",
            "title": "Offprint",
            "sender": "Offprint <digest@example.org>",
            "reply_to": "Editors <editors@example.org>",
            "postal_address": "12 Example Street, 1000 Exampleville",
        }
    ],
}


@dataclass(frozen=True, kw_only=True)
class Desk:
    """An installation with one subscriber, who has also asked to subscribe: what a delivery may refer to."""

    app: App
    subscriber_id: int
    subscription_id: int
    confirm_id: int

    def notice(self, kind: DeliveryKind) -> bytes:
        """A message that is no edition."""
        with self.app.store.reading() as connection:
            return Composer(self.app.press).outgoing(connection, self._delivery(kind)).content

    def edition(
        self, content: Mapping[str, Any], cards: Mapping[int, Card], selection: Selection, *, reader: Mapping[str, Any]
    ) -> bytes:
        """An edition of a printing that holds these cards; `reader` is what is said of the subscriber otherwise."""
        composer = Composer(self.app.press)
        composer.preload(1, content, cards)
        with self.app.store.reading() as connection:
            subscription = subscription_numbered(connection, self.subscription_id)
            assert subscription is not None
            delivery = self._delivery(
                DeliveryKind.EDITION,
                printing_id=1,
                due_on=SENT_AT.date(),
                selection=selection,
                reader={**reader_facts(subscription), **reader},
            )
            return composer.outgoing(connection, delivery).content

    def _delivery(self, kind: DeliveryKind, **values: Any) -> Delivery:
        given: dict[str, Any] = {
            "id": 4711,
            "key": f"papers:{kind}:4711",
            "kind": kind,
            "state": DeliveryState.QUEUED,
            "detail": "",
            "newsletter": "papers",
            "subscriber_id": self.subscriber_id,
            "subscription_id": self.subscription_id,
            "confirm_id": self.confirm_id,
            "printing_id": None,
            "due_on": None,
            "dated_at": SENT_AT,
            "send_before_at": SENT_AT + timedelta(days=1),
            "signed_with": self.app.keys.newest,
            "selection": None,
            "reader": None,
            "attempts": 0,
            "address": ADDRESS.text,
        }
        return Delivery(**given | values)


@contextmanager
def desk_in(folder: Path) -> Iterator[Desk]:
    """Sets up an installation in the folder."""
    keys = folder / "var" / "keys"
    keys.parent.mkdir(parents=True)
    keys.touch(mode=0o600)
    keys.write_text("a-key-of-more-than-thirty-two-characters\n")
    app, _, _ = set_up(parse_config(SETTINGS, folder=folder))
    subscription_id = subscribe(app.store, ADDRESS, newsletter="papers", choices=CHOICES, now=CONFIRMED_AT).id
    asked_at = SENT_AT - timedelta(hours=12)
    with app.store.writing() as connection:
        subscriber_id = subscriber_for(connection, ADDRESS, now=CONFIRMED_AT)
        confirm_id = add_confirm(
            connection,
            subscriber_id,
            newsletter="papers",
            choices=CHOICES,
            nonce="nonce",
            now=asked_at,
            expires_at=asked_at + CONFIRM_LASTS,
        )
    yield Desk(app=app, subscriber_id=subscriber_id, subscription_id=subscription_id, confirm_id=confirm_id)
    app.store.close()
