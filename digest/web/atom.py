"""What any Atom feed of ours is made of (RFC 4287), and how it is fetched once."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256

from fastapi.responses import Response
from lxml import etree
from starlette.requests import Request

from digest.press import Press

ATOM = "http://www.w3.org/2005/Atom"
NOTHING_YET = datetime(1970, 1, 1, tzinfo=UTC)
"""When a feed without entries was changed: ever the same, so that it is fetched once."""

# What XML does not allow, lxml refuses to set as a text: one such title must not end the feed.
_UNLAWFUL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def new_feed(press: Press, address: str, *, title: str, subtitle: str, changed_at: datetime) -> etree._Element:
    """A feed without entries, at that address."""
    feed = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})
    feed.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
    add(feed, "id", address)
    add(feed, "title", title)
    add(feed, "subtitle", subtitle)
    add(feed, "updated", written(changed_at))
    add(add(feed, "author"), "name", press.site_name)
    link(feed, "self", address, type="application/atom+xml")
    return feed


def document(feed: etree._Element) -> bytes:
    """The feed as it is sent."""
    return bytes(etree.tostring(feed, encoding="utf-8", xml_declaration=True))


def add(parent: etree._Element, name: str, text: str = "") -> etree._Element:
    """Texts are plain, the type of Atom's texts that needs no saying: markup in them is shown as it stands."""
    child = etree.SubElement(parent, f"{{{ATOM}}}{name}")
    child.text = lawful(text) or None
    return child


def link(parent: etree._Element, rel: str, href: str, **values: str) -> None:
    """A link of that kind."""
    child = add(parent, "link")
    for name, value in {"rel": rel, "href": href, **values}.items():
        child.set(name, lawful(value))


def lawful(text: str) -> str:
    """The text without what XML does not allow."""
    return _UNLAWFUL.sub("", text)


def written(instant: datetime) -> str:
    """An instant as Atom writes it."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def unless_known(request: Request, content: bytes, *, changed_at: datetime) -> Response:
    """The feed, or 304 where the caller has it (RFC 9110, 13.2.2: a tag counts before a time)."""
    tag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Last-Modified": format_datetime(changed_at.astimezone(UTC), usegmt=True)}
    if _is_known(request.headers, tag=tag, changed_at=changed_at):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/atom+xml; charset=utf-8", headers=headers)


def _is_known(asked: Mapping[str, str], *, tag: str, changed_at: datetime) -> bool:
    tags, since = asked.get("if-none-match"), asked.get("if-modified-since")
    if tags is None:
        return since is not None and _is_since(since, changed_at)
    return tags.strip() == "*" or tag in {one.strip().removeprefix("W/") for one in tags.split(",")}


def _is_since(text: str, changed_at: datetime) -> bool:
    """Whether nothing changed since the time that a caller names; a date that cannot be read is none."""
    try:
        since = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return False
    return since.tzinfo is not None and changed_at.replace(microsecond=0) <= since
