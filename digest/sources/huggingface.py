"""Hugging Face Daily Papers: GET /api/daily_papers?date=YYYY-MM-DD&limit=100&p=N.

In the place of `date`, `week=YYYY-Www`, `month=YYYY-MM` or `sort=trending`. What its answers are
like, and what is wrong with them, was read off its OpenAPI document and 1,836 recorded rows of 2024
to 2026: optional keys are absent, the top-level `publishedAt` is hours early, titles hold hard
line breaks, lists exist on weekdays only, and a week 53 is refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from digest.due import SATURDAY
from digest.errors import SourceError
from digest.http import Client, HttpFailure
from digest.model import Listing, Signals
from digest.sources.names import ARXIV_ID
from digest.sources.source import Page
from digest.sources.values import count, identifier, instant, text, web_address
from digest.text import clean

ADDRESS = "https://huggingface.co/api/daily_papers"
PAGE_SIZE = 100
MOST_PAGES = 20
LAST_WEEK = 52


class HuggingFace:
    """The lists of some kinds: "day", "week" and "month", a page a list, and "trending", a page of a hundred papers."""

    name = "huggingface"

    def __init__(self, client: Client, *, lists: Sequence[str] = ("day",), url: str = ADDRESS) -> None:
        self._client = client
        self._lists = lists
        self._url = url

    def listings(self, *, since: date, now: datetime) -> Iterator[Page]:
        """Every list, of each kind in turn, that reaches into the days from `since` to today (UTC)."""
        days = [since + timedelta(days=passed) for passed in range((now.date() - since).days + 1)]
        for key, value in dict.fromkeys(_asked(kind, day) for kind in self._lists for day in days):
            if value:
                yield Page(label=value, listings=self._list(key, value), cursor=value)

    def _list(self, key: str, value: str) -> tuple[Listing, ...]:
        day = date.fromisoformat(value) if key == "date" else None
        found: dict[tuple[str, ...], Listing] = {}
        # What is trending has no end: all papers there are, in another order.
        for number in range(1 if key == "sort" else MOST_PAGES):
            rows = self._ask(key, value, number)
            before = len(found)
            for listing in parse(rows, source=self.name, day=day):
                found.setdefault(listing.aliases, listing)
            # A page past the end is empty; one that repeats itself would never end.
            if len(rows) < PAGE_SIZE or len(found) == before:
                break
        return tuple(found.values())

    def _ask(self, key: str, value: str, number: int) -> Sequence[Any]:
        params = {key: value, "limit": str(PAGE_SIZE), "p": str(number)}
        try:
            answer = self._client.get_json(self._url, params=params)
        except HttpFailure as failure:
            if failure.status == 400 and key != "sort":  # a day, week or month without a list
                return []
            raise SourceError(self.name, f"{failure}. The next collect reads back over it.") from failure
        if not isinstance(answer, list):
            raise SourceError(
                self.name, f"the answer for {value} is not a list of papers. The next collect asks again."
            )
        return answer


def _asked(kind: str, day: date) -> tuple[str, str]:
    """The parameter that asks for the list of this kind with that day in it, and its value: empty if there is none."""
    year, week, _ = day.isocalendar()
    if kind == "trending":
        return "sort", kind
    if kind == "month":
        return "month", f"{day:%Y-%m}"
    if kind == "week" and week <= LAST_WEEK:
        return "week", f"{year}-W{week:02}"
    return "date", day.isoformat() if day.weekday() < SATURDAY else ""


def parse(rows: Sequence[Any], *, source: str, day: date | None = None) -> tuple[Listing, ...]:
    """The listings of an answer's rows; `day` is the list's day where a row does not say its own.

    Raises SourceError naming the first row that is no paper.
    """
    return tuple(_listing(row, position, source=source, day=day) for position, row in enumerate(rows, 1))


def _listing(row: Any, position: int, *, source: str, day: date | None) -> Listing:
    paper = row.get("paper") if isinstance(row, dict) else None
    number = identifier(paper, "id") if isinstance(paper, dict) else ""
    if not isinstance(paper, dict) or not number or not clean(text(paper, "title")):
        raise SourceError(source, f"row {position} of the answer is no paper: it has no paper.id or paper.title.")
    arxiv = ARXIV_ID.match(number)
    alias = f"arxiv:{arxiv.group()}" if arxiv else f"huggingface:{number}"
    repository, page = web_address(text(paper, "githubRepo")), web_address(text(paper, "projectPage"))
    on_github = urlsplit(page).hostname in {"github.com", "www.github.com"}
    return Listing(
        title=text(paper, "title"),
        abstract=text(paper, "summary"),
        aliases=(alias,),
        authors=_authors(paper),
        organisation=_organisation(paper, row),
        keywords=tuple(word for word in _items(paper, "ai_keywords") if isinstance(word, str)),
        summary=text(paper, "ai_summary"),
        summary_is_generated=bool(text(paper, "ai_summary")),
        published_at=instant(text(paper, "publishedAt")),
        withdrawn=instant(text(paper, "withdrawnAt")) is not None,
        listed_on=_list_day(paper) or day,
        url=f"https://huggingface.co/papers/{number}",
        pdf_url=f"https://arxiv.org/pdf/{arxiv.group()}" if arxiv else "",
        code_url=repository or (page if on_github else ""),
        project_url="" if on_github else page,
        signals=Signals(
            upvotes=count(paper, "upvotes"), comments=count(row, "numComments"), stars=count(paper, "githubStars")
        ),
    )


def _items(values: Mapping[str, Any], key: str) -> list[Any]:
    value = values.get(key)
    return value if isinstance(value, list) else []


def _authors(paper: Mapping[str, Any]) -> tuple[str, ...]:
    shown = (one for one in _items(paper, "authors") if isinstance(one, dict) and one.get("hidden") is not True)
    return tuple(text(one, "name") for one in shown if text(one, "name").strip())


def _organisation(paper: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    told = paper.get("organization") or row.get("organization")
    return (text(told, "fullname") or text(told, "name")) if isinstance(told, dict) else ""


def _list_day(paper: Mapping[str, Any]) -> date | None:
    told = instant(text(paper, "submittedOnDailyAt"))
    return None if told is None else told.date()
