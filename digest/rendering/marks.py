"""The marker: a swipe over the words that match what a reader follows. Never used for anything else."""

from collections.abc import Iterator, Sequence

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
    text = " ".join(summary.split())
    if not (found := _found(text, terms)):
        return escape(text), False
    pieces, position = list[str](), 0
    for start, end in found:
        pieces += [escape(text[position:start]), _OPEN, escape(text[start:end]), _CLOSE]
        position = end
    # As plain strings: markup escapes what it is joined with once more, at three times the cost.
    return Markup("".join([*pieces, escape(text[position:])])), True  # noqa: S704 -- every piece is escaped


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
    told = "".join([escape(before), shown, escape(after)])
    return Markup(told), before + interest + after  # noqa: S704 -- every piece is escaped


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


def _found(text: str, terms: Sequence[str]) -> list[tuple[int, int]]:
    """Where the first three terms stand, in their order. A pattern of them takes twenty times as long."""
    lowered = text.lower()
    if len(lowered) != len(text):
        # A letter that is two in lower case would move all that follow.
        lowered = text
    wanted = {" ".join(term.lower().split()) for term in terms} - {""}
    places = sorted((start, -len(term)) for term in wanted for start in _places(lowered, term))
    found, said, end = list[tuple[int, int]](), set[str](), 0
    for start, length in places:
        term = lowered[start : start - length]
        if start >= end and term not in said and len(found) < MOST_MARKS:
            end = start - length
            found.append((start, end))
            said.add(term)
    return found


def _places(text: str, term: str) -> Iterator[int]:
    start = text.find(term)
    while start >= 0:
        if not _in_word(text[start - 1 : start]) and not _in_word(text[start + len(term) : start + len(term) + 1]):
            yield start
        start = text.find(term, start + 1)


def _in_word(character: str) -> bool:
    return character.isalnum() or character == "_"
