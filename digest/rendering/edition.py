"""One reader's edition as values: the papers, and what is said around them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from operator import itemgetter
from typing import Any, Protocol

from digest.model import Cadence, Layout, Reason, ReasonKind, Weekday
from digest.rendering import words
from digest.rendering.cards import Card
from digest.rendering.language import Language
from digest.rendering.marks import interest_of
from digest.text import shorten

TRENDING_TITLE = 140


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Whom an edition is for, and out of how many new papers theirs were chosen.

    `follows` is whether they follow anything at all: only then can a day be without a match.
    `since_on` is how far back the edition reaches where that is further than usual.
    """

    address: str
    cadence: Cadence
    hour: int
    timezone: str
    confirmed_at: datetime
    considered: int
    follows: bool = False
    since_on: date | None = None
    weekday: Weekday = Weekday.MONDAY
    month_day: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The reader's own links.

    `feedback` wants a query: `?paper=N&want=more`, or `less`, N counting the edition's papers from 1.
    """

    unsubscribe: str
    view: str
    preferences: str
    pause: str
    feedback: str


class Trending(Protocol):
    """What is needed of a paper to name it under "Also trending"; a card will do."""

    @property
    def title(self) -> str:
        """The paper's title."""

    @property
    def url(self) -> str:
        """Where it can be read."""

    @property
    def upvotes(self) -> int:
        """How many there are."""


def printed_facts(
    *,
    cadence: Cadence,
    layout: Layout,
    due_on: date,
    trending: Sequence[Trending],
    day_count: int,
    trending_url: str,
) -> dict[str, Any]:
    """What an edition says to all its readers, as JSON knows it.

    `trending` are the period's papers, the most trending first; each reader is shown the first
    five that are not among their own, so hand in about five more than anybody gets.
    """
    return {
        "cadence": cadence.value,
        "layout": layout.value,
        "due_on": due_on.isoformat(),
        "count": day_count,
        "trending_url": trending_url,
        "trending": [
            {"title": shorten(paper.title, TRENDING_TITLE), "url": paper.url, "upvotes": paper.upvotes}
            for paper in trending
        ],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """What an edition says to all its readers, read from its facts; `top` is the paper with most upvotes, if any."""

    cadence: Cadence
    layout: Layout
    due_on: date
    count: int
    trending_url: str
    trending: Sequence[Mapping[str, Any]]
    top: Mapping[str, Any]

    @property
    def period(self) -> str:
        """What it covers: `day`, `week` or `month`."""
        return words.PERIOD[self.cadence]


def read_facts(facts: Mapping[str, Any]) -> Printed:
    """What `printed_facts` gave."""
    return Printed(
        cadence=Cadence(facts["cadence"]),
        layout=Layout(facts["layout"]),
        due_on=date.fromisoformat(facts["due_on"]),
        count=facts["count"],
        trending_url=facts["trending_url"],
        trending=facts["trending"],
        top=max(facts["trending"], key=itemgetter("upvotes"), default={}),
    )


@dataclass(frozen=True, kw_only=True)
class Edition:
    """One reader's papers, best first, and what is said around them."""

    language: Language
    printed: Printed
    papers: Sequence[tuple[Card, Reason]]
    reader: Reader
    links: Links

    @cached_property
    def is_quiet(self) -> bool:
        """Whether nothing matched what the reader follows."""
        return self.reader.follows and all(reason.kind is ReasonKind.TRENDING for _, reason in self.papers)

    @cached_property
    def brings_missed(self) -> bool:
        """Whether a paper is among them that the reader may have missed."""
        return any(reason.kind is ReasonKind.MISSED for _, reason in self.papers)

    @cached_property
    def strongest(self) -> tuple[ReasonKind, str, int]:
        """The kind and name of the interest with most papers, topics before likes, people and categories."""
        counted = Counter([(reason.kind, reason.interest) for _, reason in self.papers if reason.kind in _COUNTED])
        if not counted:
            return ReasonKind.TRENDING, "", 0
        first = min(_COUNTED.index(kind) for kind, _ in counted)
        (kind, interest), count = max(
            (one for one in counted.items() if one[0][0] is _COUNTED[first]), key=itemgetter(1)
        )
        return kind, interest_of(self.language, Reason(kind=kind, interest=interest)), count


_COUNTED = (ReasonKind.TOPIC, ReasonKind.LIKED, ReasonKind.AUTHOR, ReasonKind.CATEGORY)
