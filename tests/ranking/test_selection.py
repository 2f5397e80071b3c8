"""One reader's papers."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from math import log, sqrt
from random import Random
from statistics import fmean, pstdev
from typing import Any

import pytest
from listed import MIDNIGHT, author, category, mute, paper, topic

from digest.model import Interest, InterestKind, Paper, ReasonKind, Selection
from digest.ranking.background import Background, fit
from digest.ranking.candidates import CATEGORY_FIT, LEAST_COVERED, LEAST_TITLED, Candidates
from digest.ranking.features import features, paper_features
from digest.ranking.selection import MOST_UNMATCHED, select
from digest.ranking.trending import trend

DAY = timedelta(days=1)
NOON = MIDNIGHT + DAY / 2
PAPERS = [
    paper(1, "Diffusion Models at Speed", "Diffusion models sample in four steps.", upvotes=5, authors=["Ann Larch"]),
    paper(2, "Folding Laundry", "A robot folds laundry.", upvotes=90, categories=["cs.RO"]),
    paper(3, "Diffusion Models for Speech", "We denoise.", upvotes=40),
    paper(4, "Graphs", "Nodes and edges.", upvotes=60),
    paper(5, "Theorem Proving", "Proofs.", upvotes=None),
    paper(6, "Vision", "Images.", upvotes=20),
    paper(7, "Agents", "Tools.", upvotes=1),
]


def candidates(papers: Sequence[Paper]) -> Candidates:
    background = fit([(one.title, one.abstract) for one in papers], version=1)
    return Candidates(papers, background=background, now=NOON)


def chosen(*interests: Interest, papers: Sequence[Paper] = PAPERS, **values: Any) -> Selection:
    settings: dict[str, Any] = {
        "limit": 10,
        "listed_since": MIDNIGHT - 7 * DAY,
        "seen_after": None,
        "already_sent": (),
        "trend_weight": 0.5,
    }
    return select(candidates(papers), interests, **settings | values)


def numbers(selection: Selection) -> list[int]:
    return [pick.paper_id for pick in selection.picks]


def test_matches_stand_above_what_trends() -> None:
    selection = chosen(topic("diffusion models"))
    kinds = [pick.reason.kind for pick in selection.picks]
    assert kinds == [ReasonKind.TOPIC] * 2 + [ReasonKind.TRENDING] * 3
    assert set(numbers(selection)[:2]) == {1, 3}
    assert numbers(selection)[2:] == [2, 4, 5]


def test_without_a_match_at_most_three_trending_papers_are_chosen() -> None:
    selection = chosen(topic("quantum chromodynamics"))
    assert numbers(selection) == [2, 4, 3]
    assert {pick.reason.kind for pick in selection.picks} == {ReasonKind.TRENDING}
    assert selection.considered == len(PAPERS)


def test_a_reader_without_interests_gets_the_trending_list() -> None:
    assert numbers(chosen()) == [2, 4, 3, 5, 6, 1, 7]
    assert numbers(chosen(mute("laundry"), limit=3)) == [4, 3, 5]


@pytest.mark.parametrize("limit", [0, 1, 2, 3, 4, 5, 6, 20])
def test_there_are_never_more_than_asked_for(limit: int) -> None:
    assert len(chosen(topic("diffusion models"), limit=limit).picks) == min(limit, 5)
    assert len(chosen(limit=limit).picks) == min(limit, 7)


def test_what_was_sent_already_is_out() -> None:
    selection = chosen(topic("diffusion models"), already_sent={1, 2, 999})
    assert numbers(selection) == [3, 4, 5, 6]
    assert selection.considered == len(PAPERS) - 2


def test_what_is_muted_is_out_even_where_it_matches() -> None:
    selection = chosen(topic("diffusion models"), mute("speech"), mute("laundry"))
    assert not {2, 3} & set(numbers(selection))
    assert numbers(selection)[0] == 1


def test_what_was_listed_or_seen_too_early_is_out() -> None:
    papers = [
        paper(1, upvotes=1, listed_at=MIDNIGHT - 8 * DAY),
        paper(2, upvotes=2, listed_at=MIDNIGHT - 7 * DAY),
        paper(3, upvotes=3, first_seen_at=MIDNIGHT - DAY),
        paper(4, upvotes=4, first_seen_at=MIDNIGHT - DAY + timedelta(seconds=1)),
    ]
    assert sorted(numbers(chosen(papers=papers))) == [2, 3, 4]
    assert sorted(numbers(chosen(papers=papers, seen_after=MIDNIGHT - DAY))) == [2, 4]


def test_a_match_s_reason_is_the_interest_that_it_fits_best() -> None:
    selection = chosen(category("cs.RO"), topic("diffusion models"), topic("folding laundry"), author("ann larch"))
    reasons = {pick.paper_id: pick.reason for pick in selection.picks}
    assert (reasons[1].kind, reasons[1].interest, reasons[1].terms) == (ReasonKind.AUTHOR, "ann larch", ())
    assert (reasons[2].kind, reasons[2].interest) == (ReasonKind.TOPIC, "folding laundry")
    assert reasons[3].terms == ("Diffusion Models",)


def test_reasons_are_terms_that_stand_in_the_paper() -> None:
    texts = {one.id: f"{one.title} {one.abstract}" for one in PAPERS}
    for pick in chosen(topic("diffusion models"), topic("robots that fold laundry"), topic("graph nodes")).picks:
        assert pick.reason.kind is ReasonKind.TRENDING or pick.reason.terms
        assert all(term in texts[pick.paper_id] for term in pick.reason.terms)


def test_the_trend_decides_between_equal_matches_as_far_as_it_counts() -> None:
    papers = [paper(n, "Diffusion Models", "Diffusion models.", upvotes=n * 10) for n in range(5)]
    assert numbers(chosen(topic("diffusion models"), papers=papers)) == [4, 3, 2, 1, 0]
    assert numbers(chosen(topic("diffusion models"), papers=papers, trend_weight=0)) == [0, 1, 2, 3, 4]


def test_papers_that_are_all_alike_keep_their_order() -> None:
    papers = [paper(n, "Diffusion Models", upvotes=3) for n in range(9, 0, -1)]
    assert numbers(chosen(topic("diffusion models"), papers=papers)) == list(range(9, 0, -1))
    assert {pick.score for pick in chosen(topic("diffusion models"), papers=papers).picks} == {0.0}


def test_without_candidates_nothing_is_chosen() -> None:
    for interests in ((), (topic("diffusion"),), (mute("x"), author("y"), category("cs.LG"))):
        assert chosen(*interests, papers=[]) == Selection(considered=0, picks=())


def test_the_same_question_has_the_same_answer() -> None:
    among, interests = candidates(PAPERS), [topic("diffusion models"), mute("speech")]
    answers = [
        select(
            among, interests, limit=4, listed_since=MIDNIGHT - DAY, seen_after=None, already_sent=(4,), trend_weight=0.5
        )
        for _ in range(2)
    ]
    assert answers[0] == answers[1]


# The same, written out as a plain loop.

VOCABULARY = "diffusion models sampling speech noise the of robots folding laundry graphs . ,".split(" ")


def _text(chance: Random) -> str:
    return " ".join(chance.choices(VOCABULARY, k=chance.randrange(10)))


def _papers(chance: Random) -> list[Paper]:
    """Papers of all sorts; no two trend alike."""
    votes: list[int | None] = [None, *chance.sample(range(500), chance.randrange(30))]
    return [
        paper(
            number,
            _text(chance),
            _text(chance),
            upvotes=upvotes,
            listed_at=MIDNIGHT - chance.randrange(10) * DAY,
            first_seen_at=MIDNIGHT - chance.randrange(3) * DAY,
            authors=chance.choice([(), ("Ann Larch",), ("Ann Larch", "Ben Alder")]),
            categories=chance.choice([(), ("cs.LG",), ("cs.LG", "cs.CL")]),
        )
        for number, upvotes in enumerate(votes)
    ]


def _interests(chance: Random) -> list[Interest]:
    others = [mute("noise"), mute("folding laundry"), mute("the"), author("Ann Larch"), author("Ben Alder")]
    others += [category("cs.LG"), category("cs.CL")]
    topics = [topic(_text(chance)) for _ in range(chance.randrange(4))]
    return [*topics, *chance.sample(others, chance.randrange(3))]


@pytest.mark.parametrize("seed", range(100))
def test_selection_equals_a_plain_loop(seed: int) -> None:
    chance = Random(seed)
    papers, interests = _papers(chance), _interests(chance)
    limit, trend_weight = chance.randrange(1, 12), chance.choice([0.3, 0.5, 2.0])
    already_sent = set(chance.choices(range(30), k=3))
    seen_after = chance.choice([None, MIDNIGHT - DAY])
    selection = chosen(
        *interests,
        papers=papers,
        limit=limit,
        already_sent=already_sent,
        seen_after=seen_after,
        trend_weight=trend_weight,
    )
    considered, picks = _plainly(papers, interests, limit, already_sent, seen_after, trend_weight)
    assert selection.considered == considered
    assert [(pick.paper_id, pick.reason.kind) for pick in selection.picks] == [(n, kind) for n, _, kind in picks]
    assert [pick.score for pick in selection.picks] == pytest.approx([score for _, score, _ in picks], abs=1e-9)


def _plainly(
    papers: Sequence[Paper],
    interests: Sequence[Interest],
    limit: int,
    already_sent: Collection[int],
    seen_after: datetime | None,
    trend_weight: float,
) -> tuple[int, list[tuple[int, float, ReasonKind]]]:
    background = fit([(one.title, one.abstract) for one in papers], version=1)
    trends = _trends(papers)
    considered = [
        one
        for one in papers
        if one.listed_at >= MIDNIGHT - 7 * DAY
        and (seen_after is None or one.first_seen_at > seen_after)
        and one.id not in already_sent
    ]
    followed = [one for one in interests if one.kind is not InterestKind.MUTE]
    muted = [one for one in interests if one.kind is InterestKind.MUTE]
    wanted = [one for one in considered if not any(_fit(one, interest, background) for interest in muted)]
    best = {one.id: max([0.0, *(_fit(one, interest, background) for interest in followed)]) for one in wanted}
    matches = [one for one in wanted if best[one.id] > 0]
    relevance = _scale([best[one.id] for one in matches])
    picks = []
    for one in matches:
        fits = [(_fit(one, interest, background), -place) for place, interest in enumerate(followed)]
        kind = ReasonKind(followed[-max(fits)[1]].kind.value)
        picks.append((one.id, relevance(best[one.id]) + trend_weight * trends[one.id], kind))
    picks = sorted(picks, key=lambda pick: -pick[1])[:limit]
    others = [
        (one.id, relevance(0) + trend_weight * trends[one.id], ReasonKind.TRENDING)
        for one in wanted
        if best[one.id] == 0
    ]
    room = min(limit - len(picks), MOST_UNMATCHED if followed else limit)
    return len(considered), picks + sorted(others, key=lambda pick: -trends[pick[0]])[:room]


def _trends(papers: Sequence[Paper]) -> dict[int, float]:
    voted = {one.id: log(trend(one, now=NOON)) for one in papers if one.signals.upvotes is not None}
    scaled = _scale(list(voted.values()))
    return {one.id: 0.0 for one in papers} | {number: scaled(value) for number, value in voted.items()}


def _scale(values: Sequence[float]) -> Callable[[float], float]:
    if not values or max(values) - min(values) < 1e-9:
        return lambda _: 0.0
    mean, spread = fmean(values), pstdev(values)
    return lambda value: (value - mean) / spread


def _fit(one: Paper, interest: Interest, background: Background) -> float:
    wanted, has = features(interest.value), paper_features(one.title, one.abstract)
    match interest.kind:
        case InterestKind.AUTHOR:
            return float(interest.value in one.authors)
        case InterestKind.CATEGORY:
            return CATEGORY_FIT * (interest.value in one.categories)
        case InterestKind.MUTE:
            return float(bool(wanted) and all(feature in has for feature in wanted))
        case InterestKind.TOPIC:
            return _cosine(wanted, has, background) if _matches(wanted, has, one, background) else 0.0


def _matches(wanted: dict[str, int], has: Collection[str], one: Paper, background: Background) -> bool:
    if any(feature in has for feature in wanted if " " in feature):
        return True
    one_word = {f: (1 + log(count)) * background.weight(f) for f, count in wanted.items() if " " not in f}
    covered = sum(weight for feature, weight in one_word.items() if feature in has)
    titled = sum(weight for feature, weight in one_word.items() if feature in features(one.title))
    whole = sum(one_word.values()) or 1.0
    return titled >= LEAST_TITLED * whole and covered >= LEAST_COVERED * whole


def _cosine(wanted: dict[str, int], has: dict[str, int], background: Background) -> float:
    first = {feature: (1 + log(count)) * background.weight(feature) for feature, count in wanted.items()}
    second = {feature: (1 + log(count)) * background.weight(feature) for feature, count in has.items()}
    product = sum(weight * second.get(feature, 0.0) for feature, weight in first.items())
    return product / sqrt(sum(w * w for w in first.values())) / sqrt(sum(w * w for w in second.values()))
