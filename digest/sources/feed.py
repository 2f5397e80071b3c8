"""Any RSS or Atom feed: arXiv's own, bioRxiv's, journals', blogs'.

feedparser reads the bytes and fetches nothing. What feeds of papers are like was read off recorded
ones and arXiv's documents (https://info.arxiv.org/help/rss_specifications.html): a guid such as
`oai:arXiv.org:2508.13426v1`, an abstract after `arXiv:... Announce Type: cross \\nAbstract: `, all
authors in one `dc:creator`; elsewhere the DOI in `dc:identifier` or `prism:doi`.
"""

import io
import json
import re
from calendar import timegm
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

import feedparser
from lxml import etree

from digest.errors import SourceError
from digest.http import Client, HttpFailure, Response, unexpected
from digest.model import Listing
from digest.sources.arxiv import is_withdrawn
from digest.sources.markup import plain_text
from digest.sources.names import LONGEST, aliases, arxiv_month, arxiv_number, arxiv_version, doi_in, page_of
from digest.sources.people import names_in
from digest.sources.source import Page
from digest.sources.trees import read_tree
from digest.sources.values import text, web_address

ACCEPT = "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1"
MOST_BYTES = 10_000_000
MOST_BROKEN_BYTES = 500_000
MOST_ITEMS = 2_000
MOST_ELEMENTS = 200_000
MOST_TITLE = 1_000
MOST_ABSTRACT = 20_000
MOST_WORDS = 50
_ANNOUNCED = re.compile(r"\s*arXiv:\S+\s+Announce Type:\s*([a-z-]+)\s*(?:Abstract:\s*)?", re.IGNORECASE)
_LABELLED = re.compile(r"^(Authors|Summary|Abstract):[ \t]*(\S.*)$", re.MULTILINE)
_OWN_DOI = re.compile(r"(?:doi:|https?://(?:dx\.)?doi\.org/)?10\.", re.IGNORECASE)
_UPDATES = frozenset({"replace", "replace-cross"})


class Feed:
    """One feed. `cursor` is that of its last page: what has not changed since is not read again."""

    def __init__(self, client: Client, *, name: str, url: str, cursor: str = "") -> None:
        self.name = f"feed.{name}"
        self._client = client
        self._url = url
        self._cursor = cursor

    def listings(self, *, since: date, now: datetime) -> Iterator[Page]:
        """The feed's items but for those that say they are older than `since`; updates are kept whatever their age."""
        known = _validators(self._cursor, url=self._url, since=since)
        try:
            response = self._client.get(
                self._url, accept=ACCEPT, etag=known.get("etag", ""), last_modified=known.get("last_modified", "")
            )
            if response.status not in {200, 304}:
                raise unexpected(self._url, response)
        except HttpFailure as failure:
            raise SourceError(self.name, f"{failure}. The next collect asks again.") from failure
        if response.status == 304:
            yield Page(label="unchanged", listings=(), cursor=self._cursor)
            return
        found = parse(response.content, source=self.name, url=self._url, headers=response.headers, now=now)
        recent = tuple(one for one in found if _is_recent(one, since=since))
        yield Page(label=f"{len(found)} items", listings=recent, cursor=_cursor(response, url=self._url, since=since))


