"""How an order of papers is judged, against sums worked out by hand."""

from math import log2

import numpy as np
import pytest

from digest.ranking.quality import chance_ndcg, interval, quality


def judged(scores: list[float], relevant: list[int]) -> tuple[float, ...]:
    ties = np.arange(len(scores), dtype=np.uint64)
    return quality(np.array(scores, np.float32), np.array(relevant, dtype=bool), ties)


def test_the_measures_are_what_they_are_by_hand() -> None:
    gained, best = 1 / log2(3) + 1 / log2(5), 1 / log2(2) + 1 / log2(3) + 1 / log2(4)
    assert judged([9, 8, 7, 6, *[0] * 60, -1], [0, 1, 0, 1, *[0] * 60, 1]) == pytest.approx(
        (gained / best, 2 / 3, 2 / 3, 1 / 2)
    )


def test_the_best_order_of_more_relevant_papers_than_are_shown_is_perfect() -> None:
    ndcg, at_10, at_50, mrr = judged(list(range(40, 0, -1)), [1] * 20 + [0] * 20)
    assert (ndcg, at_10, at_50, mrr) == pytest.approx((1, 0.5, 1, 1))


def test_fewer_papers_than_are_shown_are_judged_too() -> None:
    assert judged([1, 2], [1, 0]) == pytest.approx((1 / log2(3), 1, 1, 0.5))


def test_among_equal_scores_the_lower_tie_comes_first() -> None:
    relevant = np.array([True, False, False])
    first, last = np.array([0, 1, 2], np.uint64), np.array([2**64 - 1, 1, 2], np.uint64)
    assert quality(np.zeros(3, np.float32), relevant, first)[3] == 1
    assert quality(np.zeros(3, np.float32), relevant, last)[3] == pytest.approx(1 / 3)


def test_chance_is_the_mean_of_many_random_orders() -> None:
    chance, relevant = np.random.default_rng(1), np.arange(30) < 4
    ties = [chance.permutation(30).astype(np.uint64) for _ in range(4000)]
    found = [quality(np.zeros(30, np.float32), relevant, some)[0] for some in ties]
    low, high = interval(found)
    assert low < chance_ndcg(relevant) < high


def test_the_interval_is_that_of_a_normal_mean_and_the_same_each_time() -> None:
    values = np.random.default_rng(2).normal(3, 1, size=400)
    low, high = interval(values)
    assert (low, high) == interval(values)
    assert (low, high) == pytest.approx((values.mean() - 1.96 / 20, values.mean() + 1.96 / 20), abs=0.02)
