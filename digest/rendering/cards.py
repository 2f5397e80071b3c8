"""What a printing keeps of a paper: its texts and figures, ready to be shown."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from digest.model import Cadence, Paper, SeenSignals
from digest.rendering.language import Language
from digest.rendering.words import N_
from digest.text import shorten

TITLE = 1_000
"""Longer than any title is: what has more characters would fill a message alone."""

ADDRESS = 1_000
AUTHORS_SHOWN = 4
AUTHORS_BEFORE_MORE = 3
AUTHOR = 80
ORGANISATION = 60
SUMMARY = 280
LONG_TITLE = 140

BARS_FROM_UPVOTES = 8
BARS_FROM_OBSERVATIONS = 4
RISE_FROM_UPVOTES = 3
LOWEST_BAR = 2
HIGHEST_BAR = 20
BLOCKS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A paper as an edition shows it, in no language yet.

    `authors` are those who are named, `more_authors` how many others there are; of signals 0 is nothing
    to show. `bars` are heights from 2 to 20, oldest first; `rise` is how many upvotes came over `span`.
    """

    title: str
    url: str
    authors: tuple[str, ...] = ()
    more_authors: int = 0
    organisation: str = ""
    summary: str = ""
    summary_is_abstract: bool = False
    summary_is_generated: bool = False
    upvotes: int = 0
    bars: tuple[int, ...] = ()
    rise: int = 0
    span: str = ""
    comments: int = 0
    stars: int = 0
    pdf_url: str = ""
    code_url: str = ""

    @property
    def blocks(self) -> str:
        """The bars as characters, for where borders cannot be drawn."""
        step = (HIGHEST_BAR - LOWEST_BAR) / (len(BLOCKS) - 1)
        return "".join(BLOCKS[round((height - LOWEST_BAR) / step)] for height in self.bars)

    @property
    def has_long_title(self) -> bool:
        """Whether the title needs the smaller size at the head of an edition."""
        return len(self.title) >= LONG_TITLE


def card_to_json(card: Card) -> dict[str, Any]:
    """A card as JSON knows it."""
    return asdict(card) | {"authors": list(card.authors), "bars": list(card.bars)}


def card_from_json(kept: Mapping[str, Any]) -> Card:
    """The card that was kept; fields that this version does not know are left out."""
    known = {field.name for field in fields(Card)}
    values = {name: value for name, value in kept.items() if name in known}
    return Card(**values | {name: tuple(kept.get(name, ())) for name in ("authors", "bars")})


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What stands beside and under a card's title: `1,284`, `upvotes`, `+12 in 3 h`; what is not shown is empty."""

    upvotes: str
    label: str
    rise: str
    comments: str
    stars: str
    authors: str


def figures(language: Language, card: Card) -> Figures:
    """A card's figures and authors in a language."""
    upvotes, comments = card.upvotes, card.comments
    return Figures(
        upvotes=language.number(upvotes) if upvotes else language.gettext("New"),
        label=upvote_label(language, upvotes),
        rise=language.gettext(SPANS[card.span].words, rise=language.signed(card.rise)) if card.rise else "",
        comments=language.ngettext("%(count)s comment", "%(count)s comments", comments) if comments else "",
        stars=language.number(card.stars) if card.stars else "",
        authors=_author_line(language, card),
    )


def upvote_label(language: Language, upvotes: int) -> str:
    """What stands behind the number of upvotes; empty where there are none."""
    return language.ngettext("upvote", "upvotes", upvotes) if upvotes else ""


def _author_line(language: Language, card: Card) -> str:
    names = ", ".join(card.authors)
    if not card.more_authors:
        return names
    return language.gettext("%(names)s + %(number)s more", names=names, number=language.number(card.more_authors))


def make_card(paper: Paper, *, seen_at: datetime, cadence: Cadence, sentence: str = "") -> Card:
    """A paper's card as of `seen_at`, with its rise over what an edition of `cadence` covers.

    `sentence` is of the abstract, and shown where the source has no summary.
    """
    span = _SPAN[cadence]
    bars, rise = _trend(paper, seen_at=seen_at, span=SPANS[span])
    named = len(paper.authors) if len(paper.authors) <= AUTHORS_SHOWN else AUTHORS_BEFORE_MORE
    return Card(
        title=shorten(paper.title, TITLE),
        url=web_address(paper.url),
        authors=tuple(shorten(author, AUTHOR) for author in paper.authors[:named]),
        more_authors=len(paper.authors) - named,
        organisation=shorten(paper.organisation, ORGANISATION),
        summary=shorten(paper.summary or sentence, SUMMARY),
        summary_is_abstract=bool(sentence) and not paper.summary,
        summary_is_generated=bool(paper.summary) and paper.summary_is_generated,
        upvotes=paper.signals.upvotes or 0,
        bars=bars,
        rise=rise,
        span=span,
        comments=paper.signals.comments or 0,
        stars=paper.signals.stars or 0,
        pdf_url=web_address(paper.pdf_url),
        code_url=web_address(paper.code_url),
    )


def web_address(url: str) -> str:
    """The address if it is one of the web; the last door at which `javascript:` and its like stop."""
    is_web = url.startswith(("https://", "http://")) and url.isprintable() and " " not in url
    return url if is_web and len(url) <= ADDRESS else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    slots: int
    step: timedelta
    words: str
    whole: bool


SPANS = {
    "hours": _Span(slots=8, step=timedelta(hours=3), words=N_("%(rise)s in 3 h"), whole=False),
    "week": _Span(slots=7, step=timedelta(days=1), words=N_("%(rise)s this week"), whole=True),
    "month": _Span(slots=10, step=timedelta(days=3), words=N_("%(rise)s this month"), whole=True),
}
"""What bars cover, and whether the words beside them speak of all bars or of the newest."""

_SPAN = {Cadence.DAILY: "hours", Cadence.WEEKDAYS: "hours", Cadence.WEEKLY: "week", Cadence.MONTHLY: "month"}


def _trend(paper: Paper, *, seen_at: datetime, span: _Span) -> tuple[tuple[int, ...], int]:
    upvotes = paper.signals.upvotes or 0
    history = [seen for seen in paper.history if seen.seen_at <= seen_at and seen.signals.upvotes is not None]
    if upvotes < RISE_FROM_UPVOTES or not history:
        return (), 0
    gains = _gains(history, seen_at=seen_at, span=span)
    gained = sum(gains) if span.whole else gains[-1]
    has_bars = upvotes >= BARS_FROM_UPVOTES and len(history) >= BARS_FROM_OBSERVATIONS and max(gains) > 0
    return (_heights(gains) if has_bars else ()), gained


def _gains(history: list[SeenSignals], *, seen_at: datetime, span: _Span) -> list[int]:
    """Upvotes gained in each slot, oldest first; before the first observation nothing is assumed."""
    edges = [seen_at - span.step * back for back in range(span.slots, -1, -1)]
    counts = [_upvotes_at(history, edge) for edge in edges]
    return [after - before for before, after in pairwise(counts)]


def _upvotes_at(history: list[SeenSignals], instant: datetime) -> int:
    earlier = [seen for seen in history if seen.seen_at <= instant]
    nearest = max(earlier, key=_seen_at) if earlier else min(history, key=_seen_at)
    return nearest.signals.upvotes or 0


def _seen_at(seen: SeenSignals) -> datetime:
    return seen.seen_at


def _heights(gains: list[int]) -> tuple[int, ...]:
    highest = max(gains)
    return tuple(LOWEST_BAR + round((HIGHEST_BAR - LOWEST_BAR) * max(gain, 0) / highest) for gain in gains)
