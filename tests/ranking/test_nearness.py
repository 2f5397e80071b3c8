"""Nearness by vectors: standardised over the sample, and nothing where there is no vector."""

import numpy as np
import pytest

from digest.ranking.nearness import Nearness, pack_vector

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


@pytest.mark.parametrize(("texts", "weight"), [([LONG, LONG, SHORT], 1), ([SHORT, SHORT, LONG], 2), ([], 1)])
def test_meaning_counts_twice_where_texts_are_short(texts: list[str], weight: int) -> None:
    assert Nearness([b""] * len(texts), sampled=0, texts=texts).weight == weight
