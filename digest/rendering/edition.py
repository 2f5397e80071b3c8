"""One reader's edition as values: the papers, and what is said around them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

from digest.model import Cadence, Layout, Reason, ReasonKind, Weekday
from digest.rendering import words
from digest.rendering.cards import Card
from digest.rendering.language import Language
from digest.rendering.marks import interest_of
from digest.text import shorten

TRENDING_TITLE = 140


class Reader(NamedTuple):
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


class Links(NamedTuple):
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


class Edition(NamedTuple):
    """One reader's papers, best first, and what is said around them."""

    language: Language
    printed: Printed
    papers: Sequence[tuple[Card, Reason]]
    reader: Reader
    links: Links


class Gist(NamedTuple):
    """What an edition's opening is about: the interest with most papers, by its kind and name, and how many those are.

    `is_quiet` is whether nothing matched what the reader follows, `brings_missed` whether a paper is among them that
    the reader may have missed.
    """

    kind: ReasonKind
    interest: str
    matched: int
    is_quiet: bool
    brings_missed: bool


def gist_of(edition: Edition) -> Gist:
    """The edition's; topics come before likes, people and categories."""
    reasons = [reason for _, reason in edition.papers]
    brings_missed = any(reason.kind is ReasonKind.MISSED for reason in reasons)
    for wanted in _COUNTED:
        if interests := [reason.interest for reason in reasons if reason.kind is wanted]:
            # The first of those that have as many.
            strongest = max(interests, key=interests.count)
            interest = interest_of(edition.language, Reason(wanted, strongest))
            return Gist(wanted, interest, interests.count(strongest), is_quiet=False, brings_missed=brings_missed)
    return Gist(ReasonKind.TRENDING, "", 0, edition.reader.follows and not brings_missed, brings_missed)


_COUNTED = (ReasonKind.TOPIC, ReasonKind.LIKED, ReasonKind.AUTHOR, ReasonKind.CATEGORY)
