"""How well papers fit wishes."""

import random
import tracemalloc

import numpy as np
import pytest
from library import candidates, library
from listed import author, category, mute, paper

from digest.model import Interest, Paper
from digest.ranking.candidates import AUTHOR_FIT, CATEGORY_FIT, MOST_REMEMBERED, Wish
from digest.ranking.reasons import Reasons
from digest.ranking.relevance import Profile
from digest.ranking.twins import ALIKE, AT_ONCE

SHELVED = library(150)
DIFFUSION = paper(1, "Few-Step Sampling for Diffusion Models", "Diffusion models need many steps. We need four.")
ROBOTS = paper(
    2, "Folding Laundry", "A robot folds laundry; models of cloth help.", authors=["José Ångström", "B. Elm"]
)
SPEECH = paper(3, "Speech in Noise", "Noise is diffusion in time. Some models hear it.", categories=["cs.SD", "cs.CL"])
PAPERS = (DIFFUSION, ROBOTS, SPEECH)


def fitting(wish: Wish, *papers: Paper) -> list[int]:
    """The numbers of the papers that fit at all, the best first, before a shelf too short for a floor."""
    among = candidates(papers or PAPERS, shelved=SHELVED[:50])
    [fits] = among.fits([wish], {})
    assert (fits >= 0).all()
    return [among.papers[place].id for place in np.argsort(-fits, kind="stable") if fits[place] > 0]


def test_a_topic_fits_where_its_phrase_stands() -> None:
    assert fitting(Profile("diffusion models")) == [1]


def test_words_in_passing_are_no_match() -> None:
    assert fitting(Profile("diffusion model"), SPEECH) == []


def test_a_single_word_in_passing_fits_nothing() -> None:
    assert fitting(Profile("cloth")) == []
    assert fitting(Profile("laundry")) == [2]


def test_most_of_a_topics_words_fit_where_some_stand_in_the_title() -> None:
    assert fitting(Profile("laundry folding method")) == [2]
    assert fitting(Profile("laundry folding method"), paper(4, "Household Work", "Folding of laundry.")) == []


def test_a_word_that_the_background_lacks_is_part_of_a_topic_too() -> None:
    assert fitting(Profile("quokka wombat numbat laundry")) == []
    assert fitting(Profile("quokka laundry"), ROBOTS, paper(4, "Laundry of a Quokka")) == [4]


def test_a_topic_about_nothing_here_fits_nothing() -> None:
    assert fitting(Profile("quantum chromodynamics")) == []


@pytest.mark.parametrize("value", ["", " ", "the of and", "what is it", "...", "🙂", "to be or not to be"])
def test_a_topic_of_stop_words_fits_nothing(value: str) -> None:
    assert fitting(Profile(value)) == []
    assert fitting(mute(value)) == []


@pytest.mark.parametrize("value", ["José Ångström", "jose angstrom", "JOSE  ANGSTROM", "B Elm"])
def test_an_author_fits_whatever_the_case_and_accents(value: str) -> None:
    assert fitting(author(value)) == fitting(mute(value)) == [2]


@pytest.mark.parametrize("value", ["Ångström", "Elm", "", "Josephine Angstrom"])
def test_half_a_name_is_no_author(value: str) -> None:
    assert fitting(author(value)) == []


def test_a_category_fits_the_papers_in_it_a_little_and_an_author_much() -> None:
    among = candidates(PAPERS, shelved=SHELVED)
    wishes: list[Interest] = [category("cs.CL"), author("b elm")]
    assert among.fits(wishes, {}).tolist() == [[0, 0, pytest.approx(CATEGORY_FIT)], [0, AUTHOR_FIT, 0]]
    assert fitting(category("cs")) == []


def test_a_muted_phrase_is_found_anywhere_in_a_paper() -> None:
    assert fitting(mute("cloth")) == [2]
    assert fitting(mute("diffusion models")) == [1]
    assert fitting(mute("models of diffusion")) == []


