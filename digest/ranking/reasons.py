"""Why a paper suits a wish, in the paper's own words: the largest terms of the score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from digest.model import Interest, InterestKind, Reason, ReasonKind
from digest.ranking import sparse
from digest.ranking.candidates import Candidates, Wish
from digest.ranking.features import Bag, number, topic_features
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
        self._found: dict[Wish, dict[int, Reason]] = {}
        self._words: dict[Profile, sparse.csr_array] = {}
        self._columns: dict[int, dict[int, str]] = {}

    def of(self, wish: Wish, position: int) -> Reason:
        """Why the paper at a position suits the wish."""
        told = self.told_of(wish)
        if position not in told:
            told[position] = self._of(wish, position)
        return told[position]

    def told_of(self, wish: Wish) -> dict[int, Reason]:
        """The wish's reasons so far, by position: those of a topic alone are everybody's, and outlast this."""
        if isinstance(wish, Profile) and wish.topic and not wish.liked:
            return self._candidates.reasons.setdefault(wish.topic, {})
        return self._found.setdefault(wish, {})

    def terms(self, profile: Profile, position: int) -> list[tuple[str, float]]:
        """The paper's features that count for the profile, and how much each adds to the cosine, largest first."""
        if profile not in self._words:
            self._words[profile] = self._candidates.relevance.words(profile, self._known)
        if position not in self._columns:
            self._columns[position] = self._columns_of(position)
        shared = self._words[profile].multiply(self._candidates.x[[position]]).tocsr()
        named = self._columns[position]
        terms = [(named.get(at, ""), float(weight)) for at, weight in zip(shared.indices, shared.data, strict=True)]
        # What was counted by an older release may be no feature of the text by this one.
        return sorted([term for term in terms if term[0] and term[1] > 0], key=lambda term: (-term[1], term[0]))

    def told(self, profile: Profile, position: int) -> list[tuple[str, float]]:
        """The MOST_TOLD largest of these terms that explain something, as they stand in the paper."""
        wording, terms = self._candidates.wording(position), self.terms(profile, position)[:MOST_TOLD]
        return [(wording.form(feature), weight) for feature, weight in terms if weight >= LEAST_SHARE * terms[0][1]]

    def _columns_of(self, position: int) -> dict[int, str]:
        """A paper's features by the columns in which they stand."""
        named = list(self._candidates.wording(position).places)
        columns = self._candidates.background.columns(np.array([number(f) for f in named], dtype=np.uint64))
        return dict(zip(columns.tolist(), named, strict=True))

    def _of(self, wish: Wish, position: int) -> Reason:
        if isinstance(wish, Interest):
            kind = ReasonKind.AUTHOR if wish.kind is InterestKind.AUTHOR else ReasonKind.CATEGORY
            return Reason(kind=kind, interest=wish.value)
        if wish.liked or not wish.topic:
            kind = ReasonKind.TOPIC if wish.topic else ReasonKind.LIKED
            return Reason(kind=kind, interest=wish.topic, terms=self._shown(self.terms(wish, position), position))
        terms = self._shown(self._own(wish.topic, position), position)
        return Reason(kind=ReasonKind.TOPIC, interest=wish.topic, terms=terms)

    def _own(self, topic: str, position: int) -> list[tuple[str, float]]:
        """Of a topic alone the terms that are its own: what the papers nearest to it say, no reader has said."""
        places, _, weights = self._candidates.wording(position)
        return [(feature, weights[places[feature]]) for feature in topic_features(topic) if feature in places]

    def _shown(self, terms: Sequence[tuple[str, float]], position: int) -> tuple[str, ...]:
        """Up to three of the terms, phrases first, as they stand in the paper."""
        least = LEAST_SHARE * max([weight for _, weight in terms], default=0)
        told = sorted([(" " not in feature, -weight, feature) for feature, weight in terms if weight >= least])
        places, forms, _ = self._candidates.wording(position)
        return tuple(told_once(forms[places[feature]] for _, _, feature in told)[:MOST_TERMS])


def told_once(forms: Iterable[str]) -> list[str]:
    """The forms, without those that one before them holds: a phrase says its words."""
    chosen, shown = list[str](), ""
    for form in forms:
        folded = form.casefold()
        if folded not in shown:
            chosen.append(form)
            shown += f"{folded}\n"
    return chosen
