"""One reader's edition, assembled: what its templates are filled with, and how it is made to fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from digest.errors import RenderingError
from digest.model import Layout, Reason, ReasonKind
from digest.rendering import opening, words
from digest.rendering.cards import SUMMARY, Card, Figures, figures
from digest.rendering.edition import Edition
from digest.rendering.filling import Body, fill, fill_piece
from digest.rendering.marks import mark, why
from digest.rendering.site import colours
from digest.rendering.templates import Compiled
from digest.rendering.words import N_, NN_
from digest.text import shorten

CARDS = 5
"""Papers with a card of their own in the layout `brief`, the lead among them; of the others a line each."""

ALSO_TRENDING = 5
ALSO_TRENDING_BELOW_LINES = 3
"""Papers that trend besides; fewer below a brief edition's own lines, so that a phone shows it all in 3,300 px."""

MOST_BYTES = 99_999
"""Gmail shows about 102 kB of a page and hides the rest, the links to leave among it."""

SHORTER_SUMMARY = 140


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A card as one reader sees it; `number` counts from 1 through the edition."""

    number: int
    card: Card
    figures: Figures
    summary: Markup
    why: Markup
    why_text: str
    more_url: str
    less_url: str


def render_edition(compiled: Compiled, edition: Edition, *, whole: bool = False) -> Body:
    """Subject, text and HTML of an edition, the HTML under 100,000 bytes unless it is to be `whole`.

    What does not fit is left to the page in the browser: text and HTML carry the same papers. Raises RenderingError
    where there is no paper (an edition without any is not sent), or a template asks for what is not there.
    """
    if not edition.papers:
        raise RenderingError("An edition needs at least one paper. Skip the delivery of an empty selection.")
    context, entries = _context(edition), _entries(edition)
    body = _filled(compiled, context, edition, entries, _pieces(compiled, context, edition, entries))
    if whole or len(body.html.encode()) <= MOST_BYTES:
        return body
    return _fitted(compiled, context, edition)


def _fitted(compiled: Compiled, context: Mapping[str, object], edition: Edition) -> Body:
    """With shorter summaries, as many papers as there is room for beside everything else, but at least one."""
    entries = _entries(edition, summary=SHORTER_SUMMARY)
    pieces = _pieces(compiled, context, edition, entries)
    frame = _filled(compiled, context, edition, entries, [Markup()] * len(pieces), moved=len(pieces))
    room = MOST_BYTES - len(frame.html.encode())
    kept = max(sum(size <= room for size in accumulate(len(piece.encode()) for piece in pieces)), 1)
    return _filled(compiled, context, edition, entries[:kept], pieces[:kept], moved=len(pieces) - kept)


def _filled(
    compiled: Compiled,
    context: Mapping[str, object],
    edition: Edition,
    entries: Sequence[Entry],
    pieces: Sequence[Markup],
    *,
    moved: int = 0,
) -> Body:
    """The edition with these papers, of which so many more are on the web page."""
    cards = _carded(edition)
    generated = [entry.card.summary_is_generated for entry in entries[:cards] if entry.card.summary]
    shown = {
        "has_generated": any(generated),
        "all_generated": bool(generated) and all(generated),
        "lead": entries[:1],
        "cards": entries[1:cards],
        "others": entries[cards:],
        "pieces": {"lead": pieces[:1], "cards": pieces[1:cards], "others": pieces[cards:]},
        "moved": edition.language.ngettext(*_MOVED, moved) if moved else "",
    }
    return fill(compiled, {**context, **shown})


_MOVED = NN_("%(count)s more paper for you is on the web page", "%(count)s more papers for you are on the web page")


def _pieces(
    compiled: Compiled, context: Mapping[str, object], edition: Edition, entries: Sequence[Entry]
) -> list[Markup]:
    """Each paper's part of the page."""
    cards = _carded(edition)
    return [
        fill_piece(
            compiled,
            "lead" if entry.number == 1 else "card" if entry.number <= cards else "other",
            {**context, "entry": entry},
        )
        for entry in entries
    ]


def _carded(edition: Edition) -> int:
    """How many papers have a card of their own, the lead among them."""
    return len(edition.papers) if edition.printed["layout"] == Layout.FULL else CARDS


def _entries(edition: Edition, *, summary: int = SUMMARY) -> list[Entry]:
    """The papers as they are shown, their summaries cut to that many characters."""
    top_url = edition.most_upvoted().get("url", "")
    return [
        _entry(edition, number, replace(card, summary=shorten(card.summary, summary)), reason, top_url=top_url)
        for number, (card, reason) in enumerate(edition.papers, start=1)
    ]


def _entry(edition: Edition, number: int, card: Card, reason: Reason, *, top_url: str) -> Entry:
    summary, marked = mark(card.summary, reason.terms)
    html, text = why(edition.language, reason, marked=marked)
    is_top = card.url and card.upvotes and card.url == top_url
    if reason.kind is ReasonKind.TRENDING and is_top:
        text = edition.language.gettext(_MOST_UPVOTED[edition.period])
        html = escape(text)
    wanted = f"{edition.links.feedback}?paper={number}&want="
    return Entry(
        number=number,
        card=card,
        figures=figures(edition.language, card),
        summary=summary,
        why=html,
        why_text=text,
        more_url=f"{wanted}more",
        less_url=f"{wanted}less",
    )


_MOST_UPVOTED = {
    "day": N_("trending, most upvoted of the day"),
    "week": N_("trending, most upvoted of the week"),
    "month": N_("trending, most upvoted of the month"),
}


def _context(edition: Edition) -> dict[str, object]:
    """All that `templates/edition` asks for, but the papers."""
    language, site, reader = edition.language, edition.site, edition.reader
    confirmed_on = reader.confirmed_at.astimezone(ZoneInfo(reader.timezone)).date()
    return {
        "site": site,
        "colours": colours(site.accent),
        "subject": opening.subject(edition),
        "preheader": opening.preheader(edition),
        "date": words.edition_date(language, edition.cadence, edition.due_on),
        "opening": opening.opening(edition),
        "trending": _also_trending(edition),
        "all_papers": _all_papers(edition),
        "reader": reader,
        "when": words.cadence_phrase(language, reader),
        "confirmed_on": language.full_date(confirmed_on),
        "links": edition.links,
    }


def _also_trending(edition: Edition) -> list[dict[str, str]]:
    own = {card.url for card, _ in edition.papers}
    others = [paper for paper in edition.printed["trending"] if paper["url"] and paper["url"] not in own]
    return [
        {"title": paper["title"], "url": paper["url"], "upvotes": edition.language.number(paper["upvotes"])}
        for paper in others[: ALSO_TRENDING if len(edition.papers) <= _carded(edition) else ALSO_TRENDING_BELOW_LINES]
    ]


def _all_papers(edition: Edition) -> dict[str, str]:
    text = edition.language.ngettext(*_ALL[edition.period], max(edition.printed["count"], 1))
    return {"url": edition.printed["trending_url"], "text": text}


_ALL = {
    "day": NN_("All papers of the day", "All %(count)s papers of the day"),
    "week": NN_("All papers of the week", "All %(count)s papers of the week"),
    "month": NN_("All papers of the month", "All %(count)s papers of the month"),
}