def test_wishes_fit_the_same_whoever_asks_and_in_whatever_order() -> None:
    wishes: list[Wish] = [Profile("diffusion models"), category("cs.CL"), Profile("laundry", liked=(1000,))]
    together = candidates(PAPERS, shelved=SHELVED).fits(wishes, {})
    again = candidates(PAPERS, shelved=SHELVED)
    assert again.fits(wishes[::-1], {})[::-1] == pytest.approx(together)
    assert again.fits([*wishes, wishes[0]], {}) == pytest.approx(together[[0, 1, 2, 0]])


def test_what_is_remembered_stays_in_its_place_whatever_else_was_asked() -> None:
    liking: list[Wish] = [Profile("laundry", liked=(1000,)), Profile("laundry", liked=(1001,))]
    shared: list[Wish] = [Profile("diffusion models"), category("cs.CL"), Profile("laundry")]
    among, apart = (candidates(PAPERS, shelved=SHELVED[:50]) for _ in range(2))
    among.fits([liking[0], shared[0]], {})
    among.fits([liking[1], *shared[:2], liking[0], shared[2]], {})
    assert among.fits(shared, {}) == pytest.approx(apart.fits(shared, {}))


@pytest.mark.slow
def test_more_wishes_than_are_remembered_fit_like_the_first() -> None:
    among = candidates(PAPERS, shelved=SHELVED)
    few: list[Wish] = [category("cs.CL"), author("b elm")]
    before = among.fits(few, {})
    assert among.fits([category(str(n)) for n in range(MOST_REMEMBERED)], {}).max() == 0
    assert (among.fits([*few, category("1")], {})[:2] == before).all()


def test_what_was_learned_first_is_forgotten_first_and_only_as_much_as_room_is_needed() -> None:
    among = candidates(PAPERS, shelved=SHELVED)
    for topic, others in (("laundry", 10), ("diffusion models", MOST_REMEMBERED - 12)):
        among.learn([*(category(f"{topic} {n}") for n in range(others)), Profile(topic)])
        assert Reasons(among, {}).of(Profile(topic), 0).interest == topic
    assert among.reasons.keys() == {"laundry", "diffusion models"}
    among.learn([category("one more")])
    assert among.reasons.keys() == {"diffusion models"}


def test_without_papers_everything_is_empty() -> None:
    among = candidates((), shelved=SHELVED)
    wishes: list[Wish] = [Profile("x"), Profile("", liked=(1000,)), author("x"), category("cs.CL"), mute("x")]
    assert among.fits(wishes, {}).shape == (5, 0)
    assert among.fits([], {}).shape == (0, 0)
    assert among.trend.shape == among.listed_at.shape == among.first_seen_at.shape == among.twins.shape == (0,)


def test_a_paper_without_words_fits_nothing() -> None:
    assert fitting(Profile("diffusion models"), paper(1, "", ""), paper(2, "...", "—")) == []


@pytest.mark.slow
def test_twins_are_all_those_whose_cosine_says_so() -> None:
    chance = random.Random(1)
    some = library(AT_ONCE)
    versions = [
        paper(len(some) + at, one.title, " ".join(word for word in one.abstract.split() if chance.random() > 0.15))
        for at, one in enumerate(chance.choices(some, k=100), 1)
    ]
    among = candidates([*some, *versions], shelved=some[:100])
    x = among.x.toarray()
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    alike = x @ x.T >= ALIKE
    while (further := (alike.astype(np.int64) @ alike > 0)).sum() > alike.sum():
        alike = further
    assert alike.sum() > len(among.papers)
    assert ((among.twins[:, None] == among.twins) == alike).all()


@pytest.mark.slow
def test_what_is_remembered_of_a_topic_does_not_keep_what_else_was_asked() -> None:
    among = candidates(library(400), shelved=SHELVED[:50])
    personal = [Profile(liked=(SHELVED[0].id, SHELVED[at].id)) for at in range(1, 50)]
    among.fits([Profile("robot"), *personal], {})
    tracemalloc.start()
    for at in range(20):
        among.fits([Profile(f"robot {at}"), *personal], {})
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 20 * len(personal) * len(among.papers)
