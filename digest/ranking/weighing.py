"""What every paper counts for every reader, a block of readers at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from digest.model import Interest, Weights
from digest.ranking.candidates import Candidates, Wish
from digest.ranking.documents import Floats, picking
from digest.ranking.features import Bag

FURTHEST = 40.0
"""What trend and novelty come to lies between e^-40 and e^40: beyond, single precision would end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What a reader's papers depend on.

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
    `rows` has the different wishes and where they stand in `fits` (wishes, papers).
    """

    considered: NDArray[np.bool_]
    wanted: NDArray[np.bool_]
    strength: Floats
    scores: Floats
    missed: Floats
    rows: Mapping[Wish, int]
    fits: Floats


def weigh(candidates: Candidates, readers: Sequence[Reader], known: Mapping[int, Bag]) -> Weighed:
    """What every paper counts for every reader, before shares, twins and limits."""
    since = np.array([reader.listed_since.timestamp() for reader in readers])
    after = np.array([-np.inf if reader.seen_after is None else reader.seen_after.timestamp() for reader in readers])
    is_new = candidates.first_seen_at > after[:, None]
    listed = (candidates.listed_at >= since[:, None]) & ~_sent(candidates, readers)
    wanted = listed & ~_muted(candidates, readers)
    rows, fits, of_readers = _fits(candidates, readers, known)
    strength = np.asarray(of_readers @ fits, dtype=np.float32) if rows else np.zeros(wanted.shape, np.float32)
    strength[~wanted] = 0
    scores = _scores(candidates, readers, strength)
    return Weighed(
        considered=listed & is_new,
        wanted=wanted & is_new,
        strength=np.where(is_new, strength, 0),
        scores=np.where(is_new, scores, 0),
        missed=np.where(is_new, 0, scores),
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


def _fits(
    candidates: Candidates, readers: Sequence[Reader], known: Mapping[int, Bag]
) -> tuple[dict[Wish, int], Floats, sparse.csr_array]:
    """The readers' different wishes and their rows, the rows' fits, and (readers, wishes) whose each is."""
    wishes = {wish: row for row, wish in enumerate(dict.fromkeys(w for reader in readers for w in reader.wishes))}
    members = [{wishes[wish] for wish in reader.wishes} for reader in readers]
    return wishes, candidates.fits(list(wishes), known), picking(members, columns=len(wishes))


def _muted(candidates: Candidates, readers: Sequence[Reader]) -> NDArray[np.bool_]:
    mutes = {mute: row for row, mute in enumerate(dict.fromkeys(m for reader in readers for m in reader.mutes))}
    if not mutes:
        return np.zeros((len(readers), len(candidates.papers)), dtype=bool)
    whose = picking([{mutes[mute] for mute in reader.mutes} for reader in readers], columns=len(mutes))
    return np.asarray(whose @ candidates.fits(list(mutes), {}) > 0)


def _scores(candidates: Candidates, readers: Sequence[Reader], strength: Floats) -> Floats:
    """(readers, papers) the sums of fits, raised to their relevance, times what trend and novelty make of them."""
    kinds = list(dict.fromkeys(reader.weights for reader in readers))
    rows = np.array(
        [w.trend * candidates.trend - w.novelty * candidates.days_listed / w.half_life_days for w in kinds], np.float32
    ).reshape(len(kinds), len(candidates.papers))
    scores = np.exp(np.clip(rows, -FURTHEST, FURTHEST))[[kinds.index(reader.weights) for reader in readers]]
    for at, reader in enumerate(readers):
        relevance = np.float32(reader.weights.relevance)
        with np.errstate(over="ignore"):
            scores[at] *= strength[at] if relevance == 1 else np.where(strength[at] > 0, strength[at] ** relevance, 0)
    # Twenty followed authors of one paper, at the highest weights, would be infinite, which JSON does not know.
    return np.minimum(scores, np.finfo(np.float32).max)
