"""What the stored papers' features are like."""

from dataclasses import fields
from math import log, sqrt

import numpy as np
import pytest
from library import bags, fitted, library
from listed import paper

from digest.ranking.background import DIRECTIONS, UNKNOWN, Background, fit, pack, unpack
from digest.ranking.features import Bag, bag, features, number, paper_bag

PAPERS = [
    paper(1, "Diffusion models", "Diffusion models sample images."),
    paper(2, "Diffusion in speech", "Noise and more noise."),
    paper(3, "Robots", "A robot folds laundry."),
]
TEXTS = bags(PAPERS)
LIBRARY = library(150)


def same(one: Background, other: Background) -> bool:
    return all(np.array_equal(getattr(one, field.name), getattr(other, field.name)) for field in fields(Background))


def numbered(*words: str) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.array([number(word) for word in words], dtype=np.uint64)


def test_a_paper_counts_once_however_often_it_says_a_word() -> None:
    background = fit(TEXTS, version=3)
    assert (background.version, background.papers) == (3, 3)
    assert background.features.tolist() == [number("diffus")]
    assert background.frequencies.tolist() == [2]


def test_a_rare_feature_weighs_more_than_a_common_one_and_an_unknown_one_most() -> None:
    background = fit(TEXTS, version=1)
    weights = background.weights(background.columns(numbered("diffus", "laundri", "never seen")))
    assert weights.tolist() == pytest.approx([1 + log(4 / 3), 1 + log(4), 1 + log(4)])


def test_features_that_the_background_lacks_stand_behind_all_others_each_at_its_own_place() -> None:
    background = fit(TEXTS, version=1)
    known, first, second, again = background.columns(numbered("diffus", "laundri", "never seen", "laundri")).tolist()
    assert known == 0
    assert first == again != second
    assert all(1 <= one < 1 + UNKNOWN for one in (first, second))


def test_a_document_weighs_its_features_by_how_often_and_how_rare_they_are() -> None:
    background = fit(TEXTS, version=1)
    x = background.documents([bag({"diffus": 4, "laundri": 1})]).x
    told = dict(zip(x.indices.tolist(), x.data.tolist(), strict=True))
    diffus, laundri = background.columns(numbered("diffus", "laundri")).tolist()
    # Of length one over what the background knows.
    assert told == pytest.approx({diffus: 1, laundri: (1 + log(4)) / ((1 + log(4)) * (1 + log(4 / 3)))})


def test_documents_are_unit_rows() -> None:
    background = fitted(LIBRARY)
    documents = background.documents(bags(library(20, seed=3)))
    known = documents.x[:, : len(background.features)]
    for rows in (known.toarray(), documents.latent, documents.meaning):
        assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(20), abs=1e-4)
    assert documents.to_mean == pytest.approx(known @ background.mean, abs=1e-5)
    assert len(documents) == 20


def test_a_text_of_words_that_are_news_is_a_unit_row_of_them_and_stands_nowhere_else() -> None:
    documents = fitted(LIBRARY).documents([bag(features("quokka wombat numbat"))], centred=False)
    assert sqrt(documents.x.multiply(documents.x).sum()) == pytest.approx(1)
    assert not documents.latent.any()
    assert not documents.meaning.any()


def test_directions_and_meanings_bring_papers_of_a_subject_together() -> None:
    documents = fitted(LIBRARY).documents(bags(library(60, seed=3)))
    for rows in (documents.latent, documents.meaning):
        near = rows @ rows.T
        same_subject = near[:30, :30][~np.eye(30, dtype=bool)], np.diagonal(near[:30, 30:])
        assert same_subject[1].mean() > same_subject[0].mean() + 0.2


@pytest.mark.parametrize(
    "texts",
    [
        bags(LIBRARY),
        TEXTS,
        TEXTS[:1],
        [],
        [bag({})],
        [paper_bag("拡散 拡散", "é"), paper_bag("拡散 拡散", "é")],
        [paper_bag("Noise", "")] * 5,
    ],
    ids=["a library", "three", "one", "none", "no words", "other scripts", "all the same"],
)
def test_what_was_packed_comes_back_and_reads_texts_without_a_flaw(texts: list[Bag]) -> None:
    background = fit(texts, version=7)
    again = unpack(pack(background), version=7, papers=background.papers)
    assert same(again, background)
    for centred in (True, False):
        documents = again.documents([*texts[:3], bag({}), bag(features("diffusion quokka"))], centred=centred)
        for rows in (documents.x.data, documents.to_mean, documents.projected, documents.latent, documents.meaning):
            assert np.isfinite(rows).all()
    assert documents.projected.shape[1] == len(again.strengths) <= DIRECTIONS
    assert len(again.documents([])) == 0


@pytest.mark.slow
def test_the_same_papers_give_the_same_background() -> None:
    assert same(fit(bags(LIBRARY), version=1), fit(bags(LIBRARY), version=1))


def test_without_papers_every_feature_weighs_the_same() -> None:
    background = fit([], version=1)
    assert background.weights(background.columns(numbered("diffus", "noise"))).tolist() == [1, 1]
