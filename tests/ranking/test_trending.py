"""What is trending."""

from collections.abc import Sequence
from datetime import timedelta
from math import nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from listed import MIDNIGHT, paper
from numpy.typing import NDArray

from digest.model import Paper
from digest.ranking.trending import (
    Window,
    all_expected,
    by_trend,
    expected_upvotes,
    hours_listed,
    listed_in,
    standardised,
    trend,
    trend_scores,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("upvotes", "hours", "expected"),
    [
        (0, 0, 3 / 30),
        (0, 6, 3 / 30),
        (27, 6, 30 / 30),
        (27, 12, 30 / 36),
        (97, 26, 100 / 50),
        (1, 24 * 31, 4 / 768),
        (None, 6, 3 / 30),
        (10, -5, 13 / 30),
    ],
)
def test_the_trend_is_upvotes_against_hours(upvotes: int | None, hours: float, expected: float) -> None:
    assert trend(paper(1, upvotes=upvotes), now=MIDNIGHT + hours * HOUR) == pytest.approx(expected)


def test_hours_count_from_the_day_of_the_list_and_are_at_least_six() -> None:
    assert hours_listed(paper(1), now=MIDNIGHT + 6.5 * HOUR) == 6.5
    assert hours_listed(paper(1), now=MIDNIGHT + HOUR) == 6


def test_the_most_trending_stand_first_and_the_unvoted_last() -> None:
    papers = [
        paper(1, upvotes=None),
        paper(2, upvotes=0),
        paper(3, upvotes=50, listed_at=MIDNIGHT - 3 * DAY),
        paper(5, upvotes=50),
        paper(4, upvotes=50),
        paper(6, upvotes=None),
    ]
    assert [one.id for one in by_trend(papers, Window.DAY, now=MIDNIGHT + 12 * HOUR)] == [4, 5, 3, 2, 1, 6]


@pytest.mark.parametrize(
    ("upvotes", "hours", "expected"), [(0, 48, 0), (None, 48, 0), (10, 0, 25), (10, 6, 25), (10, 9, 20), (80, 72, 90)]
)
def test_upvotes_are_expected_to_grow_the_more_the_younger_they_are(
    upvotes: int | None, hours: float, expected: float
) -> None:
    assert expected_upvotes(paper(1, upvotes=upvotes), now=MIDNIGHT + hours * HOUR) == pytest.approx(expected)


@pytest.mark.parametrize("window", [Window.WEEK, Window.MONTH])
def test_a_week_and_a_month_go_by_the_upvotes_that_are_expected(window: Window) -> None:
    papers = [
        paper(1, upvotes=None),
        paper(2, upvotes=100, listed_at=MIDNIGHT - 3 * DAY),
        paper(3, upvotes=60),
        paper(4, upvotes=61),
        paper(5, upvotes=0),
    ]
    noon = MIDNIGHT + 12 * HOUR
    assert [one.id for one in by_trend(papers, window, now=noon)] == [2, 4, 3, 5, 1]
    assert [one.id for one in by_trend(papers, window, now=MIDNIGHT)] == [4, 3, 2, 5, 1]
    assert [one.id for one in by_trend(papers, Window.DAY, now=noon)] == [4, 3, 2, 5, 1]


def trends(papers: Sequence[Paper]) -> NDArray[np.float64]:
    upvotes = np.array([nan if one.signals.upvotes is None else one.signals.upvotes for one in papers], dtype=float)
    return trend_scores(upvotes, all_expected(upvotes, np.zeros(len(papers))))


def test_what_is_expected_of_many_is_what_is_expected_of_each() -> None:
    papers = [paper(n, upvotes=n, listed_at=MIDNIGHT - n * HOUR) for n in range(50)]
    together = all_expected(np.arange(50, dtype=float), np.arange(50, dtype=float))
    assert together.tolist() == pytest.approx([expected_upvotes(one, now=MIDNIGHT) for one in papers])


def test_an_unknown_number_of_votes_is_the_mean_and_not_nought() -> None:
    papers = [paper(1, upvotes=100), paper(2, upvotes=None), paper(3, upvotes=0)]
    scores = trends(papers)
    assert scores[0] > scores[1] == 0 > scores[2]


@pytest.mark.parametrize("votes", [[], [None], [None, None], [7], [7, 7, 7], [0, None, 0]])
def test_where_nothing_differs_nothing_trends(votes: list[int | None]) -> None:
    papers = [paper(number, upvotes=upvotes) for number, upvotes in enumerate(votes)]
    assert trends(papers).tolist() == [0] * len(votes)


def test_trend_scores_have_mean_nought_and_deviation_one_over_the_voted() -> None:
    scores = trends([paper(n, upvotes=n * n) for n in range(9)] + [paper(9, upvotes=None)])
    assert scores[:9].mean() == pytest.approx(0)
    assert scores[:9].std() == pytest.approx(1)


def test_a_day_is_the_newest_day_on_which_anything_was_listed() -> None:
    papers = [paper(1), paper(2, listed_at=MIDNIGHT - DAY), paper(3, listed_at=MIDNIGHT - DAY + 23 * HOUR)]
    for later in (timedelta(0), 12 * HOUR, 3 * DAY):
        assert [one.id for one in listed_in(papers, Window.DAY, now=MIDNIGHT + later)] == [1]
    assert [one.id for one in listed_in(papers[1:], Window.DAY, now=MIDNIGHT + DAY)] == [2, 3]


@pytest.mark.parametrize(("window", "days"), [(Window.WEEK, 7), (Window.MONTH, 31)])
def test_a_window_reaches_back_from_now_and_holds_nothing_of_the_future(window: Window, days: int) -> None:
    papers = [
        paper(1, listed_at=MIDNIGHT - days * DAY),
        paper(2, listed_at=MIDNIGHT - days * DAY - HOUR),
        paper(3),
        paper(4, listed_at=MIDNIGHT + HOUR),
    ]
    assert [one.id for one in listed_in(papers, window, now=MIDNIGHT)] == [1, 3]


@pytest.mark.parametrize("window", list(Window))
def test_a_window_without_papers_is_empty(window: Window) -> None:
    assert listed_in([], window, now=MIDNIGHT) == []


def test_a_paper_listed_ahead_of_time_does_not_empty_the_day() -> None:
    papers = [paper(1), paper(2, listed_at=MIDNIGHT + DAY)]
    assert [one.id for one in listed_in(papers, Window.DAY, now=MIDNIGHT + 12 * HOUR)] == [1]


@given(st.floats(1e-6, 1e6), st.integers(1, 60))
def test_a_constant_standardised_is_nought(value: float, count: int) -> None:
    assert standardised(np.full(count, value), of=np.full(count, fill_value=True)).tolist() == [0] * count


def test_only_the_chosen_decide_the_scale() -> None:
    values = standardised(np.array([1.0, 3.0, 100.0]), of=np.array([True, True, False]))
    assert values.tolist() == [-1, 1, 98]
