"""Readers' papers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from math import exp, log, sqrt
from random import Random
from statistics import fmean, pstdev
from typing import Any

import numpy as np
import pytest
from library import DAY, NOON, SUBJECTS, about, candidates, known, library, reader
from listed import MIDNIGHT, author, category, mute, paper

from digest.model import Interest, InterestKind, Paper, ReasonKind, Selection, Weights
from digest.ranking.candidates import AUTHOR_FIT, CATEGORY_FIT, Candidates, Wish
from digest.ranking.features import Bag, features, paper_features
from digest.ranking.relevance import FEWEST_LIKED_AMONG, Profile
from digest.ranking.selection import MOST_FITS, MOST_UNMATCHED, SURVIVORS, blocks_of, select
from digest.ranking.trending import expected_upvotes
from digest.ranking.twins import ALIKE
from digest.ranking.weighing import Reader

SHELVED = library(150)
PAPERS = [
    paper(1, "Diffusion Sampling at Speed", "Diffusion models sample in four steps.", upvotes=5, authors=["Ann Larch"]),
    paper(2, "Folding Laundry", "A robot folds laundry.", upvotes=90, categories=["cs.RO"]),
    paper(3, "Diffusion Sampling for Speech", "We denoise.", upvotes=40),
    paper(4, "Graphs", "Nodes and edges.", upvotes=60),
    paper(5, "Theorem Proving", "Proofs.", upvotes=None),
    paper(6, "Vision", "Images.", upvotes=20),
    paper(7, "Agents", "Tools.", upvotes=1),
]
TREES = "Alder Aspen Beech Birch Elder Elm Larch Linden Maple Rowan".split()
DIFFUSION = Profile("diffusion sampling")


def chosen(*wishes: Wish, papers: Sequence[Paper] = PAPERS, **values: Any) -> Selection:
    [selection] = select(candidates(papers, shelved=SHELVED), [reader(*wishes, **values)], {})
    return selection


def numbers(selection: Selection) -> list[int]:
    return [pick.paper_id for pick in selection.picks]


def test_matches_stand_above_what_trends() -> None:
    selection = chosen(DIFFUSION)
    kinds = [pick.reason.kind for pick in selection.picks]
    assert kinds == [ReasonKind.TOPIC] * 2 + [ReasonKind.TRENDING] * 3
    assert set(numbers(selection)[:2]) == {1, 3}
    assert numbers(selection)[2:] == [2, 4, 6]


def test_without_a_match_at_most_three_trending_papers_are_chosen() -> None:
    selection = chosen(Profile("quantum chromodynamics"))
    assert numbers(selection) == [2, 4, 3]
    assert {pick.reason.kind for pick in selection.picks} == {ReasonKind.TRENDING}
    assert selection.considered == len(PAPERS)


def test_a_reader_who_wants_matches_alone_gets_nothing_else() -> None:
    assert set(numbers(chosen(DIFFUSION, only_matches=True))) == {1, 3}
    assert numbers(chosen(Profile("quantum chromodynamics"), only_matches=True)) == []


def test_a_reader_without_wishes_gets_the_trending_list() -> None:
    assert numbers(chosen()) == [2, 4, 3, 6, 5, 1, 7]
    assert numbers(chosen(mutes=[mute("laundry")], limit=3)) == [4, 3, 6]


@pytest.mark.parametrize("limit", [0, 1, 2, 3, 4, 5, 6, 20])
def test_there_are_never_more_than_asked_for(limit: int) -> None:
    assert len(chosen(DIFFUSION, limit=limit).picks) == min(limit, 5)
    assert len(chosen(limit=limit).picks) == min(limit, 7)


def test_what_was_sent_already_is_out() -> None:
    selection = chosen(DIFFUSION, already_sent={1, 2, 999})
    assert numbers(selection) == [3, 4, 6, 5]
    assert selection.considered == len(PAPERS) - 2


def test_what_is_muted_is_out_even_where_it_matches() -> None:
    selection = chosen(DIFFUSION, mutes=[mute("speech"), mute("laundry")])
    assert not {2, 3} & set(numbers(selection))
    assert numbers(selection)[0] == 1


def test_where_all_is_muted_nothing_is_chosen() -> None:
    papers = [paper(number, "Diffusion Sampling", "Of noise.", upvotes=number) for number in range(5)]
    for wishes in ((), (DIFFUSION,)):
        assert chosen(*wishes, papers=papers, mutes=[mute("noise")]) == Selection(considered=5, picks=())


def test_what_was_listed_or_seen_too_early_is_out() -> None:
    papers = [
        paper(1, upvotes=1, listed_at=MIDNIGHT - 8 * DAY),
        paper(2, upvotes=2, listed_at=MIDNIGHT - 7 * DAY),
        paper(3, upvotes=3, first_seen_at=MIDNIGHT - DAY),
        paper(4, upvotes=4, first_seen_at=MIDNIGHT - DAY + DAY / 86_400),
    ]
    assert sorted(numbers(chosen(papers=papers))) == [2, 3, 4]
    assert sorted(numbers(chosen(papers=papers, seen_after=MIDNIGHT - DAY))) == [2, 4]


def test_an_author_stands_above_a_topic_and_a_topic_above_a_category() -> None:
    papers = [
        paper(1, "On Vision", categories=["cs.LG"]),
        paper(2, "Diffusion Sampling"),
        paper(3, "Agents", authors=["Ann Larch"]),
    ]
    assert numbers(chosen(category("cs.LG"), DIFFUSION, author("Ann Larch"), papers=papers)) == [3, 2, 1]


def test_a_match_s_reason_is_the_wish_that_it_fits_best() -> None:
    selection = chosen(category("cs.RO"), DIFFUSION, Profile("folding laundry"), author("ann larch"))
    reasons = {pick.paper_id: pick.reason for pick in selection.picks}
    assert (reasons[1].kind, reasons[1].interest, reasons[1].terms) == (ReasonKind.AUTHOR, "ann larch", ())
    assert (reasons[2].kind, reasons[2].interest) == (ReasonKind.TOPIC, "folding laundry")
    assert (reasons[3].interest, reasons[3].terms) == ("diffusion sampling", ("Diffusion Sampling",))


def test_no_wish_takes_more_than_its_share_while_another_has_papers() -> None:
    grasps = [paper(n, f"Grasping {TREES[n]}", upvotes=n) for n in range(5)]
    proofs = [paper(10 + n, f"Proving {TREES[n]}", upvotes=n) for n in range(3)]
    wishes = (Profile("grasping"), Profile("proving"))
    assert sorted(numbers(chosen(*wishes, papers=[*grasps, *proofs], limit=6))) == [2, 3, 4, 10, 11, 12]
    assert sorted(numbers(chosen(*wishes, papers=[*grasps, proofs[0]], limit=5))) == [1, 2, 3, 4, 10]


def test_a_reader_s_papers_do_not_depend_on_how_many_another_wants() -> None:
    papers = [paper(n, f"Grasping {a} {b}", upvotes=9) for n, (a, b) in enumerate(combinations(TREES[:6], 2))]
    papers.append(paper(99, "Proving", listed_at=MIDNIGHT - 6 * DAY, upvotes=0))
    one = reader(Profile("grasping"), Profile("proving"), limit=2, weights=Weights(novelty=3))
    among = candidates(papers, shelved=SHELVED)
    assert select(among, [one, replace(one, limit=15)], {})[0] == select(among, [one], {})[0]


def test_of_papers_that_are_nearly_the_same_the_best_alone_stands() -> None:
    first, other = about("diffusion", 1, Random(1)), about("diffusion", 9, Random(2))
    versions = [paper(n, first.title, f"{first.abstract} Version {n}.", upvotes=n) for n in range(1, 4)]
    papers, wishes = [*versions, other], (Profile(first.title), Profile(other.title))
    assert set(numbers(chosen(*wishes, papers=papers, only_matches=True))) == {3, 9}
    assert set(numbers(chosen(*wishes, papers=papers, only_matches=True, already_sent=[3]))) == {2, 9}


def test_a_version_between_two_makes_them_nearly_the_same() -> None:
    words = SUBJECTS["diffusion"] + SUBJECTS["robots"]
    papers = [paper(n, " ".join(words[2 * n : 2 * n + 14]), upvotes=n) for n in range(3)]
    assert numbers(chosen(Profile(papers[1].title), papers=papers)) == [2]


def test_papers_are_not_the_same_for_a_word_that_is_news() -> None:
    """The background knows neither the papers' other words nor how rare they are."""
    first, other = "Zyzzyva beetles eat bark all winter.", "Zyzzyva, a speech of nobody's grandmother"
    papers = [paper(1, first, "Proof."), paper(2, other, "Proof.")]
    assert sorted(numbers(chosen(Profile("zyzzyva"), papers=papers))) == [1, 2]


