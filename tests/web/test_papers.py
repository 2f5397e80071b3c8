"""A paper's own page, and its BibTeX."""

from dataclasses import replace
from datetime import timedelta

import pytest
from library import library
from personas import DIFFUSION, NOON, ROBOTS, SPEECH, TODAY, papers_come_in
from reading import Page, read_page
from sites import Place

from digest.collect import count_features
from digest.model import Listing, Signals
from digest.sources.bibtex import parse
from digest.store.papers import EXAMPLES
from digest.store.sources import note_success

pytestmark = pytest.mark.slow

SCRIPT = "<script>alert(1)</script>"
RICH = replace(
    DIFFUSION,
    categories=("cs.CV", "cs.LG"),
    keywords=("diffusion models", "few-step"),
    organisation="Institute for Examples",
    code_url="https://code.example.org/few",
    project_url="https://few.example.org/",
    signals=Signals(upvotes=12, comments=1, stars=1200),
)


def show(place: Place, name: str = "2606.00001") -> Page:
    answer = place.client.get(f"/paper/{name}")
    assert answer.status_code == 200
    return read_page(answer.text)


def seen_over_time(place: Place, upvotes: list[int], *, apart: timedelta) -> None:
    for number, count in enumerate(upvotes):
        moment = NOON - apart * (len(upvotes) - 1 - number)
        papers_come_in(place.app.store, [replace(DIFFUSION, signals=Signals(upvotes=count, comments=2))], now=moment)


def test_a_page_tells_all_that_is_known_of_a_paper(place: Place) -> None:
    papers_come_in(place.app.store, [RICH])
    page = show(place)
    for words in (
        "arXiv 2606.00001 · 19 June 2026 · cs.CV, cs.LG",
        "Ann Larch, Ben Alder",
        "Institute for Examples",
        DIFFUSION.summary,
        "Written by a model from the abstract.",
        DIFFUSION.abstract,
        "GitHub stars: 1,200",
    ):
        assert words in page.text
    assert {
        *(RICH.pdf_url, RICH.code_url, RICH.project_url, "https://arxiv.org/abs/2606.00001"),
        *("/search?q=%22diffusion+models%22", "/search?q=few-step", "/paper/2606.00001.bib"),
    } <= page.links()
    filled = [link for link in page.all("a") if link.get("class") == "button"]
    assert [link["href"] for link in filled] == [RICH.pdf_url]


@pytest.mark.parametrize("name", ["1", "2606.00001", "2606.00001v2"])
def test_a_paper_is_found_by_its_number_and_by_its_arxiv_id(place: Place, name: str) -> None:
    papers_come_in(place.app.store)
    page = show(place, name)
    assert DIFFUSION.title in page.text
    assert f"{place.url}/paper/2606.00001" in {link["href"] for link in page.all("link")}


def test_an_old_arxiv_id_has_its_slash(place: Place) -> None:
    papers_come_in(place.app.store, [replace(ROBOTS, aliases=("arxiv:cs/0112017",))])
    assert ROBOTS.title in show(place, "cs/0112017").text
    assert place.client.get("/paper/cs/0112017.bib").status_code == 200
    assert "/paper/cs/0112017" in read_page(place.client.get("/trending").text).links()


def test_a_former_number_shows_the_paper_without_a_redirect(place: Place) -> None:
    doi = "doi:10.1000/journal.7"
    papers_come_in(place.app.store, [DIFFUSION])
    papers_come_in(place.app.store, [replace(ROBOTS, aliases=(doi,))], source="feed.journal")
    papers_come_in(place.app.store, [replace(DIFFUSION, aliases=(*DIFFUSION.aliases, doi))])
    assert DIFFUSION.title in show(place, "2").text


