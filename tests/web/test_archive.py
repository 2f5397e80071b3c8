"""The archive: what was printed for everybody, and nothing of anybody."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from personas import DIFFUSION, NOON, PAPERS, ROBOTS, SPEECH, TODAY, choices, papers_come_in, reader_joins
from reading import Page, read_page
from sites import Front, Place

from digest.app import App
from digest.model import Cadence, Listing, Signals, Weights
from digest.publish import publish
from digest.web import create_site

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
TWO = {
    "newsletter": [
        {"slug": "papers", "title": "Papers", "sender": "a@example.org"},
        {"slug": "robots", "title": "Robots", "sender": "a@example.org"},
    ]
}


def show(place: Place, path: str = "/archive/") -> Page:
    answer = place.client.get(path)
    assert answer.status_code == 200
    return read_page(answer.text)


def published(
    place: Place, days: int = 1, *, cadence: Cadence = Cadence.DAILY, listings: tuple[Listing, ...] = PAPERS
) -> None:
    """Editions of so many days in a row, for a reader who follows something."""
    reader_joins(place.app, "ada@example.org", choices("diffusion models", cadence=cadence))
    for number in range(days):
        now = NOON + DAY * number
        day = [
            replace(one, aliases=(f"{one.aliases[0]}{number}",), listed_on=now.date(), title=f"{one.title} {number}")
            for one in listings
        ]
        papers_come_in(place.app.store, day, now=now)
        place.clock.now = now
        publish(place.app.store, place.app.press, newsletter="papers", weights=Weights(), now=now)


def test_an_edition_shows_the_most_upvoted_papers_as_they_were_printed(place: Place) -> None:
    published(place)
    papers_come_in(place.app.store, [replace(ROBOTS, aliases=("arxiv:2606.000020",), signals=Signals(upvotes=4000))])
    page = show(place, "/archive/papers/2026-06-19")
    assert "Edition of Friday 19 June 2026" in page.text
    assert "The 3 most upvoted of 3 new papers" in page.text
    titles = [page.text.index(one.title) for one in (ROBOTS, DIFFUSION, SPEECH)]
    assert titles == sorted(titles)
    assert "40" in page.text
    assert "4,000" not in page.text
    assert {f"/paper/{number}" for number in (1, 2, 3)} <= page.links()


def test_ten_stand_at_the_head_and_five_more_are_named(place: Place) -> None:
    many = tuple(
        replace(
            ROBOTS, title=f"Laundry, part {n:02}", aliases=(f"arxiv:2606.1{n:03}",), signals=Signals(upvotes=90 - n)
        )
        for n in range(20)
    )
    published(place, listings=many)
    page = show(place, "/archive/papers/2026-06-19")
    assert "The 10 most upvoted of 20 new papers" in page.text
    assert len(page.all("article")) == 10
    head, _, also = page.text.partition("Also trending")
    assert "part 09" in head
    assert [f"part {n:02}" in also for n in (9, 10, 14, 15)] == [False, True, True, False]


def test_nothing_of_a_reader_is_to_be_seen(place: Place) -> None:
    """Neither who reads, nor what for, nor a token, whoever the only reader is."""
    published(place, 2)
    place.deliver()
    for path in ("/archive/", "/archive/papers/2026-06-19", "/archive/papers/2026-06-20"):
        html = place.client.get(path).text
        assert not [
            words for words in ("ada@", "Why:", "matches", "diffusion models", "like this", "<mark") if words in html
        ]
        assert not [words for words in ("/unsubscribe/", "/preferences/", "/feedback/", "/view/") if words in html]


def test_which_papers_a_reader_was_sent_changes_nothing_of_the_page(open_place: Callable[..., Place]) -> None:
    many = [
        replace(
            ROBOTS, title=f"Laundry, part {n:02}", aliases=(f"arxiv:2606.1{n:04}",), signals=Signals(upvotes=90 - n)
        )
        for n in range(20)
    ]
    place = open_place()
    papers_come_in(place.app.store, [*many, DIFFUSION])
    reader_joins(place.app, "ada@example.org", choices("diffusion models"))
    place.publish()
    before = place.client.get("/archive/papers/2026-06-19").text
    reader_joins(place.app, "bob@example.org", choices("laundry", hour=12))
    reader_joins(place.app, "eve@example.org", choices("few-step sampling", hour=12))
    place.publish()
    assert place.client.get("/archive/papers/2026-06-19").text == before
    assert DIFFUSION.title not in before


def test_the_archive_lists_a_month_and_leads_to_the_others(place: Place) -> None:
    published(place, 14)
    page = show(place)
    assert "July 2026" in page.text
    assert page.text.count("new papers, top 40 upvotes") == 2
    assert page.text.index("Thu 2") < page.text.index("Wed 1")
    assert {"/archive/papers/2026-07-02", "/archive/papers/2026-07-01", "/archive/?month=2026-06"} <= page.links()
    page = show(place, "/archive/?month=2026-06")
    assert "June 2026" in page.text
    assert len([link for link in page.links() if link.startswith("/archive/papers/")]) == 12
    assert "/archive/?month=2026-07" in page.links()


def test_an_edition_leads_to_those_beside_it(place: Place) -> None:
    published(place, 3)
    links = show(place, "/archive/papers/2026-06-20").links()
    assert {"/archive/papers/2026-06-19", "/archive/papers/2026-06-21"} <= links
    assert "Friday 19 June" in show(place, "/archive/papers/2026-06-20").text
    assert "/archive/papers/2026-06-18" not in show(place, "/archive/papers/2026-06-19").links()


def test_of_two_editions_of_a_date_the_days_own_is_public(place: Place) -> None:
    reader_joins(place.app, "bob@example.org", choices("laundry", cadence=Cadence.MONTHLY), now=NOON - 90 * DAY)
    papers_come_in(place.app.store, [replace(SPEECH, listed_on=TODAY - 3 * DAY)])
    published(place, 13)
    page = show(place, "/archive/papers/2026-07-01")
    assert "The 3 most upvoted of 3 new papers" in page.text
    assert show(place).text.count("Wed 1") == 1


def test_an_edition_of_a_week_is_called_by_its_week(place: Place) -> None:
    published(place, 4, cadence=Cadence.WEEKLY)
    assert "Edition of Week of 15 June 2026" in show(place, "/archive/papers/2026-06-22").text


def test_a_message_names_the_archive_as_the_lists(place: Place) -> None:
    published(place)
    place.deliver()
    [message] = [path.read_text() for path in (place.outbox / "new").iterdir()]
    assert f"List-Archive: <{place.url}/archive/>" in message


def test_each_newsletter_has_its_own(open_place: Callable[..., Place]) -> None:
    place = open_place(**TWO)
    published(place)
    assert "Papers: 3 new papers" in show(place).text
    assert place.client.get("/archive/robots/2026-06-19").status_code == 404


def test_an_empty_archive_says_so(place: Place) -> None:
    assert "No edition yet" in show(place).text
    published(place)
    assert "No edition yet" in show(place, "/archive/?month=1999-01").text


@pytest.mark.parametrize(
    "name",
    [
        *("papers/2026-06-18", "papers/2026-6-19", "papers/20260619", "papers/2026-02-30", "papers/0000-00-00"),
        *("papers/9999-12-31", "papers/0001-01-01", "papers/x", "papers/", "nobody/2026-06-19", "papers/2026-06-19/"),
        *("papers/2026-06-19'--", "..%2f..%2fetc/passwd", "papers%00/2026-06-19", "papers/%D9%A2026-06-19"),
    ],
)
def test_an_edition_that_is_not_there_is_not_found(place: Place, name: str) -> None:
    published(place)
    assert place.client.get(f"/archive/{name}").status_code == 404


@pytest.mark.parametrize("month", ["2026", "2026-6", "2026-13", "0000-01", "x", "2026-06-01", "' OR 1=1", "٢٠٢٦-06"])
def test_a_month_that_is_none_is_refused_in_a_sentence(place: Place, month: str) -> None:
    answer = place.client.get("/archive/", params={"month": month})
    assert answer.status_code == 422
    assert "<h1>That does not fit</h1>" in answer.text


@pytest.mark.parametrize("month", ["0001-01", "9999-12"])
def test_the_first_and_the_last_month_are_empty(place: Place, month: str) -> None:
    published(place)
    page = show(place, f"/archive/?month={month}")
    assert "/archive/?month=2026-06" in page.links()


def test_a_hostile_paper_is_text_in_the_archive(place: Place) -> None:
    script = "<script>alert(1)</script>"
    published(place, listings=(replace(ROBOTS, title=f"T {script}", summary=script, url="javascript:alert(1)"),))
    for path in ("/archive/", "/archive/papers/2026-06-19"):
        page = show(place, path)
        assert script in page.text
        assert not page.all("script")
        assert not any(link.startswith("javascript") for link in page.links())


def test_the_archive_is_the_same_on_either_database(app: App, front: Front, client: httpx.Client) -> None:
    papers_come_in(app.store)
    reader_joins(app, "ada@example.org", choices("diffusion models"))
    publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON)
    front.site = create_site(app, clock=lambda: NOON)
    assert ROBOTS.title in client.get("/archive/").text
    assert "The 3 most upvoted of 3 new papers" in read_page(client.get("/archive/papers/2026-06-19").text).text
