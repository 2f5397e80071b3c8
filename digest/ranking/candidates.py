"""The papers to choose from, prepared once for everybody: documents, trend, and how well they fit whom."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from datetime import datetime, timedelta
from functools import cached_property
from itertools import count, islice
from sys import intern
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from digest.model import Interest, InterestKind, Paper, Reason, Signals
from digest.ranking import sparse
from digest.ranking.background import Background
from digest.ranking.documents import Floats, picking
from digest.ranking.features import Bag, bag, features, joined, number, surface_forms, topic_bag
from digest.ranking.nearness import Nearness
from digest.ranking.neighbours import Shelf
from digest.ranking.relevance import Profile, Relevance, held_by
from digest.ranking.trending import all_expected, trend_scores
from digest.ranking.twins import twins
from digest.text import title_key

LEAST_COVERED = 0.6
LEAST_TITLED = 0.4
"""A paper that holds such shares of a topic's weight, in all and in its title, is about it however common it is."""

LONG_TAIL = 2.0
"""Where a score begins to count by its logarithm: a rare word's ten deviations are not twice what five are. Of four
mixed topics more come to their right (.57 against .55 of them among ten papers), at a better order besides."""

AUTHOR_FIT = 1e6
"""Above any topic's: who follows an author wants all that they write."""

CATEGORY_FIT = 0.02
"""Below any topic's: a category says what may be read, a topic what is wanted."""

MOST_REMEMBERED = 20_000
"""Wishes; of each the papers that fit, which are few."""

MOST_WORDED = 1_000
"""Papers whose words are kept as they stand there, with some 20 kB each."""

AT_ONCE = 500
"""Wishes that are scored together."""


Wish = Profile | Interest
"""What a reader wants to see, or not to."""


class Wording(NamedTuple):
    """What a paper says: where its features stand in the others, by name; as what each stands in the text first; how
    much it tells."""

    places: Mapping[str, int]
    forms: Sequence[str]
    weights: Sequence[float]

    def form(self, feature: str) -> str:
        """A feature as it stands in the text."""
        return self.forms[self.places[feature]]