@pytest.mark.parametrize(
    "name",
    [
        *("", "9", "0", "-1", "1.5", "9" * 17, "9" * 400, "١", "2606.99999", "arxiv:2606.00001", "title:x"),
        *("..%2f..%2fetc%2fpasswd", "%00", "1%00", "1'--", "1%20OR%201=1", "%ff", "1/", "1.bib.bib"),
    ],
)
def test_what_is_no_paper_is_not_found(place: Place, name: str) -> None:
    papers_come_in(place.app.store)
    for suffix in ("", ".bib"):
        answer = place.client.get(f"/paper/{name}{suffix}")
        assert answer.status_code == 404 or (name, suffix) == ("1", ".bib")


def test_a_paper_that_only_a_reader_named_is_that_readers(place: Place) -> None:
    papers_come_in(place.app.store, [DIFFUSION], source=EXAMPLES)
    assert place.client.get("/paper/2606.00001").status_code == 404
    assert place.client.get("/paper/1.bib").status_code == 404
    papers_come_in(place.app.store, [DIFFUSION])
    assert DIFFUSION.title in show(place).text


def test_a_withdrawn_paper_says_so(place: Place) -> None:
    papers_come_in(place.app.store)
    assert "Withdrawn." not in show(place).text
    papers_come_in(place.app.store, [replace(DIFFUSION, withdrawn=True, version=2)], now=NOON)
    assert "Withdrawn. Its authors have withdrawn this paper; that was seen on 19 June 2026." in show(place).text


def test_a_page_without_anything_but_a_title_closes_up(place: Place) -> None:
    papers_come_in(place.app.store, [Listing(title="A Title Alone", listed_on=TODAY)])
    page = show(place, "1")
    assert "Abstract" not in page.text
    assert "In one sentence" not in page.text
    assert "arXiv page" not in page.text
    assert not page.all("svg")


def test_thirty_authors_are_named_and_the_others_are_behind_a_click(place: Place) -> None:
    everybody = tuple(f"Author Number{number}" for number in range(31))
    papers_come_in(place.app.store, [replace(DIFFUSION, authors=everybody[:30])])
    assert "Show all" not in show(place).text
    papers_come_in(place.app.store, [replace(ROBOTS, authors=everybody)])
    page = show(place, "2606.00002")
    before, _, behind = page.text.partition("Show all 31")
    assert everybody[29] in before
    assert everybody[30] in behind


def test_a_sentence_of_the_abstract_is_called_that(place: Place) -> None:
    papers_come_in(place.app.store, [ROBOTS, replace(SPEECH, summary="By hand.", summary_is_generated=False)])
    assert "Taken from the abstract." in show(place, "2606.00002").text
    assert "Written where the paper was listed." in show(place, "2606.00003").text


def test_a_chart_tells_how_the_upvotes_came(place: Place) -> None:
    seen_over_time(place, [2, 6, 9, 12, 13, 15], apart=timedelta(hours=12))
    page = show(place)
    said = "Upvotes since 17 June: 15 in all, 9 of them on the first day; 2 comments."
    assert [held["aria-label"] for _, held in page.elements if held.get("role") == "img"] == [said]
    [line] = page.all("polyline")
    assert str(line["points"]).split()[0] == "0,86.67"
    assert str(line["points"]).split()[-1] == "100,0"
    assert [held.get("points", "") for held in page.all("polygon")] == [f"0,100 {line['points']} 100,100"]
    assert [tag for tag, _ in page.elements if tag == "text"] == []
    assert page.text.count("June 2026, 12:00 UTC") == page.text.count("June 2026, 00:00 UTC") == 3
    assert "17 June\n18 June\n19 June\n" in page.text


def test_what_was_seen_last_holds_until_the_last_collect(place: Place) -> None:
    seen_over_time(place, [2, 6], apart=timedelta(hours=24))
    with place.app.store.writing() as connection:
        note_success(connection, "test", cursor="", now=NOON + timedelta(hours=24))
    place.clock.now = NOON + timedelta(days=9)
    assert [held["points"] for held in show(place).all("polyline")] == ["0,66.67 50,0 100,0"]


def test_one_count_makes_no_line_and_none_makes_no_chart(place: Place) -> None:
    papers_come_in(
        place.app.store, [DIFFUSION, replace(ROBOTS, signals=Signals()), replace(SPEECH, signals=Signals(upvotes=0))]
    )
    page = show(place)
    assert "One count so far." in page.text
    assert not page.all("polyline")
    for other in ("2606.00002", "2606.00003"):
        assert not show(place, other).all("svg")


