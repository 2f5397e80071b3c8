"""Texts -> features: stemmed words and bigrams, and the words as they stood on the page."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

import snowballstemmer

TITLE_WEIGHT = 3

# Letters and digits of any script; the hyphen, dot and plus split words, as in "few-step".
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")

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

_stemmer = snowballstemmer.stemmer("english")


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """The stem of a lower-case English word (Snowball); other scripts come back as they are."""
    return str(_stemmer.stemWord(word))


def words(text: str) -> Iterator[tuple[str, int, int]]:
    """The stems of a text's words without stop words, each with where its word begins and ends."""
    for match in _WORD.finditer(text):
        word = match.group().casefold().replace("’", "'")
        if word not in STOP_WORDS:
            yield stem(word.removesuffix("'s")), match.start(), match.end()


def features(text: str) -> Counter[str]:
    """How often each stem, and each pair of stems that follow one another, stands in a text."""
    stems = [word for word, _, _ in words(text)]
    return Counter([*stems, *pairs(stems)])


def pairs(stems: list[str]) -> Iterator[str]:
    """Bigrams, as features."""
    return (f"{first} {second}" for first, second in pairwise(stems))


def paper_features(title: str, abstract: str) -> Counter[str]:
    """A paper's features; those of the title count three times."""
    counted = features(abstract)
    for feature, count in features(title).items():
        counted[feature] += TITLE_WEIGHT * count
    return counted


def surface_forms(text: str, wanted: Iterable[str]) -> dict[str, str]:
    """For each wanted feature that stands in the text, the words as they stand there first."""
    missing = set(wanted)
    found: dict[str, str] = {}
    last: tuple[str, int, int] | None = None
    for word in words(text):
        here = [(word[0], word[1])]
        if last is not None:
            here.append((f"{last[0]} {word[0]}", last[1]))
        for feature, start in here:
            if feature in missing:
                missing.discard(feature)
                found[feature] = text[start : word[2]]
        last = word
    return found