class Candidates:
    """Papers, ready to be scored for any number of readers.

    `bags` are their features, weighted in `x` (papers, features), `shelf` papers of the background, `nearness` that
    by vectors, where there are any.
    `listed_at` and `first_seen_at` (papers,) are seconds since 1970, `upvotes` (papers,) NaN where none are known.
    `reasons` are those for which papers suit a topic, by topic and position, as far as they have been asked for;
    `twins` (papers,) is a number that papers share which are nearly the same, or that papers between them make so.
    """

    def __init__(
        self,
        papers: Sequence[Paper],
        bags: Sequence[Bag],
        *,
        background: Background,
        shelf: Shelf,
        now: datetime,
        nearness: Nearness | None = None,
    ) -> None:
        self.papers = tuple(papers)
        self.now = now
        self.numbers = np.array([paper.id for paper in papers], dtype=np.int64)
        self.listed_at = np.array([paper.listed_at.timestamp() for paper in papers], dtype=np.float64)
        self.first_seen_at = np.array([paper.first_seen_at.timestamp() for paper in papers], dtype=np.float64)
        self.upvotes = np.array([_upvotes(paper.signals) for paper in papers], dtype=np.float64)
        self.background = background
        documents = background.documents(bags)
        self.x = documents.x
        self._bags = bags
        self.relevance = Relevance(background, shelf=shelf, papers=documents, nearness=nearness)
        # Here, not when first asked for: then a transaction is open that others wait for.
        self.twins = twins(self.x)
        self._authors = _Authors(self.papers)
        self._titles = held_by(background.weighted(joined([bag(features(paper.title)) for paper in papers])))
        self._wordings: dict[int, Wording] = {}
        self.reasons: dict[str, dict[int, Reason]] = {}
        self._remembered: dict[Wish, int] = {}
        self._fitting = sparse.csr_array((0, len(self.papers)), dtype=np.float32)

    def known_at(self, now: datetime, upvotes: NDArray[np.float64]) -> Self:
        """These very papers at another moment, with what was thought of them then; what they fit they share."""
        other = copy(self)
        other.now, other.upvotes = now, upvotes
        # What is asked from here on is not kept with these papers, which may stay for days.
        other.reasons = dict(self.reasons)
        for depends in ("expected", "trend", "days_listed"):
            other.__dict__.pop(depends, None)
        return other

    @cached_property
    def expected(self) -> NDArray[np.float64]:
        """(papers,) the upvotes that are expected of each in the end."""
        return all_expected(self.upvotes, 24 * self.days_listed)

    @cached_property
    def trend(self) -> NDArray[np.float64]:
        """(papers,) the standardised trend."""
        return trend_scores(self.upvotes, self.expected)

    @cached_property
    def days_listed(self) -> NDArray[np.float64]:
        """(papers,) days since each was listed."""
        return np.asarray((self.now.timestamp() - self.listed_at) / timedelta(days=1).total_seconds())

    def wording(self, position: int) -> Wording:
        """A paper's features: what the summary alone says tells nothing, nor what an older release took for none."""
        if position not in self._wordings:
            if len(self._wordings) >= MOST_WORDED:
                self._wordings.clear()
            paper, x = self.papers[position], self.x
            row = slice(*x.indptr[position : position + 2].tolist())
            numbers, rare = self._bags[position].numbers.tolist(), self.background.weights(x.indices[row])
            weights = dict(zip(numbers, (x.data[row] * rare.astype(np.float64)).tolist(), strict=True))
            forms = surface_forms(f"{paper.summary}\n{paper.title}\n{paper.abstract}")
            told = {feature: weight for feature in forms if (weight := weights.get(number(feature))) is not None}
            self._wordings[position] = Wording(
                {intern(feature): place for place, feature in enumerate(told)},
                [intern(forms[feature]) for feature in told],
                array("d", told.values()),
            )
        return self._wordings[position]

    @cached_property
    def positions(self) -> Mapping[int, int]:
        """Where each paper stands, by its number."""
        return {paper.id: position for position, paper in enumerate(self.papers)}

    def fits(self, wishes: Sequence[Wish], known: Mapping[int, Bag]) -> Floats:
        """(wishes, papers) how well the papers fit: 0 is not at all, and what fits two wishes fits by their sum.

        The wishes are different ones.
        `known` has the features of papers that profiles name. A mute fits what it keeps away.
        """
        # What was not learned stands behind the rest, and is not kept.
        own = [wish for wish in wishes if wish not in self._remembered]
        rows = (
            self._remembered | dict(zip(own, count(len(self._remembered)), strict=False)) if own else self._remembered
        )
        fitting = self._with(own, known)
        return np.asarray(fitting[np.array([rows[wish] for wish in wishes], dtype=np.intp)].toarray())

    def learn(self, wishes: Iterable[Wish]) -> None:
        """Find out how well the papers fit what more than one reader may wish: many wishes at once take less time."""
        asked = dict.fromkeys(wishes)
        missing = self._missing(asked)
        if len(self._remembered) + len(missing) > MOST_REMEMBERED:
            self._make_room(len(missing))
            missing = self._missing(asked)
        if missing:
            self._fitting = self._with(missing, {})
            # Not in place: the same papers at another moment remember for themselves from here on.
            self._remembered = self._remembered | dict(zip(missing, count(len(self._remembered)), strict=False))

    def _missing(self, wishes: Iterable[Wish]) -> list[Wish]:
        return [wish for wish in wishes if wish not in self._remembered and not _is_personal(wish)]

    def _make_room(self, coming: int) -> None:
        """Forget what was learned first: no more than a little at once, as much of it will be asked for again."""
        gone = max(len(self._remembered) + coming - MOST_REMEMBERED, MOST_REMEMBERED // 20)
        left = islice(self._remembered, gone, None)
        self._remembered = {wish: row for row, wish in enumerate(left)}
        self._fitting = self._fitting[gone:]
        topics = {wish.topic for wish in self._remembered if isinstance(wish, Profile)}
        self.reasons = {topic: told for topic, told in self.reasons.items() if topic in topics}

    def _with(self, wishes: Sequence[Wish], known: Mapping[int, Bag]) -> sparse.csr_array:
        """What is remembered, and behind it how well the papers fit these wishes."""
        if not wishes:
            return self._fitting
        blocks = [self._found(wishes[at : at + AT_ONCE], known) for at in range(0, len(wishes), AT_ONCE)]
        return sparse.vstack([self._fitting, *blocks]).tocsr()

    def _found(self, wishes: Sequence[Wish], known: Mapping[int, Bag]) -> sparse.csr_array:
        """(wishes, papers) how well the papers fit, which most of them do not."""
        profiles = {at: wish for at, wish in enumerate(wishes) if isinstance(wish, Profile)}
        fits = np.zeros((len(wishes), len(self.papers)), np.float32)
        if profiles:
            fits[list(profiles)] = self._fits([*profiles.values()], known)
        for at, wish in enumerate(wishes):
            if isinstance(wish, Interest):
                fits[at] = self._fit(wish)
        return sparse.csr_array(fits)

    def _fits(self, profiles: Sequence[Profile], known: Mapping[int, Bag]) -> Floats:
        scores = self.relevance.scores(profiles, known)
        related = (scores.values >= scores.floors[:, None]) & scores.share
        topical = [at for at, profile in enumerate(profiles) if profile.topic]
        if topical:
            related[topical] |= self._held([profiles[at].topic for at in topical])
        return np.where(related, (1 + np.maximum(scores.values, 0) / LONG_TAIL) ** 2, 0)

    def _held(self, topics: Sequence[str]) -> NDArray[np.bool_]:
        """(topics, papers) whether a paper holds a whole phrase, or most of a topic's words, some in its title."""
        asked, holding = joined([topic_bag(topic) for topic in topics]), self.relevance.holding
        weights = self.background.weighted(asked.words())
        weights.data **= 2
        # Squares sum to one over what the background knows; words that it lacks come on top.
        sums = np.maximum(np.asarray(weights.sum(axis=1)), 1)[:, None]
        covered, titled = (weights @ holding).toarray() / sums, (weights @ self._titles).toarray() / sums
        whole = picking(self.background.columns(asked.numbers), asked.sizes, columns=holding.shape[0])
        # A single word may stand in any paper in passing.
        sizes = np.where(asked.sizes > 1, asked.sizes, np.inf)[:, None]
        held = (whole @ holding).toarray() >= sizes
        return np.asarray(held | ((covered >= LEAST_COVERED) & (titled >= LEAST_TITLED)))

    def _fit(self, interest: Interest) -> Floats:
        match interest.kind:
            case InterestKind.AUTHOR:
                return AUTHOR_FIT * self._by(interest.value)
            case InterestKind.CATEGORY:
                return CATEGORY_FIT * self._where(interest.value in paper.categories for paper in self.papers)
            case _:
                return np.maximum(self._holds_all(interest.value), self._by(interest.value))

    def _by(self, author: str) -> Floats:
        name = title_key(author)
        return self._where(name in names for names in self._authors.names)

    def _holds_all(self, words: str) -> Floats:
        columns = np.unique(self.background.columns(topic_bag(words).numbers))
        held = np.asarray(self.relevance.holding[columns].sum(axis=0))
        return np.asarray((held >= len(columns)) & (len(columns) > 0), dtype=np.float32)

    def _where(self, truths: Iterable[bool]) -> Floats:
        return np.fromiter(truths, dtype=np.float32, count=len(self.papers))


def _upvotes(signals: Signals) -> float:
    return np.nan if signals.upvotes is None else signals.upvotes


class _Authors:
    """The papers' authors as they are compared, by the time that somebody follows one; the same at any moment."""

    def __init__(self, papers: Sequence[Paper]) -> None:
        self._papers = papers

    @cached_property
    def names(self) -> Sequence[frozenset[str]]:
        return [frozenset(map(title_key, paper.authors)) for paper in self._papers]


def _is_personal(wish: Wish) -> bool:
    return isinstance(wish, Profile) and bool(wish.liked or wish.disliked)
