"""In how many papers a feature stands."""

from math import log

import pytest

from digest.ranking.background import fit, pack, unpack

TEXTS = [
    ("Diffusion models", "Diffusion models sample images."),
    ("Diffusion in speech", "Noise and more noise."),
    ("Robots", "A robot folds laundry."),
]


def test_a_paper_counts_once_however_often_it_says_a_word() -> None:
    background = fit(TEXTS, version=3)
    assert (background.version, background.papers) == (3, 3)
    assert background.frequencies == {"diffus": 2}


def test_a_rare_feature_weighs_more_than_a_common_one() -> None:
    background = fit(TEXTS, version=1)
    assert background.weight("diffus") == pytest.approx(1 + log(4 / 3))
    assert background.weight("laundri") == background.weight("never seen") == pytest.approx(1 + log(4))


def test_what_was_packed_comes_back() -> None:
    background = fit([*TEXTS, ("拡散 拡散", "é"), ("拡散 拡散", "é")], version=7)
    assert "拡散" in background.frequencies
    assert unpack(pack(background), version=7, papers=background.papers) == background


def test_without_papers_every_feature_weighs_the_same() -> None:
    background = fit([], version=1)
    assert unpack(pack(background), version=1, papers=0) == background
    assert background.weight("diffus") == 1