def parse(
    content: bytes, *, source: str, url: str, now: datetime, headers: Mapping[str, str] | None = None
) -> tuple[Listing, ...]:
    """The listings of a feed, texts raw but for their markup; items without a title are left out.

    Raises SourceError for what is no feed.
    """
    told = {"content-type": (headers or {}).get("content-type", "")}
    try:
        bounded, told = _bounded(content, told)
        feed = feedparser.parse(
            io.BytesIO(bounded), response_headers=told, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as error:  # whatever a parser of broken feeds may stumble over
        raise SourceError(source, "the answer cannot be read as a feed. Check its address.") from error
    if not feed.get("version") and not feed.entries:
        raise SourceError(source, "the answer is no feed. Check its address: it may be that of a page.")
    entries = feed.entries[:MOST_ITEMS]
    numbers = Counter(text(entry, "id") for entry in entries)
    shown = [_listing(entry, source=source, url=url, now=now) for entry in entries if _text_of(entry, "title").strip()]
    # A name that two items share names neither.
    return tuple(
        one if all(numbers[alias.removeprefix(f"{source}:")] < 2 for alias in one.aliases) else replace(one, aliases=())
        for one in shown
    )


def _bounded(content: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """What feedparser is given, and the headers with it: alone, it takes 20 s and 700 MB for 5 MB of spite.

    Raises ValueError for a feed that is broken and large, declares entities, or holds too many elements.
    """
    try:
        root = read_tree(content)
    except ValueError:
        if len(content) > MOST_BROKEN_BYTES or b"<!ENTITY" in content:
            raise
        return content, headers
    items = list(root.iter("{*}item", "{*}entry"))
    for item in items[MOST_ITEMS:]:
        item.getparent().remove(item)
    if sum(1 for _ in root.iter()) > MOST_ELEMENTS:
        raise ValueError("it has too many elements")
    return etree.tostring(root, encoding="utf-8", xml_declaration=True), {}


def _listing(entry: Mapping[str, Any], *, source: str, url: str, now: datetime) -> Listing:
    guid, link = text(entry, "id"), _link(entry, url)
    number = arxiv_number(guid) or (arxiv_number(link) if _is_arxivs(link) else "")
    doi = _doi(entry, guid, link)
    abstract, labelled, kind = _abstract(entry)
    own = f"{source}:{guid}"
    listing = Listing(
        title=_text_of(entry, "title")[:MOST_TITLE],
        abstract=abstract,
        aliases=aliases(arxiv=number, doi=doi) or ((own,) if guid and len(own) <= LONGEST else ()),
        authors=names_in([labelled] if labelled else _creators(entry), given_first=bool(number)),
        published_at=_moment(entry, now),
        url=link or page_of(arxiv=number, doi=doi),
        pdf_url=f"https://arxiv.org/pdf/{number}" if number else "",
        # Anybody's feed may speak of any paper; what has become of arXiv's is arXiv's to say.
        version=arxiv_version(guid) if number and _is_arxivs(url) else None,
        withdrawn=is_withdrawn(abstract) and (not number or _is_arxivs(url)),
    )
    words = tuple(text(tag, "term").strip()[:100] for tag in entry.get("tags", [])[:MOST_WORDS])
    if not kind:
        return replace(listing, keywords=tuple(filter(None, words)))
    return _announced(replace(listing, categories=tuple(filter(None, words))), kind=kind, number=number)


def _is_arxivs(address: str) -> bool:
    host = _host(address)
    return host == "arxiv.org" or host.endswith(".arxiv.org")


def _announced(listing: Listing, *, kind: str, number: str) -> Listing:
    """A listing of arXiv's own feeds, dated by the day of the list if it is new; an update is as old as its number."""
    told, month = listing.published_at, arxiv_month(number)
    before_last_month = told is not None and month is not None and told - month > timedelta(days=62)
    if kind in _UPDATES or before_last_month:
        return replace(listing, published_at=month or told)
    return replace(listing, published_at=None, listed_on=None if told is None else told.astimezone(UTC).date())


def _abstract(entry: Mapping[str, Any]) -> tuple[str, str, str]:
    """The abstract, the authors if they stand before it under a label, and arXiv's kind of announcement."""
    # Without a summary, feedparser gives the content for one, and does not say whether that is HTML.
    has_summary = "summary_detail" in entry or not entry.get("content")
    whole = _text_of(entry, "summary") if has_summary else _plain(entry["content"][0])
    kind = text(entry, "arxiv_announce_type")
    announced = _ANNOUNCED.match(whole)
    if announced:
        return whole[announced.end() :][:MOST_ABSTRACT], "", kind or announced.group(1).lower()
    labelled = dict(_LABELLED.findall(whole))
    abstract = labelled.get("Summary") or labelled.get("Abstract") or whole.strip()
    return abstract[:MOST_ABSTRACT], labelled.get("Authors", ""), kind


def _text_of(entry: Mapping[str, Any], key: str) -> str:
    detail = entry.get(f"{key}_detail")
    return _plain(detail) if isinstance(detail, Mapping) else text(entry, key)


def _plain(detail: Mapping[str, Any]) -> str:
    value = text(detail, "value")
    return plain_text(value) if "html" in text(detail, "type") else value


def _creators(entry: Mapping[str, Any]) -> list[str]:
    return [text(one, "name") for one in entry.get("authors", []) if text(one, "name")]


def _doi(entry: Mapping[str, Any], guid: str, link: str) -> str:
    own = (value for value in (guid, link) if _OWN_DOI.match(value))
    told = (text(entry, "prism_doi"), text(entry, "dc_identifier"), *own)
    return next((doi for value in told if (doi := doi_in(value))), "")


def _link(entry: Mapping[str, Any], url: str) -> str:
    told = text(entry, "link").strip()
    try:
        link = web_address(urljoin(url, told)) if told else ""
    except ValueError:
        return ""
    return "" if "@" in urlsplit(link).netloc or len(link) > 2_000 else link


def _host(link: str) -> str:
    return urlsplit(link).hostname or ""


def _moment(entry: Mapping[str, Any], now: datetime) -> datetime | None:
    """When the item says it appeared; what lies in the future is not believed."""
    told = entry.get("published_parsed") or entry.get("updated_parsed")
    try:
        moment = datetime.fromtimestamp(timegm(told), UTC) if told else None
    except (ValueError, OverflowError, OSError):
        return None
    return moment if moment is not None and moment <= now else None


def _is_recent(listing: Listing, *, since: date) -> bool:
    is_update = listing.listed_on is None and bool(listing.categories)
    told = listing.listed_on or (None if listing.published_at is None else listing.published_at.date())
    return is_update or told is None or told >= since


def _validators(cursor: str, *, url: str, since: date) -> dict[str, str]:
    """What the last page was known by, if it was of this address and read as far back."""
    try:
        known = json.loads(cursor or "{}")
        is_same = known.get("url") == url and date.fromisoformat(known["since"]) <= since
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {key: text(known, key) for key in ("etag", "last_modified")} if is_same else {}


def _cursor(response: Response, *, url: str, since: date) -> str:
    told = {"etag": response.headers.get("etag", ""), "last_modified": response.headers.get("last-modified", "")}
    kept = {key: value for key, value in told.items() if value and len(value) < 500 and value.isascii()}
    return json.dumps({"url": url, "since": since.isoformat(), **kept})
