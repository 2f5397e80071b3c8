"""Readers' papers, a block of readers at once: those that match, the best first, then a few that trend."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digest.model import Pick, Reason, ReasonKind, Selection
from digest.ranking.candidates import Candidates
from digest.ranking.documents import Floats
from digest.ranking.features import Bag
from digest.ranking.reasons import Reasons
from digest.ranking.weighing import Reader, Weighed, weigh

MOST_UNMATCHED = 3
"""How many trending papers, labelled as such, stand after the matches of a reader with interests."""

SURVIVORS = 3
"""Of `limit` papers so many times as many are looked at for variety: what quotas and twins take away is replaced."""

AT_ONCE = 2_000_000
"""Readers times papers whose wishes are learned together: 4,000 readers of 500 papers."""

WEIGHED_AT_ONCE = 250_000
"""Readers times papers that are weighed together: more of them need memory for no speed."""

MOST_FITS = 20_000_000
"""Their wishes times papers, 80 MB a table: 2,000 readers with 60 topics of their own each took 2.6 GB without."""

NO_REASON = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """(readers, most) `positions` of papers, best first, -1 where there is none.

    `scores` are theirs, `wishes` which of the reader's wishes each fits best, -1 for those that only trend;
    `considered` (readers,) is out of how many, `missed` (readers,) the position of one that was not sent
    before and has risen since, `missed_wishes` what it fits.
    """

    positions: NDArray[np.intp]
    scores: Floats
    wishes: NDArray[np.intp]
    considered: NDArray[np.intp]
    missed: NDArray[np.intp]
    missed_wishes: NDArray[np.intp]


def select(candidates: Candidates, readers: Sequence[Reader], known: Mapping[int, Bag]) -> list[Selection]:
    """Every reader's papers with their reasons; see `choose`."""
    reasons, papers, found = Reasons(candidates, known), len(candidates.papers), list[Selection]()
    size = max(WEIGHED_AT_ONCE // max(papers, 1), 1)
    for block in blocks_of(readers, papers=papers):
        candidates.learn(wish for reader in block for wish in (*reader.wishes, *reader.mutes))
        for start in range(0, len(block), size):
            found += _selected(candidates, block[start : start + size], known, reasons)
    return found


def blocks_of(readers: Sequence[Reader], *, papers: int) -> Iterator[list[Reader]]:
    """Readers in their order, as many together as AT_ONCE and MOST_FITS let."""
    block: list[Reader] = []
    wishes = 0
    for reader in readers:
        wishes += len(reader.wishes) + len(reader.mutes)
        if block and ((len(block) + 1) * papers > AT_ONCE or wishes * papers > MOST_FITS):
            yield block
            block, wishes = [], len(reader.wishes) + len(reader.mutes)
        block.append(reader)
    if block:
        yield block


def _selected(
    candidates: Candidates, readers: Sequence[Reader], known: Mapping[int, Bag], reasons: Reasons
) -> list[Selection]:
    chosen, numbers = choose(candidates, readers, known), [paper.id for paper in candidates.papers]
    found = []
    # As lists, since an array hands out its numbers one by one at five times the cost.
    rows = zip(*(each.tolist() for each in (chosen.positions, chosen.scores, chosen.wishes)), strict=True)
    missed, considered = chosen.missed.tolist(), chosen.considered.tolist()
    for at, (reader, row) in enumerate(zip(readers, rows, strict=True)):
        told = [reasons.told_of(wish) for wish in reader.wishes]
        picks = [
            Pick(
                numbers[place],
                score,
                # Most have been told to another reader.
                (wish != NO_REASON and told[wish].get(place)) or _reason(reasons, reader, wish, place),
            )
            for place, score, wish in zip(*row, strict=True)
            if place >= 0
        ]
        if missed[at] >= 0:
            place, wish = missed[at], int(chosen.missed_wishes[at])
            reason = _reason(reasons, reader, wish, place)._replace(kind=ReasonKind.MISSED)
            picks.append(Pick(paper_id=numbers[place], score=0.0, reason=reason))
        found.append(Selection(considered=considered[at], picks=tuple(picks)))
    return found


def choose(candidates: Candidates, readers: Sequence[Reader], known: Mapping[int, Bag]) -> Chosen:
    """The papers of one reader or more, at most `limit` each, and no filler to reach it.

    A reader's papers are those that fit any wish, in the order of `(sum of fits)^relevance * e^(trend * Z(trend))`,
    less those too old by novelty: as logarithms, a sum. Of papers that are nearly the same only the best stands,
    and no wish takes more than its share while others have papers among the best SURVIVORS * limit. After
    them come at most MOST_UNMATCHED that trend; for a reader without wishes, as many as there is room for. One
    place is for what the reader missed, unless that is nearly the same as one of them.
    """
    weighed = weigh(candidates, readers, known)
    missed = _missed(candidates, readers, weighed.missed)
    positions, wishes = _edition(candidates, readers, weighed, missed)
    repeated = _twins_stand(candidates, positions, missed)
    if repeated.any():
        missed = np.where(repeated, -1, missed)
        positions, wishes = _edition(candidates, readers, weighed, missed)
    some = positions.shape[1] > 0
    matched = np.take_along_axis(weighed.scores, np.maximum(positions, 0), axis=1) if some else positions
    return Chosen(
        positions=positions,
        scores=np.where(matched > 0, np.log(np.maximum(matched, 1e-30)), candidates.trend[positions] if some else 0),
        wishes=wishes,
        considered=weighed.considered.sum(axis=1),
        missed=missed,
        missed_wishes=_fitting(weighed.fits, weighed.rows, np.maximum(missed, 0)[:, None])[:, 0] if some else missed,
    )


def _edition(
    candidates: Candidates, readers: Sequence[Reader], weighed: Weighed, missed: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(readers, most) the positions of all but what was missed, -1 where there is none, and which wish each fits."""
    limits = np.array([reader.limit for reader in readers], dtype=np.intp) - (missed >= 0)
    most = min(int(limits.max(initial=0)), len(candidates.papers))
    matches, wishes = _best(candidates, weighed, limits, most=most)
    trending = _trending(candidates, weighed, _room(readers, limits, matches), most=most)
    positions = np.concatenate([matches, trending], axis=1)
    wishes = np.concatenate([wishes, np.full(trending.shape, NO_REASON)], axis=1)
    order = np.argsort(positions < 0, axis=1, kind="stable")[:, :most]
    return np.take_along_axis(positions, order, axis=1), np.take_along_axis(wishes, order, axis=1)


def _twins_stand(candidates: Candidates, positions: NDArray[np.intp], missed: NDArray[np.intp]) -> NDArray[np.bool_]:
    """(readers,) whether what was missed is nearly the same as a paper of the edition."""
    if not (missed >= 0).any():
        return np.zeros(len(missed), dtype=bool)
    same = candidates.twins[positions] == candidates.twins[missed][:, None]
    return np.asarray((same & (positions >= 0)).any(axis=1) & (missed >= 0))


def _missed(candidates: Candidates, readers: Sequence[Reader], scores: Floats) -> NDArray[np.intp]:
    """(readers,) the position of the best of those that have risen, -1 where there is none."""
    missed = np.full(len(readers), -1, dtype=np.intp)
    kinds = {reader.risen for reader in readers if reader.risen and reader.limit > 1}
    for risen in kinds:
        at = np.array([row for row, reader in enumerate(readers) if reader.risen == risen and reader.limit > 1])
        places = np.array(sorted(candidates.positions[n] for n in risen if n in candidates.positions), dtype=np.intp)
        if len(places):
            among = scores[np.ix_(at, places)]
            missed[at] = np.where(among.max(axis=1) > 0, places[among.argmax(axis=1)], -1)
    return missed


def _best(
    candidates: Candidates,
    weighed: Weighed,
    limits: NDArray[np.intp],
    *,
    most: int,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(readers, most) the positions of the best, -1 where there is none, and which wish each fits best."""
    best = _highest(weighed.scores, SURVIVORS * most)
    within = np.arange(best.shape[1]) < SURVIVORS * limits[:, None]
    found = (np.take_along_axis(weighed.scores, best, axis=1) > 0) & within
    wish = _fitting(weighed.fits, weighed.rows, best)
    found &= ~_repeated(candidates.twins[best], found)
    wishes = (weighed.rows >= 0).sum(axis=1)
    shares = [[share(int(limit), wishes=int(own))] for limit, own in zip(limits, wishes, strict=True)]
    beyond = _rank(wish, found) >= np.array(shares)
    # Those beyond their wish's share wait behind all others, those that are none at the end.
    order = np.argsort(2 * ~found + beyond, axis=1, kind="stable")
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.arange(order.shape[1])[None, :], axis=1)
    found &= place < limits[:, None]
    order = np.argsort(~found, axis=1, kind="stable")[:, :most]
    found = np.take_along_axis(found, order, axis=1)
    return (
        np.where(found, np.take_along_axis(best, order, axis=1), -1),
        np.where(found, np.take_along_axis(wish, order, axis=1), NO_REASON),
    )


def share(limit: int, *, wishes: int) -> int:
    """How many of `limit` papers one of a reader's wishes may take while others have papers."""
    return -(-limit // max(wishes, 1))


def _highest(scores: Floats, most: int) -> NDArray[np.intp]:
    """(readers, most) where the highest scores stand, best first; among equals the first.

    A score's bits, of a number that is not negative, and its place make one integer, so the places come with the order.
    """
    papers = scores.shape[1]
    keys = scores.view(np.int32).astype(np.int64)
    keys <<= 32
    keys |= papers - 1 - np.arange(papers)
    if 0 < most < papers:
        keys.partition(papers - most, axis=1)
        keys = keys[:, papers - most :]
    keys = -np.sort(-keys, axis=1)
    return np.asarray(papers - 1 - (keys & 0xFFFFFFFF), dtype=np.intp)


def _fitting(fits: Floats, rows: NDArray[np.intp], positions: NDArray[np.intp]) -> NDArray[np.intp]:
    """(readers, n) which of a reader's wishes, in their order, each paper fits best."""
    best = np.full(positions.shape, NO_REASON)
    highest = np.full(positions.shape, -1, np.float32)
    for wish in range(rows.shape[1]):
        own = rows[:, wish, None]
        fit = np.where(own < 0, -1, fits.ravel()[own * fits.shape[1] + positions])
        best[fit > highest] = wish
        highest = np.maximum(fit, highest)
    return best


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


def _room(readers: Sequence[Reader], limits: NDArray[np.intp], matches: NDArray[np.intp]) -> NDArray[np.intp]:
    """(readers,) how many papers that only trend each gets beside the matches."""
    room = limits - (matches >= 0).sum(axis=1)
    most = [0 if one.only_matches and one.wishes else MOST_UNMATCHED if one.wishes else one.limit for one in readers]
    return np.asarray(np.minimum(room, most), dtype=np.intp)


def _trending(candidates: Candidates, weighed: Weighed, room: NDArray[np.intp], *, most: int) -> NDArray[np.intp]:
    """(readers, most) the positions of the most trending papers that do not fit, as many as there is room for."""
    papers, wanting = len(candidates.papers), room > 0
    unmatched = weighed.wanted[wanting] & (weighed.strength[wanting] == 0)
    ranks = np.empty(papers, dtype=np.int64)
    ranks[np.argsort(-candidates.trend, kind="stable")] = np.arange(papers)
    none = np.iinfo(np.int64).max
    keys = np.where(unmatched, ranks << 32 | np.arange(papers), none)
    if most < papers:
        keys = np.partition(keys, most, axis=1)[:, :most]
    keys = np.sort(keys, axis=1)
    there = (keys < none) & (np.arange(keys.shape[1]) < room[wanting, None])
    found = np.full((len(room), keys.shape[1]), -1)
    found[wanting] = np.where(there, keys & 0xFFFFFFFF, -1)
    return found


_TRENDS = Reason(kind=ReasonKind.TRENDING)


def _reason(reasons: Reasons, reader: Reader, wish: int, position: int) -> Reason:
    if wish == NO_REASON:
        return _TRENDS
    return reasons.of(reader.wishes[wish], position)
