"""The last editions, on the subscribe form, before anybody has subscribed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from library import library
from personas import NOON, PAPERS, ROBOTS, TODAY, papers_come_in
from playwright.sync_api import Browser, expect
from reading import Page, read_page
from sites import Place

from digest.collect import count_features
from digest.model import Listing
from digest.refit import refit_background

pytestmark = pytest.mark.slow

EVERYTHING: dict[str, Any] = {
    "address": "ada@",
    "topic": ["speech", "robotics"],
    "more": "few-step sampling",
    "category": ["cs.CV", "math.CO"],
    "examples": "2606.00002,\n10.1000/xyz",
    "cadence": "daily",
    "hour": "12",
    "timezone": "Asia/Kolkata",
    "papers": "5",
}
BIBTEX = """@article{known, title = {Known}, eprint = {2606.00009}, archivePrefix = {arXiv}}
@book{nameless, title = {A Book without any Number}}
@misc{unknown, title = {Unknown}, doi = {10.1000/unknown}}
"""


def look(place: Place, **fields: Any) -> httpx.Response:
    return place.client.post("/", data={"do": "look", "cadence": "daily", "hour": "12", **fields})


def value_of(page: Page, name: str) -> str | None:
    return next(held["value"] for held in page.all("input") if held.get("name") == name)


def test_a_look_back_shows_each_day_with_its_papers_reasons_and_upvotes(place: Place) -> None:
    papers_come_in(place.app.store, PAPERS, now=NOON - timedelta(hours=1))
    answer = look(place, more="diffusion models")
    text = " ".join(read_page(answer.text).text.split())
    assert answer.status_code == 200
    assert "Friday 19 June 2026 Few-Step Sampling for Diffusion Models 12 upvotes · matches diffusion models" in text
    assert "Folding Laundry with Two Arms 40 upvotes · trending" in text
    assert "Thursday 18 June 2026 Nothing that day: no paper was new." in text
    assert text.count("Nothing that day") == 4


def test_a_look_back_needs_no_address_keeps_the_form_and_changes_nothing(place: Place) -> None:
    papers_come_in(place.app.store, PAPERS, now=NOON - timedelta(hours=1))
    before = place.rows()
    for address in ("", "ada@", "ada@example.org"):
        answer = look(place, **EVERYTHING | {"address": address})
        page = read_page(answer.text)
        assert answer.status_code == 200
        assert value_of(page, "address") == address
        assert value_of(page, "more") == "few-step sampling"
        assert EVERYTHING["examples"] in answer.text
        kept = [held["value"] for held in page.all("input") if "checked" in held]
        assert kept == ["robotics", "speech", "cs.CV", "math.CO", "daily"]
        chosen = [held.get("value", "") for held in page.all("option") if "selected" in held]
        assert chosen[:4] == ["monday", "1", "12", "Asia/Kolkata"]
    assert place.rows() == before


def test_a_page_that_was_not_asked_for_the_past_shows_none(place: Place) -> None:
    assert 'id="editions"' not in place.client.get("/").text


@pytest.mark.parametrize("named", ["2606.00009", "https://arxiv.org/abs/2606.00009v2, 10.1000/unknown", BIBTEX])
def test_papers_that_are_named_bring_those_like_them_and_are_not_shown(place: Place, named: str) -> None:
    listings = [
        Listing(title=one.title, abstract=one.abstract, aliases=(f"arxiv:2606.{n:05}",), listed_on=TODAY)
        for n, one in enumerate(library(150), 1)
    ]
    papers_come_in(place.app.store, listings, now=NOON - timedelta(hours=1))
    count_features(place.app.store)
    assert refit_background(place.app.store, now=NOON)
    before = place.rows()
    page = read_page(look(place, examples=named).text)
    assert "matches papers you named or liked" in page.text
    assert place.rows() == before


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("examples", "@article{a, title = {Never closed", "This is BibTeX, but the entry in line 1"),
        ("examples", "@book{a, title = {A Book}}", "None of these entries has an arXiv id or a DOI."),
        ("examples", "no paper at all", "is no arXiv id, DOI or address of a paper."),
        ("examples", ",".join(f"2606.{number:05}" for number in range(101)), "more than 100 interests"),
        ("hour", "24", "There is no hour"),
        ("weekday", "Someday", "is not a day of the week"),
        ("month_day", "32", "No month has a day 32"),
        ("timezone", "../../etc/passwd", "is not a time zone"),
        ("newsletter", "none", "There is no such newsletter."),
    ],
)
def test_what_cannot_be_looked_for_is_said_at_its_field_with_all_else_kept(
    place: Place, field: str, value: str, said: str
) -> None:
    answer = look(place, **EVERYTHING | {field: value})
    page = read_page(answer.text)
    assert answer.status_code == 422
    assert said in page.text
    assert value_of(page, "more") == "few-step sampling"
    assert 'id="editions"' not in answer.text


@pytest.mark.parametrize(
    "text",
    ["x" * 120_000, "," * 120_000, "x\n" * 60_000, '"' * 60_000, "@a{" * 40_000, "@a{b, title = " + "{" * 100_000],
    ids=["a word", "commas", "lines", "quotes", "entries", "braces"],
)
def test_whatever_is_pasted_is_answered_with_a_page(place: Place, text: str) -> None:
    content = urlencode({"do": "look", "examples": text}, safe=',"@{}\n ')
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert place.client.post("/", content=content, headers=kind).status_code in {200, 422}


def test_what_was_named_is_kept_by_whoever_subscribes(place: Place) -> None:
    answer = place.client.post("/", data=place.form() | {"address": "ada@example.org", "examples": BIBTEX})
    assert answer.status_code == 200
    assert any("arxiv:2606.00009" in row and "doi:10.1000/unknown" in row for row in place.rows())


def test_titles_of_past_editions_become_no_markup(place: Place) -> None:
    hostile = Listing(
        title="Speech <img src=x onerror=alert(1)>{{ 1234567 * 7654321 }}",
        listed_on=TODAY,
        url="javascript:alert(1)",
        aliases=("arxiv:2606.00077",),
    )
    papers_come_in(place.app.store, [hostile], now=NOON - timedelta(hours=1))
    answer = look(place, more="<b>speech</b>")
    page = read_page(answer.text)
    assert not page.all("img") + page.all("b") + page.all("script")
    assert "javascript:" not in answer.text
    assert "9449772114007" not in answer.text


def test_a_visitor_without_javascript_looks_back_and_then_subscribes(place: Place, browser: Browser) -> None:
    papers_come_in(place.app.store, PAPERS, now=NOON - timedelta(hours=1))
    context = browser.new_context(base_url=place.url, java_script_enabled=False)
    tab = context.new_page()
    tab.goto("/")
    tab.get_by_label("Anything else").fill("folding laundry")
    tab.locator("label").filter(has_text="Daily").click()
    tab.get_by_label("Hour").select_option("12")
    tab.get_by_role("button", name="Show me the last five editions").click()
    expect(tab.get_by_role("heading", name="The last editions, by these choices")).to_be_in_viewport()
    expect(tab.get_by_role("link", name=ROBOTS.title).first).to_be_visible()
    expect(tab.get_by_text("40 upvotes · matches folding laundry")).to_be_visible()
    expect(tab.get_by_label("Anything else")).to_have_value("folding laundry")
    tab.get_by_label("Your address").fill("ada@example.org")
    place.clock.now += timedelta(seconds=9)
    tab.get_by_label("Your address").press("Enter")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Check your mail")
    assert any("folding laundry" in row for row in place.rows())
    context.close()


@pytest.mark.parametrize("width", [320, 375, 1100])
def test_past_editions_do_not_scroll_sideways(open_place: Callable[..., Place], browser: Browser, width: int) -> None:
    place = open_place()
    papers_come_in(place.app.store, PAPERS, now=NOON - timedelta(hours=1))
    tab = browser.new_page(base_url=place.url, viewport={"width": width, "height": 800})
    tab.goto("/")
    tab.get_by_label("Hour").select_option("12")
    tab.get_by_role("button", name="Show me the last five editions").click()
    expect(tab.get_by_role("heading", name="The last editions, by these choices")).to_be_visible()
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    tab.close()
