"""Why a paper suits a wish, in the paper's own words: the largest terms of the score."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from scipy import sparse

from digest.model import Interest, InterestKind, Reason, ReasonKind
from digest.ranking.candidates import Candidates, Wish
from digest.ranking.features import Bag, features, number, paper_features, surface_forms
from digest.ranking.relevance import Profile

MOST_TERMS = 3
MOST_TOLD = 6
LEAST_SHARE = 0.25
"""Of the largest term's weight: a smaller one explains nothing beside it."""


class Reasons:
    """Reasons, each worked out once; `known` has the features of papers that profiles name."""

    def __init__(self, candidates: Candidates, known: Mapping[int, Bag]) -> None:
        self._candidates = candidates
        self._known = known
        self._found: dict[tuple[Wish, int], Reason] = {}
        self._words: dict[Profile, sparse.csr_array] = {}
        self._features: dict[int, dict[int, str]] = {}

    def of(self, wish: Wish, position: int) -> Reason:
        """Why the paper at a position suits the wish."""
        if (wish, position) not in self._found:
            self._found[wish, position] = self._of(wish, position)
        return self._found[wish, position]

    def terms(self, profile: Profile, position: int) -> list[tuple[str, float]]:
        """The paper's features that count for the profile, and how much each adds to the cosine, largest first."""
        if position not in self._features:
            paper = self._candidates.papers[position]
            self._features[position] = self._columns(paper_features(paper.title, paper.abstract))
        return self._terms(profile, position, self._features[position])

    def _terms(self, profile: Profile, position: int, named: Mapping[int, str]) -> list[tuple[str, float]]:
        """Those of the terms that have a name; what an older release counted may be no feature of the text any more."""
        if profile not in self._words:
            self._words[profile] = self._candidates.relevance.words(profile, self._known)
        shared = self._words[profile].multiply(self._candidates.documents.x[[position]]).tocsr()
        terms = [(named.get(at, ""), float(weight)) for at, weight in zip(shared.indices, shared.data, strict=True)]
        return sorted(
            ((name, weight) for name, weight in terms if name and weight > 0), key=lambda term: (-term[1], term[0])
        )

    def told(self, profile: Profile, position: int) -> list[tuple[str, float]]:
        """The MOST_TOLD largest of these terms, as they stand in the paper."""
        terms = self.terms(profile, position)[:MOST_TOLD]
        forms = self._forms(position, [feature for feature, _ in terms])
        return [(forms.get(feature, feature), weight) for feature, weight in terms]

    def _columns(self, counted: Iterable[str]) -> dict[int, str]:
        """Features by the columns in which they stand."""
        names = list(counted)
        columns = self._candidates.background.columns(np.array([number(name) for name in names], dtype=np.uint64))
        return dict(zip(columns.tolist(), names, strict=True))

    def _of(self, wish: Wish, position: int) -> Reason:
        if isinstance(wish, Interest):
            kind = ReasonKind.AUTHOR if wish.kind is InterestKind.AUTHOR else ReasonKind.CATEGORY
            return Reason(kind=kind, interest=wish.value)
        kind = ReasonKind.TOPIC if wish.topic else ReasonKind.LIKED
        return Reason(kind=kind, interest=wish.topic, terms=self._shown(self._own(wish, position), position))

    def _own(self, profile: Profile, position: int) -> list[tuple[str, float]]:
        """Of a topic alone the terms that are its own: what the papers nearest to it say, no reader has said."""
        if profile.liked or not profile.topic:
            return self.terms(profile, position)
        return self._terms(profile, position, self._columns(features(profile.topic)))

    def _shown(self, terms: Sequence[tuple[str, float]], position: int) -> tuple[str, ...]:
        """Up to three of the terms, phrases first, as they stand in the paper."""
        told = [feature for feature, weight in terms if weight >= LEAST_SHARE * terms[0][1]] if terms else []
        told.sort(key=lambda feature: " " not in feature)
        forms = self._forms(position, told)
        chosen: list[str] = []
        for feature in told:
            form = forms.get(feature, "")
            if form and not any(form.casefold() in other.casefold() for other in chosen):
                chosen.append(form)
        return tuple(chosen[:MOST_TERMS])

    def _forms(self, position: int, told: Sequence[str]) -> dict[str, str]:
        paper = self._candidates.papers[position]
        return surface_forms(f"{paper.summary}\n{paper.title}\n{paper.abstract}", told)
