from dataclasses import replace
from datetime import timedelta

import pytest
from personas import DIFFUSION, NOON, PAPERS, ROBOTS, SPEECH, TODAY, choices, papers_come_in, reader_joins
from reading import Page, read_page
from sites import Place

from digest.model import Listing, Signals
from digest.store.papers import EXAMPLES
from digest.store.sources import note_success
from digest.tidy import tidy
from digest.tokens import Purpose


def many(number: int) -> list[Listing]:
    return [
        replace(
            DIFFUSION,
            title=f"Paper {position} of many",
            aliases=(f"arxiv:2606.1{position:04}",),
            authors=(f"Author Number{position}",),
            signals=Signals(upvotes=number - position),
        )
        for position in range(number)
    ]


def show(place: Place, query: str = "") -> Page:
    answer = place.client.get(f"/trending{query}")
    assert answer.status_code == 200
    return read_page(answer.text)


def in_order(page: Page, *titles: str) -> bool:
    places = [page.text.find(title) for title in titles]
    return -1 not in places and places == sorted(places)


def test_the_newest_day_stands_first_with_the_most_upvoted_at_its_head(place: Place) -> None:
    papers_come_in(place.app.store, PAPERS)
    page = show(place)
    assert "Friday 19 June 2026. 3 new papers, most upvoted first." in page.text
    assert in_order(page, ROBOTS.title, DIFFUSION.title, SPEECH.title)


def test_a_paper_has_its_figures_and_its_links(place: Place) -> None:
    papers_come_in(place.app.store, [DIFFUSION, replace(ROBOTS, code_url="https://code.example.org/robots")])
    page = show(place)
    for words in ("40", "upvotes", "3 comments", "7", "Ann Larch, Ben Alder", DIFFUSION.summary):
        assert words in page.text
    assert {DIFFUSION.url, DIFFUSION.pdf_url, "https://code.example.org/robots"} <= page.links()
    assert "Summaries are written by a language model" in page.text


def test_bars_show_how_the_upvotes_came(place: Place) -> None:
    for hours in range(12):
        signals = Signals(upvotes=4 * (hours + 1))
        papers_come_in(place.app.store, [replace(ROBOTS, signals=signals)], now=NOON - timedelta(hours=11 - hours))
    page = show(place)
    assert "+12 in 3 h" in page.text
    assert len(page.all("svg")) == 1
    assert len(page.all("rect")) == 8
    assert [held for held in page.all("rect") if "newest" in str(held.get("class"))] == [page.all("rect")[-1]]


def test_a_hostile_paper_is_text(place: Place) -> None:
    script = "<script>alert(1)</script>"
    hostile = replace(
        ROBOTS,
        title=f"Title {script}",
        authors=(f"Author {script}",),
        organisation=f"Organisation {script}",
        summary=f"Summary {script} {{{{ 7 * 7 }}}}",
        url="javascript:alert(1)",
        code_url="https://x.example/\"onclick='alert(1)'",
    )
    papers_come_in(place.app.store, [hostile])
    for path in ("/trending", "/"):
        page = read_page(place.client.get(path).text)
        assert page.text.count(script) == 4
        assert not page.all("script")
        assert not any(link.startswith("javascript:") for link in page.links())
        assert not any("onclick" in held for _, held in page.elements)


def test_ten_papers_make_a_page(place: Place) -> None:
    papers_come_in(place.app.store, many(26))
    first, last = show(place), show(place, "?page=3")
    assert "Next 10 of 26" in first.text
    assert "/trending?window=day&page=2" in first.links()
    assert len(first.all("article")) == 10
    assert "Next 6 of 26" in show(place, "?page=2").text
    assert len(last.all("article")) == 6
    assert "Previous 10" in last.text
    assert place.client.get("/trending?page=4").status_code == 422


def test_a_week_and_a_month_reach_further_back(place: Place) -> None:
    for days, listing in ((3, DIFFUSION), (20, SPEECH)):
        papers_come_in(place.app.store, [replace(listing, listed_on=TODAY - timedelta(days=days))])
    papers_come_in(place.app.store, [ROBOTS])
    assert len(show(place).all("article")) == 1
    assert len(show(place, "?window=week").all("article")) == 2
    page = show(place, "?window=month")
    assert len(page.all("article")) == 3
    assert "The month to Friday 19 June 2026. 3 new papers" in page.text


def test_a_week_goes_by_the_upvotes_that_are_expected(place: Place) -> None:
    older = replace(SPEECH, listed_on=TODAY - timedelta(days=3), signals=Signals(upvotes=100))
    papers_come_in(place.app.store, [older, replace(ROBOTS, signals=Signals(upvotes=50))])
    assert in_order(show(place, "?window=week"), older.title, ROBOTS.title)


def test_a_paper_without_a_summary_is_shown_with_the_best_sentence_of_its_abstract(place: Place) -> None:
    best = "We propose robots that learn."
    abstract = f"Learning is hard. {best} They win."
    papers_come_in(place.app.store, [replace(ROBOTS, abstract=abstract, summary="", summary_is_generated=True)])
    page = show(place)
    assert f"From the abstract: {best}" in page.text
    assert "Learning is hard" not in page.text
    assert "language model" not in page.text


def test_a_days_neighbours_are_the_days_with_papers(place: Place) -> None:
    for days, listing in ((5, DIFFUSION), (2, SPEECH), (0, ROBOTS)):
        papers_come_in(place.app.store, [replace(listing, listed_on=TODAY - timedelta(days=days))])
    page = show(place, "?date=2026-06-17")
    assert SPEECH.title in page.text
    assert ROBOTS.title not in page.text
    assert {"/trending?window=day&date=2026-06-14", "/trending?window=day&date=2026-06-19"} <= page.links()
    assert {"/trending?window=week&date=2026-06-17"} <= page.links()


