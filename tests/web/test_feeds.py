"""Feeds: what any feed reader makes of them, and what RFC 4287 asks."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import feedparser
import httpx
import pytest
from lxml import etree
from personas import DIFFUSION, NOON, PAPERS, ROBOTS, SPEECH, choices, papers_come_in, reader_joins
from sites import Front, Place

from digest.app import App
from digest.model import Listing, Weights
from digest.publish import publish
from digest.store.sources import note_success
from digest.store.tables import papers
from digest.web import create_site

pytestmark = pytest.mark.slow

PATH = "/feed/papers.atom"
SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).with_name("atom.rng")))
A_DAY = timedelta(days=1)


def read(place: Place) -> Any:
    answer = place.client.get(PATH)
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    return parsed(answer.content)


def parsed(content: bytes) -> Any:
    SCHEMA.assertValid(etree.fromstring(content))
    found = feedparser.parse(content)
    assert not found.bozo
    return found


def edition(place: Place, number: int = 0, listings: tuple[Listing, ...] = PAPERS) -> None:
    now = NOON + number * A_DAY
    place.clock.now = now
    reader_joins(place.app, "ada@example.org", choices("diffusion models"))
    papers_come_in(place.app.store, [replace(one, listed_on=now.date()) for one in listings], now=now)
    publish(place.app.store, place.app.press, newsletter="papers", weights=Weights(), now=now)


def another(number: int) -> tuple[Listing, ...]:
    return (replace(ROBOTS, title=f"Laundry, day {number}", aliases=(f"arxiv:2606.1{number:04}",)),)


def test_a_feed_holds_the_papers_that_lead_the_newest_editions(place: Place) -> None:
    edition(place)
    edition(place, 1, another(1))
    feed = read(place)
    assert feed.entries[0].title == "Laundry, day 1"
    assert {one.title for one in feed.entries[1:]} == {ROBOTS.title, DIFFUSION.title, SPEECH.title}
    assert feed.feed.title == place.app.press.newsletter("papers").title
    assert feed.feed.id == f"{place.url}{PATH}"
    entry = next(one for one in feed.entries if one.title == DIFFUSION.title)
    assert entry.link == f"{place.url}/paper/2606.00001"
    assert entry.id == "tag:127.0.0.1,2026-06-19:paper/1"
    assert [one.name for one in entry.authors] == list(DIFFUSION.authors)
    assert entry.summary == DIFFUSION.summary
    assert entry.updated == entry.published == "2026-06-19T12:00:00Z"


def test_a_paper_that_leads_twice_is_one_entry_of_the_first_time(place: Place) -> None:
    edition(place)
    # Nothing is new, but to somebody who has only joined.
    reader_joins(place.app, "bob@example.org", choices("laundry"), now=NOON + A_DAY / 2)
    edition(place, 1, ())
    assert "/archive/papers/2026-06-20" in place.client.get("/archive/").text
    assert [one.updated for one in read(place).entries] == ["2026-06-19T12:00:00Z"] * 3


def test_an_entry_keeps_its_id_when_its_paper_changes(place: Place) -> None:
    edition(place, 0, (ROBOTS,))
    [before] = read(place).entries
    papers_come_in(place.app.store, [replace(ROBOTS, title="Folding Laundry with Three Arms", version=2)])
    with place.app.store.writing() as connection:
        note_success(connection, "test", cursor="", now=NOON)
    [after] = read(place).entries
    assert (before.id, before.updated) == (after.id, after.updated)
    assert after.title != before.title


def test_old_editions_leave_the_feed(place: Place) -> None:
    for number in range(9):
        edition(place, number, another(number))
    assert [one.title for one in read(place).entries] == [f"Laundry, day {n}" for n in range(8, 1, -1)]


def test_a_withdrawn_paper_leaves_the_feed(place: Place) -> None:
    edition(place)
    papers_come_in(place.app.store, [replace(DIFFUSION, withdrawn=True, version=2)])
    assert DIFFUSION.title not in {one.title for one in read(place).entries}


def test_a_feed_without_an_edition_is_one_and_stays_the_same(place: Place) -> None:
    feed = read(place)
    assert not feed.entries
    tag = place.client.get(PATH).headers["ETag"]
    place.clock.now += A_DAY
    assert place.client.get(PATH).headers["ETag"] == tag


def test_no_reader_is_in_a_feed(place: Place) -> None:
    edition(place)
    place.deliver()
    content = place.client.get(PATH).text
    assert not [words for words in ("ada@", "matches", "/view/", "/unsubscribe/", "/feedback/") if words in content]


@pytest.mark.parametrize("title", ["<u>bold</u> & ]]> <script>alert(1)</script>", "<![CDATA[x]]>", "&lol; %x; 😀 文字"])
def test_a_title_that_is_markup_is_text_in_a_feed(place: Place, title: str) -> None:
    edition(place, 0, (replace(ROBOTS, title=title, summary=title, authors=(title,), categories=(title,)),))
    [entry] = etree.fromstring(place.client.get(PATH).content).iterfind("{*}entry")
    assert {entry.findtext("{*}title"), entry.findtext("{*}summary")} == {title}
    # No child elements: none of it became markup.
    assert [len(entry.find(f"{{*}}{name}")) for name in ("title", "summary")] == [0, 0]
    assert len(read(place).entries) == 1


def test_what_xml_does_not_allow_ends_no_feed(place: Place) -> None:
    edition(place)
    with place.app.store.writing() as connection:
        connection.execute(
            papers.update().where(papers.c.id == 1).values(title="A\x0b B\ufffe\x1f C\uffff", authors=["\x01X"])
        )
    assert "A B C" in {one.title for one in read(place).entries}


def test_a_link_that_is_no_address_is_left_out(place: Place) -> None:
    edition(place, 0, (replace(ROBOTS, url="javascript:alert(1)", pdf_url="//evil.example/x"),))
    content = place.client.get(PATH).text
    assert "javascript" not in content
    assert "evil" not in content


def test_a_reader_that_has_the_feed_is_told_so(place: Place) -> None:
    edition(place)
    first = place.client.get(PATH)
    tag, changed = first.headers["ETag"], first.headers["Last-Modified"]
    assert changed == "Fri, 19 Jun 2026 12:00:00 GMT"
    for known in (
        {"If-None-Match": tag},
        {"If-None-Match": f'"other", W/{tag}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": changed},
        {"If-Modified-Since": "Sat, 20 Jun 2026 12:00:00 GMT"},
        {"If-Modified-Since": "Fri, 31 Dec 9999 23:59:59 -2359"},
    ):
        answer = place.client.get(PATH, headers=known)
        assert (answer.status_code, answer.content) == (304, b"")
        assert (answer.headers["ETag"], answer.headers["Last-Modified"]) == (tag, changed)
    for unknown in (
        {"If-None-Match": '"other"'},
        {"If-None-Match": '"other"', "If-Modified-Since": changed},
        {"If-None-Match": tag.strip('"')},
        {"If-Modified-Since": "Fri, 19 Jun 2026 11:59:59 GMT"},
        {"If-Modified-Since": "yesterday"},
        {"If-Modified-Since": "Fri, 19 Jun 2026 99:99:99 GMT"},
        {"If-Modified-Since": "Fri, 19 Jun 2026 12:00:00 +99999999999999999999"},
        {"If-Modified-Since": ""},
    ):
        assert place.client.get(PATH, headers=unknown).content == first.content
    edition(place, 1, another(1))
    answer = place.client.get(PATH, headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert answer.headers["ETag"] != tag


@pytest.mark.parametrize(
    "path", ["/feed/nobody.atom", "/feed/papers", "/feed/.atom", "/feed/..%2fpapers.atom", "/feed/"]
)
def test_a_feed_that_is_not_there_is_not_found(place: Place, path: str) -> None:
    assert place.client.get(path).status_code == 404


def test_every_page_names_the_feed(place: Place) -> None:
    for path in ("/", "/trending", "/archive/", "/nothing"):
        html = place.client.get(path).text
        assert f'<link rel="alternate" type="application/atom+xml" title="Offprint" href="{PATH}">' in html
        assert f'<a href="{PATH}">Feed</a>' in html


def test_a_feed_is_the_same_on_either_database(app: App, front: Front, client: httpx.Client) -> None:
    papers_come_in(app.store)
    reader_joins(app, "ada@example.org", choices("diffusion models"))
    publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON)
    front.site = create_site(app, clock=lambda: NOON)
    assert [one.id for one in parsed(client.get(PATH).content).entries] == [
        f"tag:{app.press.base_url.split('/')[2].split(':')[0]},2026-06-19:paper/{number}" for number in (2, 1, 3)
    ]
