"""Topics to choose from, out of the papers' own keywords."""

from datetime import timedelta

import pytest
from personas import NOON, TODAY, papers_come_in
from reading import read_page
from sites import Place

from digest.model import Listing
from digest.store.sources import note_success
from digest.web.form import TOPICS
from digest.web.vocabulary import OFFERED, commonest


@pytest.mark.slow
def test_the_commonest_keywords_come_first_as_they_are_written_most_often() -> None:
    papers = [("Protein folding", "LLM"), ("protein folding", "LLM"), ("protein folding",), ("LLM", "llm")]
    assert commonest([*papers, ("protein folding",)]) == ["protein folding", "LLM"]


@pytest.mark.slow
def test_keywords_that_few_papers_have_or_that_are_long_are_not_offered() -> None:
    assert commonest([("rare", "x" * 41, "a")] * 2 + [("x" * 41, "a")] * 5) == []


def listings(keyword: str, count: int, *, first: int) -> list[Listing]:
    return [
        Listing(title=f"{keyword} {n}", keywords=(keyword,), aliases=(f"arxiv:2606.{first + n:05}",), listed_on=TODAY)
        for n in range(count)
    ]


@pytest.mark.slow
def test_the_form_offers_what_recent_papers_are_about_and_keeps_what_was_ticked(place: Place) -> None:
    assert offered(place.client.get("/").text) == list(TOPICS)
    papers_come_in(place.app.store, listings("gazelle tracking", 4, first=1), now=NOON - timedelta(days=31))
    papers_come_in(place.app.store, listings("Robotics", 3, first=10) + listings("ionic liquids", 5, first=20))
    with place.app.store.writing() as connection:
        note_success(connection, "test", cursor="", now=NOON)
    shown = offered(place.client.get("/").text)
    assert shown[:2] == ["ionic liquids", "Robotics"]
    assert "robotics" not in shown
    assert "gazelle tracking" not in shown
    assert len(shown) == OFFERED
    answer = place.client.post("/", data={"address": "ada@", "topic": ["ionic liquids", "of yesterday"]})
    ticked = [held["value"] for held in read_page(answer.text).all("input") if "checked" in held]
    assert ticked == ["ionic liquids", "of yesterday", "weekdays"]
    place.client.post("/", data=place.form() | {"address": "ada@example.org", "topic": "of yesterday"})
    assert any("of yesterday" in row for row in place.rows())


def offered(text: str) -> list[str | None]:
    return [held["value"] for held in read_page(text).all("input") if held.get("name") == "topic"]
