"""What every paper counts for every reader, a block of readers at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from digest.model import Interest, Weights
from digest.ranking.candidates import Candidates, Wish
from digest.ranking.documents import Floats, picking
from digest.ranking.features import Bag

FURTHEST = 40.0
"""What trend and novelty come to lies between e^-40 and e^40: beyond, single precision would end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What a reader's papers depend on; `wishes` are different ones.

    Considered are papers listed since `listed_since`, first seen after `seen_after` and not already sent;
    of those seen before, the best of `risen` is worth a second look.
    """

    wishes: tuple[Wish, ...]
    mutes: tuple[Interest, ...]
    limit: int
    weights: Weights
    listed_since: datetime
    seen_after: datetime | None
    already_sent: Collection[int]
    risen: frozenset[int] = frozenset()
    only_matches: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """(readers, papers) which are `considered`, and of those `wanted` as no mute stands against them.

    `strength` is the sum of fits to the reader's wishes, `scores` what the papers that fit are ordered by;
    `missed` has the scores of those that were there before the reader's last edition, and not sent.
    `wishes` has the different wishes and where they stand in `fits` (wishes, papers), `rows` (readers, most)
    where each reader's do, in their order, and then -1.
    """

    considered: NDArray[np.bool_]
    wanted: NDArray[np.bool_]
    strength: Floats
    scores: Floats
    missed: Floats
    wishes: Mapping[Wish, int]
    rows: NDArray[np.intp]
    fits: Floats


def weigh(candidates: Candidates, readers: Sequence[Reader], known: Mapping[int, Bag]) -> Weighed:
    """What every paper counts for every reader, before shares, twins and limits."""
    since = np.array([reader.listed_since.timestamp() for reader in readers])
    after = np.array([-np.inf if reader.seen_after is None else reader.seen_after.timestamp() for reader in readers])
    is_new = candidates.first_seen_at > after[:, None]
    listed = (candidates.listed_at >= since[:, None]) & ~_sent(candidates, readers)
    wanted = listed & ~_muted(candidates, readers)
    wishes, rows = _rows(readers)
    fits = candidates.fits(list(wishes), known)
    theirs = rows >= 0
    strength = np.asarray(picking(rows[theirs], theirs.sum(axis=1), columns=len(wishes)) @ fits, dtype=np.float32)
    strength *= wanted
    scores = _scores(candidates, readers, strength)
    missed = scores * ~is_new
    # In place, as these are the largest tables that there are.
    strength *= is_new
    scores *= is_new
    return Weighed(
        considered=listed & is_new,
        wanted=wanted & is_new,
        strength=strength,
        scores=scores,
        missed=missed,
        wishes=wishes,
        rows=rows,
        fits=fits,
    )


def _sent(candidates: Candidates, readers: Sequence[Reader]) -> NDArray[np.bool_]:
    """(readers, papers) which were sent to whom."""
    sent = np.zeros((len(readers), len(candidates.papers)), dtype=bool)
    for at, reader in enumerate(readers):
        if reader.already_sent:
            sent[at, [candidates.positions[n] for n in reader.already_sent if n in candidates.positions]] = True
    return sent


def _rows(readers: Sequence[Reader]) -> tuple[dict[Wish, int], NDArray[np.intp]]:
    """The readers' different wishes, numbered, and (readers, most) which are whose, -1 after the last."""
    wishes: dict[Wish, int] = {}
    told = [wishes.setdefault(wish, len(wishes)) for reader in readers for wish in reader.wishes]
    sizes = np.array([len(reader.wishes) for reader in readers], dtype=np.intp)
    rows = np.full((len(readers), sizes.max(initial=0)), -1)
    rows[np.arange(rows.shape[1]) < sizes[:, None]] = told
    return wishes, rows


def _muted(candidates: Candidates, readers: Sequence[Reader]) -> NDArray[np.bool_]:
    mutes = {mute: row for row, mute in enumerate(dict.fromkeys(m for reader in readers for m in reader.mutes))}
    if not mutes:
        return np.zeros((len(readers), len(candidates.papers)), dtype=bool)
    whose = picking(
        [mutes[mute] for reader in readers for mute in reader.mutes],
        [len(reader.mutes) for reader in readers],
        columns=len(mutes),
    )
    return np.asarray(whose @ candidates.fits(list(mutes), {}) > 0)


def _scores(candidates: Candidates, readers: Sequence[Reader], strength: Floats) -> Floats:
    """(readers, papers) the sums of fits, raised to their relevance, times what trend and novelty make of them."""
    kinds: dict[Weights, list[int]] = {}
    for at, reader in enumerate(readers):
        kinds.setdefault(reader.weights, []).append(at)
    scores = np.zeros_like(strength)
    for weights, rows in kinds.items():
        boosts = weights.trend * candidates.trend - weights.novelty * candidates.days_listed / weights.half_life_days
        relevance, theirs = np.float32(weights.relevance), strength[rows]
        with np.errstate(over="ignore"):
            raised = theirs if relevance == 1 else np.where(theirs > 0, theirs**relevance, 0)
            scores[rows] = raised * np.exp(np.clip(boosts, -FURTHEST, FURTHEST)).astype(np.float32)
    # Twenty followed authors of one paper, at the highest weights, would be infinite, which JSON does not know.
    return np.minimum(scores, np.finfo(np.float32).max, out=scores)
