"""Texts -> features: stemmed words and bigrams, counted; and the words as they stood on the page."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise
from threading import Lock
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

TITLE_WEIGHT = 3

# Letters and digits of any script; the hyphen, dot and plus split words, as in "few-step".
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_BREAK = re.compile(r"[.!?;:,()\[\]\n]")

STOP_WORDS = frozenset(
    """
    a about above after again against all also although always am an and any are as at be because been before
    being below between both but by can cannot could did do does doing done down during each either etc ever
    every few for from further had has have having he hence her here hers him his how however i if in into is it
    its itself just may me might more most much must my neither no nor not now of off often on once only onto or
    other our ours out over own per quite rather same shall she should since so some still such than that the
    their theirs them then there thereby these they this those though through thus to too toward towards under
    until up upon us use used using very via was we well were what when where whereas whether which while who
    whom whose why will with within without would yet you your yours
    """.split()
)

_stemming = Lock()


def stem(word: str) -> str:
    """The stem of a lower-case English word (Snowball); other scripts come back as they are."""
    # A stemmer has a state: two threads at once would get one another's words.
    with _stemming:
        return str(_stemmer().stemWord(word))


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    # Imported here: most commands read no text. What it would remember by itself, `_read` does.
    from Stemmer import Stemmer

    return Stemmer("english", 0)


# The same words stand in all texts, and most of them are read several times.
@lru_cache(maxsize=200_000)
def _read(word: str) -> str:
    """The stem of a word as it stands in a text; empty for a stop word."""
    lower = word.casefold().replace("’", "'")
    return "" if lower in STOP_WORDS else stem(lower.removesuffix("'s"))


class Word(NamedTuple):
    """A word's stem, and where in the text the word stands; `follows` is whether its sentence goes on from the last."""

    stem: str
    start: int
    end: int
    follows: bool


def words(text: str) -> Iterator[Word]:
    """The words of a text that are not stop words."""
    end, follows = 0, False
    for match in _WORD.finditer(text):
        start, stop = match.span()
        # Most words stand one space apart.
        if follows and text[end:start] != " " and _BREAK.search(text, end, start):
            follows = False
        end = stop
        if read := _read(match[0]):
            yield Word(read, start, end, follows)
            follows = True


def features(text: str) -> Counter[str]:
    """How often each stem, and each pair of stems that follow one another in a sentence, stands in a text."""
    found = list(words(text))
    bigrams = [f"{first.stem} {second.stem}" for first, second in pairwise(found) if second.follows]
    return Counter([*[word.stem for word in found], *bigrams])


def paper_features(title: str, abstract: str) -> Counter[str]:
    """A paper's features; those of the title count three times."""
    counted = features(abstract)
    for feature, count in features(title).items():
        counted[feature] += TITLE_WEIGHT * count
    return counted


@dataclass(frozen=True, slots=True)
class Bag:
    """A text's features: (n,) their numbers in ascending order, and (n,) how often each stands in it, at most 255."""

    numbers: NDArray[np.uint64]
    counts: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.numbers)


@dataclass(frozen=True, slots=True)
class Bags:
    """Bags, one after the other: all their numbers and counts, and (n,) how many features each has."""

    numbers: NDArray[np.uint64]
    counts: NDArray[np.uint8]
    sizes: NDArray[np.intp]

    def words(self) -> Self:
        """Their words alone, each once."""
        is_word = self.numbers & np.uint64(1) == 0
        rows = np.repeat(np.arange(len(self.sizes)), self.sizes)[is_word]
        return type(self)(
            self.numbers[is_word], np.ones(len(rows), np.uint8), np.bincount(rows, minlength=len(self.sizes))
        )


def joined(bags: Sequence[Bag]) -> Bags:
    """These bags, one after the other."""
    return Bags(
        np.concatenate([np.empty(0, np.uint64), *(one.numbers for one in bags)]),
        np.concatenate([np.empty(0, np.uint8), *(one.counts for one in bags)]),
        np.array([len(one) for one in bags], dtype=np.intp),
    )


def number(feature: str) -> int:
    """A feature's number: 63 bits of its hash, and whether it is a bigram in the lowest."""
    hashed = int.from_bytes(blake2b(feature.encode(), digest_size=8).digest(), "little")
    return hashed & ~1 | (" " in feature)


def bag(counted: Mapping[str, int]) -> Bag:
    """Counted features as numbers."""
    told = sorted([(number(feature), min(count, 255)) for feature, count in counted.items()])
    return Bag(
        np.array([feature for feature, _ in told], dtype=np.uint64), np.array([n for _, n in told], dtype=np.uint8)
    )


def paper_bag(title: str, abstract: str) -> Bag:
    """A paper's features as numbers."""
    return bag(paper_features(title, abstract))


@lru_cache(maxsize=1000)
def topic_bag(topic: str) -> Bag:
    """A topic's features as numbers."""
    return bag(topic_features(topic))


@lru_cache(maxsize=20_000)
def topic_features(topic: str) -> Mapping[str, int]:
    """The features of a topic by name, counted."""
    return dict(features(topic))


def pack_bag(one: Bag) -> bytes:
    """Nine bytes a feature, for the store."""
    return one.numbers.tobytes() + one.counts.tobytes()


def unpack_bag(content: bytes) -> Bag:
    """What `pack_bag` packed."""
    size = len(content) // 9
    return Bag(
        np.frombuffer(content, dtype=np.uint64, count=size), np.frombuffer(content, dtype=np.uint8, offset=8 * size)
    )


def surface_forms(text: str) -> dict[str, str]:
    """Each feature of the text, as it stands there first."""
    found: dict[str, str] = {}
    last, begun = "", 0
    for stemmed, start, end, follows in words(text):
        found.setdefault(stemmed, text[start:end])
        if follows:
            found.setdefault(f"{last} {stemmed}", text[begun:end])
        last, begun = stemmed, start
    return found
