"""How well papers suit profiles: words, latent directions and meanings, fused (see docs/ranking.md).

Each part is standardised over a sample of the background's papers, never over the day's candidates:
a score depends on the profile and the paper alone, so it can be held against a floor.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from digest.ranking import sparse
from digest.ranking.background import Background
from digest.ranking.documents import Documents, Floats, Products, picking, stacked, without
from digest.ranking.features import Bag, topic_bag
from digest.ranking.nearness import NEAR, Nearness
from digest.ranking.neighbours import Neighbours, Shelf

SAMPLED = 500
"""Papers of the background that scores are measured against."""

FLOOR = 95.0
"""The percentile of the sample's scores that a related paper reaches."""

FEWEST_LIKED_AMONG = 100
FEWEST_ASKED_AMONG = 1000
"""Among fewer papers a percentile is the day's own, and would let the best of the unrelated through. Until there are as
many, only papers that hold a topic's words are related to it; what was liked is more to go by than a word."""

SHORT = 2
"""A topic of so few words is named by them: one that tells must stand in a paper. A longer one has many names."""

PASSING = 99.0
"""The percentile that a paper reaches which lacks one of a topic's two words: the other may stand there in passing."""

FED_BACK = 10
"""Papers of the background that say what else a topic's words stand with: one round of pseudo-relevance feedback."""

COMMON = 0.1
"""The share of papers that a feature may be in to tell which are near a topic; a tenth of the time, the same answer."""

TOPIC_LATENT = TOPIC_MEANING = 0.5
"""Their weights beside a topic's own words."""

DAMPING = 0.03
LEAST_DAMPING = 0.001
"""Of k liked papers' directions, those below `DAMPING / k` of the mean energy are left as they are."""

DISLIKED = 0.2
"""What a disliked paper takes away; at 0.8 it harms."""


AT_ONCE = 500
"""Profiles that are scored together: more of them need memory for no speed."""


class Profile(NamedTuple):
    """One interest of a reader: a topic's words, and the numbers of papers liked and disliked under it."""

    topic: str = ""
    liked: tuple[int, ...] = ()
    disliked: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """(profiles, papers) `values`, (profiles,) `floors` that related papers reach, which `share` words or a meaning."""

    values: Floats
    floors: Floats
    share: NDArray[np.bool_]