def test_the_trend_decides_between_equal_matches_as_far_as_it_counts() -> None:
    votes = {1: 4, 2: 30, 3: 11}
    papers = [paper(n, f"Diffusion {TREES[n]}", upvotes=upvotes) for n, upvotes in votes.items()]
    assert numbers(chosen(Profile("diffusion"), papers=papers)) == [2, 3, 1]
    assert numbers(chosen(Profile("diffusion"), papers=papers, weights=Weights(trend=0))) == [1, 2, 3]


def test_the_newer_of_equal_matches_stands_first_as_far_as_novelty_counts() -> None:
    papers = [paper(n, f"Diffusion {TREES[n]}", listed_at=MIDNIGHT - (3 - n) * DAY) for n in (1, 2, 3)]
    assert numbers(chosen(Profile("diffusion"), papers=papers)) == [1, 2, 3]
    assert numbers(chosen(Profile("diffusion"), papers=papers, weights=Weights(novelty=1))) == [3, 2, 1]


@pytest.mark.parametrize(
    "weights",
    [
        Weights(relevance=5, trend=5, novelty=5, half_life_days=0.01),
        Weights(relevance=0, trend=5),
        Weights(relevance=0, trend=0, novelty=5, half_life_days=0.001),
    ],
)
def test_no_weight_loses_a_match(weights: Weights) -> None:
    papers = [paper(n, "Agents", listed_at=MIDNIGHT - 6 * DAY, upvotes=0) for n in range(400)]
    papers += [
        paper(400, "Diffusion", upvotes=900, listed_at=MIDNIGHT - 6 * DAY, authors=["Ann Larch"]),
        paper(401, "Diffusion Sampling of Noise", upvotes=0, listed_at=MIDNIGHT - 6 * DAY),
        paper(402, "A Folding Robot", upvotes=0, listed_at=MIDNIGHT - 6 * DAY, categories=["cs.RO"]),
    ]
    wishes: list[Wish] = [Profile("diffusion"), author("Ann Larch"), category("cs.RO")]
    selection = chosen(*wishes, papers=papers, weights=weights, only_matches=True)
    assert set(numbers(selection)) == {400, 401, 402}
    assert all(np.isfinite(pick.score) for pick in selection.picks)


