"""How papers are chosen, as their reader is told: the next edition as it stands, and what keeps a paper out."""

import re
from dataclasses import replace
from datetime import date, timedelta

import httpx
import pytest
from fastapi import FastAPI
from furnished import Furnish
from personas import DIFFUSION, NOON, PAPERS, ROBOTS, choices, papers_come_in, reader_joins
from reading import read_page
from sites import Front, Place

from digest.address import parse_address
from digest.app import App
from digest.change import pause
from digest.explain import explain
from digest.hindsight import MOST_WAITING, Turns
from digest.limits import MOST_CHOICES
from digest.model import Interest, InterestKind
from digest.store.papers import paper_named
from digest.subscribe import unsubscribe
from digest.tokens import Purpose
from digest.web import choosing, create_site
from digest.web.pages import Pages

pytestmark = pytest.mark.slow

ADA = "ada@example.org"


@pytest.fixture
def path(place: Place, furnish: Furnish) -> str:
    """The preferences of a reader whose edition is about to be chosen."""

    def fill() -> None:
        papers_come_in(place.app.store, PAPERS)
        reader_joins(place.app, ADA, choices("diffusion models"))

    furnish(fill, place.app.store)
    return f"/preferences/{place.preferences_token()}"


def said(answer: httpx.Response) -> str:
    """The page's text in one line."""
    return " ".join(read_page(answer.text).text.split())


def test_the_next_edition_is_the_one_that_then_comes(place: Place, path: str) -> None:
    shown = said(place.client.get(f"{path}/next"))
    assert "It comes today at 12:00 (UTC), and is chosen then" in shown
    assert "As things stand: 3 papers of 3" in shown
    assert f"{DIFFUSION.title} 12 upvotes · matches diffusion models" in shown
    place.publish()
    [edition] = place.waiting()
    assert edition.selection is not None
    titles = [PAPERS[pick.paper_id - 1].title for pick in edition.selection.picks]
    assert sorted(titles, key=shown.index) == titles


def test_an_edition_without_papers_is_said_to_be_none(place: Place, path: str) -> None:
    place.publish()
    shown = said(place.client.get(f"{path}/next"))
    assert "It comes tomorrow at 12:00 (UTC)" in shown
    assert "As things stand: none" in shown
    assert not [one.title for one in PAPERS if one.title in shown]


def test_whoever_takes_a_break_is_told_when_it_ends(place: Place, path: str) -> None:
    pause(place.app.store, 1, until=date(2026, 7, 1), keys=place.app.keys, now=NOON)
    shown = said(place.client.get(f"{path}/next"))
    assert "It comes on 1 July at 12:00 (UTC)" in shown
    assert "You take a break until 1 July 2026." in shown


@pytest.mark.parametrize(
    "typed",
    [
        "2606.00002",
        "arXiv:2606.00002v3",
        "https://arxiv.org/abs/2606.00002",
        "https://huggingface.co/papers/2606.00002",
        "10.48550/arXiv.2606.00002",
    ],
)
def test_the_page_says_of_a_paper_what_the_command_line_says(place: Place, path: str, typed: str) -> None:
    shown = said(place.client.get(f"{path}/why", params={"paper": typed}))
    with place.app.store.reading() as connection:
        paper = paper_named(connection, "2606.00002", now=NOON)
    assert paper is not None
    app = place.app
    told = explain(app.store, app.press, parse_address(ADA), paper, weights=app.weights, now=NOON)
    assert all(sentence in shown for sentence in (told.verdict, *told.barriers, told.place))
    assert all(sentence in shown and terms in shown for sentence, terms in told.matches)
    assert ROBOTS.title in shown


def test_a_reader_reads_words_where_the_operator_has_figures_and_keys(place: Place, path: str) -> None:
    place.publish()
    pages = [said(place.client.get(f"{path}/why", params={"paper": f"2606.0000{n}"})) for n in (1, 2, 3)]
    assert "It fits “diffusion models”.In common: Diffusion Models" in pages[0]
    assert "It went into the edition of 19 June 2026: matches diffusion models." in pages[0]
    assert "It does not fit “diffusion models”." in pages[1]
    assert not [page for page in pages if "papers:edition" in page or re.search(r"\b\d\.\d", page)]


