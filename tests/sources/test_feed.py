"""Feeds: arXiv's, journals', blogs', recorded ones, and ones that mean harm."""

import json
import re
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from places import SHARED_DATA, needs_data
from pytest_httpserver import HTTPServer
from werkzeug import Response

from digest.errors import SourceError
from digest.http import Client
from digest.model import Listing
from digest.sources.feed import MOST_ABSTRACT, MOST_ITEMS, MOST_TITLE, Feed, parse
from digest.sources.markup import plain_text
from digest.sources.people import names_in

NOW = datetime(2026, 6, 19, 12, tzinfo=UTC)
SINCE = date(2026, 6, 12)
SPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:prism="http://purl.org/rss/1.0/modules/prism/"'
    ' xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
)


def rss(*items: str) -> bytes:
    inner = "".join(f"<item>{item}</item>" for item in items)
    whole = f'<?xml version="1.0"?><rss version="2.0" {SPACES}><channel><title>A feed</title>{inner}</channel></rss>'
    return whole.encode()


BLOG, ARXIVS = "https://blog.example.org/feed.xml", "https://rss.arxiv.org/rss/cs.CL"


def read(content: bytes, *, url: str = BLOG) -> tuple[Listing, ...]:
    return parse(content, source="feed.test", url=url, now=NOW)


def one(item: str, *, url: str = BLOG) -> Listing:
    [listing] = read(rss(item), url=url)
    return listing


def announced(kind: str, number: str = "2606.00001v1", day: str = "Fri, 19 Jun 2026 00:00:00 -0400") -> str:
    return (
        f"<title>A paper</title><link>https://arxiv.org/abs/{number[:10]}</link><guid>oai:arXiv.org:{number}</guid>"
        f"<description>arXiv:{number} Announce Type: {kind} \n"
        f"Abstract: We show that k &lt; n and m &gt; p.</description>"
        f"<category>cs.CL</category><category>cs.LG</category><pubDate>{day}</pubDate>"
        f"<arxiv:announce_type>{kind}</arxiv:announce_type><dc:creator>Ann Larch, Ben Alder, Carl Ash Jr</dc:creator>"
    )


def test_arxiv_s_own_feed_is_read_without_its_furniture() -> None:
    assert one(announced("new"), url=ARXIVS) == Listing(
        title="A paper",
        abstract="We show that k < n and m > p.",
        aliases=("arxiv:2606.00001",),
        authors=("Ann Larch", "Ben Alder", "Carl Ash Jr"),
        categories=("cs.CL", "cs.LG"),
        listed_on=date(2026, 6, 19),
        url="https://arxiv.org/abs/2606.00001",
        pdf_url="https://arxiv.org/pdf/2606.00001",
        version=1,
    )


@pytest.mark.parametrize(
    ("kind", "number", "listed_on", "published_at"),
    [
        ("new", "2606.00001v1", date(2026, 6, 19), None),
        ("cross", "2606.00001v1", date(2026, 6, 19), None),
        ("cross", "2605.00001v1", date(2026, 6, 19), None),
        ("cross", "2401.00001v1", None, datetime(2024, 1, 1, tzinfo=UTC)),
        ("replace", "2310.00001v4", None, datetime(2023, 10, 1, tzinfo=UTC)),
        ("replace-cross", "2606.00001v2", None, datetime(2026, 6, 1, tzinfo=UTC)),
    ],
)
def test_an_update_is_not_listed_as_new(
    kind: str, number: str, listed_on: date | None, published_at: datetime | None
) -> None:
    listing = one(announced(kind, number))
    assert (listing.listed_on, listing.published_at) == (listed_on, published_at)
    assert listing.aliases == (f"arxiv:{number[:10]}",)


def test_a_withdrawn_paper_is_marked() -> None:
    withdrawn = announced("replace").replace("We show", "This paper has been withdrawn. We show")
    assert one(withdrawn, url=ARXIVS).withdrawn


