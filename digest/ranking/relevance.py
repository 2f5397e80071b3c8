"""How well papers suit profiles: words, latent directions and meanings, fused (see docs/ranking.md).

Each part is standardised over a sample of the background's papers, never over the day's candidates:
a score depends on the profile and the paper alone, so it can be held against a floor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice, pairwise
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
    `nearness` is that by vectors to `sampled(shelf)` and the papers, where there are any; `holding` (features, papers)
    has a one where a paper has a feature.
    """

    def __init__(
        self, background: Background, *, shelf: Shelf, papers: Documents, nearness: Nearness | None = None
    ) -> None:
        self.background = background
        self.nearness = nearness
        chosen = sampled(shelf)
        self._shelf = shelf
        self._sampled = len(chosen)
        targets = stacked([shelf.documents[chosen], papers])
        self._products = Products(targets.x)
        # Their features are not asked for again: of 12,000 papers 20 MB.
        self._targets = replace(targets, x=sparse.csr_array(targets.x.shape, dtype=np.float32))
        self.holding = held_by(papers.x)
        self._common = _common(shelf.documents.x)
        self._neighbours = Neighbours(self._targets, self._products, shelf)

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
            nearest = self._documents(self._nearest(topic)[0], known).x
            weights += (topic.x + _mean(nearest)) / (1 + len(profile.liked))
        return weights

    def _block(self, profiles: Sequence[Profile], known: Mapping[int, Bag]) -> Scores:
        fused = np.zeros((len(profiles), len(self._targets)), np.float32)
        share = np.zeros((len(profiles), len(self._targets) - self._sampled), dtype=bool)
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
        floors = self._reached(fused, FLOOR) if self._sampled else np.zeros(len(profiles), np.float32)
        floors[[len(self._shelf.numbers) < _fewest(profile) for profile in profiles]] = np.inf
        return Scores(values=fused[:, self._sampled :], floors=floors, share=share)

    def _topics(self, topics: Sequence[str]) -> tuple[Floats, NDArray[np.bool_]]:
        """(topics, targets) their words' scores and those of the papers nearest to them; which papers share a word."""
        asked = self._read(topics)
        cosine, latent, meaning = self._products.of(asked.x), asked.latent, asked.meaning
        near = self._neighbours
        members = near.members(self._nearest(asked), lambda missing: self._documents(missing, {}))
        cosine += members.means(near.cosine, members.rows)
        latent += members.sums(near.latent, members.places)
        meaning += members.sums(near.meaning, members.places)
        fused = self._standardised(cosine)
        fused += TOPIC_LATENT * self._standardised(latent @ self._targets.latent.T)
        fused += TOPIC_MEANING * self._standardised(meaning @ self._targets.meaning.T)
        share = self._shared(asked, fused)
        self._add_nearness(fused, share, [[topic] for topic in topics])
        return fused, share

    def _liked(self, papers: Sequence[Sequence[int]], known: Mapping[int, Bag]) -> tuple[Floats, NDArray[np.bool_]]:
        """(profiles, targets) how near each is to the papers' whitened mean and to each of them; which papers share
        words."""
        near = self._neighbours
        members = near.members(papers, lambda missing: self._documents(missing, known))
        sizes = members.sizes
        weights = 0.3 + 0.3 / np.sqrt(sizes)
        energy = self.background.strengths**2 / max(self.background.papers, 1)
        kept = energy / (energy + np.maximum(LEAST_DAMPING, DAMPING / sizes))
        cosine = members.means(near.cosine, members.rows)
        share = cosine[:, self._sampled :] > 0
        cosine -= (
            self._targets.to_mean + (kept * members.means(near.projected, members.places)) @ self._targets.projected.T
        )
        fused = self._standardised(cosine)
        fused += weights * self._standardised(members.means(near.latent, members.places) @ self._targets.latent.T)
        fused += weights * self._standardised(members.means(near.meaning, members.places) @ self._targets.meaning.T)
        self._add_nearness(fused, share, papers)
        return fused, share

    def _add_nearness(self, fused: Floats, share: NDArray[np.bool_], members: Sequence[Iterable[str | int]]) -> None:
        if self.nearness is not None:
            near = self.nearness.near(members)
            fused += self.nearness.weight * near
            share |= near[:, self._sampled :] >= NEAR

    def _shared(self, asked: Documents, fused: Floats) -> NDArray[np.bool_]:
        """(topics, papers) whether a topic's word stands in them: of a short topic's, one that is not common; and the
        other, unless they pass without."""
        columns, topics = asked.x.indices, len(asked)
        is_word = columns < len(self.background.features)
        is_word[is_word] = self.background.features[columns[is_word]] & np.uint64(1) == 0
        rows = np.repeat(np.arange(topics), np.diff(asked.x.indptr))
        is_short = (np.bincount(rows, weights=is_word, minlength=topics) <= SHORT)[rows]
        tells = ~self._common[columns]
        has_telling = np.bincount(rows, weights=tells, minlength=topics) > 0
        telling = tells | ~(is_short & has_telling[rows])
        share = self._held(columns[telling], np.bincount(rows[telling], minlength=topics)) > 0
        if self._sampled:
            wanted = is_word & is_short
            sizes = np.bincount(rows[wanted], minlength=topics)
            is_complete = self._held(columns[wanted], sizes) == sizes[:, None]
            share &= is_complete | (fused[:, self._sampled :] >= self._reached(fused, PASSING)[:, None])
        return share

    def _held(self, columns: NDArray[np.integer], sizes: NDArray[np.intp]) -> Floats:
        """(topics, papers) how many of the topics' features stand in them."""
        return np.asarray((picking(columns, sizes, columns=self.holding.shape[0]) @ self.holding).toarray())

    def _reached(self, fused: Floats, percent: float) -> Floats:
        """(n,) the percentile of the sample's scores; sorting takes half the time that selecting does."""
        ordered = np.sort(fused[:, : self._sampled], axis=1)
        place = percent / 100 * (self._sampled - 1)
        below, above = ordered[:, int(place)], ordered[:, min(int(place) + 1, self._sampled - 1)]
        reached: Floats = below + (above - below) * np.float32(place % 1)
        return reached

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

    def _nearest(self, asked: Documents) -> list[list[int]]:
        """The numbers of the shelved papers nearest to each topic by its words, best first, at most FED_BACK."""
        close, last = (asked.x @ self._telling).tocsr(), len(self._shelf.numbers) - 1
        # Weights are positive: their bits are in their order, and papers come with them; among equals the first.
        keys = close.data.view(np.int32).astype(np.int64) << 32 | last - close.indices
        found = [_largest(keys[start:end], FED_BACK) for start, end in pairwise(close.indptr.tolist())]
        sizes = np.array([len(some) for some in found])
        ordered = np.zeros((len(asked), FED_BACK), np.int64)
        ordered[np.arange(FED_BACK) < sizes[:, None]] = np.concatenate(found)
        ordered = -np.sort(-ordered, axis=1)
        numbers = iter(self._shelf.numbers[last - (ordered[ordered > 0] & 0xFFFFFFFF)].tolist())
        return [list(islice(numbers, size)) for size in sizes.tolist()]

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


def held_by(x: sparse.csr_array) -> sparse.csr_array:
    """(features, rows) ones where a row has the feature."""
    across = x.T.tocsr()
    across.data = np.ones_like(across.data)
    return across


def _largest(keys: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    return np.partition(keys, -most)[-most:] if len(keys) > most else keys


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
