"""Collect from servers that misbehave: it ends soon, keeps what it had, says what failed, and the others go on."""

import json
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import cycle
from socket import socket

import pytest
from personas import NOON
from pytest_httpserver import HTTPServer
from rude import Answer, bomb, cut, dripping, endless, redirecting, saying, serving
from werkzeug import Request, Response

from digest.app import App
from digest.collect import Collected, collect
from digest.http import LONGEST_WAIT, MOST_TRIES, Client
from digest.sources import Source
from digest.sources.arxiv import Arxiv
from digest.sources.feed import Feed
from digest.sources.huggingface import HuggingFace
from digest.store import Store
from digest.store.papers import papers_listed
from digest.store.sources import health

WEEK = timedelta(days=7)
SOUND = b"""<rss version="2.0"><channel><title>Sound</title><item><title>A sound paper</title></item></channel></rss>"""

RUDE: dict[str, tuple[Answer, str]] = {
    "429 with Retry-After": (saying("429 Too Many Requests", b"Rate exceeded.", "Retry-After: 86400"), "HTTP 429"),
    "406": (saying("406 Not Acceptable"), "HTTP 406"),
    "500": (saying("500 Internal Server Error"), "HTTP 500"),
    "a cut connection": (cut, "broke off"),
    "a body of 50 MB": (endless, "sent more than 2,000,000 bytes"),
    "gzip 1000:1": (bomb(), "sent more than 2,000,000 bytes"),
    "a slow drip": (dripping, "did not answer in time"),
    "a redirect inside": (redirecting("http://169.254.169.254/latest/"), "inside of a network"),
    "a redirect to another port": (redirecting("http://127.0.0.1:1/"), "inside of a network"),
    "a redirect to a file": (redirecting("file:///etc/hostname"), "another scheme"),
    "a redirect loop": (redirecting("/again"), "redirects more than 3 times"),
}


@pytest.fixture
def waits() -> list[float]:
    return []


@contextmanager
def client_for(url: str, waits: list[float], *, patience: float) -> Iterator[Client]:
    """A client with the program's rules, and less patience."""
    host = url.removeprefix("http://").partition("/")[0]
    with Client(
        base_url="https://papers.example.org",
        allowed_hosts={host},
        most_bytes=2_000_000,
        most_seconds=patience,
        wait=waits.append,
    ) as client:
        yield client


SOURCES: dict[str, Callable[[Client, str], Source]] = {
    "huggingface": lambda client, url: HuggingFace(client, url=url),
    "arxiv": lambda client, url: Arxiv(client, categories=("cs.CL",), url=url, wait=lambda _: None),
    "feed": lambda client, url: Feed(client, name="rude", url=url),
}


def collect_from(
    store: Store, server: HTTPServer, kind: str, rude: str, waits: list[float], *, patience: float = 10.0
) -> tuple[Collected, Collected]:
    """What a source there brings, and a sound feed after it."""
    server.expect_request("/sound").respond_with_data(SOUND)
    sound = server.url_for("/sound")
    with client_for(rude, waits, patience=patience) as one, client_for(sound, waits, patience=10.0) as other:
        sources = [SOURCES[kind](one, f"{rude}/papers"), Feed(other, name="sound", url=sound)]
        first, second = collect(store, sources, now=NOON, look_back=WEEK)
    return first, second


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "answer", "said"),
    # The client tells what is wrong, whichever source has it; each source meets some of all. arXiv meets all below.
    [(kind, *rude) for kind, rude in zip(cycle(["huggingface", "feed"]), RUDE.values(), strict=False)],
    ids=RUDE.keys(),
)
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_rude_server_costs_little_and_stops_nobody(
    store: Store, httpserver: HTTPServer, waits: list[float], kind: str, answer: Answer, said: str
) -> None:
    started = time.monotonic()
    tracemalloc.start()
    with serving(answer) as rude:
        failed, sound = collect_from(store, httpserver, kind, rude, waits, patience=0.5)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert said in failed.error
    assert (sound.error, sound.recorded.new) == ("", 1)
    assert len(waits) <= MOST_TRIES - 1
    assert max(waits, default=0) <= LONGEST_WAIT
    assert peak < 20_000_000
    assert time.monotonic() - started < 10
    with store.reading() as connection:
        assert [one.failures for one in health(connection)] == [
            1 if one.name != "feed.sound" else 0 for one in health(connection)
        ]


