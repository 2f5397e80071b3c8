"""What holds for every answer of the site."""

import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from gzip import compress
from itertools import pairwise
from pathlib import Path

import pytest
from pages import FILES, FRAMED, OUTBOX, PRIVATE, PUBLIC, SENT, address, operations, visits
from personas import NOON
from reading import Page, read_page
from sites import Front, Place

from digest.store import open_store
from digest.web import create_site
from digest.web.security import STRICT

pytestmark = pytest.mark.slow


def test_every_address_of_the_site_is_among_the_pages(inhabited: Place) -> None:
    listed = {
        "get": {address(inhabited, path).partition("?")[0] for path in [*PUBLIC, *PRIVATE, *OUTBOX, *FILES, *FRAMED]},
        "post": {address(inhabited, path).partition("?")[0] for path, _ in SENT},
    }
    for template, described in operations(inhabited).items():
        pattern = re.sub(r"\\{.*?\\}", "[^/]+", re.escape(template))
        for method in described.keys() & listed.keys():
            assert any(re.fullmatch(pattern, path) for path in listed[method]), (method, template)


def test_a_page_is_whole_and_holds_no_script(inhabited: Place) -> None:
    for _, answer in visits(inhabited):
        page = read_page(answer.text)
        assert inhabited.app.press.credits in page.text
        assert_is_whole(page)


def test_a_page_that_anybody_finds_says_in_its_head_what_it_is(inhabited: Place) -> None:
    described = {}
    for path in PUBLIC:
        page = read_page(inhabited.client.get(address(inhabited, path)).text)
        told = [str(held["content"]) for held in page.all("meta") if held.get("name") == "description"]
        described[path] = "".join(told)
    assert "in one quiet mail" in described["/"]
    assert described["/trending"].startswith("Friday 19 June 2026. ")
    assert described["/trending?window=month"].startswith("The month to Friday 19 June 2026. ")
    assert described["/paper/2606.00001"] == "A sampler that needs four steps."
    assert described["/archive/papers/2026-06-19"].startswith("The 3 most upvoted of 3 new papers. First: ")
    assert described["/archive/"].startswith("Every edition")
    assert described["/nothing"] == ""


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/trending", "Trending papers, Friday 19 June 2026"),
        ("/trending?window=week", "Trending papers, the week to Friday 19 June 2026"),
        ("/trending?date=2026-06-14", "Trending papers, Sunday 14 June 2026"),
    ],
)
def test_lists_of_different_days_have_different_titles(place: Place, path: str, title: str) -> None:
    assert f"<title>{title} · Offprint</title>" in place.client.get(path).text


def assert_is_whole(page: Page) -> None:
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("title")) == 1
    assert page.all("a")[0]["href"] == "#main"
    levels = [int(tag[1]) for tag, _ in page.elements if tag in {"h1", "h2", "h3", "h4"}]
    assert all(after - before <= 1 for before, after in pairwise([0, *levels]))
    assert {"/trending", "/"} <= page.links()
    assert not page.all("script") + page.all("style") + page.all("img")
    assert not any(name == "style" or name.startswith("on") for _, held in page.elements for name in held)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "TRACE"])
def test_every_answer_carries_the_headers(inhabited: Place, method: str) -> None:
    # All of them beforehand: what is posted takes some of the tokens away.
    for path in [address(inhabited, path) for path in [*PUBLIC, *PRIVATE, *FILES]]:
        answer = inhabited.client.request(method, path)
        assert answer.headers["Content-Security-Policy"] == STRICT
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in answer.headers
        assert "Server" not in answer.headers


def test_a_page_behind_a_token_is_kept_by_nobody(inhabited: Place) -> None:
    for path in PRIVATE:
        answer = inhabited.client.get(address(inhabited, path))
        assert answer.headers["Cache-Control"] == "no-store, private"
        assert answer.headers["X-Robots-Tag"] == "noindex"