def test_a_long_history_has_a_point_a_day(place: Place) -> None:
    seen_over_time(place, list(range(1, 201)), apart=timedelta(hours=12))
    page = show(place)
    assert len(str(page.all("polyline")[0]["points"]).split()) == 101
    assert "200 in all" in page.text


def test_the_three_nearest_papers_follow_when_papers_are_counted(place: Place) -> None:
    listings = [
        Listing(title=one.title, abstract=one.abstract, aliases=(f"arxiv:2606.{one.id:05}",), listed_on=TODAY)
        for one in library(300)
    ]
    papers_come_in(place.app.store, listings)
    assert "Similar papers" not in show(place, "2606.01000").text
    count_features(place.app.store)
    # The made-up subjects take turns, thirty of them.
    near = similar(place)
    assert all(number % 30 == 1000 % 30 for number in near)
    papers_come_in(place.app.store, [replace(listings[near[0] - 1000], withdrawn=True, version=2)])
    assert near[0] not in similar(place)


def similar(place: Place) -> list[int]:
    """The numbers in the arXiv ids of the papers that are said to be similar."""
    titles = [link for link in show(place, "2606.01000").links() if link.startswith("/paper/") and ".bib" not in link]
    assert len(titles) == 3
    return [int(link.rpartition(".")[2]) for link in titles]


def test_a_hostile_paper_is_text_on_its_own_page(place: Place) -> None:
    hostile = replace(
        RICH,
        title=f"Title {SCRIPT} {{{{ 7 * 7 }}}}",
        abstract=f"Abstract {SCRIPT} <img src=x onerror=alert(1)>",
        authors=(f"Author {SCRIPT}",),
        keywords=(f'"><script>{SCRIPT}', "javascript:alert(1)"),
        categories=(SCRIPT,),
        organisation=SCRIPT,
        summary=f"Summary {SCRIPT}",
        url="javascript:alert(1)",
        pdf_url="data:text/html,x",
        code_url="//evil.example/",
        project_url="vbscript:x",
    )
    papers_come_in(place.app.store, [hostile, replace(hostile, aliases=("arxiv:2606.00009",), title=f"Other {SCRIPT}")])
    count_features(place.app.store)
    page = show(place)
    assert "{{ 7 * 7 }}" in page.text
    assert not page.all("script") + page.all("img")
    assert not any(name.startswith("on") for _, held in page.elements for name in held)
    assert {link.split(":")[0] for link in page.links() if not link.startswith(("/", "#"))} == {"https"}
    assert not any("evil" in link for link in page.links())


def test_bibtex_is_read_back_as_it_was(place: Place) -> None:
    papers_come_in(place.app.store, [RICH])
    answer = place.client.get("/paper/2606.00001.bib")
    assert answer.headers["Content-Type"] == "application/x-bibtex; charset=utf-8"
    assert answer.text.startswith("@misc{larch2026step,\n")
    [read] = parse(answer.text)
    assert (read.title, read.authors, read.aliases) == (RICH.title, RICH.authors, ("arxiv:2606.00001",))


@pytest.mark.parametrize(
    "title",
    [
        "100 % of {GPT}-4 & #1: $5 for a_b ~ c^d \\ e",
        "An unclosed { brace",
        "A closing } brace}, year = {1999",
        "@misc{x, title={y}}",
        "Größe naïve 文字",
    ],
)
def test_no_title_breaks_out_of_its_entry(place: Place, title: str) -> None:
    papers_come_in(place.app.store, [replace(DIFFUSION, title=title, authors=("Black and White", "Doe, Jane {", "É"))])
    text = place.client.get("/paper/2606.00001.bib").text
    assert text.count("{") == text.count("}")
    [read] = parse(text)
    assert read.published_at is None or read.published_at.year == 2026
    assert len(text.splitlines()) == 8
