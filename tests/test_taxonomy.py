"""arXiv's categories."""

import re

import pytest

from digest.taxonomy import CATEGORIES, COMMON


def test_every_category_is_written_as_arxiv_writes_it() -> None:
    assert {
        name for name in CATEGORIES if not re.fullmatch(r"[a-z]+(-[a-z]+)*(\.([A-Z]{2}|[a-z]+(-[a-z]+)*))?", name)
    } == set()


@pytest.mark.parametrize("name", ["cs.LG", "stat.ML", "cond-mat.mtrl-sci", "physics.soc-ph", "quant-ph", "q-bio.NC"])
def test_well_known_categories_can_be_followed(name: str) -> None:
    assert name in CATEGORIES


@pytest.mark.parametrize("name", ["cs", "physics", "cs.XX", "CS.LG", "quant-ph.LG", ""])
def test_archives_and_inventions_cannot(name: str) -> None:
    assert name not in CATEGORIES


def test_arxiv_has_155_categories() -> None:
    assert len(CATEGORIES) == 155


def test_what_is_offered_first_can_be_followed() -> None:
    assert set(COMMON) <= CATEGORIES
    assert len(set(COMMON.values())) == len(COMMON)
