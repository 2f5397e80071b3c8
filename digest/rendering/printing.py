"""What all messages of an edition share in one language: templates filled once, but for their holes.

What a paper looks like is worked out once, and why it suits an interest once for that interest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from digest.model import Reason
from digest.quoted import quoted
from digest.rendering import words
from digest.rendering.cards import Card, Figures, figures, upvote_label
from digest.rendering.edition import Printed
from digest.rendering.filling import rendered
from digest.rendering.forms import Form, Hole, Line, form_of
from digest.rendering.language import Language
from digest.rendering.site import Site, colours
from digest.rendering.templates import Compiled
from digest.rendering.voice import Placed, Voice
from digest.rendering.words import N_, NN_


class Encoded(NamedTuple):
    """The same for both parts of a message, as quoted-printable."""

    text: bytes
    html: bytes


class Forms(NamedTuple):
    """The same of both parts of a message, with holes."""

    text: Form
    html: Form


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


_TOLD, _SHOWN = ("feedback", "number", "paper", "why_text"), ("feedback", "number", "paper", "why", "summary")
"""What is put into the text and the HTML of a paper."""

AROUND = tuple("subject preheader opening when confirmed_on address unsubscribe view preferences pause".split())
"""What is put around the papers, before the parts of the opening, the papers and what trends besides."""


class Printing:
    """What the messages of an edition share."""

    def __init__(self, compiled: Compiled, *, language: Language, site: Site, printed: Printed) -> None:
        self.compiled, self.language, self.site, self.printed = compiled, language, site, printed
        self._context: dict[str, object] = {"site": site, "colours": colours(site.accent)}
        self._placed: dict[tuple[int, str], Placed] = {}
        self._frames: dict[Shape, Forms] = {}
        self._trending: dict[int, Encoded] = {}
        self._subject = Line(rendered("subject", compiled.subject, self._context | {"subject": Hole("subject")}))
        self._voice = Voice(language, leads=language.gettext(_MOST_UPVOTED[printed.period]))

    def subject(self, subject: str) -> str:
        """The message's subject as its template has it."""
        return self._subject.filled({"subject": subject})

    def frame(self, shape: Shape) -> Forms:
        """Everything but the papers, for values in this order: AROUND, opening, papers, what trends besides."""
        if shape not in self._frames:
            around = [*AROUND, *(f"opening_{at}" for at in range(len(shape.opening)))]
            counts = {"paper": shape.cards + shape.others, "trending": shape.trending}
            names = [*around, *(f"{name}_{at}" for name, count in counts.items() for at in range(count))]
            self._frames[shape] = self._forms(
                self.compiled.text, self.compiled.html, self._framed(shape), told=names, shown=names, wrapped=around
            )
        return self._frames[shape]

    def filled(self, papers: Iterable[tuple[Card, Reason]], *, carded: int, feedback: Encoded) -> list[Encoded]:
        """A reader's papers, of which the first `carded` have a card of their own.

        `feedback` is the reader's link to say what they think of a paper.
        """
        found, role = list[Encoded](), "lead"
        for number, (card, reason) in enumerate(papers, 1):
            placed = self._placed.get((id(card), role)) or self._place(card, role)
            summary, said = self._voice.of(placed, reason)
            aligned, plain = _numbered(number)
            text = placed.text.filled((feedback.text, aligned, plain, said.text), {"why_text": said.plain})
            found.append(Encoded(text, placed.html.filled((feedback.html, plain, plain, said.html, summary))))
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
            self._trending[number] = Encoded(forms.text.filled(()), forms.html.filled(()))
        return self._trending[number]

    def _forms(
        self,
        text: str,
        html: str,
        context: Mapping[str, object],
        *,
        told: Sequence[str] = (),
        shown: Sequence[str] = (),
        wrapped: Sequence[str] = (),
    ) -> Forms:
        return Forms(
            form_of(rendered("text", text, context), told, wrapped=wrapped),
            form_of(rendered("HTML", html, context), shown),
        )

    def _place(self, card: Card, role: str) -> Placed:
        text, html = self.compiled.text_pieces, self.compiled.pieces
        context = self._context | {"entry": _entry(self.language, card)}
        told = text["card"] if role == "lead" else text[role]
        forms = self._forms(told, html[role], context, told=_TOLD, shown=_SHOWN, wrapped=("why_text",))
        leads = bool(card.url and card.upvotes and card.url == self.printed.top.get("url"))
        placed = self._placed[id(card), role] = Placed(card=card, leads=leads, text=forms.text, html=forms.html)
        return placed

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


@lru_cache(maxsize=64)
def _numbered(number: int) -> tuple[bytes, bytes]:
    """A paper's number as it stands before its title, where those of two digits align, and in its links."""
    return quoted(f"{number:2}"), quoted(str(number))


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
