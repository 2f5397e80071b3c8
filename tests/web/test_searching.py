"""Searching all papers, and one list of them."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from personas import DIFFUSION, NOON, ROBOTS, SPEECH, TODAY, papers_come_in
from reading import Page, read_page
from sites import Front, Place

from digest.app import App
from digest.model import Signals
from digest.store.papers import EXAMPLES
from digest.web import create_site

pytestmark = pytest.mark.slow


def show(place: Place, path: str = "/search", **query: str) -> Page:
    answer = place.client.get(path, params=query)
    assert answer.status_code == 200
    return read_page(answer.text)


def test_what_was_found_is_marked_in_titles_and_in_what_is_said_of_them(place: Place) -> None:
    papers_come_in(place.app.store, [DIFFUSION, replace(ROBOTS, summary="Two arms fold it.")])
    html = place.client.get("/search?q=diffusion+sampling").text
    assert "Few-Step <mark>Sampling</mark> for <mark>Diffusion</mark> Models</a>" in html
    # The summary has no such word, so the abstract is quoted.
    assert "From the abstract:</span> We make <mark>diffusion</mark> models <mark>sample</mark> in four" in html
    assert "1 paper, the best first." in html
    assert "Two arms <mark>fold</mark> it." in place.client.get("/search?q=folding").text


def test_an_arxiv_id_leads_to_its_paper(place: Place) -> None:
    papers_come_in(place.app.store)
    page = show(place, q="https://arxiv.org/abs/2606.00002v1")
    assert "/paper/2606.00002" in page.links()
    assert len(page.all("article")) == 1


def test_the_results_go_on_over_pages_and_each_stands_on_one(place: Place) -> None:
    many = [
        replace(ROBOTS, title=f"Paper {number} of many", aliases=(f"arxiv:2606.1{number:04}",)) for number in range(26)
    ]
    papers_come_in(place.app.store, many)
    pages = [show(place, q="many papers", page=str(number)) for number in (1, 2, 3)]
    assert "Next 10 of 26" in pages[0].text
    assert "/search?q=many+papers&page=2" in pages[0].links()
    assert "Previous 10" in pages[2].text
    found = [link for page in pages for link in page.links() if link.startswith("/paper/")]
    assert len(found) == len(set(found)) == 26
    assert place.client.get("/search?q=many&page=4").status_code == 422


def test_nothing_found_says_what_was_looked_for_and_where_else_to_look(place: Place) -> None:
    papers_come_in(place.app.store)
    page = show(place, q="protein folding")
    assert "Nothing for “protein folding”" in page.text
    assert "3 papers in all." in page.text
    page = show(place, "/trending", q="protein folding")
    assert "Friday 19 June 2026. 3 new papers." in page.text
    assert "Nothing for “protein folding” on 19 June" in page.text
    assert {"/trending?window=month&q=protein+folding", "/search?q=protein+folding"} <= page.links()
    assert "Search all 3 papers" in page.text


def test_a_list_is_narrowed_by_words_and_by_category_and_keeps_its_order(place: Place) -> None:
    papers_come_in(
        place.app.store,
        [
            replace(DIFFUSION, categories=("cs.CV", "cs.LG")),
            replace(ROBOTS, categories=("cs.RO", "no.such")),
            replace(SPEECH, categories=("cs.LG",), signals=Signals(upvotes=90)),
        ],
    )
    page = show(place, "/trending", category="cs.LG")
    assert page.text.index(SPEECH.title) < page.text.index(DIFFUSION.title)
    assert ROBOTS.title not in page.text
    assert "2 of 3 new papers, most upvoted first." in page.text
    assert "/trending?window=week&category=cs.LG" in page.links()
    assert "no.such" not in page.text
    page = show(place, "/trending", category="cs.LG", q="diffusion")
    assert len(page.all("article")) == len(page.all("mark")) - 1 == 1
    assert "/trending?window=month&q=diffusion&category=cs.LG" in page.links()
    page = show(place, "/trending", category="cs.CL")
    assert "Nothing for cs.CL on 19 June" in page.text
    assert "/trending?window=month&category=cs.CL" in page.links()


def test_a_narrowed_list_has_pages_and_dates_of_its_own(place: Place) -> None:
    many = [replace(ROBOTS, title=f"Paper {n} of many", aliases=(f"arxiv:2606.1{n:04}",)) for n in range(12)]
    papers_come_in(place.app.store, [*many, DIFFUSION, replace(SPEECH, listed_on=TODAY - timedelta(days=1))])
    page = show(place, "/trending", q="many")
    assert "Next 2 of 12" in page.text
    assert "/trending?window=day&q=many&page=2" in page.links()
    assert "/trending?window=day&date=2026-06-18&q=many" in page.links()
    assert [held["value"] for held in page.all("input")] == ["day", "many"]
    page = show(place, "/trending", q="noise", date="2026-06-18")
    assert [held["value"] for held in page.all("input")] == ["day", "2026-06-18", "noise"]
    assert SPEECH.title in page.text


def test_what_only_a_reader_named_is_not_found(place: Place) -> None:
    papers_come_in(place.app.store, [DIFFUSION], source=EXAMPLES)
    assert not show(place, q="diffusion").all("article")
    assert not show(place, q="2606.00001").all("article")
    assert "0 papers" in show(place).text


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "",
            " ",
            "the",
            "-diffusion",
            '"',
            "*",
            "NEAR(a b)",
            "title:diffusion",
            "a AND OR NOT",
            "';--",
            "%",
            "_",
            "\\",
        ),
        *("' OR 1=1 --", ") UNION SELECT address FROM subscribers --", "&|!():*<->", "\x00", "diffusion\x00", "\ud7ff"),
        *("<script>alert(1)</script>", '"><script>alert(1)</script>', "{{ 7 * 7 }}", "\u202egnp.exe", "𝔡iffusion"),
        *("a" * 10_000, "a " * 5_000, '"' * 3_000, "-" * 3_000, "de" + "*" * 2_000),
    ],
)
def test_whatever_is_typed_is_looked_for_and_stays_text(
    app: App, front: Front, client: httpx.Client, typed: str
) -> None:
    papers_come_in(app.store)
    front.site = create_site(app, clock=lambda: NOON)
    for path in ("/search", "/trending"):
        answer = client.get(path, params={"q": typed})
        assert answer.status_code == 200
        page = read_page(answer.text)
        assert not page.all("script")
        assert "49" not in page.text
        assert not set("\x00\u202e") & set(answer.text)
        assert len(answer.text) < 20_000


@pytest.mark.parametrize("query", ["page=0", "page=2", "page=x", "page=99999"])
def test_a_page_that_is_not_there_is_refused_in_a_sentence(place: Place, query: str) -> None:
    answer = place.client.get(f"/search?q=diffusion&{query}")
    assert answer.status_code == 422
    assert "<h1>That does not fit</h1>" in answer.text


@pytest.mark.parametrize("category", ["cs", "CS.LG", "cs.LG'--", "<script>", "cs.LG "])
def test_a_category_that_is_none_is_refused_in_a_sentence(place: Place, category: str) -> None:
    answer = place.client.get("/trending", params={"category": category})
    assert answer.status_code == 422
    assert "not a category" in answer.text
    assert "<script>" not in answer.text
