"""The marker: a swipe over the words that match what a reader follows. Never used for anything else."""

import re
from collections.abc import Sequence
from functools import lru_cache

from markupsafe import Markup, escape

from digest.model import Reason, ReasonKind
from digest.rendering.language import Language
from digest.rendering.words import N_

MOST_MARKS = 3
LIKED = N_("papers you named or liked")
_OPEN = Markup('<span class="m" style="background-color:#FBD5E1;color:#15232A;padding:1px 0">')
_CLOSE = Markup("</span>")


def mark(summary: str, terms: Sequence[str]) -> tuple[Markup, bool]:
    """The summary as HTML with at most three of the terms marked, each once, and whether any was.

    Terms match as whole words in any case and with any spacing; the longest wins where two begin
    at the same place, and marks never overlap.
    """
    return _mark(summary, tuple(terms))


def swipe(words: str) -> Markup:
    """Words as HTML under the marker."""
    return _OPEN + escape(words) + _CLOSE


def why(language: Language, reason: Reason, *, marked: bool) -> tuple[Markup, str]:
    """The reason in words, as HTML and as text.

    What the reader follows is marked here only where nothing was marked in the summary.
    """
    before, after = language.around(_SENTENCES[reason.kind])
    interest = interest_of(language, reason)
    shown = escape(interest) if marked or not interest else swipe(interest)
    return escape(before) + shown + escape(after), before + interest + after


def interest_of(language: Language, reason: Reason) -> str:
    """What the reader follows: their own words, or what is said of the papers that they liked."""
    if reason.kind is ReasonKind.TRENDING:
        return ""
    likes = reason.kind is ReasonKind.LIKED or (reason.kind is ReasonKind.MISSED and not reason.interest)
    return language.gettext(LIKED) if likes else reason.interest


_SENTENCES = {
    ReasonKind.TOPIC: N_("matches %s"),
    ReasonKind.LIKED: N_("matches %s"),
    ReasonKind.MISSED: N_("you may have missed this, it has risen since: %s"),
    ReasonKind.CATEGORY: N_("new in %s, which you follow"),
    ReasonKind.AUTHOR: N_("you follow %s"),
    ReasonKind.TRENDING: N_("trending"),
}


@lru_cache(maxsize=8192)
def _mark(summary: str, terms: tuple[str, ...]) -> tuple[Markup, bool]:
    pattern = _pattern(terms)
    if pattern is None:
        return escape(summary), False
    pieces, position, seen = [], 0, set[str]()
    for found in pattern.finditer(summary):
        words = " ".join(found[0].casefold().split())
        if words in seen or len(seen) == MOST_MARKS:
            continue
        seen.add(words)
        pieces += [escape(summary[position : found.start()]), swipe(found[0])]
        position = found.end()
    return Markup("").join([*pieces, escape(summary[position:])]), bool(seen)


@lru_cache(maxsize=4096)
def _pattern(terms: tuple[str, ...]) -> re.Pattern[str] | None:
    words = sorted((term.split() for term in terms if term.strip()), key=lambda found: -len(" ".join(found)))
    if not words:
        return None
    alternatives = "|".join(r"\s+".join(map(re.escape, found)) for found in words)
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", re.IGNORECASE)
