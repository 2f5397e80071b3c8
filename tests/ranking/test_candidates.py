"""How well papers fit interests, and which words say so."""

import pytest
from listed import MIDNIGHT, author, category, mute, paper, topic

from digest.model import Interest, Paper
from digest.ranking.background import fit
from digest.ranking.candidates import CATEGORY_FIT, Candidates

DIFFUSION = paper(1, "Few-Step Sampling for Diffusion Models", "Diffusion models need many steps. We need four.")
ROBOTS = paper(
    2, "Folding Laundry", "A robot folds laundry; models of cloth help.", authors=["José Ångström", "B. Elm"]
)
SPEECH = paper(3, "Speech in Noise", "Noise is diffusion in time. Some models hear it.", categories=["cs.SD", "cs.CL"])


def candidates(*papers: Paper) -> Candidates:
    background = fit([(one.title, one.abstract) for one in papers], version=1)
    return Candidates(papers, background=background, now=MIDNIGHT)


def fitting(interest: Interest, *papers: Paper) -> list[int]:
    """The numbers of the papers that fit at all, the best first."""
    among = candidates(*(papers or (DIFFUSION, ROBOTS, SPEECH)))
    fits = among.fit(interest)
    assert ((fits >= 0) & (fits <= 1 + 1e-12)).all()
    return [among.papers[place].id for place in sorted(range(len(fits)), key=lambda p: -fits[p]) if fits[place] > 0]


def test_a_topic_fits_where_its_phrase_stands() -> None:
    assert fitting(topic("diffusion models")) == [1]


def test_words_in_passing_are_no_match() -> None:
    assert fitting(topic("diffusion model"), SPEECH) == []


def test_a_single_word_fits_where_it_stands_in_the_title() -> None:
    assert fitting(topic("noise")) == [3]
    assert fitting(topic("cloth")) == []


def test_a_topic_about_nothing_here_fits_nothing() -> None:
    assert fitting(topic("quantum chromodynamics")) == []


@pytest.mark.parametrize("value", ["", " ", "the of and", "what is it", "...", "🙂", "to be or not to be"])
def test_a_topic_of_stop_words_fits_nothing(value: str) -> None:
    assert fitting(topic(value)) == []
    assert fitting(mute(value)) == []


def test_a_topic_of_ten_thousand_characters_is_scored_like_any_other() -> None:
    assert fitting(topic("diffusion models " * 600)) == [1]


def test_a_topic_in_another_script_fits_a_paper_in_it() -> None:
    japanese = paper(9, "拡散 モデル の 高速化", "画像")
    assert fitting(topic("拡散 モデル"), japanese, DIFFUSION) == [9]


def test_the_paper_itself_fits_its_own_words_best() -> None:
    among = candidates(DIFFUSION, ROBOTS, SPEECH)
    assert among.fit(topic("Folding Laundry. " * 3 + ROBOTS.abstract))[1] == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("value", ["José Ångström", "jose angstrom", "JOSE  ANGSTROM", "B Elm"])
def test_an_author_fits_whatever_the_case_and_accents(value: str) -> None:
    assert fitting(author(value)) == [2]


@pytest.mark.parametrize("value", ["Ångström", "Elm", "", "Josephine Angstrom"])
def test_half_a_name_is_no_author(value: str) -> None:
    assert fitting(author(value)) == []


def test_a_category_fits_the_papers_in_it_a_little() -> None:
    assert candidates(DIFFUSION, ROBOTS, SPEECH).fit(category("cs.CL")).tolist() == [0, 0, CATEGORY_FIT]
    assert fitting(category("cs")) == []


def test_a_muted_phrase_is_found_anywhere_in_a_paper() -> None:
    assert fitting(mute("cloth")) == [2]
    assert fitting(mute("diffusion models")) == [1]


def test_terms_stand_in_the_paper_and_phrases_come_first() -> None:
    among = candidates(DIFFUSION, ROBOTS, SPEECH)
    assert among.terms(0, "fast sampling, with diffusion models") == ("Diffusion Models", "Sampling")


def test_at_most_three_terms_none_within_another() -> None:
    terms = candidates(DIFFUSION).terms(0, "diffusion models diffusion model few-step sampling steps four")
    assert len(terms) == 3
    assert not any(one != other and one.casefold() in other.casefold() for one in terms for other in terms)


def test_nothing_in_common_gives_no_terms() -> None:
    assert candidates(ROBOTS).terms(0, "diffusion") == ()


def test_without_papers_everything_is_empty() -> None:
    among = candidates()
    for interest in (topic("x"), author("x"), category("cs.CL"), mute("x")):
        assert among.fit(interest).shape == (0,)
    assert among.trend.shape == among.listed_at.shape == among.first_seen_at.shape == (0,)


def test_a_paper_without_words_fits_nothing() -> None:
    assert fitting(topic("diffusion models"), paper(1, "", ""), paper(2, "...", "—")) == []