class Relevance:
    """Scores papers for profiles.

    `shelf` holds papers of the background: they give topics their feedback, and scores their measure.
    `nearness` is that by vectors to `sampled(shelf)` and the papers, where there are any.
    """

    def __init__(
        self, background: Background, *, shelf: Shelf, papers: Documents, nearness: Nearness | None = None
    ) -> None:
        self.background = background
        self.nearness = nearness
        chosen = sampled(shelf)
        self._shelf = shelf
        self._sampled = len(chosen)
        self._targets = stacked([shelf.documents[chosen], papers])
        self._products = Products(self._targets.x)
        self._common = _common(shelf.documents.x)
        self._neighbours = Neighbours(self._targets, self._products)

    @cached_property
    def _telling(self) -> sparse.csr_array:
        """(features, shelved) what tells the shelved papers apart; only topics are read by it."""
        return without(self._shelf.documents.x, self._common).T.tocsr()

    @property
    def shelved(self) -> Set[int]:
        """The papers whose features need not be told."""
        return self._shelf.places.keys()

    def scores(self, profiles: Sequence[Profile], known: Mapping[int, Bag]) -> Scores:
        """The profiles' scores of the papers; `known` has the papers that profiles name and that may not be shelved."""
        most = max((len(named) for one in profiles for named in (one.liked, one.disliked)), default=0)
        size = max(min(AT_ONCE, self._neighbours.most // max(most, FED_BACK)), 1)
        blocks = [self._block(profiles[start : start + size], known) for start in range(0, max(len(profiles), 1), size)]
        return Scores(
            values=np.concatenate([block.values for block in blocks]),
            floors=np.concatenate([block.floors for block in blocks]),
            share=np.concatenate([block.share for block in blocks]),
        )

    def words(self, profile: Profile, known: Mapping[int, Bag]) -> sparse.csr_array:
        """(1, features) the weights with which features count for the profile."""
        weights = sparse.csr_array((1, self._targets.x.shape[1]), dtype=np.float32)
        if profile.liked:
            weights += _mean(self._documents(profile.liked, known).x)
        if profile.topic:
            topic = self._read([profile.topic])
            nearest = self._shelf.documents.x[next(self._nearest(topic))]
            weights += (topic.x + _mean(nearest)) / (1 + len(profile.liked))
        return weights

    def _block(self, profiles: Sequence[Profile], known: Mapping[int, Bag]) -> Scores:
        fused = np.zeros((len(profiles), len(self._targets)), np.float32)
        share = np.zeros(fused.shape, dtype=bool)
        topical = [at for at, profile in enumerate(profiles) if profile.topic]
        if topical:
            values, common = self._topics([profiles[at].topic for at in topical])
            fused[topical] += values * np.array([[1 / (1 + len(profiles[at].liked))] for at in topical], np.float32)
            share[topical] |= common
        liking = [at for at, profile in enumerate(profiles) if profile.liked]
        if liking:
            values, common = self._liked([profiles[at].liked for at in liking], known)
            fused[liking] += values
            share[liking] |= common
        averse = [at for at, profile in enumerate(profiles) if profile.disliked]
        if averse:
            fused[averse] -= DISLIKED * self._liked([profiles[at].disliked for at in averse], known)[0]
        sample, values = fused[:, : self._sampled], fused[:, self._sampled :]
        floors = np.percentile(sample, FLOOR, axis=1) if self._sampled else np.zeros(len(profiles))
        floors[[len(self._shelf.numbers) < _fewest(profile) for profile in profiles]] = np.inf
        return Scores(values=values, floors=floors.astype(np.float32), share=share[:, self._sampled :])

    def _topics(self, topics: Sequence[str]) -> tuple[Floats, NDArray[np.bool_]]:
        """(topics, targets) their words' scores and those of the papers nearest to them; and which share a word."""
        asked = self._read(topics)
        cosine, latent, meaning = self._products.of(asked.x), asked.latent, asked.meaning
        share = self._named(asked) > 0
        near = self._neighbours
        nearest = [self._shelf.numbers[rows].tolist() for rows in self._nearest(asked)]
        members = near.members(nearest, lambda missing: self._documents(missing, {}))
        cosine += members.means(near.cosine)
        latent += members.sums(near.latent)
        meaning += members.sums(near.meaning)
        fused = self._standardised(cosine)
        fused += TOPIC_LATENT * self._standardised(latent @ self._targets.latent.T)
        fused += TOPIC_MEANING * self._standardised(meaning @ self._targets.meaning.T)
        if self._sampled:
            enough = np.percentile(fused[:, : self._sampled], PASSING, axis=1, keepdims=True)
            share &= self._complete(asked) | (fused >= enough)
        self._add_nearness(fused, share, [[topic] for topic in topics])
        return fused, share

    def _liked(self, papers: Sequence[Sequence[int]], known: Mapping[int, Bag]) -> tuple[Floats, NDArray[np.bool_]]:
        """(profiles, targets) how near each is to the papers' whitened mean and to each of them; which share words."""
        near = self._neighbours
        members = near.members(papers, lambda missing: self._documents(missing, known))
        sizes = members.sizes
        weights = 0.3 + 0.3 / np.sqrt(sizes)
        energy = self.background.strengths**2 / max(self.background.papers, 1)
        kept = energy / (energy + np.maximum(LEAST_DAMPING, DAMPING / sizes))
        cosine = members.means(near.cosine)
        share = cosine > 0
        cosine -= self._targets.to_mean + (kept * members.means(near.projected)) @ self._targets.projected.T
        fused = self._standardised(cosine)
        fused += weights * self._standardised(members.means(near.latent) @ self._targets.latent.T)
        fused += weights * self._standardised(members.means(near.meaning) @ self._targets.meaning.T)
        self._add_nearness(fused, share, papers)
        return fused, share

    def _add_nearness(self, fused: Floats, share: NDArray[np.bool_], members: Sequence[Iterable[str | int]]) -> None:
        if self.nearness is not None:
            near = self.nearness.near(members)
            fused += self.nearness.weight * near
            share |= near >= NEAR

    def _named(self, asked: Documents) -> Floats:
        """(topics, targets) what of a topic's words stands in them; of a short one's, of those that are not common."""
        words = asked.x.copy()
        rows, _, short = self._worded(asked)
        tells = ~self._common[words.indices]
        has_telling = np.bincount(rows, weights=tells, minlength=len(asked)) > 0
        words.data = words.data * (tells | ~(short & has_telling)[rows])
        return self._products.of(words)

    def _complete(self, asked: Documents) -> NDArray[np.bool_]:
        """(topics, targets) whether all words of a short topic stand in them; of a longer one's, none need to."""
        rows, is_word, short = self._worded(asked)
        wanted = is_word & short[rows]
        columns, whose = asked.x.indices[wanted], rows[wanted]
        place = np.arange(len(whose)) - np.searchsorted(whose, whose)
        complete = np.ones((len(asked), len(self._targets)), dtype=bool)
        # The first word of each, then the second: reducing what all of them say takes thrice the time.
        for at in range(SHORT):
            theirs = columns[place == at]
            shape = (len(theirs), asked.x.shape[1])
            each = sparse.csr_array((np.ones(len(theirs), np.float32), theirs, np.arange(len(theirs) + 1)), shape)
            complete[whose[place == at]] &= self._products.of(each) > 0
        return complete

    def _worded(self, asked: Documents) -> tuple[NDArray[np.intp], NDArray[np.bool_], NDArray[np.bool_]]:
        """Whose each feature of the topics is, which are known words; and (topics,) which topics are short."""
        columns = asked.x.indices
        is_word = columns < len(self.background.features)
        is_word[is_word] = self.background.features[columns[is_word]] & np.uint64(1) == 0
        rows = np.repeat(np.arange(len(asked)), np.diff(asked.x.indptr))
        return rows, is_word, np.bincount(rows, weights=is_word, minlength=len(asked)) <= SHORT

    def _standardised(self, values: Floats) -> Floats:
        """Less the sample's mean, over its deviation, row by row; zero where the sample is all the same."""
        if not self._sampled:
            return values
        sample = values[:, : self._sampled]
        deviations = sample.std(axis=1, keepdims=True)
        values -= sample.mean(axis=1, keepdims=True)
        values *= np.where(deviations > 1e-6, 1 / np.maximum(deviations, 1e-6), 0)
        return values

    def _read(self, topics: Sequence[str]) -> Documents:
        return self.background.documents([topic_bag(topic) for topic in topics], centred=False)

    def _nearest(self, asked: Documents) -> Iterator[NDArray[np.intp]]:
        """The shelved papers nearest to each topic by its words, at most FED_BACK."""
        close = (asked.x @ self._telling).tocsr()
        for start, end in zip(close.indptr[:-1], close.indptr[1:], strict=True):
            data, rows = close.data[start:end], close.indices[start:end]
            if len(data) > FED_BACK:
                among = data >= np.partition(data, -FED_BACK)[-FED_BACK]
                data, rows = data[among], rows[among]
            yield rows[np.lexsort((rows, -data))][:FED_BACK].astype(np.intp)

    def _documents(self, numbers: Sequence[int], known: Mapping[int, Bag]) -> Documents:
        """The papers with these numbers, off the shelf where they stand there."""
        elsewhere = [number for number in numbers if number not in self._shelf.places]
        shelved = np.array([self._shelf.places[n] for n in numbers if n in self._shelf.places], dtype=np.intp)
        found = self._shelf.documents[shelved]
        if elsewhere:
            found = stacked([found, self.background.documents([known[number] for number in elsewhere])])
        order = {number: at for at, number in enumerate([*(n for n in numbers if n in self._shelf.places), *elsewhere])}
        return found[np.array([order[number] for number in numbers], dtype=np.intp)]


def sampled(shelf: Shelf) -> NDArray[np.intp]:
    """Where the papers stand on the shelf that scores are measured against."""
    return np.sort(np.random.default_rng(0).permutation(len(shelf.documents))[:SAMPLED]).astype(np.intp)


def _fewest(profile: Profile) -> int:
    return FEWEST_LIKED_AMONG if profile.liked else FEWEST_ASKED_AMONG


def _common(x: sparse.csr_array) -> NDArray[np.bool_]:
    """(features,) which are in too many papers to tell them apart."""
    held = np.bincount(x.indices, minlength=x.shape[1])
    return np.asarray(held > max(COMMON * x.shape[0], 100))


def _mean(x: sparse.csr_array) -> sparse.csr_array:
    """(1, features) the rows' mean, of none zero."""
    size = int(x.shape[0])
    return sparse.csr_array(picking(range(size), [size], columns=size) @ x) / max(size, 1)
