"""A reader's own editions as a feed: what any feed reader makes of them, and what nobody can do with them."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import feedparser
import httpx
import pytest
from furnished import Furnish
from lxml import etree
from personas import DIFFUSION, NOON, PAPERS, ROBOTS, choices, papers_come_in, reader_joins
from sites import Front, Place

from digest.app import App
from digest.deliver import deliver
from digest.mail.outbox import Outbox
from digest.model import Weights
from digest.publish import publish
from digest.subscribe import unsubscribe
from digest.tokens import Purpose
from digest.web import create_site

pytestmark = pytest.mark.slow

SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).with_name("atom.rng")))
A_DAY = timedelta(days=1)


def path_of(app: App, number: int = 1) -> str:
    return f"/feed/private/{app.keys.sign(Purpose.FEED, number)}.atom"


@pytest.fixture
def path(place: Place, furnish: Furnish) -> str:
    """The feed of a reader who has got an edition."""

    def fill() -> None:
        papers_come_in(place.app.store, PAPERS)
        reader_joins(place.app, "ada@example.org", choices("diffusion models"))
        place.publish()
        place.deliver()

    furnish(fill, place.app.store)
    return path_of(place.app)


def parsed(answer: httpx.Response) -> Any:
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    SCHEMA.assertValid(etree.fromstring(answer.content))
    found = feedparser.parse(answer.content)
    assert not found.bozo
    return found


def test_an_entry_is_an_edition_with_its_papers_and_why(place: Place, path: str) -> None:
    feed = parsed(place.client.get(path))
    assert feed.feed.title == "Offprint: your editions"
    assert feed.feed.id == f"{place.url}{path}"
    [entry] = feed.entries
    assert entry.title == "Friday 19 June 2026"
    assert entry.id == "tag:127.0.0.1,2026-06-19:your-edition/1"
    assert entry.updated == entry.published == "2026-06-19T12:00:00Z"
    assert entry.link == f"{place.url}/archive/papers/2026-06-19"
    assert place.client.get(entry.link).status_code == 200
    [content] = entry.content
    assert content.type == "text/html"
    assert f'<a href="{place.url}/paper/1">{DIFFUSION.title}</a>' in content.value
    assert "<em>matches diffusion models</em>" in content.value
    assert content.value.count("<li>") == 3


def test_the_newest_edition_comes_first_and_one_that_was_not_sent_is_none(place: Place, path: str) -> None:
    place.clock.now = NOON + A_DAY
    another = replace(ROBOTS, title="Laundry, day 1", aliases=("arxiv:2606.10001",), listed_on=place.clock.now.date())
    papers_come_in(place.app.store, [another], now=place.clock.now)
    place.publish()
    assert len(parsed(place.client.get(path)).entries) == 1
    place.deliver()
    assert [one.title for one in parsed(place.client.get(path)).entries] == [
        "Saturday 20 June 2026",
        "Friday 19 June 2026",
    ]


def test_the_feed_opens_no_door(place: Place, path: str) -> None:
    content = place.client.get(path).text
    assert not [door for door in ("/preferences/", "/unsubscribe/", "/feedback/", "/view/", "ada@") if door in content]
    token = path.rpartition("/")[2].removesuffix(".atom")
    for page in ("preferences", "unsubscribe", "view", "confirm", "move"):
        assert place.client.get(f"/{page}/{token}").status_code == 404


def test_the_feed_is_kept_by_nobody_on_the_way(place: Place, path: str) -> None:
    answer = place.client.get(path)
    assert answer.headers["Cache-Control"] == "no-store, private"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert "Disallow: /feed/private/\n" in place.client.get("/robots.txt").text


def test_only_its_own_token_opens_the_feed(place: Place, path: str) -> None:
    for wrong in ("1-forged", place.preferences_token(), place.view_token(1), "papers", ""):
        assert place.client.get(f"/feed/private/{wrong}.atom").status_code == 404


def test_a_reader_that_has_the_feed_is_told_so(place: Place, path: str) -> None:
    first = place.client.get(path)
    for known in ({"If-None-Match": first.headers["ETag"]}, {"If-Modified-Since": first.headers["Last-Modified"]}):
        answer = place.client.get(path, headers=known)
        assert (answer.status_code, answer.content) == (304, b"")


def test_the_feed_ends_with_the_subscription(place: Place, path: str) -> None:
    unsubscribe(place.app.store, 1, now=NOON)
    answer = place.client.get(path, headers={"If-None-Match": "*"})
    assert answer.status_code == 410
    assert answer.text.startswith("This feed has ended")
    reader_joins(place.app, "ada@example.org", choices())
    assert len(parsed(place.client.get(path)).entries) == 1


def test_a_feed_without_an_edition_is_one(place: Place) -> None:
    reader_joins(place.app, "ada@example.org", choices())
    assert parsed(place.client.get(path_of(place.app))).entries == []


@pytest.mark.parametrize("title", ["<u>bold</u> & ]]> <script>alert(1)</script>", "&lol; 😀 文字 \x0b\ufffe"])
def test_a_title_that_is_markup_is_text_in_the_content(place: Place, title: str) -> None:
    papers_come_in(place.app.store, [replace(ROBOTS, title=title, summary=title)])
    reader_joins(place.app, "ada@example.org", choices("<b>x</b>"))
    place.publish()
    place.deliver()
    answer = place.client.get(path_of(place.app))
    parsed(answer)
    [content] = etree.fromstring(answer.content).iterfind("{*}entry/{*}content")
    # What the content is once it is read as HTML.
    html = etree.fromstring(content.text or "", etree.HTMLParser())
    assert not list(html.iter("script", "u"))


def test_a_private_feed_is_the_same_on_either_database(app: App, front: Front, client: httpx.Client) -> None:
    papers_come_in(app.store)
    reader_joins(app, "ada@example.org", choices("diffusion models"))
    publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON)
    deliver(app.store, Outbox(app.config.folder / "outbox"), app.press, terms=app.terms, clock=lambda: NOON)
    front.site = create_site(app, clock=lambda: NOON)
    assert len(parsed(client.get(path_of(app))).entries) == 1
