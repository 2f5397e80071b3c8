"""The papers to choose from, prepared once for everybody: features, weights, trend."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from math import log, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digest.model import Interest, InterestKind, Paper
from digest.ranking.background import Background
from digest.ranking.features import features, paper_features, surface_forms
from digest.ranking.trending import trend_scores
from digest.text import title_key

LEAST_COVERED = 0.6
LEAST_TITLED = 0.4
"""The shares of a topic's weight that a paper's words and its title's must cover, unless a phrase stands in it."""

MOST_TERMS = 3
MOST_REMEMBERED = 20_000
CATEGORY_FIT = 0.02
"""Below any topic's: a category says what may be read, a topic what is wanted."""


class Candidates:
    """Papers, ready to be scored against any number of topics.

    A topic matches a paper in which a phrase of it stands, or most of its words, those of weight in
    the title: words in passing do not make a paper's subject.
    """

    def __init__(self, papers: Sequence[Paper], *, background: Background, now: datetime) -> None:
        self.papers = tuple(papers)
        self.background = background
        self.now = now
        self._fits: dict[Interest, NDArray[np.float64]] = {}
        self._terms: dict[tuple[int, str], tuple[str, ...]] = {}
        self._counted = [paper_features(paper.title, paper.abstract) for paper in papers]
        self._lengths = np.array([_length(counted, background) for counted in self._counted])
        self._holding = _inverted(self._counted)
        self._titles = _inverted([features(paper.title) for paper in papers])

    @cached_property
    def trend(self) -> NDArray[np.float64]:
        """(papers,) the standardised trend."""
        return trend_scores(self.papers, now=self.now)

    @cached_property
    def listed_at(self) -> NDArray[np.float64]:
        """(papers,) seconds since 1970 at which each was listed."""
        return np.array([paper.listed_at.timestamp() for paper in self.papers])

    @cached_property
    def first_seen_at(self) -> NDArray[np.float64]:
        """(papers,) seconds since 1970 at which each was first seen here."""
        return np.array([paper.first_seen_at.timestamp() for paper in self.papers])

    @cached_property
    def positions(self) -> Mapping[int, int]:
        """Where each paper stands, by its number."""
        return {paper.id: position for position, paper in enumerate(self.papers)}

    def fit(self, interest: Interest) -> NDArray[np.float64]:
        """(papers,) how well each paper fits the interest, 0 to 1; 0 is not at all."""
        if interest not in self._fits:
            _make_room(self._fits)
            self._fits[interest] = self._fit(interest)
        return self._fits[interest]

    def terms(self, position: int, topic: str) -> tuple[str, ...]:
        """Up to three matched phrases or words of the topic, weightiest first, as they stand in the paper."""
        if (position, topic) not in self._terms:
            _make_room(self._terms)
            self._terms[position, topic] = self._found(position, topic)
        return self._terms[position, topic]

    def _found(self, position: int, topic: str) -> tuple[str, ...]:
        paper, counted = self.papers[position], self._counted[position]
        shared = [feature for feature in features(topic) if feature in counted]
        shared.sort(key=lambda feature: (_is_word(feature), -self.background.weight(feature), feature))
        forms = surface_forms(f"{paper.summary}\n{paper.title}\n{paper.abstract}", shared)
        chosen: list[str] = []
        for feature in shared:
            form = forms.get(feature, "")
            if form and not any(form.casefold() in other.casefold() for other in chosen):
                chosen.append(form)
        return tuple(chosen[:MOST_TERMS])

    def _fit(self, interest: Interest) -> NDArray[np.float64]:
        match interest.kind:
            case InterestKind.TOPIC:
                return self._topic_fit(features(interest.value))
            case InterestKind.AUTHOR:
                name = title_key(interest.value)
                return self._where(name in {title_key(author) for author in p.authors} for p in self.papers)
            case InterestKind.CATEGORY:
                return CATEGORY_FIT * self._where(interest.value in paper.categories for paper in self.papers)
            case InterestKind.MUTE:
                wanted = features(interest.value).keys()
                return self._where(bool(wanted) and wanted <= counted.keys() for counted in self._counted)

    def _where(self, truths: Iterable[bool]) -> NDArray[np.float64]:
        return np.fromiter(truths, dtype=np.float64, count=len(self.papers))

    def _topic_fit(self, counted: Mapping[str, int]) -> NDArray[np.float64]:
        """The cosine of the topic, as a document, with each paper; 0 where it does not match."""
        weights = {feature: (1 + log(n)) * self.background.weight(feature) for feature, n in counted.items()}
        length = sqrt(sum(weight**2 for weight in weights.values())) or 1.0
        words = {feature: weight for feature, weight in weights.items() if _is_word(feature)}
        all_words = sum(words.values()) or 1.0
        dot, covered = np.zeros(len(self.papers)), np.zeros(len(self.papers))
        titled, phrased = np.zeros(len(self.papers)), np.zeros(len(self.papers), dtype=bool)
        for feature, weight in weights.items():
            positions, counts = self._holding.get(feature, _NOWHERE)
            dot[positions] += weight * (1 + np.log(counts)) * self.background.weight(feature)
            if feature in words:
                covered[positions] += weight / all_words
                titled[self._titles.get(feature, _NOWHERE)[0]] += weight / all_words
            else:
                phrased[positions] = True
        matches = phrased | ((covered >= LEAST_COVERED) & (titled >= LEAST_TITLED))
        return np.where(matches, dot / (self._lengths * length), 0.0)


_NOWHERE = (np.array([], dtype=np.intp), np.array([], dtype=np.float64))


def _make_room(cache: dict[Any, Any]) -> None:
    """Topics are free text: what is remembered of them must have an end."""
    if len(cache) >= MOST_REMEMBERED:
        cache.clear()


def _is_word(feature: str) -> bool:
    return " " not in feature


def _length(counted: Mapping[str, int], background: Background) -> float:
    return sqrt(sum(((1 + log(n)) * background.weight(f)) ** 2 for f, n in counted.items())) or 1.0


def _inverted(
    counted: Iterable[Mapping[str, int]],
) -> dict[str, tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Feature -> (positions of the papers that hold it, how often each does)."""
    lists: dict[str, tuple[list[int], list[int]]] = {}
    for position, features_of_one in enumerate(counted):
        for feature, count in features_of_one.items():
            positions, counts = lists.setdefault(feature, ([], []))
            positions.append(position)
            counts.append(count)
    return {f: (np.array(p, dtype=np.intp), np.array(c, dtype=np.float64)) for f, (p, c) in lists.items()}