@pytest.mark.parametrize("url", [BLOG, "https://evilarxiv.org/feed", "https://arxiv.org.example.org/feed"])
def test_only_arxiv_says_what_has_become_of_its_papers(url: str) -> None:
    item = announced("replace", "2606.00001v99").replace("We show", "This paper has been withdrawn. We show")
    listing = one(item, url=url)
    assert (listing.aliases, listing.version, listing.withdrawn) == (("arxiv:2606.00001",), None, False)


@pytest.mark.parametrize(
    "item",
    [
        "<dc:identifier>doi:10.1101/2026.06.18.1</dc:identifier>",
        "<prism:doi>10.1101/2026.06.18.1</prism:doi>",
        "<guid>https://doi.org/10.1101/2026.06.18.1</guid>",
        "<link>https://doi.org/10.1101/2026.06.18.1</link>",
    ],
)
def test_a_journal_s_article_is_known_by_its_doi(item: str) -> None:
    listing = one(f"<title>An article</title>{item}<dc:date>2026-06-18</dc:date>")
    assert listing.aliases == ("doi:10.1101/2026.06.18.1",)
    assert listing.url == "https://doi.org/10.1101/2026.06.18.1"
    assert listing.published_at == datetime(2026, 6, 18, tzinfo=UTC)


def test_an_address_that_only_holds_a_doi_is_not_taken_for_one() -> None:
    assert (
        one("<title>A</title><link>https://www.biorxiv.org/content/10.1101/2026.06.18.1v1?rss=1</link>").aliases == ()
    )


def test_a_blog_s_post_is_known_by_its_guid_and_its_html_is_text() -> None:
    html = "&lt;p&gt;Fish &amp;amp; chips&lt;br&gt;for all&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt;"
    listing = one(
        f"<title>On &lt;em&gt;fish&lt;/em&gt; &amp;amp; chips</title><guid>post-7</guid><link>/posts/7</link>"
        f"<content:encoded>{html}</content:encoded><category>food</category>"
        "<author>ann@example.org (Ann Larch)</author>"
    )
    assert (listing.title, listing.abstract) == ("On fish & chips", "Fish & chips\nfor all")
    assert (listing.aliases, listing.url) == (("feed.test:post-7",), "https://blog.example.org/posts/7")
    assert (listing.keywords, listing.authors, listing.categories) == (("food",), ("Ann Larch",), ())


def test_a_guid_that_two_items_share_names_neither() -> None:
    found = read(rss("<title>A</title><guid>same</guid>", "<title>B</title><guid>same</guid>"))
    assert [listing.aliases for listing in found] == [(), ()]


def test_authors_and_abstract_under_labels_are_told_apart() -> None:
    text = "&lt;p&gt;&lt;b&gt;Authors:&lt;/b&gt; Ann Larch, Ben Alder&lt;/p&gt;"
    text += "&lt;p&gt;&lt;b&gt;Summary:&lt;/b&gt; We show it.&lt;/p&gt;"
    listing = one(f"<title>A</title><link>https://arxiv.org/abs/2606.00001</link><description>{text}</description>")
    assert (listing.authors, listing.abstract) == (("Ann Larch", "Ben Alder"), "We show it.")
    assert listing.aliases == ("arxiv:2606.00001",)


@pytest.mark.parametrize(
    ("creators", "names"),
    [
        (["Ann Larch"], ("Ann Larch",)),
        (["Ann Larch", "Ben Alder"], ("Ann Larch", "Ben Alder")),
        (["Larch, Ann", "Alder, Ben"], ("Ann Larch", "Ben Alder")),
        (["Larch, Ann"], ("Ann Larch",)),
        (["Larch, A., Alder, B. C., &amp; Ash, D.-E."], ("A. Larch", "B. C. Alder", "D.-E. Ash")),
        (["Ann Larch, Ben Alder and Carl Ash"], ("Ann Larch", "Ben Alder", "Carl Ash")),
        (["Ann Larch; Ben Alder"], ("Ann Larch", "Ben Alder")),
        (["editors@example.org"], ()),
        ([""], ()),
    ],
)
def test_names_come_given_name_first(creators: list[str], names: tuple[str, ...]) -> None:
    assert names_in([creator.replace("&amp;", "&") for creator in creators], given_first=False) == names


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "java&#10;script:alert(1)", "file:///etc/hostname",
     "https://user:pass@example.org/", "http://[::zz]/", "mailto:a@example.org", "https://example.org/" + "x" * 3000],
)  # fmt: skip
def test_only_an_address_of_the_web_is_a_link(link: str) -> None:
    assert one(f"<title>A</title><link>{link}</link>").url == ""