def test_a_paper_that_came_in_late_is_on_its_days_list(place: Place) -> None:
    papers_come_in(place.app.store, [replace(ROBOTS, listed_on=TODAY - timedelta(days=3))])
    assert ROBOTS.title in show(place, "?date=2026-06-16").text


def test_an_old_list_is_as_it_was(place: Place) -> None:
    papers_come_in(place.app.store, [ROBOTS])
    later = replace(ROBOTS, signals=Signals(upvotes=4000))
    papers_come_in(place.app.store, [later], now=NOON + timedelta(days=90))
    place.clock.now = NOON + timedelta(days=100)
    page = show(place, "?date=2026-06-19")
    assert "40" in page.text
    assert "4,000" not in page.text


def test_a_list_whose_day_has_not_begun_waits(place: Place) -> None:
    papers_come_in(place.app.store, [ROBOTS, replace(SPEECH, listed_on=TODAY + timedelta(days=1))])
    page = show(place)
    assert ROBOTS.title in page.text
    assert SPEECH.title not in page.text
    assert "20 June" not in page.text


def test_without_a_collect_the_last_list_stays(place: Place) -> None:
    papers_come_in(place.app.store, [ROBOTS])
    with place.app.store.writing() as connection:
        note_success(connection, "test", cursor="", now=NOON)
    place.clock.now = NOON + timedelta(days=30)
    for window in ("day", "week", "month"):
        assert ROBOTS.title in show(place, f"?window={window}").text


def test_papers_that_are_joined_by_somebody_s_example_are_one_at_once(place: Place) -> None:
    listed = [replace(DIFFUSION, aliases=("doi:10.5555/1",)), replace(ROBOTS, aliases=("arxiv:2606.00002",))]
    papers_come_in(place.app.store, [*listed, SPEECH])
    assert in_order(show(place), ROBOTS.title, DIFFUSION.title)
    papers_come_in(place.app.store, [replace(ROBOTS, aliases=("doi:10.5555/1", "arxiv:2606.00002"))], source=EXAMPLES)
    assert ROBOTS.title not in show(place).text


def test_a_sunday_says_why_there_is_nothing(place: Place) -> None:
    page = show(place, "?date=2026-06-14")
    assert "No papers on Sunday 14 June 2026" in page.text
    assert "arXiv rests at weekends." in page.text
    assert {"/trending?window=week&date=2026-06-14", "/trending?window=month&date=2026-06-14"} <= page.links()


def test_an_empty_store_has_empty_lists(place: Place) -> None:
    for window in ("day", "week", "month"):
        page = show(place, f"?window={window}")
        assert "No papers" in page.text
        assert not page.all("article")


SENSELESS = [
    "window=year",
    "window=<script>",
    "date=yesterday",
    "date=20260617",
    "date=2026-W25-3",
    "date=2026-02-30",
    "date=0001-01-01",
    "date=9999-12-31",
    "date=2026-06-20",
    "date=٢٠٢٦-06-17",
    "page=0",
    "page=-1",
    "page=1e3",
    "page=99999999999999999999",
    "page=2",
]


def test_a_query_that_makes_no_sense_is_refused_in_a_sentence(place: Place) -> None:
    for query in SENSELESS:
        answer = place.client.get(f"/trending?{query}")
        assert answer.status_code == 422, query
        assert "<h1>That does not fit</h1>" in answer.text, query
        assert "script" not in read_page(answer.text).text.replace("no scripts", ""), query
        assert "yesterday" not in answer.text, query


def edition(place: Place) -> str:
    papers_come_in(place.app.store, PAPERS)
    reader_joins(place.app, "ada@example.org", choices("diffusion models"))
    return f"/view/{place.view_token(place.publish())}"


@pytest.mark.slow
def test_a_message_is_shown_as_it_was_sent(place: Place) -> None:
    answer = place.client.get(edition(place))
    assert answer.status_code == 200
    assert DIFFUSION.title in answer.text
    assert "ada@example.org" in answer.text


def test_a_message_may_use_its_own_styles_and_do_nothing_else(place: Place) -> None:
    policy = place.client.get(edition(place)).headers["Content-Security-Policy"]
    assert policy.split("; ") == [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation",
    ]


@pytest.mark.slow
def test_a_message_that_is_no_edition_is_not_shown(place: Place) -> None:
    place.client.post("/", data=place.form() | {"address": "ada@example.org"})
    assert place.client.get(f"/view/{place.view_token(1)}").status_code == 404


def test_an_edition_that_is_kept_no_longer_says_so(place: Place) -> None:
    path = edition(place)
    place.deliver()
    for days in (200, 500):
        tidy(place.app.store, keeping=place.app.keeping, now=NOON + timedelta(days=days))
        gone = place.client.get(path)
        assert gone.status_code == 410
        assert "Editions are kept for a time only" in gone.text


def test_a_message_that_is_not_ours_is_not_shown(place: Place) -> None:
    path = edition(place)
    assert place.client.get(path[:-1]).status_code == 404
    assert place.client.get(f"/view/{place.app.keys.sign(Purpose.UNSUBSCRIBE, 1)}").status_code == 404


def test_looking_at_a_message_changes_nothing(place: Place) -> None:
    path = edition(place)
    before = place.rows()
    place.client.get(path)
    place.client.head(path)
    assert place.rows() == before
