"""How near the sentence taken from an abstract comes to a written summary. Prints a table.

    ./run bench summary

The papers are those for which Hugging Face has a summary (`ai_summary`); every text is cleaned as
collect does it. ROUGE (Lin 2004) over lower-case words (letters and digits of any script), stemmed
with Snowball: F1 of the words (1), of the pairs of successive words (2), counted at most as often
as they stand in both, and of the longest common subsequence (L); 100 times the mean over papers.
The weights were fitted on even ids. The aim: ROUGE-L of 29 or more on the odd ones.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log
from typing import TypeAlias

import numpy as np
from evidence import interval, json_lines

from digest.ranking.features import stem, words
from digest.ranking.summary import best_sentence
from digest.text import clean, sentences

TURNS, DAMPING = 30, 0.85

Scores: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    id: str
    title: str
    abstract: str
    sentences: Sequence[str]
    summary: Sequence[str]


def main() -> None:
    cases = [
        Case(
            id=row["id"],
            title=clean(row["title"]),
            abstract=(abstract := clean(row["summary"])),
            sentences=sentences(abstract),
            summary=stems(clean(row["ai_summary"])),
        )
        for row in json_lines("huggingface/corpus.jsonl.gz")
        if row["ai_summary"]
    ]
    ways: dict[str, Callable[[Case], str]] = {
        "lead sentence": lambda case: case.sentences[0],
        "TextRank": lambda case: text_rank(case.sentences),
        "ours": lambda case: best_sentence(case.title, case.abstract),
        "best possible (by ROUGE-L)": lambda case: max(case.sentences, key=lambda one: rouge(one, case.summary)[2]),
    }
    halves = {"all": cases, "odd": [case for case in cases if int(case.id[-1]) % 2]}
    for half, chosen in halves.items():
        print(f"{f'{len(chosen):,} papers, {half} ids':<30} {'R-1':>5} {'R-2':>5} {'R-L':>5}  95 % interval of R-L")
        for name, way in ways.items():
            tell(name, [rouge(way(case), case.summary) for case in chosen])


def tell(name: str, scores: Sequence[Scores]) -> None:
    one, two, longest = (100 * float(np.mean(column)) for column in zip(*scores, strict=True))
    low, high = interval([100 * score[2] for score in scores])
    print(f"{name:<30} {one:5.1f} {two:5.1f} {longest:5.1f}  {low:.1f} to {high:.1f}")


def rouge(sentence: str, summary: Sequence[str]) -> Scores:
    said = stems(sentence)
    singles = Counter(said) & Counter(summary)
    pairs = Counter(pairwise(said)) & Counter(pairwise(summary))
    return (
        f1(singles.total(), len(said), len(summary)),
        f1(pairs.total(), len(said) - 1, len(summary) - 1),
        f1(longest_common(said, summary), len(said), len(summary)),
    )


def stems(text: str) -> list[str]:
    return [stem(word) for word in re.findall(r"[^\W_]+", text.lower())]


def f1(shared: int, first: int, second: int) -> float:
    return 2 * shared / (first + second) if shared else 0.0


def longest_common(first: Sequence[str], second: Sequence[str]) -> int:
    """The length of the longest common subsequence, by rows of bits (Hyyrö 2004)."""
    places: Counter[str] = Counter()
    for position, word in enumerate(first):
        places[word] |= 1 << position
    row = 0
    for word in second:
        both = row | places[word]
        row = both & ((both - ((row << 1) | 1)) ^ both)
    return row.bit_count()


def text_rank(found: Sequence[str]) -> str:
    """The sentence that a walk along shared words comes to most often (Mihalcea and Tarau 2004)."""
    bags = [{word.stem for word in words(sentence)} for sentence in found]
    sizes = [log(max(len(bag), 2)) for bag in bags]
    likeness = np.array(
        [
            [len(a & b) / (n + m) * (a is not b) for b, m in zip(bags, sizes, strict=True)]
            for a, n in zip(bags, sizes, strict=True)
        ]
    )
    moves = likeness / np.maximum(likeness.sum(axis=1, keepdims=True), 1e-9)
    rank = np.ones(len(found))
    for _ in range(TURNS):
        rank = (1 - DAMPING) + DAMPING * rank @ moves
    return found[int(rank.argmax())]


if __name__ == "__main__":
    main()
