"""One reader's papers: those that match their interests, the best first, then a few that trend."""

from collections.abc import Collection, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from digest.model import Interest, InterestKind, Pick, Reason, ReasonKind, Selection
from digest.ranking.candidates import Candidates
from digest.ranking.trending import standardised

MOST_UNMATCHED = 3
"""How many trending papers, labelled as such, stand after the matches of a reader with interests."""


def select(
    candidates: Candidates,
    interests: Sequence[Interest],
    *,
    limit: int,
    listed_since: datetime,
    seen_after: datetime | None,
    already_sent: Collection[int] = (),
    trend_weight: float,
) -> Selection:
    """The papers for one reader, best first; at most `limit`, and no filler to reach it.

    Considered are those listed since `listed_since`, first seen after `seen_after` and not
    already sent. Matches are ordered by `Z(relevance) + trend_weight * Z(trend)`; a match's reason
    is the interest that it fits best.
    """
    considered = _considered(candidates, listed_since=listed_since, seen_after=seen_after, already_sent=already_sent)
    wanted = considered & ~_muted(candidates, interests)
    followed = [interest for interest in interests if interest.kind is not InterestKind.MUTE]
    fits = np.array([candidates.fit(interest) for interest in followed])
    relevance = fits.max(axis=0) if followed else np.zeros(len(candidates.papers))
    matched = wanted & (relevance > 0)
    score = standardised(relevance, of=matched) + trend_weight * candidates.trend
    best = _best(score, among=matched, limit=limit)
    room = limit - len(best) if not followed else min(limit - len(best), MOST_UNMATCHED)
    trending = _best(candidates.trend, among=wanted & ~matched, limit=room)
    reasons = [
        (position, _reason(candidates, followed[int(fits[:, position].argmax())], position)) for position in best
    ]
    reasons += [(position, Reason(kind=ReasonKind.TRENDING)) for position in trending]
    picks = tuple(
        Pick(paper_id=candidates.papers[position].id, score=float(score[position]), reason=reason)
        for position, reason in reasons
    )
    return Selection(considered=int(considered.sum()), picks=picks)


def _considered(
    candidates: Candidates,
    *,
    listed_since: datetime,
    seen_after: datetime | None,
    already_sent: Collection[int],
) -> NDArray[np.bool_]:
    considered = candidates.listed_at >= listed_since.timestamp()
    if seen_after is not None:
        considered &= candidates.first_seen_at > seen_after.timestamp()
    considered[[candidates.positions[number] for number in already_sent if number in candidates.positions]] = False
    return considered


def _muted(candidates: Candidates, interests: Sequence[Interest]) -> NDArray[np.bool_]:
    muted = np.zeros(len(candidates.papers), dtype=bool)
    for interest in interests:
        if interest.kind is InterestKind.MUTE:
            muted |= candidates.fit(interest) > 0
    return muted


def _best(scores: NDArray[np.float64], *, among: NDArray[np.bool_], limit: int) -> list[int]:
    positions = np.flatnonzero(among)
    # A stable sort: among equals the candidates' own order decides, the newest first.
    order = np.argsort(-scores[positions], kind="stable")
    return [int(position) for position in positions[order][: max(limit, 0)]]


_REASON_KINDS = {
    InterestKind.TOPIC: ReasonKind.TOPIC,
    InterestKind.AUTHOR: ReasonKind.AUTHOR,
    InterestKind.CATEGORY: ReasonKind.CATEGORY,
}


def _reason(candidates: Candidates, interest: Interest, position: int) -> Reason:
    terms = candidates.terms(position, interest.value) if interest.kind is InterestKind.TOPIC else ()
    return Reason(kind=_REASON_KINDS[interest.kind], interest=interest.value, terms=terms)
