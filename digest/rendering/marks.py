"""The marker: a swipe over the words that match what a reader follows. Never used for anything else."""

import re
from collections.abc import Sequence
from functools import lru_cache

from markupsafe import Markup, escape

from digest.model import Reason, ReasonKind

MOST_MARKS = 3
LIKED = "papers you named or liked"
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


def why(reason: Reason, *, marked: bool) -> tuple[Markup, str]:
    """The reason in words, as HTML and as text.

    What the reader follows is marked here only where nothing was marked in the summary.
    """
    before, interest, after = _sentence(reason)
    shown = escape(interest) if marked else swipe(interest)
    html = escape(before) + shown + escape(after) if interest else escape(before + after)
    return html, before + interest + after


def _sentence(reason: Reason) -> tuple[str, str, str]:
    match reason.kind:
        case ReasonKind.TOPIC:
            return "matches ", reason.interest, ""
        case ReasonKind.LIKED:
            return "matches ", LIKED, ""
        case ReasonKind.MISSED:
            return "you may have missed this, it has risen since: ", reason.interest or LIKED, ""
        case ReasonKind.CATEGORY:
            return "new in ", reason.interest, ", which you follow"
        case ReasonKind.AUTHOR:
            return "you follow ", reason.interest, ""
        case ReasonKind.TRENDING:
            return "trending", "", ""


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