def test_an_item_without_a_title_is_none_and_one_of_the_future_is_undated() -> None:
    assert read(rss("<description>A thought.</description>", "<title> </title>")) == ()
    assert one("<title>A</title><pubDate>Fri, 19 Jun 2099 00:00:00 GMT</pubDate>").published_at is None


@pytest.mark.slow
def test_texts_and_items_have_their_limits() -> None:
    listing = one(f"<title>{'t' * 5_000}</title><description>{'a' * 1_000_000}</description>")
    assert (len(listing.title), len(listing.abstract)) == (MOST_TITLE, MOST_ABSTRACT)
    many = read(rss(*(f"<title>{number}</title>" for number in range(MOST_ITEMS + 5))))
    assert len(many) == MOST_ITEMS


@pytest.mark.parametrize(
    "content", [b"", b"<html><body><p>Busy.</p></body></html>", b"not a feed", b"\x00\xff" * 100, b"{}"]
)
def test_what_is_no_feed_is_an_error(content: bytes) -> None:
    with pytest.raises(SourceError, match=r"^feed\.test: the answer .* Check its address"):
        read(content)


def test_an_empty_feed_is_none() -> None:
    assert read(rss()) == ()


def test_a_broken_feed_is_read_as_far_as_it_goes() -> None:
    broken = rss("<title>Caf&eacute; & bar</title>").replace(b"</channel></rss>", b"")
    assert [listing.title for listing in read(broken)] == ["Café & bar"]


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
HOSTILE = {
    "laughs": f'<!DOCTYPE rss [<!ENTITY l0 "lol">{LAUGHS}]>'.encode() + rss("<title>&l9;</title>")[21:],
    "a file": b'<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + rss("<title>&x;</title>")[21:],
    "deep": b"<rss><channel>" + b"<a>" * 3_000_000,
    "attributes": b"<rss><channel><item " + b"a='b' " * 1_500_000 + b">",
    "elements": rss("<title>x</title>" + "<a/>" * 500_000),
    "open tags": b"<rss><channel>" + b"<a " * 3_000_000,
    "ampersands": b"<rss><channel><item><title>" + b"&" * 9_000_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_feed_that_means_harm_is_refused_before_it_costs_much(content: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(SourceError, match="cannot be read as a feed"):
        read(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>two <b>three</b></p>", "One\ntwo three"),
        ("<script>alert(1)</script><style>p{}</style>a<!-- b -->c", "ac"),
        ("<svg><script>alert(1)</script></svg>a<img src=x onerror=alert(1)>", "a"),
        ("<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", ""),
        ("1 &lt; 2 &amp; 3", "1 < 2 & 3"),
        ("", ""),
        ("<" * 1000, None),
        ("<div>" * 100_000 + "deep", None),
        ("\x00\ud800a", "a"),
    ],
)
def test_of_html_only_the_text_is_left(html: str, text: str | None) -> None:
    plain = plain_text(html)
    assert "alert" not in plain
    assert "<img" not in plain
    if text is not None:
        assert plain == text


# Over HTTP.


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(base_url="https://papers.example.org", allowed_hosts={"localhost"}, wait=lambda _: None) as opened:
        yield opened


def test_what_has_not_changed_is_not_read_again(client: Client, httpserver: HTTPServer) -> None:
    tags = {"ETag": '"a"', "Last-Modified": "Fri, 19 Jun 2026 08:00:00 GMT"}
    asked_again = {"If-None-Match": '"a"', "If-Modified-Since": "Fri, 19 Jun 2026 08:00:00 GMT"}
    url = httpserver.url_for("/feed")
    httpserver.expect_ordered_request("/feed").respond_with_response(Response(rss("<title>A</title>"), headers=tags))
    httpserver.expect_ordered_request("/feed", headers=asked_again).respond_with_data("", status=304)
    [first] = Feed(client, name="test", url=url).listings(since=SINCE, now=NOW)
    [second] = Feed(client, name="test", url=url, cursor=first.cursor).listings(since=SINCE, now=NOW)
    assert [len(page.listings) for page in (first, second)] == [1, 0]
    assert second.cursor == first.cursor
    httpserver.check_assertions()


@pytest.mark.parametrize(
    "change", [{"url": "https://elsewhere.example.org/"}, {"since": "2026-06-13"}, {"since": "soon"}, None]
)
def test_a_cursor_of_something_else_is_not_used(
    client: Client, httpserver: HTTPServer, change: dict[str, str] | None
) -> None:
    url = httpserver.url_for("/feed")
    known = {"url": url, "since": "2026-06-12", "etag": '"a"'}
    cursor = "2026-06-19" if change is None else json.dumps(known | change)
    httpserver.expect_request("/feed").respond_with_data(rss())
    list(Feed(client, name="test", url=url, cursor=cursor).listings(since=SINCE, now=NOW))
    assert "If-None-Match" not in httpserver.log[0][0].headers


def test_items_older_than_the_look_back_are_left_out_and_updates_are_not(
    client: Client, httpserver: HTTPServer
) -> None:
    items = (
        "<title>Old</title><pubDate>Thu, 11 Jun 2026 23:59:59 GMT</pubDate>",
        "<title>Young</title><pubDate>Fri, 12 Jun 2026 00:00:00 GMT</pubDate>",
        "<title>Undated</title>",
        announced("replace", "2310.00001v2"),
    )
    httpserver.expect_request("/feed").respond_with_data(rss(*items))
    [page] = Feed(client, name="test", url=httpserver.url_for("/feed")).listings(since=SINCE, now=NOW)
    assert [listing.title for listing in page.listings] == ["Young", "Undated", "A paper"]


def test_a_feed_in_another_encoding_is_read(client: Client, httpserver: HTTPServer) -> None:
    content = rss("<title>Größe</title>").decode().replace('"1.0"', '"1.0" encoding="iso-8859-1"').encode("latin-1")
    httpserver.expect_request("/feed").respond_with_data(content, content_type="application/rss+xml")
    [page] = Feed(client, name="test", url=httpserver.url_for("/feed")).listings(since=SINCE, now=NOW)
    assert page.listings[0].title == "Größe"


# Recorded feeds.

RECORDED = (
    "arxiv/rss_atom_cs.AI_2025-08-20.xml",
    *(f"huggingface/feeds/feed{kind}.xml" for kind in ("", "_weekly", "_monthly")),
)


@needs_data
@pytest.mark.parametrize("name", RECORDED)
def test_every_recorded_feed_is_read_without_loss(name: str) -> None:
    content = (SHARED_DATA / name).read_bytes()
    listings = parse(content, source="feed.test", url="https://example.org/", now=datetime(2026, 11, 20, tzinfo=UTC))
    numbers = re.findall(rb"<(?:guid[^>]*|id)>[^<]*?(\d{4}\.\d{5})", content)
    assert len(numbers) == len(re.findall(rb"<(?:item|entry)>", content))
    assert [listing.aliases for listing in listings] == [(f"arxiv:{number.decode()}",) for number in numbers]
    assert all(listing.authors and len(listing.abstract) > 40 for listing in listings)
    assert not [one for one in listings if re.search(r"Announce Type|Authors:|Upvotes:|<\w+|&\w+;", one.abstract)]
    assert all(listing.listed_on or listing.published_at for listing in listings)
