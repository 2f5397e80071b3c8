"""The one sentence of an abstract that tells best what its paper does, for papers whose source has no summary."""

import re
from collections import Counter
from collections.abc import Mapping
from itertools import chain
from math import sqrt

from digest.ranking.features import words
from digest.text import sentences

# Least squares of the ROUGE-L of single sentences with the summaries that a source wrote, over papers
# of even arXiv ids, in units of TITLE and rounded; `./run bench summary` tells what they give on the others.
TITLE = 1.0
"""For the share of the title's words that stand in the sentence: it is about what the paper is called after."""
CUE = 0.8
"""For "we propose" and its like: what is new, neither why it was needed nor how well it went."""
CENTRE = 3.0
"""For the cosine with the whole abstract, which differs little from one sentence to the next."""
POSITION = -0.3
"""For the share of the sentences that come before: results and links stand last."""
LENGTH = -0.2
"""For every hundred characters: the longer shares more words with anything, and is cut where it is shown."""

_CUE = re.compile(
    r"\b(?:we|paper|work|study|report|article)(?: \w+ly| also| then| first| hereby)? "
    r"(?:propose|introduce|present|develop|describe)s?\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[(\[]?\d{1,2}[.)\]]+\s+(?=[^\W\d_a-z])")
"""Before a sentence's first letter it is the place in a list that is not shown."""


def best_sentence(title: str, abstract: str) -> str:
    """The sentence as it stands in the abstract but for its number, empty where there is none; of equals the first."""
    found = sentences(abstract)
    if len(found) < 2:
        return "".join(found)
    titled = {word.stem for word in words(title)}
    stems = [[word.stem for word in words(sentence)] for sentence in found]
    whole = Counter(chain.from_iterable(stems))
    length = _length(whole)

    def score(position: int) -> float:
        sentence, own = found[position], stems[position]
        return (
            TITLE * len(titled.intersection(own)) / (len(titled) or 1)
            + CUE * bool(_CUE.search(sentence))
            + CENTRE * (sum(whole[stem] for stem in own) / (_length(Counter(own)) * length))
            + POSITION * position / len(found)
            + LENGTH * len(sentence) / 100
        )

    best = found[max(range(len(found)), key=score)]
    numbered = _NUMBER.match(best)
    return best[numbered.end() :] if numbered else best


def _length(counts: Mapping[str, int]) -> float:
    return sqrt(sum(count * count for count in counts.values())) or 1.0
