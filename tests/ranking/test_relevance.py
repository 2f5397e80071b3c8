"""How well papers suit profiles."""

import gzip
import json
from random import Random
from typing import Any

import numpy as np
import pytest
from library import SUBJECTS, bags, fitted, fitted_shelf, known, library
from listed import paper
from places import SHARED_DATA, needs_data

from digest.model import Paper
from digest.ranking.background import fit
from digest.ranking.features import features, paper_bag, paper_features
from digest.ranking.neighbours import Shelf
from digest.ranking.relevance import FEWEST_ASKED_AMONG, FEWEST_LIKED_AMONG, Profile, Relevance, Scores

SHELVED = library(150)
LIKED = library(30, seed=5, first=5000)
PAPERS = library(60, seed=7, first=1)
SUBJECT = dict(zip((one.id for one in (*LIKED, *PAPERS)), [*SUBJECTS] * 3, strict=True))
PROFILES = (
    Profile("diffusion sampling"),
    Profile("robot grasp", liked=(5000, 5001), disliked=(5002,)),
    Profile("", liked=(5000, 1007)),
    Profile("", liked=(5003,), disliked=(1000, 5004)),
    Profile("the of"),
)


def scored(*profiles: Profile, papers: tuple[Paper, ...] = PAPERS, shelved: tuple[Paper, ...] = SHELVED) -> Scores:
    background = fitted(shelved)
    relevance = Relevance(background, shelf=fitted_shelf(shelved), papers=background.documents(bags(papers)))
    return relevance.scores(profiles, known(LIKED))


def of_subject(subject: str) -> list[int]:
    return [at for at, one in enumerate(PAPERS) if SUBJECT[one.id] == subject]


@pytest.mark.slow
def test_a_score_depends_on_the_profile_and_the_paper_alone() -> None:
    together = scored(*PROFILES)
    for some in (PAPERS[:1], PAPERS[20:50], PAPERS[::-1]):
        places = [PAPERS.index(one) for one in some]
        apart = [scored(profile, papers=some) for profile in PROFILES]
        assert np.concatenate([one.values for one in apart]) == pytest.approx(together.values[:, places], abs=1e-3)
        assert np.concatenate([one.floors for one in apart]) == pytest.approx(together.floors, abs=1e-3)
        assert (np.concatenate([one.share for one in apart]) == together.share[:, places]).all()


@pytest.mark.parametrize("liked", [0, 1, 2, 7])
def test_papers_like_a_liked_one_stand_above_all_others(liked: int) -> None:
    number = LIKED[liked].id
    values = scored(Profile("", liked=(number,))).values[0]
    near = of_subject(SUBJECT[number])
    assert set(np.argsort(-values)[: len(near)].tolist()) == set(near)


def test_a_dislike_lowers_what_is_like_it_and_nothing_else() -> None:
    before, after = scored(Profile("noise"), Profile("noise", disliked=(5000,))).values
    near = of_subject("diffusion")
    assert all(after[near] < before[near])
    others = np.delete(after - before, near)
    assert others.mean() > (after - before)[near].mean() + 0.3


def test_a_like_under_a_topic_joins_it() -> None:
    """The topic alone says nothing of robots, the like alone nothing of proofs."""
    topic, liked, both = scored(
        Profile("theorem prover"), Profile("", liked=(5001,)), Profile("theorem prover", (5001,))
    ).values
    proofs, robots = of_subject("proofs"), of_subject("robots")
    assert both == pytest.approx(topic / 2 + liked, abs=1e-3)
    rest = sorted(set(range(len(PAPERS))) - {*proofs, *robots})
    assert both[robots].min() > both[rest].max()
    assert both[proofs].mean() > both[rest].mean() + 1


def test_papers_near_a_topics_words_lend_it_theirs() -> None:
    papers = tuple(paper(n, text) for n, text in enumerate(["Gripper of torque", "Lemma by induction", "Quokkas"]))
    values = scored(Profile("laundry"), papers=papers).values[0]
    assert values[0] > max(values[1:]) + 0.5


@pytest.mark.slow
def test_the_floor_is_the_same_percentile_of_the_background_for_every_profile() -> None:
    enough = library(FEWEST_ASKED_AMONG)
    scores = scored(*PROFILES[:4], papers=enough, shelved=enough)
    shares = (scores.values >= scores.floors[:, None]).mean(axis=1)
    assert shares == pytest.approx(np.full(4, 0.05), abs=0.015)


