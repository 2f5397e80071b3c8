"""Newsletters as Atom feeds (RFC 4287): one entry for each paper that led one of the newest editions.

An entry's id is a tag URI (RFC 4151) of the paper's number, and its instant that of the first of these
editions: a feed reader shows a paper once.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256
from urllib.parse import urlsplit

from fastapi import APIRouter
from fastapi.responses import Response
from lxml import etree
from starlette.requests import Request

from digest.app import App
from digest.compose import card_of
from digest.model import Cadence, Paper
from digest.press import Press
from digest.rendering.cards import web_address
from digest.store import Connection
from digest.store.editions import Printed, editions_printed
from digest.store.papers import papers_by_id, present_numbers
from digest.store.sources import state_of_papers
from digest.web.failures import no_such_page
from digest.web.lists import path_of
from digest.web.pages import READ, feed_path
from digest.web.printed import public_edition

EDITIONS = 7
ATOM = "http://www.w3.org/2005/Atom"
NOTHING_YET = datetime(1970, 1, 1, tzinfo=UTC)
"""When a feed without entries was changed: ever the same, so that it is fetched once."""

# What XML does not allow, lxml refuses to set as a text: one such title must not end the feed.
_UNLAWFUL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


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
        return _unless_known(request, content, changed_at=changed_at)

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
    feed = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})
    feed.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    _add(feed, "id", address)
    _add(feed, "title", press.newsletter(newsletter).title)
    _add(feed, "subtitle", "The papers that lead each edition.")
    _add(feed, "updated", _written(_changed_at(entries)))
    _add(_add(feed, "author"), "name", press.site_name)
    _link(feed, "self", address, type="application/atom+xml")
    _link(feed, "alternate", press.link("/archive/"), type="text/html")
    for entry in entries:
        _add_entry(feed, press, entry)
    return bytes(etree.tostring(feed, encoding="utf-8", xml_declaration=True))


def _add_entry(feed: etree._Element, press: Press, told: Entry) -> None:
    paper, entry = told.paper, _add(feed, "entry")
    _add(entry, "id", f"tag:{urlsplit(press.base_url).hostname},{paper.first_seen_at:%Y-%m-%d}:paper/{paper.id}")
    _add(entry, "title", paper.title)
    _add(entry, "published", _written(told.seen_at))
    _add(entry, "updated", _written(told.seen_at))
    for author in paper.authors:
        _add(_add(entry, "author"), "name", author)
    _link(entry, "alternate", press.link(path_of(paper)), type="text/html")
    for url in sorted({web_address(paper.url), web_address(paper.pdf_url)} - {""}):
        _link(entry, "related", url)
    for category in paper.categories:
        _add(entry, "category").set("term", _lawful(category))
    summary = card_of(paper, seen_at=told.seen_at, cadence=Cadence.DAILY).summary
    _add(entry, "summary", summary or paper.title)


def _add(parent: etree._Element, name: str, text: str = "") -> etree._Element:
    """Texts are plain, the type of Atom's texts that needs no saying: markup in them is shown as it stands."""
    child = etree.SubElement(parent, f"{{{ATOM}}}{name}")
    child.text = _lawful(text) or None
    return child


def _link(parent: etree._Element, rel: str, href: str, **values: str) -> None:
    link = _add(parent, "link")
    for name, value in {"rel": rel, "href": href, **values}.items():
        link.set(name, _lawful(value))


def _lawful(text: str) -> str:
    return _UNLAWFUL.sub("", text)


def _written(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _changed_at(entries: Sequence[Entry]) -> datetime:
    return max((entry.seen_at for entry in entries), default=NOTHING_YET)


def _unless_known(request: Request, content: bytes, *, changed_at: datetime) -> Response:
    """The feed, or 304 where the caller has it (RFC 9110, 13.2.2: a tag counts before a time)."""
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Last-Modified": format_datetime(changed_at.astimezone(UTC), usegmt=True)}
    tags, since = request.headers.get("if-none-match"), request.headers.get("if-modified-since")
    if tags is None:
        is_known = since is not None and _is_since(since, changed_at)
    else:
        is_known = tags.strip() == "*" or tag in {one.strip().removeprefix("W/") for one in tags.split(",")}
    if is_known:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/atom+xml; charset=utf-8", headers=headers)


def _is_since(text: str, changed_at: datetime) -> bool:
    """Whether nothing changed since the time that a caller names; a date that cannot be read is none."""
    try:
        since = parsedate_to_datetime(text)
    except ValueError:
        return False
    return since.tzinfo is not None and changed_at.replace(microsecond=0) <= since