def test_papers_that_are_all_alike_keep_their_order() -> None:
    papers = [paper(n, f"Diffusion {TREES[n]}", upvotes=3) for n in range(9, 0, -1)]
    selection = chosen(Profile("diffusion"), papers=papers)
    assert numbers(selection) == list(range(9, 0, -1))
    assert len({pick.score for pick in selection.picks}) == 1


def test_without_candidates_nothing_is_chosen() -> None:
    for wishes in ((), (DIFFUSION,), (author("y"), category("cs.LG"))):
        assert chosen(*wishes, papers=[], mutes=[mute("x")]) == Selection(considered=0, picks=())


def test_without_readers_nobody_gets_anything() -> None:
    assert select(candidates(PAPERS, shelved=SHELVED), [], {}) == []


@pytest.mark.parametrize("shelved", [(), SHELVED[:20], SHELVED], ids=["no shelf", "a short shelf", "a shelf"])
@pytest.mark.parametrize(
    ("topic", "fitting"),
    [
        ("", []),
        ("the of and", []),
        ("quantum chromodynamics", []),
        ("diffusion sampling " * 600, [1]),
        ("扩散 模型", [2]),
        ("диффузионные модели", [3]),
        ("نماذج الانتشار", [4]),
    ],
)
def test_whatever_the_topic_is_it_finds_what_holds_its_words(
    shelved: Sequence[Paper], topic: str, fitting: list[int]
) -> None:
    papers = [
        paper(1, "Diffusion Sampling", "Diffusion sampling of noise."),
        paper(2, "扩散 模型 的 加速", "图像"),
        paper(3, "Диффузионные модели", "Шум и изображения."),
        paper(4, "نماذج الانتشار", "صور"),
        paper(5, "...", "—"),
        paper(6, "", ""),
    ]
    [selection] = select(candidates(papers, shelved=shelved), [reader(Profile(topic))], {})
    matches = [pick for pick in selection.picks if pick.reason.kind is ReasonKind.TOPIC]
    assert [pick.paper_id for pick in matches] == fitting
    assert all(pick.reason.terms for pick in matches)
    assert all(np.isfinite(pick.score) for pick in selection.picks)
    assert len(selection.picks) == len(fitting) + MOST_UNMATCHED