def test_a_paper_is_named_by_its_page_on_the_site_too(place: Place, path: str) -> None:
    assert ROBOTS.title in said(place.client.get(f"{path}/why", params={"paper": f"{place.url}/paper/2"}))


def test_a_muted_paper_is_said_to_be_muted(place: Place, path: str) -> None:
    muted = (Interest(kind=InterestKind.MUTE, value="laundry"),)
    reader_joins(place.app, ADA, replace(choices(), interests=muted))
    assert "It is muted by “laundry”." in said(place.client.get(f"{path}/why?paper=2606.00002"))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("nonsense", "'nonsense' is no arXiv id, DOI or address of a paper."),
        ("2506.12345", "No source has brought that paper here, so no edition can hold it."),
        ("10.1145/3295222", "No source has brought that paper here, so no edition can hold it."),
        ("<script>alert(1)</script>", "is no arXiv id"),
        ("' OR 1=1 --", "is no arXiv id"),
        ("x" * 5000, "is no arXiv id"),
    ],
)
def test_what_names_no_paper_is_told_beside_the_field(place: Place, path: str, typed: str, sentence: str) -> None:
    answer = place.client.get(f"{path}/why", params={"paper": typed})
    assert answer.status_code == 422
    assert sentence in said(answer)
    assert "<script>" not in answer.text


def test_both_pages_store_nothing(place: Place, path: str) -> None:
    before = place.rows()
    for page in ("/next", "/why", "/why?paper=2606.00001", "/why?paper=nonsense"):
        place.client.get(path + page)
    assert place.rows() == before


def test_both_pages_are_for_whoever_holds_the_link_while_it_lasts(place: Place, path: str) -> None:
    for page in ("next", "why", "why?paper=2606.00001"):
        for wrong in ("1-forged", place.unsubscribe_token(), place.app.keys.sign(Purpose.FEED, 1)):
            assert place.client.get(f"/preferences/{wrong}/{page}").status_code == 404
    unsubscribe(place.app.store, 1, now=NOON)
    for page in ("next", "why", "why?paper=2606.00001"):
        answer = place.client.get(f"{path}/{page}")
        assert (answer.status_code, "This subscription has ended" in answer.text) == (404, True)


def test_a_crowd_is_asked_to_come_back(place: Place, path: str, front: Front) -> None:
    turns = Turns()
    # As many places as there are: those who look and those who wait.
    for _ in range(1 + MOST_WAITING):
        assert turns._places.acquire(blocking=False)
    site = FastAPI()
    site.include_router(
        choosing.router(place.app, Pages(place.app.press, has_outbox=False), clock=place.clock, turns=turns)
    )
    front.site = site
    for page in ("/next", "/why?paper=2606.00001"):
        answer = place.client.get(path + page)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
        assert "Several people are asking for as much just now. Try again in a minute." in answer.text
    # What costs nothing needs no turn.
    assert place.client.get(f"{path}/why").status_code == 200
    turns._places.release()
    assert place.client.get(f"{path}/next").status_code == 200


def test_one_reader_does_not_keep_the_turns_from_all_others(place: Place, path: str) -> None:
    other = f"/preferences/{place.preferences_token(reader_joins(place.app, 'bob@example.org', choices('robots')))}"
    for _ in range(MOST_CHOICES):
        assert place.client.get(f"{path}/why?paper=2606.99999").status_code == 422
    for page in ("/next", "/why?paper=2606.00001"):
        answer = place.client.get(path.upper().replace("/PREFERENCES", "/preferences") + page)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")
        assert "Come again in an hour." in answer.text
    assert place.client.get(f"{other}/next").status_code == 200


def test_both_pages_are_the_same_on_either_database(app: App, front: Front, client: httpx.Client) -> None:
    papers_come_in(app.store)
    number = reader_joins(app, ADA, choices("diffusion models"), now=NOON - timedelta(days=1))
    front.site = create_site(app, clock=lambda: NOON)
    path = f"/preferences/{app.keys.sign(Purpose.PREFERENCES, number)}"
    assert "As things stand: 3 papers of 3" in said(client.get(f"{path}/next"))
    assert "It is in the edition that would go out now." in said(client.get(f"{path}/why?paper=2606.00001"))
