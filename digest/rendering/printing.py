"""What all messages of an edition share in one language: templates filled once, but for their holes.

What a paper looks like is worked out once, and why it suits an interest once for that interest.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from markupsafe import Markup, escape

from digest.model import Reason, ReasonKind
from digest.quoted import quoted
from digest.rendering import words
from digest.rendering.cards import Card, Figures, figures, upvote_label
from digest.rendering.edition import Printed
from digest.rendering.filling import rendered
from digest.rendering.forms import Form, Hole, Line, cleaned, form_of
from digest.rendering.language import Language
from digest.rendering.marks import mark, why
from digest.rendering.site import Site, colours
from digest.rendering.templates import Compiled
from digest.rendering.words import N_, NN_

MOST_KEPT = 50_000
"""Summaries with their marks, of some 500 bytes each, and reasons in words that are kept ready."""


class Encoded(NamedTuple):
    """The same for both parts of a message, as quoted-printable."""

    text: bytes
    html: bytes


class Forms(NamedTuple):
    """The same of both parts of a message, with holes."""

    text: Form
    html: Form


class Said(NamedTuple):
    """A reason in words, plain and encoded for both parts."""

    plain: str
    text: bytes
    html: bytes


class Shape(NamedTuple):
    """What a template can ask of an edition besides its printing: how many of each, and what its opening consists of.

    `generated` is which of the summaries a language model has written: `all`, `some` or none.
    """

    cards: int
    others: int
    trending: int
    moved: int
    generated: str
    opening: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A paper as its templates see it."""

    card: Card
    figures: Figures
    number: Hole
    summary: Hole
    why: Hole
    why_text: Hole
    more_url: str
    less_url: str


class _Paper:
    """A paper's forms by role, its summaries by what is marked, and the card that it is known by."""

    __slots__ = ("card", "forms", "leads", "summaries")

    def __init__(self, card: Card, *, leads: bool) -> None:
        self.card, self.leads = card, leads
        self.forms: dict[str, Forms] = {}
        self.summaries: dict[tuple[str, ...], tuple[bytes, bool]] = {}