def test_on_a_short_shelf_no_paper_matches_that_lacks_a_topics_words() -> None:
    papers = [paper(1, "Denoising Score", "Latent guidance of images step by step."), paper(2, "Diffusion Sampling")]
    topical = Profile("diffusion sampling", liked=(SHELVED[0].id,))
    for shelved, fitting in ((SHELVED[: FEWEST_LIKED_AMONG - 1], [2]), (SHELVED, [1, 2])):
        [selection] = select(candidates(papers, shelved=shelved), [reader(topical, only_matches=True)], {})
        assert sorted(numbers(selection)) == fitting


def test_a_missed_paper_is_none_that_the_edition_nearly_has() -> None:
    """Whose place it would have taken comes instead; another reader's stays."""
    text = "Diffusion models sample in four steps, of noise that a guide has told apart."
    new = [paper(1, "Diffusion Sampling", text, upvotes=9), paper(2, "Diffusion of Noise", "We denoise.", upvotes=3)]
    seen_at = MIDNIGHT - 2 * DAY
    earlier = paper(3, "Diffusion Sampling", f"{text} Again.", upvotes=90, first_seen_at=seen_at)
    other = paper(4, "Diffusion in Speech", "A recogniser hears.", upvotes=90, first_seen_at=seen_at)
    among = candidates([*new, earlier, other], shelved=SHELVED)
    who = reader(Profile("diffusion"), limit=2, seen_after=MIDNIGHT - DAY, only_matches=True)
    readers = [replace(who, risen=frozenset({3})), replace(who, risen=frozenset({4}))]
    repeated, missed = select(among, readers, {})
    assert [(pick.paper_id, pick.reason.kind) for pick in repeated.picks] == [
        (1, ReasonKind.TOPIC),
        (2, ReasonKind.TOPIC),
    ]
    assert [(pick.paper_id, pick.reason.kind) for pick in missed.picks] == [
        (1, ReasonKind.TOPIC),
        (4, ReasonKind.MISSED),
    ]


# The same, written out as a plain loop.

WORDS = [*(word for own in list(SUBJECTS.values())[:6] for word in own[:4]), "the", "of", ".", ",", "Zyzzyva", "模型"]
LIKED = library(30, seed=5, first=5000)


def _text(chance: Random, most: int) -> str:
    return " ".join(chance.choices(WORDS, k=chance.randrange(most)))


def _papers(chance: Random) -> list[Paper]:
    """Papers of all sorts, some of them nearly the same as others."""
    texts = [(_text(chance, 6), _text(chance, 20)) for _ in range(chance.randrange(40))]
    texts += [(title, f"{abstract} Again.") for title, abstract in texts[:5]]
    chance.shuffle(texts)
    return [
        paper(
            number,
            title,
            abstract,
            upvotes=chance.choice([None, chance.randrange(100), chance.randrange(100)]),
            listed_at=MIDNIGHT - chance.randrange(10) * DAY,
            first_seen_at=MIDNIGHT - chance.randrange(3) * DAY,
            authors=chance.choice([(), ("Ann Larch",), ("Ann Larch", "Ben Alder")]),
            categories=chance.choice([(), ("cs.LG",), ("cs.LG", "cs.CL")]),
        )
        for number, (title, abstract) in enumerate(texts)
    ]