@pytest.mark.slow
def test_a_paper_that_lacks_one_of_two_words_is_related_only_among_the_best() -> None:
    enough, topics = library(FEWEST_ASKED_AMONG), ["noise lemma", "robots of torque", "voice method", "speech"]
    scores = scored(*map(Profile, topics), papers=enough, shelved=enough)
    found = [paper_features(one.title, one.abstract).keys() for one in enough]
    for topic, related in zip(topics, (scores.values >= scores.floors[:, None]) & scores.share, strict=True):
        wanted = {feature for feature in features(topic) if " " not in feature}
        whole = np.array([wanted <= one for one in found])
        assert related[~whole].sum() <= 0.015 * FEWEST_ASKED_AMONG, topic
        assert related[whole].all(), topic


@pytest.mark.slow
def test_among_few_papers_there_is_no_floor_that_could_be_reached() -> None:
    liking = [bool(profile.liked) for profile in PROFILES]
    assert np.isfinite(scored(*PROFILES).floors).tolist() == liking
    assert np.isinf(scored(*PROFILES, shelved=SHELVED[: FEWEST_LIKED_AMONG - 1]).floors).all()
    assert np.isfinite(scored(*PROFILES, shelved=library(FEWEST_ASKED_AMONG)).floors).all()


@pytest.mark.parametrize("shelved", [SHELVED[:1], SHELVED[:3], SHELVED[:99], SHELVED])
def test_scores_are_numbers_whatever_the_background_is_like(shelved: tuple[Paper, ...]) -> None:
    named = tuple(one.id for one in shelved[:2])
    scores = scored(*PROFILES[:2], Profile("", named), Profile("quokka", named, named), shelved=shelved)
    assert np.isfinite(scores.values).all()


def test_more_likes_than_are_remembered_at_once_are_scored_by_blocks() -> None:
    many = [Profile("", liked=tuple(one.id for one in Random(n).sample(LIKED, 20))) for n in range(1100)]
    together = scored(*many)
    assert together.values[[0, 999, 1000, 1099]] == pytest.approx(
        scored(many[0], many[999], many[1000], many[1099]).values, abs=1e-3
    )


# Real papers. A score depends on nothing else of the day, so all papers of a kind are one sample of what passes.

QUERIES, FITTED, UNRELATED = 58, 3000, 1000


def real(name: str) -> list[Any]:
    with gzip.open(SHARED_DATA / "ranking" / f"{name}.jsonl.gz", "rt") as lines:
        return [json.loads(line) for line in lines]


def passing() -> tuple[float, float]:
    """The mean shares of papers at or above the floor of curated queries: of unrelated and of related ones."""
    texts = {one["id"]: one for one in real("papers")}
    users = [one for one in real("users") if one.get("query")]
    assert len(users) == QUERIES
    related = sorted({number for one in users for number in one["relevant"]})
    others = sorted(texts.keys() - {number for one in users for number in (*one["liked"], *one["relevant"])})
    Random(20261120).shuffle(others)
    shelved, unrelated = others[:FITTED], others[:UNRELATED]
    counted = {n: paper_bag(texts[n]["title"], texts[n]["abstract"]) for n in (*shelved, *related)}
    background = fit([counted[number] for number in shelved], version=1)
    stand = Shelf(np.arange(FITTED), background.documents([counted[number] for number in shelved]).halved())
    day = [*unrelated, *related]
    relevance = Relevance(background, shelf=stand, papers=background.documents([counted[number] for number in day]))
    scores = relevance.scores([Profile(one["query"]) for one in users], {})
    passed = (scores.values >= scores.floors[:, None]) & scores.share
    place = {number: at for at, number in enumerate(day)}
    found = [passed[at, [place[number] for number in one["relevant"]]].mean() for at, one in enumerate(users)]
    return float(passed[:, :UNRELATED].mean()), float(np.mean(found))


@needs_data
@pytest.mark.slow
def test_at_most_one_in_twenty_unrelated_papers_and_at_least_seven_in_ten_related_ones_pass_the_floor() -> None:
    unrelated, related = passing()
    assert unrelated <= 0.05
    assert related >= 0.7
