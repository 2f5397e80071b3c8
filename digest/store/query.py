"""What somebody typed into a search box, as terms; and where those stand in a text.

Whatever is typed means something: words are all wanted, `"quoted words"` in that order,
`-excluded` ones not at all, and `prefix*` begins a word. There are no operators, so nothing in a
query can be wrong. Signs within a word part it: `few-step` is the phrase of its two words.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MOST_CHARACTERS = 2000
MOST_TERMS = 32
MOST_WORDS = 64
MOST_OF_A_WORD = 100

Range = tuple[int, int]
Stem = Callable[[str], str]

# The words that PostgreSQL's English configuration leaves out; left out here, both databases find the same.
STOP_WORDS = frozenset(
    """a about above after again against all am an and any are as at be because been before being below between both
    but by can did do does doing don down during each few for from further had has have having he her here hers
    herself him himself his how i if in into is it its itself just me more most my myself no nor not now of off on
    once only or other our ours ourselves out over own s same she should so some such t than that the their theirs
    them themselves then there these they this those through to too under until up very was we were what when where
    which while who whom why will with you your yours yourself yourselves""".split()
)

_TERM = re.compile(r'(?P<minus>(?<!\S)-)?(?:"(?P<phrase>[^"]*)(?:"|$)|(?P<word>[^\s"]+))')
_WORD = re.compile(r"[^\W_]+")
_WORD_IN_TEXT = re.compile("(?:[^\\W_][\u0300-\u036f]*)+")
_ACCENT = re.compile("[\u0300-\u036f]")
_QUOTES = str.maketrans("“”„«»", '"' * 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Words that must stand one after the other, or must not; the last may be the beginning of one."""

    words: tuple[str, ...]
    is_excluded: bool = False
    is_prefix: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A text, and where in it are the words that were looked for: (start, end) in order, apart."""

    text: str
    marks: tuple[Range, ...] = ()


def parse(query: str) -> tuple[Term, ...]:
    """The terms of a query, without those of stop words alone; none where no word is wanted."""
    terms: list[Term] = []
    room = MOST_WORDS
    for found in _TERM.finditer(_bare(query[:MOST_CHARACTERS]).translate(_QUOTES)):
        typed = found["word"] or ""
        words = tuple(word[:MOST_OF_A_WORD] for word in _WORD.findall(found["phrase"] or typed))
        if all(word.lower() in STOP_WORDS for word in words):
            continue
        room -= len(words)
        if room < 0 or len(terms) == MOST_TERMS:
            break
        terms.append(Term(words=words, is_excluded=bool(found["minus"]), is_prefix=typed.endswith("*")))
    return tuple(terms) if any(not term.is_excluded for term in terms) else ()


def marks(text: str, terms: Sequence[Term], *, stem: Stem) -> tuple[Range, ...]:
    """Where the wanted terms stand in a text, as the database's stemmer compares words."""
    places = [match.span() for match in _WORD_IN_TEXT.finditer(text)]
    words = [_bare(text[start:end]).lower() for start, end in places]
    found: list[Range] = []
    for term in terms:
        if not term.is_excluded:
            starts = _starts(words, term, stem)
            found += [(places[at][0], places[at + len(term.words) - 1][1]) for at in starts]
    return _apart(found)


def excerpt(text: str, terms: Sequence[Term], *, stem: Stem, limit: int) -> Marked:
    """The part of a text, of about `limit` characters, that holds most of the terms."""
    found = marks(text, terms, stem=stem)
    if len(text) <= limit:
        return Marked(text=text, marks=found)
    start = _best_start(text, found, limit)
    end = len(text) if start + limit >= len(text) else max(text.rfind(" ", start, start + limit), start + limit // 2)
    shown = ("… " if start else "") + text[start:end].strip() + ("" if end == len(text) else " …")
    return Marked(text=shown, marks=marks(shown, terms, stem=stem))


def _bare(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", _ACCENT.sub("", apart))


def _starts(words: Sequence[str], term: Term, stem: Stem) -> list[int]:
    wanted = [word.lower() for word in term.words]
    stems = [stem(word) for word in wanted]

    def fits(at: int, place: int) -> bool:
        word, want = words[at], wanted[place]
        # Nearly every word of a text is told apart by its first letters; stemming costs a hundred times as much.
        if word[: len(want)][:2] != want[:2]:
            return False
        if term.is_prefix and place == len(wanted) - 1:
            return word.startswith(want) or stem(word).startswith(stems[place])
        return word == want or stem(word) == stems[place]

    last = len(words) - len(wanted)
    return [at for at in range(last + 1) if all(fits(at + place, place) for place in range(len(wanted)))]


def _apart(ranges: Sequence[Range]) -> tuple[Range, ...]:
    merged: list[Range] = []
    for start, end in sorted(ranges):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _best_start(text: str, found: Sequence[Range], limit: int) -> int:
    """Where the window begins that shows the most different marked words; a little before the first of them."""
    best, most = 0, 0
    for start, _ in found:
        window = range(start, start + limit * 3 // 4)
        shown = len({text[a:b].lower() for a, b in found if a in window and b - 1 in window})
        if shown > most:
            best, most = start, shown
    if best + limit <= len(text) and best < limit // 4:
        return 0
    before = max(0, min(best - limit // 8, len(text) - limit))
    return 0 if before == 0 else min(text.find(" ", before) + 1, best)
