"""What an edition's templates are filled with: a printing's facts, and one reader's papers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import itemgetter
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from markupsafe import Markup

from digest.errors import RenderingError
from digest.model import Cadence, Reason, ReasonKind
from digest.rendering import words
from digest.rendering.cards import Card
from digest.rendering.marks import LIKED, mark, why
from digest.rendering.site import Site as Site
from digest.rendering.site import colours
from digest.text import shorten

CARDS = 5
ALSO_TRENDING = 5
TRENDING_TITLE = 140
TOPIC = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Whom an edition is for, and out of how many new papers theirs were chosen.

    `follows` is whether they follow anything at all: only then can a day be without a match.
    """

    address: str
    cadence: Cadence
    hour: int
    timezone: str
    confirmed_at: datetime
    considered: int
    follows: bool = False


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A card as one reader sees it."""

    card: Card
    summary: Markup
    why: Markup
    why_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """An edition's first sentence in its four parts: `10 papers for you`, the middle, a topic, the end."""

    count: str
    middle: str
    topic: str = ""
    end: str = "."

    @property
    def text(self) -> str:
        """The whole sentence."""
        return self.count + self.middle + self.topic + self.end


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
    *, cadence: Cadence, due_on: date, trending: Sequence[Trending], day_count: int, trending_url: str
) -> dict[str, Any]:
    """What an edition says to all its readers, as JSON knows it.

    `trending` are the period's papers, the most trending first; each reader is shown the first
    five that are not among their own, so hand in about five more than anybody gets.
    """
    return {
        "cadence": cadence.value,
        "due_on": due_on.isoformat(),
        "count": day_count,
        "trending_url": trending_url,
        "trending": [
            {"title": shorten(paper.title, TRENDING_TITLE), "url": paper.url, "upvotes": paper.upvotes}
            for paper in trending
        ],
    }


def edition_context(
    *,
    site: Site,
    printed: Mapping[str, Any],
    cards: Sequence[tuple[Card, Reason]],
    reader: Reader,
    links: Links,
) -> dict[str, object]:
    """All that `templates/edition` asks for.

    `printed` comes from `printed_facts`, `cards` are the reader's papers, best first. Raises
    RenderingError where there is none: an edition without papers is not sent.
    """
    if not cards:
        raise RenderingError("An edition needs at least one paper. Skip the delivery of an empty selection.")
    cadence, due_on = Cadence(printed["cadence"]), date.fromisoformat(printed["due_on"])
    opening = _opening(cards, reader=reader)
    entries = [_entry(card, reason, printed=printed) for card, reason in cards]
    return {
        "lang": "en",
        "site": site,
        "colours": colours(site.accent),
        "subject": _subject(cards, cadence=cadence, due_on=due_on, quiet=_is_quiet(cards, reader=reader)),
        "preheader": words.preheader(_inbox_sentences(cards, reader=reader, printed=printed)),
        "date": words.edition_date(cadence, due_on),
        "opening": opening,
        "lead": entries[0],
        "cards": entries[1:CARDS],
        "others": entries[CARDS:],
        "trending": _also_trending(cards, printed=printed),
        "all_papers": _all_papers(printed),
        "reader": reader,
        "when": words.cadence_phrase(reader.cadence, hour=reader.hour, timezone=reader.timezone),
        "confirmed_on": words.full_date(reader.confirmed_at.astimezone(ZoneInfo(reader.timezone)).date()),
        "has_generated": any(card.summary_is_generated for card, _ in cards[:CARDS]),
        "links": links,
    }


def _entry(card: Card, reason: Reason, *, printed: Mapping[str, Any]) -> Entry:
    summary, marked = mark(card.summary, reason.terms)
    html, text = why(reason, marked=marked)
    is_top = card.url and card.upvotes and card.url == _most_upvoted(printed).get("url")
    if reason.kind is ReasonKind.TRENDING and is_top:
        superlative = f", most upvoted of the {_period(printed)}"
        html, text = html + superlative, text + superlative
    return Entry(card=card, summary=summary, why=html, why_text=text)


def _subject(cards: Sequence[tuple[Card, Reason]], *, cadence: Cadence, due_on: date, quiet: bool) -> str:
    top = max((card for card, _ in cards), key=_upvotes)
    titles = [card.title for card, _ in cards]
    return words.subject(cadence, titles, due_on=due_on, top=(top.title, top.upvotes), quiet=quiet)


