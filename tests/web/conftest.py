"""A real server on loopback and a real browser, both shared by every test; each test brings its own site."""

import shutil
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import sleep
from typing import Any

import httpx
import pytest
from personas import NOON
from playwright.sync_api import Browser, Error, sync_playwright
from starlette.types import ASGIApp, Receive, Scope, Send

from digest.app import App
from digest.deliver import deliver
from digest.mail.outbox import Outbox
from digest.web import create_site
from digest.web.server import build_server

FLAGS = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync"
    " --no-first-run"
).split()


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


@dataclass
class Front:
    """What the one server serves: the site of the test that runs."""

    url: str
    site: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.site is not None
        await self.site(scope, receive, send)


@pytest.fixture(scope="session")
def front() -> Iterator[Front]:
    listen = f"127.0.0.1:{free_port()}"
    served = Front(url=f"http://{listen}")
    server = build_server(served, listen)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        sleep(0.01)
    yield served
    server.should_exit = True
    thread.join()


@dataclass
class Clock:
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

    def rows(self) -> list[str]:
        """Everything that the store holds."""
        with sqlite3.connect(self.app.config.folder / "var" / "offprint.db") as connection:
            return list(connection.iterdump())

    def deliver(self) -> None:
        """Put what is queued into the outbox."""
        outbox = Outbox(self.outbox)
        delivered = deliver(self.app.store, outbox, self.app.press, terms=self.app.terms, clock=self.clock)
        assert not delivered.error


@pytest.fixture
def open_place(
    front: Front, install: Callable[..., App], tmp_path: Path
) -> Iterator[Callable[..., Place]]:
    """Sets up an installation with the given configuration, and serves its site."""
    with httpx.Client(base_url=front.url) as client:

        def opened(*, with_outbox: bool = False, **values: Any) -> Place:
            app = install(**{"web": {"base_url": front.url}} | values)
            place = Place(app=app, url=front.url, outbox=tmp_path / "outbox", client=client)
            front.site = create_site(app, clock=place.clock, outbox=place.outbox if with_outbox else None)
            return place

        yield opened
    front.site = None


@pytest.fixture
def place(open_place: Callable[..., Place]) -> Place:
    """An installation with the defaults."""
    return open_place()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            launched = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        except Error:
            pytest.skip("no browser: install chromium, or run `python -m playwright install chromium`")
        yield launched
        launched.close()