@pytest.mark.slow
@pytest.mark.parametrize(("answer", "said"), RUDE.values(), ids=RUDE.keys())
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_what_came_before_it_failed_is_kept(
    store: Store, httpserver: HTTPServer, waits: list[float], answer: Answer, said: str
) -> None:
    entry = "<entry><id>http://arxiv.org/abs/2606.00001v1</id><title>A first paper</title></entry>"
    total = '<o:totalResults xmlns:o="http://a9.com/-/spec/opensearch/1.1/">900</o:totalResults>'
    first_page = saying("200 OK", f'<feed xmlns="http://www.w3.org/2005/Atom">{total}{entry}</feed>'.encode())

    def first_well(connection: socket, request: bytes, stopping: threading.Event) -> None:
        (first_page if b"start=0&" in request else answer)(connection, request, stopping)

    with serving(first_well) as rude:
        failed, _ = collect_from(store, httpserver, "arxiv", rude, waits, patience=0.5)
    assert said in failed.error
    assert failed.recorded.new == 1
    with store.reading() as connection:
        papers = papers_listed(connection, since=NOON - WEEK, now=NOON)
    assert sorted(paper.title for paper in papers) == ["A first paper", "A sound paper"]


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_page_that_repeats_for_ever_is_read_twice_at_most_for_each_day(
    store: Store, httpserver: HTTPServer, waits: list[float]
) -> None:
    rows = [{"paper": {"id": f"2606.{number:05}", "title": f"Paper {number}"}} for number in range(100)]
    httpserver.expect_request("/papers").respond_with_json(rows)
    listed, _ = collect_from(store, httpserver, "huggingface", httpserver.url_for("").rstrip("/"), waits)
    assert (listed.error, listed.recorded.new) == ("", 100)
    assert len([request for request, _ in httpserver.log if request.path == "/papers"]) == 2 * 6


@pytest.mark.slow
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_pages_that_are_ever_new_come_to_an_end(store: Store, httpserver: HTTPServer, waits: list[float]) -> None:
    def ever_new(request: Request) -> Response:
        first = len(httpserver.log) * 100
        rows = [{"paper": {"id": f"x{first + number}", "title": f"Paper {first + number}"}} for number in range(100)]
        return Response(json.dumps(rows))

    httpserver.expect_request("/papers").respond_with_handler(ever_new)
    listed, sound = collect_from(store, httpserver, "huggingface", httpserver.url_for("").rstrip("/"), waits)
    assert listed.recorded.read == 6 * 20 * 100
    assert sound.recorded.new == 1


def test_the_configured_sources_are_collected_with_their_own_look_backs(
    install: Callable[..., App], httpserver: HTTPServer
) -> None:
    # An answer would be followed by another question, after three seconds.
    httpserver.expect_request("/api/query").respond_with_data("", status=404)

    def tagged(request: Request) -> Response:
        same = request.headers.get("If-None-Match") == '"a"'
        return Response(status=304) if same else Response(SOUND, headers={"ETag": '"a"'})

    httpserver.expect_request("/feed").respond_with_handler(tagged)
    app = install(
        sources={
            "huggingface": {"enabled": False},
            "arxiv": {"enabled": True, "url": httpserver.url_for("/api/query"), "look_back_days": 3},
            "feed": {
                "blog": {"url": httpserver.url_for("/feed")},
                "off": {"url": httpserver.url_for("/off"), "enabled": False},
            },
        }
    )
    for _ in range(2):
        collected = collect(app.store, app.sources(), now=NOON, look_backs=app.look_backs)
        assert [(one.source, bool(one.error)) for one in collected] == [("arxiv", True), ("feed.blog", False)]
    assert [answer.status_code for request, answer in httpserver.log if request.path == "/feed"] == [200, 304]
    [query] = {request.args["search_query"] for request, _ in httpserver.log if request.path == "/api/query"}
    assert "submittedDate:[202606160000 TO 202606191200]" in query
    assert "arXiv for use of its open access" in app.press.credits


def test_the_configured_lists_of_hugging_face_are_asked_for(
    install: Callable[..., App], httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/papers").respond_with_json([{"paper": {"id": "2606.00001", "title": "A paper"}}])
    app = install(sources={"huggingface": {"url": httpserver.url_for("/papers"), "lists": ["week", "trending"]}})
    [collected] = collect(app.store, app.sources(), now=NOON, look_backs=app.look_backs)
    assert (collected.error, collected.recorded.read, collected.recorded.new) == ("", 3, 1)
    asked = [(request.args.get("week"), request.args.get("sort")) for request, _ in httpserver.log]
    assert asked == [("2026-W24", None), ("2026-W25", None), (None, "trending")]


@pytest.mark.parametrize(("allowed", "said"), [([], "inside of a network"), (["127.0.0.1"], "")])
def test_an_address_that_the_operator_wrote_may_lead_only_where_that_is_allowed(
    install: Callable[..., App], httpserver: HTTPServer, allowed: list[str], said: str
) -> None:
    elsewhere = httpserver.url_for("/sound").replace("localhost", "127.0.0.1")
    httpserver.expect_request("/feed").respond_with_data("", status=302, headers={"Location": elsewhere})
    httpserver.expect_request("/sound").respond_with_data(SOUND)
    feed = {"blog": {"url": httpserver.url_for("/feed")}}
    app = install(sources={"huggingface": {"enabled": False}, "feed": feed}, http={"allow_hosts": allowed})
    [collected] = collect(app.store, app.sources(), now=NOON)
    assert said in collected.error
    assert bool(collected.error) is bool(said)
