"""The sentence that stands for an abstract."""

import gzip
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import SHARED_DATA, needs_data

from digest.ranking.summary import best_sentence
from digest.text import clean

TITLE = "FewStep: Image Editing in One Step"
NEED = "Editing of images takes many steps."
NEWS = "To address this, we propose FewStep, a framework for editing images in one step."
GAIN = "Experiments on 3.5 million images show that it is 10x faster, e.g. than others."
LINK = "Code is available at https://example.org/fewstep."


def test_what_is_proposed_stands_for_the_abstract_wherever_it_stands() -> None:
    for abstract in (" ".join([NEED, NEWS, GAIN, LINK]), " ".join([NEWS, NEED, GAIN, LINK])):
        assert best_sentence(TITLE, abstract) == NEWS


def test_without_a_cue_the_titles_words_decide() -> None:
    assert best_sentence("Steps of editing", f"{LINK} {GAIN} {NEED}") == NEED


def test_without_a_title_the_words_of_the_whole_abstract_decide() -> None:
    about = "Graphs of proteins are graphs."
    assert best_sentence("", f"Weather is fine. {about} Proteins make graphs.") == about


def test_of_two_that_say_the_same_the_shorter_is_taken() -> None:
    longer = f"We propose {'all of these and more of those and ' * 3}steps."
    assert best_sentence("Steps", f"{longer} We propose steps.") == "We propose steps."


def test_of_equals_the_first_is_taken() -> None:
    assert best_sentence("", "Aye is one. Bee is two. Cee is six.") == "Aye is one."


@pytest.mark.parametrize("only", ["", "no end in sight", "We propose it.", "我们提出新方法。"])
def test_an_abstract_of_at_most_one_sentence_is_its_own(only: str) -> None:
    assert best_sentence("A title", only) == only


@pytest.mark.parametrize("number", ["2. ", "(2) ", "2) ", "2). ", "[12] "])
def test_a_sentence_out_of_a_numbered_list_stands_without_its_number(number: str) -> None:
    assert best_sentence(TITLE, f"1. {NEED} {number}{NEWS} 3. {GAIN}") == NEWS


@pytest.mark.parametrize("start", ["3D models", "10x faster,", "2.5 times", "(2) and"])
def test_a_number_that_numbers_nothing_stays(start: str) -> None:
    sentence = f"{start} we propose FewStep, image editing in one step."
    assert best_sentence(TITLE, f"{NEED} {sentence}").startswith(start)


def test_other_scripts_have_sentences_too() -> None:
    assert best_sentence("新方法", "新方法。天气。") == "新方法。"


@given(st.text(max_size=30), st.text("Ab c.!?。\n", max_size=80) | st.text(max_size=80))
def test_the_sentence_stands_in_the_abstract(title: str, abstract: str) -> None:
    sentence = best_sentence(title, abstract)
    assert sentence in abstract
    assert bool(sentence) == bool(abstract.strip())


def test_an_abstract_of_any_length_has_a_best_sentence_in_no_time() -> None:
    abstract = " ".join([NEWS, *(f"Sample{number} is." for number in range(12_000))])
    started = time.process_time()
    assert best_sentence(TITLE, abstract) == NEWS
    assert time.process_time() - started < 5


@pytest.mark.slow
@needs_data
def test_nearly_every_real_abstract_has_a_sentence_that_fits_on_a_card() -> None:
    with gzip.open(SHARED_DATA / "huggingface" / "corpus.jsonl.gz", "rt") as lines:
        papers = [json.loads(line) for line, _ in zip(lines, range(500), strict=False)]
    found = [best_sentence(clean(paper["title"]), clean(paper["summary"])) for paper in papers]
    assert all(len(sentence) >= 25 for sentence in found)
    assert sum(len(sentence) <= 280 for sentence in found) >= 0.85 * len(found)
    assert all(sentence[-1] in ".!?)”" for sentence in found)
