"""arXiv's API: GET /api/query?search_query=...&start=N&max_results=M, answered in Atom.

By its manual (https://info.arxiv.org/help/api/user-manual.html): three seconds between calls,
slices of at most 2,000, at most 30,000 in all. Read off recorded answers: an unknown id is left
out, a malformed one is a feed of one entry under `/api/errors`, with HTTP 400; an answer may be
empty though more was counted. It filters by the day of submission alone: what was changed later is
found by asking for older papers in the order of their last change, until one is older than the window.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from digest.due import LOOK_BACK
from digest.errors import SourceError
from digest.http import Client, HttpFailure, Response, unexpected
from digest.model import Listing
from digest.sources.names import aliases, arxiv_number, arxiv_version, doi_in
from digest.sources.source import Page
from digest.sources.trees import read_tree
from digest.sources.values import instant

ADDRESS = "https://export.arxiv.org/api/query"
ACCEPT = "application/atom+xml, application/xml;q=0.9"
PAGE_SIZE = 500
MOST_PAPERS = 30_000
MOST_IDS = 100
BETWEEN_CALLS = 3.0
_SPACES = {
    "a": "http://www.w3.org/2005/Atom",
    "x": "http://arxiv.org/schemas/atom",
    "o": "http://a9.com/-/spec/opensearch/1.1/",
}
_KIND = r"(?:paper|article|submission|manuscript|work)"
_WITHDRAWN = re.compile(
    rf"(?:this |the |^){_KIND} (?:has been|is|was) (?:temporarily )?(?:withdrawn|retracted)(?![-\w])(?! from\b)"
    rf"|(?:I|we|(?:the )?authors?) (?:(?:has|have) withdrawn|withdr[ae]w) this {_KIND}\b"
    r"|this version (?:has been |was )?withdrawn by\b",
    re.IGNORECASE,
)
_COMMENT = re.compile(rf"\s*\[?(?:{_KIND} )?withdrawn(?:[.,;:\]]| by\b| due\b| because\b|\s*$)", re.IGNORECASE)


OLDEST_CHANGED = max(LOOK_BACK.values())
"""How long before the window a paper was submitted at most, for its changes to be read: no edition reaches further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One slice: how many papers there are in all, those in it, and when each was changed last."""

    total: int
    listings: tuple[Listing, ...]
    updated_at: tuple[datetime | None, ...]

    def changed(self, since: datetime | None) -> tuple[Listing, ...]:
        """Those that were changed since then; all of them if it does not matter when."""
        told = zip(self.listings, self.updated_at, strict=True)
        return tuple(listing for listing, at in told if since is None or (at is not None and at >= since))


class Arxiv:
    """The papers submitted in some categories, newest first, and the changed ones, a page for each slice."""

    name = "arxiv"

    def __init__(
        self,
        client: Client,
        *,
        categories: Sequence[str],
        url: str = ADDRESS,
        most: int = MOST_PAPERS,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._categories = tuple(categories)
        self._url = url
        self._most = most
        self._wait = wait
        self._asked = False

    def listings(self, *, since: date, now: datetime) -> Iterator[Page]:
        """What was submitted from the first moment of `since` until now (UTC), then which older papers were changed."""
        first = datetime.combine(since, datetime.min.time(), UTC)
        yield from self._submitted(first, now, cursor=now.isoformat())
        yield from self._submitted(first - OLDEST_CHANGED, first, changed_since=first, cursor=now.isoformat())

    def _submitted(
        self, start: datetime, end: datetime, *, cursor: str, changed_since: datetime | None = None
    ) -> Iterator[Page]:
        """What was submitted in between, newest first; or what of it was changed since, the last change first."""
        wanted = " OR ".join(f"cat:{category}" for category in self._categories)
        query = f"({wanted}) AND submittedDate:[{start:%Y%m%d%H%M} TO {end:%Y%m%d%H%M}]"
        order, what = ("submittedDate", "") if changed_since is None else ("lastUpdatedDate", ", changed")
        params = {"search_query": query, "sortBy": order, "sortOrder": "descending"}
        seen: set[tuple[str, ...]] = set()
        position = 0
        while position < self._most:
            answer = self._slice(params, position)
            found = answer.changed(changed_since)
            new = [listing for listing in found if listing.aliases not in seen]
            seen.update(listing.aliases for listing in new)
            label = f"{position + 1} to {position + len(found)}{what}"
            if new:
                yield Page(label=label, listings=tuple(new), cursor=cursor)
            position += len(answer.listings)
            if position >= answer.total or len(found) < len(answer.listings):
                return
            if position >= self._most:
                given = f"only {position:,} of {answer.total:,} papers are given"
                raise SourceError(self.name, f"{given}. Read back fewer days.")
            if not new:
                ends = f"the answer ends at {position} of {answer.total}"
                raise SourceError(self.name, f"{ends}. The next collect asks again.")

    def named(self, ids: Sequence[str]) -> Iterator[Page]:
        """The papers with these arXiv ids; those that do not exist are left out.

        Raises SourceError naming an id that cannot be one.
        """
        for start in range(0, len(ids), MOST_IDS):
            some = ids[start : start + MOST_IDS]
            answer = parse(self._ask({"id_list": ",".join(some), "max_results": str(len(some))}))
            yield Page(label=f"{len(some)} ids", listings=answer.listings)

    def _slice(self, params: dict[str, str], start: int) -> Answer:
        """One slice; an empty one before the end is asked for once more, as such answers come and go."""
        paged = params | {"start": str(start), "max_results": str(min(PAGE_SIZE, self._most - start))}
        answer = parse(self._ask(paged))
        return parse(self._ask(paged)) if start < answer.total and not answer.listings else answer

    def _ask(self, params: dict[str, str]) -> bytes:
        if self._asked:
            self._wait(BETWEEN_CALLS)
        self._asked = True
        try:
            response = self._client.get(self._url, accept=ACCEPT, params=params)
            if response.status != 200 and not _is_error_feed(response):
                raise unexpected(self._url, response)
        except HttpFailure as failure:
            raise SourceError(self.name, f"{failure}. The next collect reads back over it.") from failure
        return response.content


def parse(content: bytes) -> Answer:
    """One slice. Raises SourceError for an error feed, with what the API says is wrong, and for what is no feed."""
    feed = _feed(content)
    entries = feed.findall("a:entry", _SPACES)
    for entry in entries:
        if "/api/errors" in _text(entry, "a:id"):
            reason = " ".join(_text(entry, "a:summary").split())[:200]
            raise SourceError(Arxiv.name, f"the API refuses the request: {reason}. Mend the id or the category.")
    listings = tuple(_listing(entry, position) for position, entry in enumerate(entries, 1))
    total = _text(feed, "o:totalResults")
    return Answer(
        total=int(total) if total.isdecimal() and len(total) < 10 else len(listings),
        listings=listings,
        updated_at=tuple(instant(_text(entry, "a:updated").strip()) for entry in entries),
    )


def _feed(content: bytes) -> Any:
    try:
        feed = read_tree(content)
    except ValueError as error:
        raise SourceError(Arxiv.name, f"the answer is no feed: {error}. The next collect asks again.") from error
    if feed.tag != f"{{{_SPACES['a']}}}feed":
        raise SourceError(Arxiv.name, "the answer is no feed. The next collect asks again.")
    return feed


def _listing(entry: Any, position: int) -> Listing:
    number, title = arxiv_number(_text(entry, "a:id")), _text(entry, "a:title")
    if not number or not title.strip():
        raise SourceError(Arxiv.name, f"entry {position} of the answer is no paper: it has no arXiv id or no title.")
    abstract = _text(entry, "a:summary")
    return Listing(
        title=title,
        abstract=abstract,
        aliases=aliases(arxiv=number, doi=doi_in(_text(entry, "x:doi"))),
        authors=tuple(name for one in entry.findall("a:author", _SPACES) if (name := _text(one, "a:name").strip())),
        categories=_categories(entry),
        published_at=instant(_text(entry, "a:published").strip()),
        url=f"https://arxiv.org/abs/{number}",
        pdf_url=f"https://arxiv.org/pdf/{number}",
        version=arxiv_version(_text(entry, "a:id")),
        withdrawn=is_withdrawn(abstract, _text(entry, "x:comment")[:2000]),
    )


def is_withdrawn(abstract: str, comment: str = "") -> bool:
    """Whether the abstract begins with, or the comment holds, its authors' word that the paper was withdrawn."""
    begins = _WITHDRAWN.match(" ".join(abstract[:200].split()))
    return bool(begins or _WITHDRAWN.search(" ".join(comment.split())) or _COMMENT.match(comment))


def _categories(entry: Any) -> tuple[str, ...]:
    """arXiv's own, the primary one first: those of other schemes (ACM, MSC) hold spaces, commas or digits."""
    terms = [
        one.get("term", "") for path in ("x:primary_category", "a:category") for one in entry.findall(path, _SPACES)
    ]
    return tuple(dict.fromkeys(term for term in terms if re.fullmatch(r"[a-z-]+(?:\.[A-Za-z-]+)?", term)))


def _text(element: Any, path: str) -> str:
    return str(element.findtext(path, "", _SPACES))


def _is_error_feed(response: Response) -> bool:
    return response.status == 400 and b"/api/errors" in response.content
