"""Readers' papers, a block of readers at once: those that match, the best first, then a few that trend."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from digest.model import Interest, Pick, Reason, ReasonKind, Selection, Weights
from digest.ranking.candidates import Candidates, Wish
from digest.ranking.documents import Floats, picking
from digest.ranking.features import Bag
from digest.ranking.reasons import Reasons

MOST_UNMATCHED = 3
"""How many trending papers, labelled as such, stand after the matches of a reader with interests."""

SURVIVORS = 3
"""Of `limit` papers so many times as many are looked at for variety: what quotas and twins take away is replaced."""

NO_REASON = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What a reader's papers depend on.

    Considered are papers listed since `listed_since`, first seen after `seen_after` and not already sent.
    """

    wishes: tuple[Wish, ...]
    mutes: tuple[Interest, ...]
    limit: int
    weights: Weights
    listed_since: datetime
    seen_after: datetime | None
    already_sent: Collection[int]
    only_matches: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """(readers, most) `positions` of papers, best first, -1 where there is none.

    `scores` are theirs, `wishes` which of the reader's wishes each fits best, -1 for those that only trend;
    `considered` (readers,) is out of how many.
    """

    positions: NDArray[np.intp]
    scores: Floats
    wishes: NDArray[np.intp]
    considered: NDArray[np.intp]


def select(candidates: Candidates, readers: Sequence[Reader], known: Mapping[int, Bag]) -> list[Selection]:
    """Every reader's papers with their reasons; see `choose`."""
    chosen, reasons = choose(candidates, readers, known), Reasons(candidates, known)
    found = []
    for at, reader in enumerate(readers):
        picks = [
            Pick(
                paper_id=candidates.papers[position].id,
                score=float(score),
                reason=_reason(reasons, reader, wish, position),
            )
            for position, score, wish in zip(chosen.positions[at], chosen.scores[at], chosen.wishes[at], strict=True)
            if position >= 0
        ]
        found.append(Selection(considered=int(chosen.considered[at]), picks=tuple(picks)))
    return found


def choose(candidates: Candidates, readers: Sequence[Reader], known: Mapping[int, Bag]) -> Chosen:
    """Every reader's papers, at most `limit`, and no filler to reach it.

    A reader's papers are those that fit any wish, in the order of `(sum of fits)^relevance * e^(trend * Z(trend))`,
    less those too old by novelty: as logarithms, a sum. No wish takes more than its share while others
    have papers, and of papers that are nearly the same only the best stands. After them come at most
    MOST_UNMATCHED that trend; for a reader without wishes, as many as there is room for.
    """
    considered = _considered(candidates, readers)
    wishes, fits, of_readers = _fits(candidates, readers, known)
    wanted = considered & ~_muted(candidates, readers)
    strength = np.asarray(of_readers @ fits, dtype=np.float32) if len(wishes) else np.zeros(wanted.shape, np.float32)
    strength[~wanted] = 0
    scores = strength * _boosts(candidates, readers, strength)
    most = min(max((reader.limit for reader in readers), default=0), len(candidates.papers))
    matches, their_wishes = _best(candidates, readers, scores, wishes, fits, most=most)
    trending = _trending(candidates, readers, wanted & (strength == 0), matches, most=most)
    positions = np.concatenate([matches, trending], axis=1)
    order = np.argsort(positions < 0, axis=1, kind="stable")[:, :most]
    positions = np.take_along_axis(positions, order, axis=1)
    their_wishes = np.concatenate([their_wishes, np.full(trending.shape, NO_REASON)], axis=1)
    matched = np.take_along_axis(scores, np.maximum(positions, 0), axis=1)
    trend = candidates.trend[positions].astype(np.float32)
    return Chosen(
        positions=positions,
        scores=np.where(matched > 0, np.log(np.maximum(matched, 1e-30)), trend),
        wishes=np.take_along_axis(their_wishes, order, axis=1),
        considered=considered.sum(axis=1),
    )


def _considered(candidates: Candidates, readers: Sequence[Reader]) -> NDArray[np.bool_]:
    since = np.array([reader.listed_since.timestamp() for reader in readers])
    after = np.array([-np.inf if reader.seen_after is None else reader.seen_after.timestamp() for reader in readers])
    considered = (candidates.listed_at >= since[:, None]) & (candidates.first_seen_at > after[:, None])
    for at, reader in enumerate(readers):
        sent = [candidates.positions[number] for number in reader.already_sent if number in candidates.positions]
        considered[at, sent] = False
    return np.asarray(considered)


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


def _boosts(candidates: Candidates, readers: Sequence[Reader], strength: Floats) -> Floats:
    """(readers, papers) what trend and novelty multiply a fit by, and what relevance raises it to."""
    kinds = list(dict.fromkeys(reader.weights for reader in readers))
    rows = np.array(
        [w.trend * candidates.trend - w.novelty * candidates.days_listed / w.half_life_days for w in kinds], np.float32
    ).reshape(len(kinds), len(candidates.papers))
    boosts = np.exp(rows)[[kinds.index(reader.weights) for reader in readers]]
    for at, reader in enumerate(readers):
        if reader.weights.relevance != 1:
            boosts[at] *= np.where(strength[at] > 0, strength[at], 1) ** np.float32(reader.weights.relevance - 1)
    return boosts