def _opening(cards: Sequence[tuple[Card, Reason]], *, reader: Reader) -> Opening:
    count = f"{words.counted(len(cards), 'paper')} for you"
    new = f" out of {words.number(reader.considered)} new" if reader.considered > len(cards) else ""
    if _is_quiet(cards, reader=reader):
        end = f". A quiet {words.PERIOD[reader.cadence]}: none matched what you follow, so these are the trending ones."
        return Opening(count=count, middle=new, end=end)
    kind, interest, matched = _strongest(cards)
    if not matched:
        return Opening(count=count, middle=f"{new}: those that are trending")
    before, after = _FOLLOWING[kind, matched == 1]
    return Opening(
        count=count,
        middle=f"{new}; {words.number(matched)} {before} ",
        topic=shorten(interest, TOPIC),
        end=after,
    )


_FOLLOWING = {
    (ReasonKind.TOPIC, True): ("follows your topic", "."),
    (ReasonKind.TOPIC, False): ("follow your topic", "."),
    (ReasonKind.LIKED, True): ("is like", "."),
    (ReasonKind.LIKED, False): ("are like", "."),
    (ReasonKind.AUTHOR, True): ("is by", ", whom you follow."),
    (ReasonKind.AUTHOR, False): ("are by", ", whom you follow."),
    (ReasonKind.CATEGORY, True): ("is new in", ", which you follow."),
    (ReasonKind.CATEGORY, False): ("are new in", ", which you follow."),
}
"""What stands before and after an interest's name, for one paper and for more."""


def _strongest(cards: Sequence[tuple[Card, Reason]]) -> tuple[ReasonKind, str, int]:
    """The kind and name of the interest with most papers, topics before likes, people and categories."""
    for kind in (ReasonKind.TOPIC, ReasonKind.LIKED, ReasonKind.AUTHOR, ReasonKind.CATEGORY):
        interests = Counter(reason.interest for _, reason in cards if reason.kind is kind)
        if interests:
            interest, matched = interests.most_common(1)[0]
            return kind, LIKED if kind is ReasonKind.LIKED else interest, matched
    return ReasonKind.TRENDING, "", 0


def _is_quiet(cards: Sequence[tuple[Card, Reason]], *, reader: Reader) -> bool:
    return reader.follows and all(reason.kind is ReasonKind.TRENDING for _, reason in cards)


def _inbox_sentences(cards: Sequence[tuple[Card, Reason]], *, reader: Reader, printed: Mapping[str, Any]) -> list[str]:
    kind, interest, matched = _strongest(cards)
    sentences = []
    if matched:
        preposition = {ReasonKind.TOPIC: "on", ReasonKind.LIKED: "like", ReasonKind.AUTHOR: "by"}.get(kind, "in")
        sentences.append(f"{words.number(matched)} {preposition} {shorten(interest, TOPIC // 2)}")
    elif reader.follows:
        sentences.append("None matched what you follow")
    top = _most_upvoted(printed)
    if top.get("upvotes"):
        name = words.short_name(top["title"], TOPIC // 2)
        sentences.append(f"{name} leads the {_period(printed)} with {words.counted(top['upvotes'], 'upvote')}")
    return [*sentences, words.reading_time(len(cards))]


def _also_trending(cards: Sequence[tuple[Card, Reason]], *, printed: Mapping[str, Any]) -> list[dict[str, str]]:
    own = {card.url for card, _ in cards}
    others = [paper for paper in printed["trending"] if paper["url"] and paper["url"] not in own]
    return [
        {"title": paper["title"], "url": paper["url"], "upvotes": words.number(paper["upvotes"])}
        for paper in others[:ALSO_TRENDING]
    ]


def _all_papers(printed: Mapping[str, Any]) -> dict[str, str]:
    number = f"{words.number(printed['count'])} " if printed["count"] > 1 else ""
    return {"url": printed["trending_url"], "text": f"All {number}papers of the {_period(printed)}"}


def _most_upvoted(printed: Mapping[str, Any]) -> Mapping[str, Any]:
    return max(printed["trending"], key=itemgetter("upvotes"), default={})


def _period(printed: Mapping[str, Any]) -> str:
    return words.PERIOD[Cadence(printed["cadence"])]


def _upvotes(card: Card) -> int:
    return card.upvotes
