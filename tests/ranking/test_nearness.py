"""Nearness by vectors: standardised over the sample, and nothing where there is no vector."""

import numpy as np
import pytest

from digest.ranking.background import fit
from digest.ranking.features import paper_bag
from digest.ranking.nearness import NEAR, Nearness, pack_vector
from digest.ranking.neighbours import Shelf
from digest.ranking.relevance import DISLIKED, Profile, Relevance

SAMPLED = 200
TARGETS = np.random.default_rng(20261120).normal(size=(SAMPLED + 20, 16)).astype(np.float32)
LONG, SHORT = "a word " * 40, "a short title"


def packed(rows: np.ndarray) -> list[bytes]:
    return [pack_vector(row / np.linalg.norm(row)) for row in rows]


def nearness(targets: list[bytes], **vectors: bytes) -> Nearness:
    made = Nearness(targets, sampled=SAMPLED, texts=[LONG])
    made.learn(dict(vectors.items()))
    return made


def test_the_nearest_is_the_one_that_means_the_same() -> None:
    targets = packed(TARGETS)
    near = nearness(targets, topic=targets[SAMPLED + 7]).near([["topic"]])
    assert near.shape == (1, SAMPLED + 20)
    assert near[0].argmax() == SAMPLED + 7
    assert near[0, :SAMPLED].mean() == pytest.approx(0, abs=1e-5)
    assert near[0, :SAMPLED].std() == pytest.approx(1, abs=1e-5)


def test_what_all_papers_have_in_common_counts_for_nothing() -> None:
    common = np.zeros(16, np.float32)
    common[0] = 30
    alone, together = packed(TARGETS), packed(TARGETS + common)
    expected = nearness(alone, topic=alone[SAMPLED]).near([["topic"]])[0]
    found = nearness(together, topic=together[SAMPLED]).near([["topic"]])[0]
    assert np.corrcoef(expected, found)[0, 1] > 0.9
    assert found.argmax() == SAMPLED


def test_papers_that_were_liked_speak_together() -> None:
    targets = packed(TARGETS)
    made = Nearness(targets, sampled=SAMPLED, texts=[LONG])
    made.learn({SAMPLED + 1: targets[SAMPLED + 1], SAMPLED + 2: targets[SAMPLED + 2]})
    both, one = made.near([[SAMPLED + 1, SAMPLED + 2], [SAMPLED + 1]])
    assert both[SAMPLED + 1] == pytest.approx(both[SAMPLED + 2], rel=0.1)
    assert both[SAMPLED + 2] > 2 > one[SAMPLED + 2]


def test_what_has_no_vector_is_neither_near_nor_far() -> None:
    targets = packed(TARGETS)
    gaps = [b"" if at % 3 == 0 else one for at, one in enumerate(targets)]
    gaps[SAMPLED + 4] = pack_vector(np.zeros(16, np.float32))  # a model that knows no word of it
    near = nearness(gaps, topic=targets[1]).near([["topic"], ["unknown"]])
    has_none = np.array([at % 3 == 0 or at == SAMPLED + 4 for at in range(len(gaps))])
    assert not near[0, has_none].any()
    assert near[0, ~has_none].all()
    assert not near[1].any()


def test_vectors_of_another_length_are_left_out() -> None:
    targets = packed(TARGETS)
    other = [pack_vector(np.ones(8, np.float32)) if at % 5 == 0 else one for at, one in enumerate(targets)]
    near = nearness(other, topic=targets[1], odd=other[0]).near([["topic"], ["odd"]])
    assert not near[0, ::5].any()
    assert near[0].argmax() == 1
    assert not near[1].any()


@pytest.mark.parametrize("targets", [[], [b""] * (SAMPLED + 20), packed(TARGETS[:1]) + [b""] * SAMPLED])
def test_too_few_vectors_to_measure_by_say_nothing(targets: list[bytes]) -> None:
    near = nearness(targets, topic=packed(TARGETS[:1])[0]).near([["topic"]])
    assert near.shape == (1, len(targets))
    assert not near.any()


@pytest.mark.parametrize(("text", "weight"), [(LONG, 1), (SHORT, 2)])
def test_relevance_adds_it_to_the_words_of_topics_and_of_papers_liked_and_disliked(text: str, weight: int) -> None:
    random = np.random.default_rng(1)
    words = [f"{kind}{number}" for kind in "abc" for number in range(10)]
    bags = [paper_bag(" ".join(random.choice(words, 5)), "") for _ in range(len(TARGETS))]
    background, targets = fit(bags[:SAMPLED], version=0), packed(TARGETS)
    documents = background.documents(bags)
    shelf, papers = Shelf(np.arange(SAMPLED), documents[:SAMPLED].halved()), documents[SAMPLED:]
    near = Nearness(targets, sampled=SAMPLED, texts=[text])
    near.learn({"a1": targets[SAMPLED], 3: targets[SAMPLED + 1], 4: targets[4]})
    profiles = [Profile("a1"), Profile("a1", (3,)), Profile("", (3,), (4,)), Profile("a2")]
    without = Relevance(background, shelf=shelf, papers=papers).scores(profiles, {})
    found = Relevance(background, shelf=shelf, papers=papers, nearness=near).scores(profiles, {})
    topic, liked, disliked = near.near([["a1"], [3], [4]])[:, SAMPLED:]
    added = [topic, topic / 2 + liked, liked - DISLIKED * disliked, 0 * topic]
    assert np.allclose(found.values, without.values + weight * np.array(added), atol=1e-4)
    assert np.array_equal(found.values[3], without.values[3])
    assert np.array_equal(found.share[0], without.share[0] | (topic >= NEAR))
    assert np.array_equal(found.share[2:], without.share[2:] | (np.array([liked, 0 * topic]) >= NEAR))


@pytest.mark.parametrize(("texts", "weight"), [([LONG, LONG, SHORT], 1), ([SHORT, SHORT, LONG], 2), ([], 1)])
def test_meaning_counts_twice_where_texts_are_short(texts: list[str], weight: int) -> None:
    assert Nearness([b""] * len(texts), sampled=0, texts=texts).weight == weight


def test_few_vectors_are_no_measure() -> None:
    """Among two papers whatever differs is many deviations from both: everything would be related to everything."""
    targets = packed(TARGETS)
    few = [one if at >= SAMPLED - 2 else b"" for at, one in enumerate(targets)]
    assert not nearness(few, topic=targets[3]).near([["topic"]]).any()