def _best(
    candidates: Candidates,
    readers: Sequence[Reader],
    scores: Floats,
    wishes: Mapping[Wish, int],
    fits: Floats,
    *,
    most: int,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(readers, most) the positions of the best, -1 where there is none, and which wish each fits best."""
    best = _highest(scores, SURVIVORS * most)
    found = np.take_along_axis(scores, best, axis=1) > 0
    rows = [np.array([wishes[wish] for wish in reader.wishes], dtype=np.intp) for reader in readers]
    wish = _fitting(fits, rows, best)
    found &= ~_repeated(candidates.twins[best], found)
    shares = np.array([[-(-reader.limit // max(len(reader.wishes), 1))] for reader in readers])
    beyond = _rank(wish, found) >= shares
    # Those beyond their wish's share wait behind all others, those that are none at the end.
    order = np.argsort(2 * ~found + beyond, axis=1, kind="stable")
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.arange(order.shape[1])[None, :], axis=1)
    found &= place < np.array([[reader.limit] for reader in readers])
    order = np.argsort(~found, axis=1, kind="stable")[:, :most]
    found = np.take_along_axis(found, order, axis=1)
    return (
        np.where(found, np.take_along_axis(best, order, axis=1), -1),
        np.where(found, np.take_along_axis(wish, order, axis=1), NO_REASON),
    )


def _highest(scores: Floats, most: int) -> NDArray[np.intp]:
    """(readers, most) where the highest scores stand, best first; among equals the first.

    A score's bits, of a number that is not negative, and its place make one integer, so the places come with the order.
    """
    papers = scores.shape[1]
    keys = scores.view(np.int32).astype(np.int64) << 32 | (papers - 1 - np.arange(papers))
    if most < papers:
        keys = np.partition(keys, papers - most, axis=1)[:, papers - most :]
    keys = -np.sort(-keys, axis=1)
    return np.asarray(papers - 1 - (keys & 0xFFFFFFFF), dtype=np.intp)


def _fitting(fits: Floats, rows: Sequence[NDArray[np.intp]], positions: NDArray[np.intp]) -> NDArray[np.intp]:
    """(readers, n) which of a reader's wishes, in their order, each paper fits best."""
    most = max((len(some) for some in rows), default=0)
    if not most:
        return np.full(positions.shape, NO_REASON)
    padded = np.array([[*some, *[len(fits)] * (most - len(some))] for some in rows], dtype=np.intp)
    with_none = np.concatenate([fits, np.full((1, fits.shape[1]), -1, np.float32)])
    return np.asarray(with_none[padded[:, :, None], positions[:, None, :]].argmax(axis=1))


def _repeated(values: NDArray[np.intp], found: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(readers, n) whether the same value was found before it in the row."""
    told = np.where(found, values, -1 - np.arange(values.shape[1]))
    order = np.argsort(told, axis=1, kind="stable")
    ordered = np.take_along_axis(told, order, axis=1)
    same = np.zeros(told.shape, dtype=bool)
    same[:, 1:] = ordered[:, 1:] == ordered[:, :-1]
    repeated = np.empty_like(same)
    np.put_along_axis(repeated, order, same, axis=1)
    return repeated


def _rank(wish: NDArray[np.intp], found: NDArray[np.bool_]) -> NDArray[np.intp]:
    """(readers, n) how many with the same wish were found before each."""
    rank = np.zeros(wish.shape, dtype=np.intp)
    for one in range(int(wish.max(initial=NO_REASON)) + 1):
        same = found & (wish == one)
        rank[same] = (np.cumsum(same, axis=1) - 1)[same]
    return rank


def _trending(
    candidates: Candidates,
    readers: Sequence[Reader],
    unmatched: NDArray[np.bool_],
    matches: NDArray[np.intp],
    *,
    most: int,
) -> NDArray[np.intp]:
    """(readers, most) the positions of the most trending papers that fit no wish, as many as there is room for."""
    papers = len(candidates.papers)
    ranks = np.empty(papers, dtype=np.int64)
    ranks[np.argsort(-candidates.trend, kind="stable")] = np.arange(papers)
    keys = np.where(unmatched, ranks << 32 | np.arange(papers), np.iinfo(np.int64).max)
    if most < papers:
        keys = np.partition(keys, most, axis=1)[:, :most]
    keys = np.sort(keys, axis=1)
    taken = (matches >= 0).sum(axis=1)
    room = np.array([_room(reader, int(some)) for reader, some in zip(readers, taken, strict=True)]).reshape(-1, 1)
    there = (keys < np.iinfo(np.int64).max) & (np.arange(keys.shape[1]) < room)
    return np.where(there, keys & 0xFFFFFFFF, -1)


def _room(reader: Reader, taken: int) -> int:
    """How many papers that only trend a reader gets beside so many matches."""
    if not reader.wishes:
        return reader.limit - taken
    return 0 if reader.only_matches else min(reader.limit - taken, MOST_UNMATCHED)


def _reason(reasons: Reasons, reader: Reader, wish: int, position: int) -> Reason:
    if wish == NO_REASON:
        return Reason(kind=ReasonKind.TRENDING)
    return reasons.of(reader.wishes[wish], position)
