"""Newsletters as Atom feeds (RFC 4287): one entry for each paper that led one of the newest editions.

An entry's id is a tag URI (RFC 4151) of the paper's number, and its instant that of the first of these
editions: a feed reader shows a paper once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlsplit

from fastapi import APIRouter
from fastapi.responses import Response
from lxml import etree
from starlette.requests import Request

from digest.app import App
from digest.model import Cadence, Paper
from digest.press import Press
from digest.printings import card_of
from digest.rendering.cards import web_address
from digest.store import Connection
from digest.store.editions import Printed, editions_printed
from digest.store.papers import papers_by_id, present_numbers
from digest.store.sources import state_of_papers
from digest.web.atom import NOTHING_YET, add, document, lawful, link, new_feed, unless_known, written
from digest.web.failures import no_such_page
from digest.web.lists import path_of
from digest.web.pages import READ, feed_path
from digest.web.printed import public_edition

EDITIONS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A paper, and when the figures of the edition were seen that it led."""

    paper: Paper
    seen_at: datetime


def router(app: App) -> APIRouter:
    """`/feed/NEWSLETTER.atom`."""

    kept: dict[str, tuple[object, bytes, datetime]] = {}

    def feed(newsletter: str, request: Request) -> Response:
        if newsletter not in app.press.newsletters:
            raise no_such_page()
        with app.store.reading() as connection:
            editions = newest_editions(connection, newsletter)
            state = (editions, state_of_papers(connection))
            if newsletter not in kept or kept[newsletter][0] != state:
                entries = entries_of(connection, editions)
                kept[newsletter] = state, atom(app.press, newsletter, entries), _changed_at(entries)
        _, content, changed_at = kept[newsletter]
        return unless_known(request, content, changed_at=changed_at)

    routes = APIRouter()
    routes.add_api_route("/feed/{newsletter}.atom", feed, methods=READ)
    return routes


def newest_editions(connection: Connection, newsletter: str) -> list[Printed]:
    """The newest editions, as they were printed last, the newest first."""
    return editions_printed(connection, [newsletter], since=date.min, until=date.max, limit=EDITIONS)


def entries_of(connection: Connection, printed: Sequence[Printed]) -> list[Entry]:
    """The papers that led editions, in their order, each paper once."""
    editions = [one for each in printed if (one := public_edition(connection, each)) is not None]
    former = present_numbers(connection, {number for one in editions for number in one.leading})
    first: dict[int, datetime] = {}
    for one in editions:
        # A later assignment is of an earlier edition.
        first |= {former.get(number, number): one.seen_at for number in one.leading}
    known = papers_by_id(connection, first, now=max(first.values(), default=NOTHING_YET))
    ordered = sorted(first, key=lambda number: first[number], reverse=True)
    papers = [known[number] for number in ordered if number in known]
    return [Entry(paper=one, seen_at=first[one.id]) for one in papers if one.withdrawn_at is None]


def atom(press: Press, newsletter: str, entries: Sequence[Entry]) -> bytes:
    """The feed's document."""
    address = press.link(feed_path(newsletter))
    feed = new_feed(
        press,
        address,
        title=press.newsletter(newsletter).title,
        subtitle="The papers that lead each edition.",
        changed_at=_changed_at(entries),
    )
    link(feed, "alternate", press.link("/archive/"), type="text/html")
    for entry in entries:
        _add_entry(feed, press, entry)
    return document(feed)


def _add_entry(feed: etree._Element, press: Press, told: Entry) -> None:
    paper, entry = told.paper, add(feed, "entry")
    add(entry, "id", f"tag:{urlsplit(press.base_url).hostname},{paper.first_seen_at:%Y-%m-%d}:paper/{paper.id}")
    add(entry, "title", paper.title)
    add(entry, "published", written(told.seen_at))
    add(entry, "updated", written(told.seen_at))
    for author in paper.authors:
        add(add(entry, "author"), "name", author)
    link(entry, "alternate", press.link(path_of(paper)), type="text/html")
    for url in sorted({web_address(paper.url), web_address(paper.pdf_url)} - {""}):
        link(entry, "related", url)
    for category in paper.categories:
        add(entry, "category").set("term", lawful(category))
    summary = card_of(paper, seen_at=told.seen_at, cadence=Cadence.DAILY).summary
    add(entry, "summary", summary or paper.title)


def _changed_at(entries: Sequence[Entry]) -> datetime:
    return max((entry.seen_at for entry in entries), default=NOTHING_YET)
