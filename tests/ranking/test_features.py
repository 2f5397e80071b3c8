"""Texts as features."""

import hashlib
import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.ranking.features import (
    STOP_WORDS,
    bag,
    features,
    number,
    pack_bag,
    paper_bag,
    paper_features,
    stem,
    surface_forms,
    unpack_bag,
    words,
)
from digest.sources.sample import PATH
from digest.text import CLEANING


def test_words_are_compared_by_their_stems() -> None:
    assert features("Sampling samples sampled") == {"sampl": 3, "sampl sampl": 2}


def test_the_order_of_words_tells_phrases_apart() -> None:
    assert "diffus model" in features("diffusion models")
    assert "diffus model" not in features("models of diffusion")


def test_stop_words_are_no_features_but_do_not_part_a_phrase() -> None:
    assert features("the state of the art") == {"state": 1, "art": 1, "state art": 1}
    assert not features(" ".join(sorted(STOP_WORDS)))


@pytest.mark.parametrize("between", [". ", "! ", "? ", "; ", ": ", ", ", " (", ") ", " [", "\n"])
def test_a_phrase_ends_with_its_sentence(between: str) -> None:
    assert set(features(f"diffusion{between}models")) == {"diffus", "model"}


def test_a_break_behind_a_stop_word_parts_a_phrase_too() -> None:
    assert set(features("we use diffusion. The models")) == {"diffus", "model"}
    assert set(features("diffusion of. models")) == {"diffus", "model"}


def test_a_hyphen_joins_two_words_as_a_space_does() -> None:
    assert features("two-step sampling") == features("two step sampling")


@pytest.mark.parametrize(
    ("written", "same"), [("Newton's method", "Newton method"), ("Newton’s method", "newton method")]
)
def test_a_possessive_is_the_word(written: str, same: str) -> None:
    assert features(written) == features(same)


@pytest.mark.parametrize("text", ["拡散モデル", "диффузионные модели", "نماذج الانتشار", "Ωmega λ-calculus", "GPT4 3D"])
def test_words_of_any_script_are_features(text: str) -> None:
    assert features(text)
    assert features(text) == features(text.upper())


@pytest.mark.parametrize("text", ["", " ", "...", "—", "_ __", "🙂", "\0", "\ud800"])
def test_a_text_without_words_has_no_features(text: str) -> None:
    assert not features(text)


def test_a_title_counts_three_times() -> None:
    assert paper_features("diffusion", "diffusion diffusion noise") == {
        "diffus": 5,
        "diffus diffus": 1,
        "nois": 1,
        "diffus nois": 1,
    }


def test_a_stem_is_the_same_every_time() -> None:
    assert (stem("learning"), stem("learning"), stem("学習")) == ("learn", "learn", "学習")


def test_a_surface_form_is_what_stands_there_first() -> None:
    text = "Two-Step Sampling beats sampling. Samplers of the Diffusion Models"
    assert (
        surface_forms(text).items()
        >= {
            "sampl": "Sampling",
            "two step": "Two-Step",
            "diffus model": "Diffusion Models",
            "sampl beat": "Sampling beats",
        }.items()
    )


@given(st.text(max_size=200))
def test_every_feature_has_a_surface_form_that_stands_in_the_text(text: str) -> None:
    counted = features(text)
    forms = surface_forms(text)
    assert forms.keys() == counted.keys()
    assert all(form and form in text for form in forms.values())


@given(st.text(max_size=200))
def test_words_stand_in_the_text_in_their_order(text: str) -> None:
    found = list(words(text))
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(first.end <= second.start for first, second in pairwise(found))
    assert not found or not found[0].follows


def test_a_feature_s_number_is_the_same_for_ever_and_tells_a_phrase_from_a_word() -> None:
    """Numbers are stored: another one for the same feature makes every stored paper unknown."""
    assert number("diffus") == 0x8775FD43F3FDCD7E
    assert number("diffus model") == 0xC9ED78EDDBDBD60B
    assert number("拡散") == 0x132F2D082756D6EA


@pytest.mark.slow
@given(st.dictionaries(st.text(max_size=9), st.integers(1, 1000), max_size=9))
def test_what_was_packed_comes_back_in_the_order_of_numbers(counted: dict[str, int]) -> None:
    packed = pack_bag(bag(counted))
    assert len(packed) == 9 * len(counted)
    again = unpack_bag(packed)
    assert again.numbers.tolist() == sorted(map(number, counted))
    assert dict(zip(again.numbers.tolist(), again.counts.tolist(), strict=True)) == {
        number(feature): min(count, 255) for feature, count in counted.items()
    }


def test_a_text_without_words_is_packed_as_nothing() -> None:
    assert pack_bag(paper_bag("...", "")) == b""
    assert len(unpack_bag(b"")) == 0


def test_a_stored_paper_reads_as_it_was_written() -> None:
    """The bytes of a paper's features, least significant first, whatever machine stored them."""
    assert pack_bag(paper_bag("Noise", "")) == number("nois").to_bytes(8, "little") + b"\x03"


COUNTED_AS = {2: "8025358fe63bf73f"}
"""What the texts below are counted as, by the number of the cleaning."""

ENDINGS = " s es ed ing ly ies ied ment ness able ation ational ization fulness ousness ively ity est er or al ic ism"
WORDS = [
    root + ending
    for root in "general relat hop fly sk optim happ univers embed".split()
    for ending in ENDINGS.split(" ")
]
SIGNS = "Newton’s λ-calculus, GPT4.5+ (3D) of naïve 拡散モデル; диффузионные модели! نماذج الانتشار\n[x_1] don't"


def test_texts_that_are_counted_otherwise_have_another_number() -> None:
    """Features of two sorts, as two stemmers make them, would be compared as if they were one."""
    sample = [json.loads(line) for line in PATH.read_text(encoding="utf-8").splitlines()]
    texts = [*((one["title"], one["abstract"]) for one in sample), (" ".join(WORDS), SIGNS)]
    counted = [sorted(STOP_WORDS), *(pack_bag(paper_bag(title, abstract)) for title, abstract in texts)]
    found = hashlib.sha256(repr(counted).encode()).hexdigest()[:16]
    assert COUNTED_AS[CLEANING] == found, "raise digest.text.CLEANING, and note what they are counted as here"
