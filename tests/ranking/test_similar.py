"""The papers nearest to one are those on its subject, without itself and its twins."""

from functools import cache

import numpy as np
from themes import EACH, THEMES, themed

from digest.ranking.background import Background, fit
from digest.ranking.features import Bag, paper_bag
from digest.ranking.neighbours import Shelf
from digest.ranking.similar import Similar


def bag(theme: int, number: int) -> Bag:
    listing = themed(theme, number)
    return paper_bag(listing.title, listing.abstract)


BAGS = [bag(theme, number) for theme in THEMES for number in range(EACH)]


@cache
def background() -> Background:
    return fit(BAGS, version=1)


def shelf(*more: Bag) -> Shelf:
    bags = [*BAGS, *more]
    return Shelf(np.arange(len(bags), dtype=np.int64), background().documents(bags).halved())


def test_the_nearest_are_on_the_same_subject_best_first() -> None:
    found = Similar(background(), shelf()).to(30, BAGS[30])
    assert len(found) >= 5
    assert {number // EACH for number, _ in found[:5]} == {3}
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


def test_itself_and_its_twins_are_left_out() -> None:
    with_twin = shelf(BAGS[30])
    numbers = [number for number, _ in Similar(background(), with_twin).to(30, BAGS[30])]
    assert numbers
    assert not {30, len(BAGS)} & set(numbers)


def test_a_paper_that_is_not_on_the_shelf_has_neighbours_too() -> None:
    found = Similar(background(), shelf()).to(10_000, bag(5, 77))
    assert {number // EACH for number, _ in found[:3]} == {5}


def test_nothing_is_near_a_paper_of_other_words_or_measured_by_too_few() -> None:
    stranger = paper_bag("Wholly unrelated", "Nothing here was ever written elsewhere.")
    assert Similar(background(), shelf()).to(10_000, stranger) == []
    few = Shelf(np.arange(20, dtype=np.int64), background().documents(BAGS[:20]).halved())
    assert Similar(background(), few).to(3, BAGS[3]) == []
