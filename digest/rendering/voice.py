"""What a reason puts into a paper: the sentence that says it, and the summary with its marks, as quoted-printable."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from markupsafe import Markup, escape

from digest.model import Reason, ReasonKind
from digest.quoted import quoted
from digest.rendering.cards import Card
from digest.rendering.forms import Form, cleaned
from digest.rendering.language import Language
from digest.rendering.marks import mark, why

MOST_KEPT = 50_000
"""Summaries with their marks, of some 500 bytes each, and reasons in words: the last used of each."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Placed:
    """A paper where it stands in an edition; `leads` is whether it is the most upvoted of its period."""

    card: Card
    leads: bool
    text: Form
    html: Form


class Said(NamedTuple):
    """A reason in words, plain and encoded for both parts."""

    plain: str
    text: bytes
    html: bytes


class Voice:
    """Reasons in the words of a language; `leads` is what is said of a paper that leads."""

    def __init__(self, language: Language, *, leads: str) -> None:
        self._language = language
        self._leads = _said(leads, escape(leads))
        self._summary = lru_cache(maxsize=MOST_KEPT)(_summary)
        self._why = lru_cache(maxsize=MOST_KEPT)(_why)

    def of(self, placed: Placed, reason: Reason) -> tuple[bytes, Said]:
        """The paper's summary, as HTML, with the reason's marks, and the reason itself."""
        summary, marked = self._summary(placed.card.summary, reason.terms)
        if placed.leads and reason.kind is ReasonKind.TRENDING:
            return summary, self._leads
        return summary, self._why(self._language, reason.kind, reason.interest, marked)


def _summary(summary: str, terms: tuple[str, ...]) -> tuple[bytes, bool]:
    """The summary with its marks, and whether there are any."""
    told, marked = mark(summary, terms)
    return quoted(cleaned(str(told))), marked


def _why(language: Language, kind: ReasonKind, interest: str, marked: bool) -> Said:
    html, text = why(language, Reason(kind, interest), marked=marked)
    return _said(text, html)


def _said(text: str, html: Markup) -> Said:
    return Said(cleaned(text), quoted(cleaned(text)), quoted(cleaned(str(html))))