def _reader(chance: Random) -> Reader:
    topics = [Profile(topic, liked, disliked) for topic, liked, disliked in (_said(chance) for _ in range(4))]
    others: list[Wish] = [author("Ann Larch"), author("Ben Alder"), category("cs.LG"), category("cs.CL")]
    wishes = [*chance.sample(topics, chance.choice([0, 1, 1, 2, 4])), *chance.sample(others, chance.randrange(3))]
    mutes = [mute("noise"), mute("robot arm"), mute("the"), mute("ben alder")]
    return reader(
        *(wish for wish in dict.fromkeys(wishes) if wish != Profile()),
        mutes=chance.sample(mutes, chance.choice([0, 0, 1, 2])),
        limit=chance.randrange(1, 12),
        weights=Weights(
            relevance=chance.choice([1, 1, 0, 0.5, 3]),
            trend=chance.choice([0, 0.5, 2]),
            novelty=chance.choice([0, 0, 1.5]),
            half_life_days=chance.choice([1, 3]),
        ),
        listed_since=MIDNIGHT - chance.choice([1, 7, 31]) * DAY,
        seen_after=chance.choice([None, MIDNIGHT - DAY]),
        already_sent=set(chance.choices(range(60), k=chance.randrange(9))),
        only_matches=chance.random() < 0.2,
    )


def _said(chance: Random) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
    liked = tuple(one.id for one in chance.sample(LIKED, chance.choice([0, 0, 1, 5])))
    return _text(chance, 5), liked, tuple(one.id for one in chance.sample(LIKED, chance.choice([0, 0, 2])))


@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 12))])
def test_selection_equals_a_plain_loop_for_each_reader_alone_and_in_a_block(seed: int) -> None:
    chance = Random(seed)
    papers, readers = _papers(chance), [_reader(chance) for _ in range(9)]
    shelved = chance.choice([(), SHELVED[:40], SHELVED])
    among, liked = candidates(papers, shelved=shelved), known(LIKED)
    plain = [_plainly(one, among, shelved or papers, liked) for one in readers]
    assert [_told(one) for one in select(among, readers, liked)] == plain
    assert [_told(one) for reader in readers for one in select(among, [reader], liked)] == plain


def _told(selection: Selection) -> tuple[int, list[tuple[int, Any, ReasonKind, str]]]:
    picks = [(p.paper_id, pytest.approx(p.score, abs=1e-3), p.reason.kind, p.reason.interest) for p in selection.picks]
    return selection.considered, picks


