"""A site being served, as its tests see it."""

import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import sleep
from typing import Any
from urllib.parse import urlsplit

import httpx
from personas import NOON
from starlette.types import ASGIApp, Receive, Scope, Send

from digest.app import App
from digest.deliver import deliver
from digest.mail.outbox import Outbox
from digest.model import DeliveryKind, Weights
from digest.publish import publish
from digest.store.confirms import confirm_numbered
from digest.store.deliveries import Delivery, deliveries_queued
from digest.tokens import Purpose
from digest.web.server import build_server


@dataclass
class Front:
    """What the one server of all tests serves: the site of the test that runs."""

    url: str
    site: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.site is not None
        await self.site(scope, receive, send)


@contextmanager
def serving(site: ASGIApp, listen: str, **options: Any) -> Iterator[None]:
    """A server of a site, in a thread of its own."""
    server = build_server(site, listen, **options)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        sleep(0.01)
    yield
    server.should_exit = True
    thread.join()


def free_address() -> str:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{trial.getsockname()[1]}"


@dataclass
class Clock:
    """A clock that a test sets."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Place:
    """An installation with its site being served."""

    app: App
    url: str
    outbox: Path
    client: httpx.Client
    clock: Clock = field(default_factory=Clock)

    def form(self) -> dict[str, str]:
        """What the subscribe form holds besides what people fill in, as it was shown a minute ago."""
        return {"form": self.app.keys.sign(Purpose.FORM, int(self.clock().timestamp()) - 60)}

    def raw(self, request: bytes) -> bytes:
        """What the server answers to these very bytes until it hangs up: a client that knows better would tidy up."""
        with socket.create_connection(("127.0.0.1", urlsplit(self.url).port or 0), timeout=20) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65_536), b""))

    def rows(self) -> list[str]:
        """Everything that the store holds."""
        with self.app.store.reading() as connection:
            opened = connection.connection.driver_connection
            assert isinstance(opened, sqlite3.Connection)
            return list(opened.iterdump())

    def waiting(self) -> list[Delivery]:
        """The messages that wait."""
        with self.app.store.reading() as connection:
            return deliveries_queued(connection, now=self.clock())

    def queued(self) -> int:
        """How many messages wait."""
        return len(self.waiting())

    def deliver(self) -> None:
        """Put what is queued into the outbox."""
        outbox = Outbox(self.outbox)
        delivered = deliver(self.app.store, outbox, self.app.press, terms=self.app.terms, clock=self.clock)
        assert not delivered.error

    def publish(self) -> int:
        """Queue the editions that are due; the first one's delivery number."""
        publish(self.app.store, self.app.press, newsletter="papers", weights=Weights(), now=self.clock())
        with self.app.store.reading() as connection:
            waiting = deliveries_queued(connection, now=self.clock())
        return next(delivery.id for delivery in waiting if delivery.kind is DeliveryKind.EDITION)

    def confirm_token(self, number: int = 1) -> str:
        """The token of a confirm message."""
        with self.app.store.reading() as connection:
            asked = confirm_numbered(connection, number)
        assert asked is not None
        return self.app.keys.sign(Purpose.CONFIRM, number, salt=asked.nonce)

    def move_token(self, number: int = 1) -> str:
        """The token of the message that asks a new address."""
        with self.app.store.reading() as connection:
            asked = confirm_numbered(connection, number)
        assert asked is not None
        return self.app.keys.sign(Purpose.MOVE, number, salt=asked.nonce)

    def unsubscribe_token(self, number: int = 1) -> str:
        """The token of a subscription's unsubscribe link."""
        return self.app.keys.sign(Purpose.UNSUBSCRIBE, number)

    def preferences_token(self, number: int = 1) -> str:
        """The token of a subscription's preferences."""
        return self.app.keys.sign(Purpose.PREFERENCES, number)

    def feedback_token(self, number: int) -> str:
        """The token of a delivery's feedback links."""
        return self.app.keys.sign(Purpose.FEEDBACK, number)

    def feed_token(self, number: int = 1) -> str:
        """The token of a subscription's private feed."""
        return self.app.keys.sign(Purpose.FEED, number)

    def view_token(self, number: int) -> str:
        """The token of a delivery's page."""
        return self.app.keys.sign(Purpose.VIEW, number)
