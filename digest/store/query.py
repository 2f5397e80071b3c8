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
    for found in _TERM.finditer(bare(query[:MOST_CHARACTERS]).translate(_QUOTES)):
        typed = found["word"] or ""
        words = tuple(word[:MOST_OF_A_WORD] for word in _WORD.findall(found["phrase"] or typed))
        if all(word.lower() in STOP_WORDS for word in words):
            continue
        room -= len(words)
        if room < 0 or len(terms) == MOST_TERMS:
            break
        terms.append(Term(words=words, is_excluded=bool(found["minus"]), is_prefix=typed.endswith("*")))
    return tuple(terms) if any(not term.is_excluded for term in terms) else ()


class Marker:
    """Finds where the wanted terms stand in texts, comparing words as the database's stemmer does."""

    def __init__(self, terms: Sequence[Term], *, stem: Stem) -> None:
        self._terms = [
            (tuple(word.lower() for word in term.words), term.is_prefix) for term in terms if not term.is_excluded
        ]
        self._stem = stem
        # Only words that begin like a term's first are looked at: stemming every word of twenty abstracts takes 20 ms.
        begin = sorted({re.escape(_beginning(words[0])) for words, _ in self._terms})
        self._likely = re.compile(rf"(?<![^\W_])(?:{'|'.join(begin)})[^\W_]*")

    def marks(self, text: str) -> tuple[Range, ...]:
        """Where the terms stand in a text, in order, apart."""
        if not self._terms:
            return ()
        letters = text.lower() if text.isascii() else text.translate(_BARE_LETTERS)
        ends = ((at.start(), self._end(letters, at.group(), at.end())) for at in self._likely.finditer(letters))
        found = [(start, end) for start, end in ends if end]
        return _apart(found if len(letters) == len(text) else _placed(found, text))

    def excerpt(self, text: str, *, limit: int) -> Marked:
        """The part of a text, of at most about `limit` characters, that holds most of the terms."""
        found = self.marks(text)
        if len(text) <= limit:
            return Marked(text=text, marks=found)
        start = _best_start(text, found, limit)
        end = (
            len(text) if start + limit >= len(text) else max(text.rfind(" ", start, start + limit), start + limit // 2)
        )
        before, after = "… " if start else "", "" if end == len(text) else " …"
        moved = len(before) - start
        inside = tuple((a + moved, b + moved) for a, b in found if a >= start and b <= end)
        return Marked(text=before + text[start:end] + after, marks=inside)

    def _end(self, letters: str, first: str, first_end: int) -> int:
        """Where the longest term ends that begins with this word; 0 where none does."""
        return max(self._end_of(letters, first, first_end, *term) for term in self._terms)

    def _end_of(self, letters: str, first: str, end: int, words: tuple[str, ...], is_prefix: bool) -> int:
        last = len(words) - 1
        if not self._fits(first, words[0], is_prefix=is_prefix and last == 0):
            return 0
        for place, want in enumerate(words[1:], start=1):
            following = _WORD.search(letters, end)
            if following is None or not self._fits(following.group(), want, is_prefix=is_prefix and place == last):
                return 0
            end = following.end()
        return end

    def _fits(self, word: str, want: str, *, is_prefix: bool) -> bool:
        if word[:1] != want[:1]:
            return False
        if is_prefix:
            return word.startswith(want) or self._stem(word).startswith(self._stem(want))
        return word == want or self._stem(word) == self._stem(want)


def _beginning(word: str) -> str:
    """What a word shares with its other forms, as with tie and ties."""
    return word[:3] if len(word) > 4 else word[:2]


def bare(text: str) -> str:
    """A text as its words are compared: without accents, and with plain letters for x², ﬁ and the like."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize("NFC", _ACCENT.sub("", apart))


class _BareLetters(dict[int, str]):
    """Every letter in lower case and bare: one or several, so a text that becomes no longer keeps its places."""

    def __missing__(self, letter: int) -> str:
        self[letter] = bare(chr(letter)).lower() or chr(letter)
        return self[letter]


_BARE_LETTERS = _BareLetters()


def _placed(ranges: Sequence[Range], text: str) -> list[Range]:
    """Ranges of a text's bare letters as ranges of the text."""
    places = [at for at, letter in enumerate(text) for _ in _BARE_LETTERS[ord(letter)]]
    return [(places[start], places[end - 1] + 1) for start, end in ranges]


def _apart(ranges: Sequence[Range]) -> tuple[Range, ...]:
    merged: list[Range] = []
    for start, end in ranges:
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
