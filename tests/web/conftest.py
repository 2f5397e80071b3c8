"""A real server on loopback and a real browser, both shared by every test; each test brings its own site."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from browsers import browser as browser
from furnished import Furnish
from pages import people_it
from sites import Front, Place, free_address, serving

from digest.app import App
from digest.web import create_site


@pytest.fixture(scope="session")
def front() -> Iterator[Front]:
    listen = free_address()
    served = Front(url=f"http://{listen}")
    with serving(served, listen):
        yield served


@pytest.fixture(scope="session")
def client(front: Front) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=front.url, timeout=60) as opened:
        yield opened


@pytest.fixture
def open_place(
    front: Front, client: httpx.Client, install: Callable[..., App], tmp_path: Path
) -> Iterator[Callable[..., Place]]:
    """Sets up an installation with the given configuration, and serves its site."""

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


@pytest.fixture
def inhabited(open_place: Callable[..., Place], furnish: Furnish) -> Place:
    """Papers, a reader with an edition in the outbox, and somebody who has asked."""
    place = open_place(with_outbox=True)
    furnish(lambda: people_it(place), place.app.store)
    return place
