"""What a printing keeps of a paper: its texts and figures, ready to be shown."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from digest.model import Cadence, Paper, SeenSignals
from digest.rendering.words import counted, number, signed
from digest.text import shorten

AUTHORS_SHOWN = 4
AUTHORS_BEFORE_MORE = 3
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
    """A paper as an edition shows it.

    `authors` is the line, `upvotes_text` `1,284` or `New`, `comments_text` `3 comments`,
    `stars_text` `128.4k`; what is not shown is empty. `bars` are heights from 2 to 20, oldest first.
    """

    title: str
    url: str
    authors: str = ""
    organisation: str = ""
    summary: str = ""
    summary_is_abstract: bool = False
    summary_is_generated: bool = False
    upvotes: int = 0
    upvotes_text: str = "New"
    bars: tuple[int, ...] = ()
    rise: str = ""
    comments_text: str = ""
    stars_text: str = ""
    pdf_url: str = ""
    code_url: str = ""

    @property
    def upvotes_label(self) -> str:
        """The word under the figure; none under `New`."""
        if not self.upvotes:
            return ""
        return "upvote" if self.upvotes == 1 else "upvotes"

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
    return asdict(card) | {"bars": list(card.bars)}


def card_from_json(kept: Mapping[str, Any]) -> Card:
    """The card that was kept; fields that this version does not know are left out."""
    known = {field.name for field in fields(Card)}
    values = {name: value for name, value in kept.items() if name in known}
    return Card(**values | {"bars": tuple(kept.get("bars", ()))})


def make_card(paper: Paper, *, seen_at: datetime, cadence: Cadence, sentence: str = "") -> Card:
    """A paper's card as of `seen_at`, with its rise over what an edition of `cadence` covers.

    `sentence` is of the abstract, and shown where the source has no summary.
    """
    upvotes = paper.signals.upvotes or 0
    bars, rise = _trend(paper, seen_at=seen_at, span=SPANS[cadence])
    return Card(
        title=paper.title,
        url=_web_address(paper.url),
        authors=author_line(paper.authors),
        organisation=shorten(paper.organisation, ORGANISATION),
        summary=shorten(paper.summary or sentence, SUMMARY),
        summary_is_abstract=bool(sentence) and not paper.summary,
        summary_is_generated=bool(paper.summary) and paper.summary_is_generated,
        upvotes=upvotes,
        upvotes_text=number(upvotes) if upvotes else "New",
        bars=bars,
        rise=rise,
        comments_text=counted(paper.signals.comments, "comment") if paper.signals.comments else "",
        stars_text=number(paper.signals.stars) if paper.signals.stars else "",
        pdf_url=_web_address(paper.pdf_url),
        code_url=_web_address(paper.code_url),
    )


def author_line(authors: tuple[str, ...]) -> str:
    """Up to four names in full; of more, three and how many follow."""
    if len(authors) <= AUTHORS_SHOWN:
        return ", ".join(authors)
    return f"{', '.join(authors[:AUTHORS_BEFORE_MORE])} + {number(len(authors) - AUTHORS_BEFORE_MORE)} more"


def _web_address(url: str) -> str:
    """The address if it is one of the web; the last door at which `javascript:` and its like stop."""
    is_web = url.startswith(("https://", "http://")) and url.isprintable() and " " not in url
    return url if is_web else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    slots: int
    step: timedelta
    words: str
    whole: bool


_DAY = _Span(slots=8, step=timedelta(hours=3), words="in 3 h", whole=False)
SPANS = {
    Cadence.DAILY: _DAY,
    Cadence.WEEKDAYS: _DAY,
    Cadence.WEEKLY: _Span(slots=7, step=timedelta(days=1), words="this week", whole=True),
    Cadence.MONTHLY: _Span(slots=10, step=timedelta(days=3), words="this month", whole=True),
}
"""What the bars cover, and whether the words beside them speak of all bars or of the newest."""


def _trend(paper: Paper, *, seen_at: datetime, span: _Span) -> tuple[tuple[int, ...], str]:
    upvotes = paper.signals.upvotes or 0
    history = [seen for seen in paper.history if seen.seen_at <= seen_at and seen.signals.upvotes is not None]
    if upvotes < RISE_FROM_UPVOTES or not history:
        return (), ""
    gains = _gains(history, seen_at=seen_at, span=span)
    gained = sum(gains) if span.whole else gains[-1]
    rise = f"{signed(gained)} {span.words}" if gained else ""
    has_bars = upvotes >= BARS_FROM_UPVOTES and len(history) >= BARS_FROM_OBSERVATIONS and max(gains) > 0
    return (_heights(gains) if has_bars else ()), rise


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