def test_the_strict_policy_allows_our_stylesheet_and_nothing_written_into_a_page() -> None:
    assert STRICT.split("; ") == [
        "default-src 'none'",
        "style-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]


@pytest.mark.parametrize(("method", "path"), [("PUT", "/"), ("POST", "/trending"), ("DELETE", "/unsubscribe/1-a")])
def test_a_method_that_a_page_does_not_know_gets_a_page_that_says_so(place: Place, method: str, path: str) -> None:
    answer = place.client.request(method, path)
    assert answer.status_code == 405
    assert "<h1>Not in this way</h1>" in answer.text


def test_an_unknown_address_gets_a_page_that_does_not_repeat_it(place: Place) -> None:
    answer = place.client.get("/%3Cscript%3Enobody%3C/script%3E?q=nobody")
    assert answer.status_code == 404
    assert "<h1>No such page</h1>" in answer.text
    assert "nobody" not in answer.text


@pytest.mark.parametrize("path", ["/trending/", "//evil.example/", "/healthz/"])
def test_nothing_redirects(place: Place, path: str) -> None:
    assert place.client.get(place.url + path).status_code == 404


def test_links_do_not_follow_the_host_header(inhabited: Place) -> None:
    for path in ["/", "/trending", "/nothing", address(inhabited, "/confirm/{confirm}")]:
        answer = inhabited.client.get(path, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
        assert "evil.example" not in answer.text + str(answer.headers)


def test_links_start_below_the_path_of_the_base_url(open_place: Callable[..., Place]) -> None:
    place = open_place(web={"base_url": "https://example.org/papers"})
    page = read_page(place.client.get("/trending").text)
    assert {"/papers/trending", "/papers/"} <= page.links()
    assert str(page.all("link")[0]["href"]).startswith("/papers/style.css?v=")


def test_the_stylesheet_is_fetched_once(place: Place) -> None:
    first = place.client.get("/style.css")
    assert first.headers["Content-Type"] == "text/css; charset=utf-8"
    again = place.client.get("/style.css", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert first.headers["ETag"].strip('"') in str(read_page(place.client.get("/").text).all("link")[0]["href"])


def test_the_stylesheet_fetches_nothing_and_has_the_operators_accent(open_place: Callable[..., Place]) -> None:
    style = open_place(web={"accent": "#8A1C4A"}).client.get("/style.css").text
    assert "--accent: #8A1C4A;" in style
    assert "url(" not in style
    assert "@import" not in style


def test_the_operators_template_stands_before_the_projects_own(
    open_place: Callable[..., Place], tmp_path: Path
) -> None:
    (tmp_path / "own" / "web").mkdir(parents=True)
    (tmp_path / "own" / "web" / "notice.html").write_text("<h1>{{ heading }}, says the operator</h1>")
    place = open_place(templates={"folder": "own"})
    assert place.client.get("/nothing").text == "<h1>No such page, says the operator</h1>"
    assert "<form" in place.client.get("/").text


def test_the_sign_of_life_is_one_word(place: Place) -> None:
    assert place.client.get("/healthz").text == "ok"


def test_robots_are_kept_from_tokens(place: Place) -> None:
    text = place.client.get("/robots.txt").text
    for path in {f"/{path.split('/')[1]}/" for path in PRIVATE}:
        assert f"Disallow: {path}\n" in text
    assert "Disallow: /search\n" in text


def test_a_store_that_cannot_be_read_closes_the_site_without_details(place: Place, front: Front) -> None:
    broken = place.app.config.folder / "broken.db"
    broken.write_text("not what a database looks like" * 100)
    store = open_store("sqlite:///broken.db", folder=broken.parent)
    front.site = create_site(replace(place.app, store=store), clock=lambda: NOON)
    answer = place.client.get("/trending")
    assert answer.status_code == 503
    assert "<h1>Closed for a moment</h1>" in answer.text
    assert "broken" not in answer.text
    assert answer.headers["Retry-After"] == "120"
    assert answer.headers["Content-Security-Policy"] == STRICT
    store.close()


def test_a_fault_of_ours_gets_a_page_without_details(place: Place) -> None:
    with place.app.store.writing() as connection:
        connection.exec_driver_sql("DROP TABLE confirms")
    answer = place.client.get(f"/confirm/1-{'a' * 26}")
    assert answer.status_code == 500
    assert "<h1>Our fault</h1>" in answer.text
    assert "confirms" not in answer.text
    assert answer.headers["Content-Security-Policy"] == STRICT
    assert answer.headers["Cache-Control"] == "no-store, private"


def megabyte() -> Iterator[bytes]:
    yield b"address="
    for _ in range(1024):
        yield b"a" * 1024


@pytest.mark.parametrize("path", ["/", "/unsubscribe/{unsubscribe}", "/preferences/{preferences}"])
@pytest.mark.parametrize("content", [b"address=" + b"a" * 1_000_000, None], ids=["announced", "chunked"])
def test_a_megabyte_is_refused_and_changes_nothing(inhabited: Place, path: str, content: bytes | None) -> None:
    before = inhabited.rows()
    answer = inhabited.client.post(
        address(inhabited, path),
        content=content or megabyte(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 413
    assert answer.headers["Content-Security-Policy"] == STRICT
    assert inhabited.rows() == before


FIELDS = "&".join(f"topic={number}" for number in range(10_000)).encode()
PARTS = (
    b"".join(b'--x\r\nContent-Disposition: form-data; name="topic"\r\n\r\na\r\n' for _ in range(2_000)) + b"--x--\r\n"
)
HEADED = b"--x\r\n" + b"".join(b"X-Header-%d: a\r\n" % number for number in range(5_000)) + b"\r\na\r\n--x--\r\n"


@pytest.mark.parametrize("path", ["/", "/unsubscribe/{unsubscribe}", "/preferences/{preferences}"])
@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("application/x-www-form-urlencoded", FIELDS),
        ("multipart/form-data; boundary=x", PARTS),
        ("multipart/form-data; boundary=x", HEADED),
        (f"multipart/form-data; boundary={'x' * 10_000}", PARTS),
    ],
    ids=["10,000 fields", "2,000 parts", "5,000 headers of a part", "a long boundary"],
)
def test_a_form_of_very_many_parts_is_not_taken_apart(inhabited: Place, path: str, kind: str, content: bytes) -> None:
    before = inhabited.rows()
    answer = inhabited.client.post(address(inhabited, path), content=content, headers={"Content-Type": kind})
    # The button of unsubscribing needs no field, so it works whatever is sent.
    assert answer.status_code == (200 if "unsubscribe" in path else 400)
    assert "unsubscribe" in path or inhabited.rows() == before


def test_a_packed_body_is_not_unpacked(inhabited: Place) -> None:
    before = inhabited.rows()
    bomb = compress(b"address=" + b"a" * 50_000_000)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "gzip"}
    answer = inhabited.client.post("/", content=bomb, headers=headers)
    assert answer.status_code == 422
    assert len(answer.content) < len(bomb) + len(inhabited.client.get("/").content)
    assert inhabited.rows() == before


def test_a_gigabyte_that_is_announced_is_not_waited_for(inhabited: Place) -> None:
    host, _, port = inhabited.url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: example.org\r\nContent-Length: 1073741824\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 413")
