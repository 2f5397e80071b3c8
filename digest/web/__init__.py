"""The web face: pages on which people subscribe, confirm, choose, leave and read.

There are no cookies, so nothing can be done in somebody's name by another site: a page that acts
carries its authority in its address (a signed token), and the subscribe form does no more than
what anybody may, ask for one confirm message.
"""

import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI

from digest.app import App
from digest.hindsight import Turns
from digest.measure import Measures
from digest.web import (
    account,
    archive,
    choosing,
    failures,
    feedback,
    feeds,
    health,
    letters,
    moving,
    papers,
    plain,
    preferences,
    private_feed,
    reading,
    searching,
    security,
    subscribing,
    unsubscribing,
)
from digest.web.pages import Pages

__all__ = ["create_site"]

# FastAPI asks of each parameter whether it is a model of pydantic's first version. None is, and to import that so as to
# be told so took a twentieth of the daemon's start.
sys.modules.setdefault("pydantic.v1", None)  # type: ignore[arg-type]


def create_site(app: App, *, clock: Callable[[], datetime], outbox: Path | None = None) -> FastAPI:
    """The website of an installation; with the messages of a Maildir, for the demo, where a folder is given."""
    pages = Pages(app.press, has_outbox=outbox is not None)
    measures = Measures()
    site = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # A redirect would repeat the Host header, which is whatever the caller sent.
        redirect_slashes=False,
        # Addresses of pages hold tokens: they are told to nobody.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    site.include_router(plain.router(pages))
    site.include_router(health.router(app.store))
    turns = Turns()
    site.include_router(subscribing.router(app, pages, measures=measures, clock=clock, turns=turns))
    site.include_router(moving.router(app, pages, clock=clock))
    site.include_router(unsubscribing.router(app, pages, clock=clock))
    site.include_router(preferences.router(app, pages, clock=clock))
    site.include_router(choosing.router(app, pages, clock=clock, turns=turns))
    site.include_router(account.router(app, pages, clock=clock))
    site.include_router(feedback.router(app, pages, clock=clock))
    site.include_router(reading.router(app, pages, clock=clock))
    site.include_router(searching.router(app, pages, clock=clock))
    site.include_router(archive.router(app, pages))
    site.include_router(feeds.router(app))
    site.include_router(private_feed.router(app))
    site.include_router(papers.router(app, pages, measures=measures, clock=clock))
    if outbox is not None:
        site.include_router(letters.router(outbox, pages, newsletters=app.press.newsletters, clock=clock))
    failures.add_pages(site, pages)
    security.guard(site)
    return site