class Printing:
    """What the messages of an edition share."""

    def __init__(self, compiled: Compiled, *, language: Language, site: Site, printed: Printed) -> None:
        self.compiled, self.language, self.site, self.printed = compiled, language, site, printed
        self._context: dict[str, object] = {"site": site, "colours": colours(site.accent)}
        self._papers: dict[int, _Paper] = {}
        self._summaries = 0
        self._said: tuple[dict[tuple[ReasonKind, str], Said], ...] = {}, {}
        self._frames: dict[Shape, Forms] = {}
        self._trending: dict[int, Encoded] = {}
        self._subject = Line(rendered("subject", compiled.subject, self._context | {"subject": Hole("subject")}))
        leads = language.gettext(_MOST_UPVOTED[self.printed.period])
        self._leads = _said(leads, escape(leads))

    def subject(self, subject: str) -> str:
        """The message's subject as its template has it."""
        return self._subject.filled({"subject": subject})

    def frame(self, shape: Shape) -> Forms:
        """Everything but the papers, for which there are holes: `paper_0`, and `trending_0` for what trends besides."""
        if shape not in self._frames:
            self._frames[shape] = self._forms(self.compiled.text, self.compiled.html, self._framed(shape))
        return self._frames[shape]

    def filled(self, papers: Iterable[tuple[Card, Reason]], *, carded: int, feedback: Encoded) -> list[Encoded]:
        """A reader's papers, of which the first `carded` have a card of their own.

        `feedback` is the reader's link to say what they think of a paper.
        """
        found, role = list[Encoded](), "lead"
        told, shown, texts = {"feedback": feedback.text}, {"feedback": feedback.html}, dict[str, str]()
        for number, (card, reason) in enumerate(papers, 1):
            paper = self._papers.get(id(card)) or self._kept(card)
            text, html = paper.forms.get(role) or self._formed(paper, role)
            told["number"], told["paper"] = _numbered(number)
            shown["number"] = shown["paper"] = told["paper"]
            shown["summary"], marked = paper.summaries.get(reason.terms) or self._summary(paper, reason.terms)
            if paper.leads and reason.kind is _TRENDING:
                said = self._leads
            else:
                said = self._said[marked].get(reason[:2]) or self._why(reason, marked=marked)
            texts["why_text"], told["why_text"], shown["why"] = said
            found.append(Encoded(text.filled(told, texts), html.filled(shown, texts)))
            role = "card" if number < carded else "other"
        return found

    def trending(self, number: int) -> Encoded:
        """One of the papers that trend, counted from 0, as it stands under the reader's own."""
        if number not in self._trending:
            paper = self.printed.trending[number]
            upvotes = paper["upvotes"]
            label = upvote_label(self.language, upvotes)
            shown = {**paper, "upvotes": self.language.number(upvotes), "label": label}
            text, html = self.compiled.text_pieces["trending"], self.compiled.pieces["trending"]
            forms = self._forms(text, html, self._context | {"paper": shown})
            self._trending[number] = Encoded(forms.text.filled({}, {}), forms.html.filled({}, {}))
        return self._trending[number]

    def _forms(self, text: str, html: str, context: Mapping[str, object]) -> Forms:
        return Forms(form_of(rendered("text", text, context)), form_of(rendered("HTML", html, context)))

    def _kept(self, card: Card) -> _Paper:
        leads = bool(card.url and card.upvotes and card.url == self.printed.top.get("url"))
        paper = self._papers[id(card)] = _Paper(card, leads=leads)
        return paper

    def _formed(self, paper: _Paper, role: str) -> Forms:
        text, html = self.compiled.text_pieces, self.compiled.pieces
        context = self._context | {"entry": _entry(self.language, paper.card)}
        forms = paper.forms[role] = self._forms(text["card"] if role == "lead" else text[role], html[role], context)
        return forms

    def _summary(self, paper: _Paper, terms: tuple[str, ...]) -> tuple[bytes, bool]:
        """The summary with its marks, and whether there are any."""
        self._summaries += 1
        if self._summaries > MOST_KEPT:
            self._summaries = 1
            for one in self._papers.values():
                one.summaries.clear()
        summary, marked = mark(paper.card.summary, terms)
        found = paper.summaries[terms] = quoted(cleaned(str(summary))), marked
        return found

    def _why(self, reason: Reason, *, marked: bool) -> Said:
        """The reason in words."""
        known = self._said[marked]
        if len(known) >= MOST_KEPT:
            known.clear()
        html, text = why(self.language, reason, marked=marked)
        said = known[reason[:2]] = _said(text, html)
        return said

    def _framed(self, shape: Shape) -> dict[str, object]:
        """All that `templates/edition` asks for, but the papers; what differs between readers is a hole."""
        language, printed = self.language, self.printed
        papers = [Hole(f"paper_{at}") for at in range(shape.cards + shape.others)]
        return self._context | {
            "subject": Hole("subject"),
            "preheader": Hole("preheader"),
            "date": words.edition_date(language, printed.cadence, printed.due_on),
            "opening": {
                "text": Hole("opening"),
                "parts": [(Hole(f"opening_{at}"), part) for at, part in enumerate(shape.opening)],
            },
            "pieces": {
                "lead": papers[:1],
                "cards": papers[1 : shape.cards],
                "others": papers[shape.cards :],
                "trending": [Hole(f"trending_{at}") for at in range(shape.trending)],
            },
            "moved": language.ngettext(*_MOVED, shape.moved) if shape.moved else "",
            "has_generated": bool(shape.generated),
            "all_generated": shape.generated == "all",
            "all_papers": {
                "url": printed.trending_url,
                "text": language.ngettext(*_ALL[printed.period], max(printed.count, 1)),
            },
            "reader": {"address": Hole("address")},
            "when": Hole("when"),
            "confirmed_on": Hole("confirmed_on"),
            "links": {name: Hole(name) for name in ("unsubscribe", "view", "preferences", "pause")},
        }


_MOVED = NN_("%(count)s more paper for you is on the web page", "%(count)s more papers for you are on the web page")

_ALL = {
    "day": NN_("All papers of the day", "All %(count)s papers of the day"),
    "week": NN_("All papers of the week", "All %(count)s papers of the week"),
    "month": NN_("All papers of the month", "All %(count)s papers of the month"),
}

_MOST_UPVOTED = {
    "day": N_("trending, most upvoted of the day"),
    "week": N_("trending, most upvoted of the week"),
    "month": N_("trending, most upvoted of the month"),
}

_TRENDING = ReasonKind.TRENDING


@lru_cache(maxsize=64)
def _numbered(number: int) -> tuple[bytes, bytes]:
    """A paper's number as it stands before its title, where those of two digits align, and in its links."""
    return quoted(f"{number:2}"), quoted(str(number))


def _said(text: str, html: Markup) -> Said:
    return Said(cleaned(text), quoted(cleaned(text)), quoted(cleaned(str(html))))


def _entry(language: Language, card: Card) -> Entry:
    wanted = f"{Hole('feedback')}?paper={Hole('paper')}&want="
    return Entry(
        card=card,
        figures=figures(language, card),
        number=Hole("number"),
        summary=Hole("summary"),
        why=Hole("why"),
        why_text=Hole("why_text"),
        more_url=f"{wanted}more",
        less_url=f"{wanted}less",
    )
