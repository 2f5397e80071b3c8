"""Where one paper stands for one reader: its score for every wish, its place, and what keeps it out."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from digest.ranking.candidates import Candidates, Wish
from digest.ranking.features import Bag
from digest.ranking.reasons import Reasons
from digest.ranking.relevance import Profile
from digest.ranking.selection import choose
from digest.ranking.weighing import Reader, Weighed, weigh


class Bar(StrEnum):
    """What keeps out a paper that nothing else speaks against."""

    TWIN = "twin"
    SHARE = "share"
    LIMIT = "limit"
    MATCHES_ONLY = "matches only"
    TRENDING = "trending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """How a paper suits one wish.

    `score` and `floor` are a profile's; the floor is None as long as there are too few papers to measure it.
    `terms` are words of the paper, the heaviest first, each with what it adds to the cosine.
    """

    wish: Wish
    fits: bool
    score: float | None = None
    floor: float | None = None
    terms: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A paper's standing out of `considered` papers: `place`, from 1, is None where it is none of them or is muted.

    `relevance`, `trend` and `novelty` are the summands of its score; without a match it goes by its trend alone.
    `room` is how many papers the edition takes besides what was missed. `twin` is the number of the paper that it
    is nearly the same as, `bar` what keeps it out though it has a place.
    """

    considered: int
    room: int
    place: int | None
    is_chosen: bool
    matches: tuple[Match, ...]
    relevance: float | None
    trend: float
    novelty: float
    bar: Bar | None = None
    twin: int | None = None


def standing(candidates: Candidates, reader: Reader, known: Mapping[int, Bag], position: int) -> Standing:
    """The standing of the paper at a position, as `choose` sees it; `known` as there."""
    weighed, chosen = weigh(candidates, [reader], known), choose(candidates, [reader], known)
    is_chosen = bool((chosen.positions[0] == position).any() or chosen.missed[0] == position)
    fit = sum(float(weighed.fits[weighed.wishes[wish], position]) for wish in dict.fromkeys(reader.wishes))
    before = _before(candidates, weighed, position) if weighed.wanted[0, position] else None
    room = reader.limit - int(chosen.missed[0] >= 0)
    if before is None or is_chosen:
        bar, twin = None, None
    else:
        bar, twin = _bar(candidates, reader, weighed, before, position, room=room)
    weights = reader.weights
    return Standing(
        considered=int(chosen.considered[0]),
        room=room,
        place=None if before is None else len(before) + 1,
        is_chosen=is_chosen,
        matches=_matches(candidates, reader, weighed, known, position),
        relevance=weights.relevance * float(np.log(fit)) if fit else None,
        trend=weights.trend * float(candidates.trend[position]),
        novelty=0.0 - weights.novelty * float(candidates.days_listed[position]) / weights.half_life_days,
        bar=bar,
        twin=twin,
    )


def _before(candidates: Candidates, weighed: Weighed, position: int) -> NDArray[np.intp]:
    """The positions of the papers that stand before it, shares and twins aside."""
    matched = weighed.strength[0] > 0
    order = np.lexsort((-np.where(matched, weighed.scores[0], candidates.trend), ~matched))
    order = order[weighed.wanted[0, order]]
    return np.asarray(order[: int(np.flatnonzero(order == position)[0])], dtype=np.intp)


def _bar(
    candidates: Candidates,
    reader: Reader,
    weighed: Weighed,
    before: NDArray[np.intp],
    position: int,
    *,
    room: int,
) -> tuple[Bar, int | None]:
    if not weighed.strength[0, position]:
        if not reader.wishes:
            return Bar.LIMIT, None
        return (Bar.MATCHES_ONLY if reader.only_matches else Bar.TRENDING), None
    twins = candidates.twins[before]
    alike = before[twins == candidates.twins[position]]
    if alike.size:
        return Bar.TWIN, candidates.papers[alike[0]].id
    return (Bar.SHARE if len(np.unique(twins)) < room else Bar.LIMIT), None


def _matches(
    candidates: Candidates, reader: Reader, weighed: Weighed, known: Mapping[int, Bag], position: int
) -> tuple[Match, ...]:
    profiles = [wish for wish in reader.wishes if isinstance(wish, Profile)]
    scores, reasons = candidates.relevance.scores(profiles, known), Reasons(candidates, known)
    rows = {profile: row for row, profile in enumerate(profiles)}
    found = []
    for wish in reader.wishes:
        fits = bool(weighed.fits[weighed.wishes[wish], position] > 0)
        if not isinstance(wish, Profile):
            found.append(Match(wish=wish, fits=fits))
            continue
        floor = float(scores.floors[rows[wish]])
        match = Match(
            wish=wish,
            fits=fits,
            score=float(scores.values[rows[wish], position]),
            floor=floor if np.isfinite(floor) else None,
            terms=tuple(reasons.told(wish, position)),
        )
        found.append(match)
    return tuple(found)
