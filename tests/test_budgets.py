"""How much may leave and when: arithmetic, over any course of things."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.budgets import (
    AT_ONCE,
    FIRST_CLOSED,
    LONGEST_CLOSED,
    Budget,
    Moment,
    Spent,
    WarmUp,
    recovered,
    refused,
    room,
    seconds_closed,
    set_back,
    taken,
)

START = datetime(2026, 6, 19, 12, tzinfo=UTC)


def moment(seconds: float = 0.0) -> Moment:
    return Moment(at=1000.0 + seconds, now=START + timedelta(seconds=seconds))


def refusal(spent: Spent, seconds: float, *, count: int = 1, accepted: int = 0, chance: float = 0.5) -> Spent:
    return refused(spent, count=count, accepted=accepted, seconds=1.0, moment=moment(seconds), chance=chance)


@pytest.mark.slow
@given(
    st.floats(0.05, 2000),
    st.lists(st.tuples(st.floats(0, 3), st.integers(1, 300)), min_size=1, max_size=60),
)
def test_whoever_asks_whenever_no_stretch_of_time_has_more_than_its_budget(
    rate: float, asked: list[tuple[float, int]]
) -> None:
    budget, spent, now = Budget(per_second=rate), Spent(), 0.0
    left: list[tuple[float, int]] = []
    for pause, wanted in asked:
        now += pause
        count = min(wanted, room(budget, spent, moment(now)) or 0)
        if count:
            spent = taken(budget, spent, count, moment(now))
            left.append((now, count))
    at_once = max(1, int(rate * AT_ONCE))
    for first in range(len(left)):
        total = 0
        for now, count in left[first:]:
            total += count
            assert total <= rate * (now - left[first][0]) + at_once + 1e-3


def test_a_whole_second_s_messages_can_leave_in_a_second() -> None:
    budget, spent, now, count = Budget(per_second=14), Spent(), 0.0, 0
    while now < 10:
        now += seconds_closed(budget, spent, moment(now))
        some = room(budget, spent, moment(now)) or 0
        spent, count = taken(budget, spent, some, moment(now)), count + some
    assert 140 <= count <= 142


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 50)), min_size=1, max_size=50))
def test_no_24_hours_have_more_than_a_day_s_budget_by_more_than_their_first_hour(asked: list[tuple[int, int]]) -> None:
    budget, spent, now = Budget(per_day=40), Spent(), 0
    hours: dict[int, int] = {}
    for pause, wanted in asked:
        now += pause
        count = min(wanted, room(budget, spent, moment(now)) or 0)
        spent = taken(budget, spent, count, moment(now))
        hours[now // 3600] = hours.get(now // 3600, 0) + count
    assert all(sum(hours.get(hour + n, 0) for n in range(24)) <= 40 for hour in hours)


def test_a_day_s_budget_goes_on_at_the_hour_in_which_it_was_first_spent() -> None:
    budget, spent = Budget(per_day=10), Spent()
    spent = taken(budget, spent, 4, moment())
    spent = taken(budget, spent, 6, moment(5 * 3600))
    late = 6 * 3600 + 900
    assert room(budget, spent, moment(late)) == 0
    assert seconds_closed(budget, spent, moment(late)) == 24 * 3600 - late
    assert room(budget, spent, moment(24 * 3600)) == 4
    assert seconds_closed(Budget(per_day=4), spent, moment(late)) == 29 * 3600 - late


def test_without_a_budget_nothing_waits() -> None:
    assert room(Budget(), taken(Budget(), Spent(), 10_000, moment()), moment()) is None


def test_a_cap_grows_day_by_day_and_never_overflows() -> None:
    warm_up = WarmUp(first_day=200, growth=1.5)
    assert [warm_up.cap(days=day) for day in (0, 1, 2, 10)] == [200, 300, 450, 11533]
    assert WarmUp(first_day=200, growth=10).cap(days=100_000) == 10**9
    assert taken(Budget(), taken(Budget(), Spent(), 1, moment()), 1, moment(99_999)).since_on == date(2026, 6, 19)
    assert warm_up.cap(days=-400) == 200


ANY_SPENT = st.builds(
    Spent,
    free=st.floats(0, 1e10),
    learned=st.floats(0, 1e10),
    in_vain=st.integers(0, 20),
    hours=st.dictionaries(st.integers(moment().hour - 30, moment().hour + 9000), st.integers(1, 20), max_size=5),
    since_on=st.none() | st.dates(date(2026, 1, 1), date(2028, 1, 1)),
)
ANY_BUDGET = st.builds(Budget, per_second=st.none() | st.floats(0.01, 300), per_day=st.none() | st.integers(0, 30))


@pytest.mark.slow
@given(ANY_BUDGET, ANY_SPENT)
def test_where_there_is_no_room_it_takes_time_until_there_is(budget: Budget, spent: Spent) -> None:
    assert room(budget, spent, moment()) != 0 or seconds_closed(budget, spent, moment()) > 0


@pytest.mark.slow
@given(ANY_BUDGET, ANY_SPENT)
def test_what_a_clock_ahead_has_told_holds_up_nobody_once_it_is_set_back(budget: Budget, spent: Spent) -> None:
    told = set_back(spent, moment())
    assert told.since_on is None or told.since_on <= START.date()
    assert room(replace(budget, per_day=None), told, moment()) != 0
    assert seconds_closed(budget, told, moment()) <= 24 * 3600
    assert refused(told, count=1, accepted=1, seconds=1.0, moment=moment(1), chance=0.5).learned == moment(1).at


def test_who_refuses_some_gets_fewer_and_more_again_until_nothing_slows_it() -> None:
    spent = refusal(Spent(), 0, count=6, accepted=14)
    assert spent.slowed_to == pytest.approx(9.8)
    assert refusal(spent, 0.5, count=50) == spent, "it was on its way when that was learned"
    assert (refusal(spent, 2, accepted=9).slowed_to or 0) < 9.8
    for _ in range(400):
        spent = recovered(Budget(), spent, accepted=10)
    assert spent.slowed_to is None
    limited = recovered(Budget(per_second=20), Spent(slowed_to=19), accepted=100)
    assert limited.slowed_to is None


def test_who_refuses_everything_is_left_alone_for_longer_every_time_and_never_for_much_over_an_hour() -> None:
    spent, now, closed = Spent(), 0.0, list[float]()
    for _ in range(12):
        spent = refusal(spent, now, count=8)
        closed.append(seconds_closed(Budget(), spent, moment(now)))
        now += closed[-1]
    assert closed[0] == pytest.approx(FIRST_CLOSED)
    assert closed[:7] == sorted(closed[:7])
    assert closed[-1] == pytest.approx(LONGEST_CLOSED)
    assert room(Budget(), spent, moment(now)) == 1
    assert recovered(Budget(), spent, accepted=1).in_vain == 0


def test_a_single_refusal_closes_nothing() -> None:
    assert seconds_closed(Budget(), refusal(Spent(), 0), moment(0)) == 0


@given(st.floats(0, 1))
def test_nobody_comes_back_at_the_same_moment_as_all_others(chance: float) -> None:
    spent = refusal(Spent(), 0, count=5, chance=chance)
    assert seconds_closed(Budget(), spent, moment(0)) == pytest.approx(FIRST_CLOSED * (0.75 + chance / 2))


def test_a_server_that_takes_14_a_second_is_handed_most_of_that_and_little_more() -> None:
    spent, now, done, refusals = Spent(), 0.0, 0, 0
    took: list[float] = []
    while done < 2000:
        now += max(seconds_closed(Budget(), spent, moment(now)), 0.001)
        count = min(room(Budget(), spent, moment(now)) or 256, 256)
        spent = taken(Budget(), spent, count, moment(now))
        took = [one for one in took if one > now - 1]
        accepted = min(count, 14 - len(took))
        took += [now] * accepted
        done, refusals = done + accepted, refusals + count - accepted
        if accepted < count:
            spent = refused(
                spent, count=count - accepted, accepted=accepted, seconds=0.1, moment=moment(now), chance=0.5
            )
        else:
            spent = recovered(Budget(), spent, accepted=accepted)
    assert 2000 / now > 0.6 * 14
    assert refusals - 242 < 0.05 * 2000, "the first window is sent before anything is known"