def _plainly(
    who: Reader, among: Candidates, background: Sequence[Paper], liked: Mapping[int, Bag]
) -> tuple[int, list[tuple[int, float, ReasonKind, str]]]:
    trends, alike = _trends(among.papers), _alike(among.papers, background)
    considered = [
        at
        for at, one in enumerate(among.papers)
        if one.listed_at >= who.listed_since
        and (who.seen_after is None or one.first_seen_at > who.seen_after)
        and one.id not in who.already_sent
    ]
    wanted = [at for at in considered if not any(_is_muted(among.papers[at], mute) for mute in who.mutes)]
    fits = {wish: _fits(wish, among, liked) for wish in who.wishes}
    strength = {at: float(sum(np.float32(fits[wish][at]) for wish in who.wishes)) for at in wanted}
    scores = {at: _score(strength[at], among.papers[at], trends[at], who.weights) for at in wanted if strength[at] > 0}
    matches: list[tuple[int, Wish]] = []
    for at in sorted(scores, key=lambda at: -scores[at])[: SURVIVORS * who.limit]:
        if not any(alike[at] == alike[other] for other, _ in matches):
            matches.append((at, max(who.wishes, key=lambda wish: fits[wish][at])))
    share = -(-who.limit // max(len(who.wishes), 1))
    within: list[tuple[int, Wish]] = []
    beyond: list[tuple[int, Wish]] = []
    taken = Counter[Wish]()
    for at, wish in matches:
        (within if taken[wish] < share else beyond).append((at, wish))
        taken[wish] += 1
    best = sorted([*within, *beyond][: who.limit], key=matches.index)
    trending = sorted((at for at in wanted if at not in scores), key=lambda at: -trends[at])
    room = who.limit - len(best)
    if who.wishes:
        room = 0 if who.only_matches else min(room, MOST_UNMATCHED)
    picks = [(among.papers[at].id, log(scores[at]), *_reason(wish)) for at, wish in best]
    return len(considered), picks + [(among.papers[a].id, trends[a], ReasonKind.TRENDING, "") for a in trending[:room]]


def _score(strength: float, one: Paper, trend: float, weights: Weights) -> float:
    days = (NOON - one.listed_at) / DAY
    return float(
        strength**weights.relevance * exp(weights.trend * trend - weights.novelty * days / weights.half_life_days)
    )


def _reason(wish: Wish) -> tuple[ReasonKind, str]:
    if isinstance(wish, Interest):
        return ReasonKind(wish.kind.value), wish.value
    return (ReasonKind.TOPIC if wish.topic else ReasonKind.LIKED), wish.topic


def _fits(wish: Wish, among: Candidates, liked: Mapping[int, Bag]) -> Sequence[float]:
    if isinstance(wish, Profile):
        return [float(fit) for fit in among.fits([wish], liked)[0]]
    if wish.kind is InterestKind.AUTHOR:
        return [AUTHOR_FIT * (wish.value in one.authors) for one in among.papers]
    return [CATEGORY_FIT * (wish.value in one.categories) for one in among.papers]


def _is_muted(one: Paper, muted: Interest) -> bool:
    wanted, has = features(muted.value), paper_features(one.title, one.abstract)
    named = muted.value in {name.lower() for name in one.authors}
    return named or (bool(wanted) and all(feature in has for feature in wanted))


def _trends(papers: Sequence[Paper]) -> list[float]:
    voted = [log(1 + expected_upvotes(one, now=NOON)) for one in papers if one.signals.upvotes is not None]
    if not voted or max(voted) - min(voted) < 1e-9:
        return [0.0] * len(papers)
    mean, spread = fmean(voted), pstdev(voted)
    return [
        0.0 if one.signals.upvotes is None else (log(1 + expected_upvotes(one, now=NOON)) - mean) / spread
        for one in papers
    ]


def _alike(papers: Sequence[Paper], background: Sequence[Paper]) -> list[int]:
    """Equal numbers for papers that are nearly the same, or that papers between them make so."""
    held = Counter(feature for one in background for feature in paper_features(one.title, one.abstract))
    vectors = [_vector(one, held, len(background)) for one in papers]
    found = list(range(len(papers)))
    for at, first in enumerate(vectors):
        for other, second in enumerate(vectors[:at]):
            if sum(weight * second.get(feature, 0.0) for feature, weight in first.items()) >= ALIKE:
                found = [found[other] if one == found[at] else one for one in found]
    return found


def _vector(one: Paper, held: Mapping[str, int], papers: int) -> dict[str, float]:
    def weight(feature: str, count: int) -> float:
        known = held[feature] if held[feature] >= 2 else 0
        return (1 + log(count)) * (1 + log((1 + papers) / (1 + known)))

    weights = {feature: weight(feature, n) for feature, n in paper_features(one.title, one.abstract).items()}
    length = sqrt(sum(value * value for value in weights.values()))
    return {feature: value / length for feature, value in weights.items()}


def test_readers_with_many_wishes_are_weighed_few_at_a_time() -> None:
    few, many = reader(Profile("robot")), reader(*(Profile(f"robot {at}") for at in range(100)))
    readers = [few, many] * 300
    blocks = list(blocks_of(readers, papers=2000))
    assert [one for block in blocks for one in block] == readers
    assert max(sum(len(one.wishes) for one in block) for block in blocks) * 2000 <= MOST_FITS
    assert [len(block) for block in blocks_of([few] * 2500, papers=2000)] == [1000, 1000, 500]
    assert [len(block) for block in blocks_of([many] * 2, papers=10**9)] == [1, 1]
    assert list(blocks_of([], papers=0)) == []


def test_the_highest_weights_give_a_finite_score() -> None:
    names = [f"Author {letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    papers = [paper(1, upvotes=900, authors=names), *(paper(number, upvotes=0) for number in range(2, 1200))]
    who = reader(*map(author, names), weights=Weights(relevance=5, trend=5))
    [selection] = select(candidates(papers, shelved=papers[:10]), [who], {})
    assert 80 < selection.picks[0].score < 100
