"""Every page of the site, by its address: whatever looks at pages looks at these. A new page is one line here."""

import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
from personas import DIFFUSION, NOON, PAPERS, choices, papers_come_in, reader_joins
from sites import Place

from digest.model import Signals
from digest.web import create_site

PUBLIC = [
    *("/", "/trending", "/trending?window=month", "/trending?date=2026-06-14", "/trending?page=none", "/nothing"),
    *("/trending?q=nothing", "/paper/2606.00001", "/paper/9", "/search", "/search?q=diffusion", "/search?q=nothing"),
    *("/archive/", "/archive/papers/2026-06-19", "/archive/papers/2026-06-18", "/archive/?month=x"),
]
PRIVATE = [
    "/confirm/{confirm}",
    "/confirm/1-forged",
    "/unsubscribe/{unsubscribe}",
    "/unsubscribe/1-forged",
    "/preferences/{preferences}",
    "/preferences/1-forged",
    *("/preferences/{preferences}/next", "/preferences/{preferences}/erase"),
    *("/preferences/{preferences}/why", "/preferences/{preferences}/why?paper=2606.00001"),
    *("/preferences/{preferences}/why?paper=nonsense", "/preferences/1-a/why"),
    *("/move/{move}", "/move/1-forged"),
    "/feedback/{feedback}?paper=1&want=more",
    "/feedback/1-forged",
    "/view/x",
]
OUTBOX = ["/outbox/", "/outbox/{letter}"]
SENT: list[tuple[str, dict[str, str]]] = [
    ("/", {"address": "ada@", "hour": "25"}),
    ("/", {"do": "look", "topic": "diffusion models"}),
    ("/", {"address": "ada@example.org"}),
    ("/feedback/{feedback}?paper=1&want=more", {}),
    ("/feedback/{feedback}?paper=1&want=more", {"do": "undo"}),
    ("/feedback/{feedback}?paper=1&want=less", {}),
    ("/preferences/{preferences}", {"do": "save", "more": "", "hour": "25"}),
    ("/preferences/{preferences}", {"do": "save", "more": "agents", "examples": "2606.00002"}),
    ("/preferences/{preferences}", {"do": "pause", "until": "x"}),
    ("/preferences/{preferences}", {"do": "pause", "until": "2026-07-01"}),
    ("/preferences/{preferences}", {"do": "resume"}),
    ("/preferences/{preferences}", {"do": "move", "address": "ada@"}),
    ("/preferences/{preferences}", {"do": "move", "address": "another@example.org"}),
    ("/move/{move}", {}),
    ("/unsubscribe/{unsubscribe}", {"do": "weekly"}),
    ("/unsubscribe/{unsubscribe}", {"do": "pause"}),
    ("/confirm/{confirm}", {}),
    ("/unsubscribe/{unsubscribe}", {}),
    ("/preferences/{preferences}", {"do": "resume"}),
    ("/preferences/{preferences}/erase", {}),
]
"""What is sent where, in an order in which each has a page of its own to show."""

FILES = [
    *("/style.css", "/healthz", "/robots.txt", "/outbox/nothing", "/paper/1.bib", "/feed/papers.atom"),
    *("/feed/private/{feed}.atom", "/preferences/{preferences}/export.json"),
]
"""What is there besides, and is no page."""

FRAMED = ["/view/{view}", "/outbox/{letter}/html", "/outbox/{letter}/text"]
"""Messages, which have policies and judges of their own."""


def people_it(place: Place) -> Place:
    """All that a paper can have, a reader with an edition in the outbox, one who has asked, and one who moves."""
    for hours in (30, 20, 10):
        signals = Signals(upvotes=40 - hours, comments=1, stars=3)
        papers_come_in(place.app.store, [replace(DIFFUSION, signals=signals)], now=NOON - timedelta(hours=hours))
    whole = replace(
        DIFFUSION,
        signals=Signals(upvotes=40, comments=1, stars=3),
        keywords=("diffusion models", "steps"),
        categories=("cs.CV",),
        code_url="https://code.example.org/steps",
    )
    papers_come_in(place.app.store, [whole, *PAPERS[1:]])
    reader_joins(place.app, "reader@example.org", choices("diffusion models"))
    place.client.post("/", data=place.form() | {"address": "asking@example.org"})
    place.client.post(f"/preferences/{place.preferences_token()}", data={"do": "move", "address": "new@example.org"})
    place.publish()
    place.deliver()
    return place


def address(place: Place, path: str) -> str:
    """A page's address at that place."""
    return path.format(
        confirm=place.confirm_token(),
        unsubscribe=place.unsubscribe_token(),
        preferences=place.preferences_token(),
        move=place.move_token(2),
        feed=place.feed_token(),
        feedback=place.feedback_token(3),
        view=place.view_token(3),
        letter=min(file.name for file in (place.outbox / "new").iterdir()),
    )


def readable(place: Place) -> list[str]:
    """The address of everything that can be looked at."""
    return [address(place, path) for path in [*PUBLIC, *PRIVATE, *OUTBOX, *FILES, *FRAMED]]


def operations(place: Place) -> dict[str, dict[str, Any]]:
    """What the site answers, as FastAPI describes it: by template of an address and by method, in small letters."""
    site = create_site(place.app, clock=place.clock, outbox=place.outbox)
    with warnings.catch_warnings():
        # GET and HEAD are one function.
        warnings.filterwarnings("ignore", "Duplicate Operation ID")
        described: dict[str, dict[str, Any]] = site.openapi()["paths"]
    return described


def visits(place: Place) -> Iterator[tuple[str, httpx.Response]]:
    """Every page by a name that says how it is reached: those that are looked at, then those that answer a form."""
    for path in [*PUBLIC, *PRIVATE, *OUTBOX]:
        yield path, place.client.get(address(place, path))
    for path, fields in SENT:
        place.clock.now += timedelta(seconds=9)
        form = place.form() if path == "/" else {}
        yield f"{path} {fields}", place.client.post(address(place, path), data=form | fields)
