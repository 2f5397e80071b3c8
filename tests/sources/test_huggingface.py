import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from places import SHARED_DATA, needs_data
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from digest.errors import SourceError
from digest.http import Client
from digest.model import Listing, Signals
from digest.sources.files import read_papers
from digest.sources.huggingface import MOST_PAGES, PAGE_SIZE, HuggingFace, parse
from digest.sources.values import count, instant, web_address

FRIDAY, NEXT_MONDAY = date(2026, 6, 19), date(2026, 6, 22)
NOON = datetime(2026, 6, 22, 12, tzinfo=UTC)


def row(number: str = "2606.18023", *, beside: dict[str, Any] | None = None, **paper: Any) -> dict[str, Any]:
    return {"paper": {"id": number, "title": f"Paper {number}", **paper}, **(beside or {})}


def parsed(one: Any, *, day: date | None = None) -> Listing:
    (listing,) = parse([one], source="huggingface", day=day)
    return listing


@pytest.fixture
def reading(httpserver: HTTPServer) -> Iterator[Callable[..., HuggingFace]]:
    """Makes the source that reads the lists of these kinds, with the test's server in the service's place."""
    with Client(
        base_url="https://papers.example.org", allowed_hosts={"localhost", "127.0.0.1"}, wait=lambda _: None
    ) as client:
        yield lambda *lists: HuggingFace(client, lists=lists, url=httpserver.url_for("/api"))


@pytest.fixture
def source(reading: Callable[..., HuggingFace]) -> HuggingFace:
    """The source that reads the lists of days."""
    return reading("day")


def serve(httpserver: HTTPServer, lists: dict[str, list[list[Any]]]) -> list[tuple[str, str, str]]:
    """Serves each list's pages, HTTP 400 where there is no list; what was asked for is in the returned list."""
    asked = []

    def answer(request: Request) -> Response:
        [name] = [told for key, told in request.args.items() if key not in {"limit", "p"}]
        number = request.args["p"]
        asked.append((name, request.args["limit"], number))
        if name not in lists:
            return Response(json.dumps({"error": "no list"}), status=400)
        pages = dict(enumerate(lists[name]))
        return Response(json.dumps(pages.get(int(number), [])))

    httpserver.expect_request("/api").respond_with_handler(answer)
    return asked


def titles(source: HuggingFace, *, since: date, now: datetime = NOON) -> dict[str, list[str]]:
    return {page.label: [one.title for one in page.listings] for page in source.listings(since=since, now=now)}


def test_the_smallest_row_is_a_listing() -> None:
    assert parsed(row()) == Listing(
        title="Paper 2606.18023",
        aliases=("arxiv:2606.18023",),
        url="https://huggingface.co/papers/2606.18023",
        pdf_url="https://arxiv.org/pdf/2606.18023",
    )


def test_a_full_row_is_read_whole() -> None:
    full = row(
        title="Graphs\n  on Two Lines",
        summary="An abstract\nwith breaks.",
        authors=[{"name": "First Author", "hidden": False}, {"name": "Second Author"}],
        publishedAt="2026-06-17T22:30:00.000Z",
        submittedOnDailyAt="2026-06-19T00:00:00.000Z",
        upvotes=7,
        ai_summary="It draws graphs.",
        ai_keywords=["graphs", "lines"],
        githubRepo="https://github.com/example/graphs",
        githubStars=30,
        projectPage="https://graphs.example.org",
        organization={"name": "example", "fullname": "Example Institute"},
        beside={"numComments": 2, "title": "Other", "summary": "Other", "publishedAt": "2026-06-17T17:30:00.000Z"},
    )
    assert parsed(full, day=date(2026, 6, 1)) == Listing(
        title="Graphs\n  on Two Lines",
        abstract="An abstract\nwith breaks.",
        aliases=("arxiv:2606.18023",),
        authors=("First Author", "Second Author"),
        organisation="Example Institute",
        keywords=("graphs", "lines"),
        summary="It draws graphs.",
        summary_is_generated=True,
        published_at=datetime(2026, 6, 17, 22, 30, tzinfo=UTC),
        listed_on=FRIDAY,
        url="https://huggingface.co/papers/2606.18023",
        pdf_url="https://arxiv.org/pdf/2606.18023",
        code_url="https://github.com/example/graphs",
        project_url="https://graphs.example.org",
        signals=Signals(upvotes=7, comments=2, stars=30),
    )


OPTIONAL = (
    *("summary", "authors", "publishedAt", "submittedOnDailyAt", "upvotes", "ai_summary", "ai_keywords"),
    *("githubRepo", "githubStars", "projectPage", "organization", "withdrawnAt"),
)


@pytest.mark.parametrize("wrong", [None, True, -1, 1.5, [], {}, [None, 3, []], {"name": 3}], ids=repr)
def test_what_is_null_or_of_another_type_is_as_if_absent(wrong: Any) -> None:
    odd = row(**dict.fromkeys(OPTIONAL, wrong), beside={"numComments": wrong, "organization": wrong})
    assert parsed(odd) == parsed(row())


@pytest.mark.parametrize("wrong", ["", "soon", "12"])
def test_a_text_that_is_no_moment_is_as_if_absent(wrong: str) -> None:
    odd = parsed(row(publishedAt=wrong, submittedOnDailyAt=wrong), day=FRIDAY)
    assert (odd.published_at, odd.listed_on) == (None, FRIDAY)


def test_a_paper_that_says_when_it_was_withdrawn_is_withdrawn() -> None:
    assert parsed(row(withdrawnAt="2026-06-18T09:00:00.000Z")).withdrawn
    assert not parsed(row(withdrawnAt="")).withdrawn


def test_the_time_beside_the_paper_is_not_its_publication() -> None:
    assert parsed(row(beside={"publishedAt": "2026-06-17T17:30:00.000Z"})).published_at is None


def test_hidden_and_nameless_authors_are_left_out() -> None:
    authors = [{"name": "Shown"}, {"name": "Hidden", "hidden": True}, {"name": " "}, {}, "Text", {"name": "Last"}]
    assert parsed(row(authors=authors)).authors == ("Shown", "Last")


def test_an_organisation_beside_the_paper_counts_where_the_paper_has_none() -> None:
    assert parsed(row(beside={"organization": {"name": "example"}})).organisation == "example"
    own = row(organization={"name": "own"}, beside={"organization": {"name": "example"}})
    assert parsed(own).organisation == "own"


def test_the_day_is_the_rows_own_in_utc_or_that_of_the_list() -> None:
    assert parsed(row(), day=FRIDAY).listed_on == FRIDAY
    assert parsed(row(submittedOnDailyAt="2026-06-19T01:00:00+02:00")).listed_on == date(2026, 6, 18)


def test_a_project_page_on_github_is_code() -> None:
    listing = parsed(row(projectPage="https://github.com/example/page"))
    assert (listing.code_url, listing.project_url) == ("https://github.com/example/page", "")
    both = parsed(row(projectPage="https://github.com/example/page", githubRepo="https://github.com/example/code"))
    assert (both.code_url, both.project_url) == ("https://github.com/example/code", "")
    pages = parsed(row(projectPage="https://example.github.io/page"))
    assert (pages.code_url, pages.project_url) == ("", "https://example.github.io/page")


@pytest.mark.parametrize(
    ("number", "alias", "pdf"),
    [
        ("2606.18023", "arxiv:2606.18023", "https://arxiv.org/pdf/2606.18023"),
        ("2606.18023v2", "arxiv:2606.18023", "https://arxiv.org/pdf/2606.18023"),
        (" 2606.18023\n", "arxiv:2606.18023", "https://arxiv.org/pdf/2606.18023"),
        ("0704.0001", "arxiv:0704.0001", "https://arxiv.org/pdf/0704.0001"),
        ("math.GT/0309136v1", "arxiv:math.GT/0309136", "https://arxiv.org/pdf/math.GT/0309136"),
        ("2606.18023x", "huggingface:2606.18023x", ""),
        ("٢٦٠٦.١٨٠٢٣", "huggingface:٢٦٠٦.١٨٠٢٣", ""),
    ],
)
def test_a_paper_is_named_by_its_arxiv_number_without_the_version(number: str, alias: str, pdf: str) -> None:
    listing = parsed(row(number))
    assert (listing.aliases, listing.pdf_url) == ((alias,), pdf)
    assert listing.url == f"https://huggingface.co/papers/{number.strip()}"


@pytest.mark.parametrize(
    "wrong",
    [
        3,
        None,
        "text",
        [],
        {},
        {"paper": None},
        row(""),
        row(" "),
        row("x" * 301),
        row(title=""),
        row(title=" \n"),
        row(title=None),
    ],
)
def test_a_row_that_is_no_paper_is_named(wrong: Any) -> None:
    with pytest.raises(SourceError, match=r"^huggingface: row 2 of the answer is no paper: .*paper\.title\.$"):
        parse([row(), wrong], source="huggingface")


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("https://example.org/a?b=c#d", "https://example.org/a?b=c#d"),
        (" http://example.org\n", "http://example.org"),
        ("example.org/page", "https://example.org/page"),
        ("//example.org/page", "https://example.org/page"),
        ("example.org:8080/page", "https://example.org:8080/page"),
        ("", ""),
        (" ", ""),
        ("none", ""),
        ("javascript:alert(1)", ""),
        ("JavaScript://example.org/%0aalert(1)", ""),
        ("java\nscript:alert(1)", ""),
        ("data:text/html,a.b", ""),
        ("mailto:reader@example.org", ""),
        ("ftp://example.org/a", ""),
        ("http://[example.org/", ""),
        ("https://example.org/a b", ""),
        ("https://example.org/a\u202eb", ""),
        ("https://example.org/a\ud800", ""),
    ],
)
def test_an_address_is_of_the_web_or_dropped(value: str, address: str) -> None:
    assert web_address(value) == address


@pytest.mark.parametrize(
    ("value", "number"), [(0, 0), (7, 7), (2**31 - 1, 2**31 - 1), (2**31, None), (-1, None), (True, None), ("7", None)]
)
def test_a_count_is_a_number_that_a_store_can_hold(value: object, number: int | None) -> None:
    assert count({"upvotes": value}, "upvotes") == number


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-06-19T00:00:00.000Z", datetime(2026, 6, 19, tzinfo=UTC)),
        ("2026-06-19T01:00:00+02:00", datetime(2026, 6, 18, 23, tzinfo=UTC)),
        ("2026-06-19T01:00:00", None),
        ("2026-06-19", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-01:00", None),
        ("", None),
    ],
)
def test_a_moment_has_a_zone_and_is_told_in_utc(value: str, moment: datetime | None) -> None:
    told = instant(value)
    assert told == moment
    assert told is None or told.tzinfo is UTC


def test_every_weekday_is_asked_for_and_is_a_page(httpserver: HTTPServer, source: HuggingFace) -> None:
    asked = serve(httpserver, {"2026-06-19": [[row("2606.00001")]], "2026-06-22": [[row("2606.00002")]]})
    pages = list(source.listings(since=FRIDAY, now=NOON))
    assert asked == [("2026-06-19", "100", "0"), ("2026-06-22", "100", "0")]
    assert [(page.label, page.cursor) for page in pages] == [("2026-06-19",) * 2, ("2026-06-22",) * 2]
    assert [one.listed_on for page in pages for one in page.listings] == [FRIDAY, NEXT_MONDAY]


def test_a_day_without_a_list_is_empty(httpserver: HTTPServer, source: HuggingFace) -> None:
    serve(httpserver, {"2026-06-22": []})
    assert titles(source, since=FRIDAY) == {"2026-06-19": [], "2026-06-22": []}


def test_nothing_is_asked_for_before_its_day(httpserver: HTTPServer, source: HuggingFace) -> None:
    asked = serve(httpserver, {})
    assert titles(source, since=date(2026, 6, 23)) == {}
    assert asked == []


def test_a_long_list_is_read_to_its_end(httpserver: HTTPServer, source: HuggingFace) -> None:
    rows = [row(f"2606.{number:05}") for number in range(2 * PAGE_SIZE + 1)]
    pages = [rows[:PAGE_SIZE], rows[PAGE_SIZE : 2 * PAGE_SIZE], rows[2 * PAGE_SIZE :]]
    asked = serve(httpserver, {"2026-06-22": pages})
    assert titles(source, since=NEXT_MONDAY) == {"2026-06-22": [one["paper"]["title"] for one in rows]}
    assert [number for _, _, number in asked] == ["0", "1", "2"]


def test_a_list_of_exactly_a_page_ends_with_an_empty_one(httpserver: HTTPServer, source: HuggingFace) -> None:
    asked = serve(httpserver, {"2026-06-22": [[row(f"2606.{number:05}") for number in range(PAGE_SIZE)]]})
    assert len(titles(source, since=NEXT_MONDAY)["2026-06-22"]) == PAGE_SIZE
    assert len(asked) == 2


def test_a_page_that_repeats_itself_ends_the_list(httpserver: HTTPServer, source: HuggingFace) -> None:
    page = [row(f"2606.{number:05}") for number in range(PAGE_SIZE)]
    asked = serve(httpserver, {"2026-06-22": [page] * MOST_PAGES})
    assert len(titles(source, since=NEXT_MONDAY)["2026-06-22"]) == PAGE_SIZE
    assert len(asked) == 2


def test_a_paper_listed_twice_is_one_listing(httpserver: HTTPServer, source: HuggingFace) -> None:
    serve(httpserver, {"2026-06-22": [[row("2606.00001"), row("2606.00001v2"), row("2606.00002")]]})
    assert titles(source, since=NEXT_MONDAY) == {"2026-06-22": ["Paper 2606.00001", "Paper 2606.00002"]}


def test_the_days_before_a_failure_are_good(httpserver: HTTPServer, source: HuggingFace) -> None:
    httpserver.expect_request("/api", query_string="date=2026-06-19&limit=100&p=0").respond_with_json([row()])
    httpserver.expect_request("/api").respond_with_data("", status=500)
    pages = source.listings(since=FRIDAY, now=NOON)
    assert [one.title for one in next(pages).listings] == ["Paper 2606.18023"]
    with pytest.raises(SourceError, match=r"^huggingface: localhost answered HTTP 500\. The next collect"):
        next(pages)


@pytest.mark.parametrize("answer", [{"error": "moved"}, None, "papers", 3])
def test_an_answer_that_is_no_list_is_a_failure(httpserver: HTTPServer, source: HuggingFace, answer: object) -> None:
    httpserver.expect_request("/api").respond_with_json(answer)
    with pytest.raises(SourceError, match="the answer for 2026-06-22 is not a list of papers"):
        titles(source, since=NEXT_MONDAY)


# Weeks, months, and what is trending.


@pytest.mark.parametrize(
    ("kinds", "since", "now", "asked"),
    [
        (["week"], FRIDAY, NOON, ["2026-W25", "2026-W26"]),
        (["week"], date(2026, 6, 21), NOON, ["2026-W25", "2026-W26"]),
        (["week"], NEXT_MONDAY, NOON, ["2026-W26"]),
        (["week"], date(2025, 12, 28), datetime(2025, 12, 29, tzinfo=UTC), ["2025-W52", "2026-W01"]),
        (["month"], date(2026, 5, 31), NOON, ["2026-05", "2026-06"]),
        (["month"], date(2026, 12, 31), datetime(2027, 1, 1, tzinfo=UTC), ["2026-12", "2027-01"]),
        (["trending"], FRIDAY, NOON, ["trending"]),
        (["trending"], date(2026, 6, 23), NOON, []),
        (["week", "day", "week"], FRIDAY, NOON, ["2026-W25", "2026-W26", "2026-06-19", "2026-06-22"]),
    ],
)
def test_the_lists_that_reach_into_the_days_are_asked_for_once_each(
    httpserver: HTTPServer,
    reading: Callable[..., HuggingFace],
    kinds: list[str],
    since: date,
    now: datetime,
    asked: list[str],
) -> None:
    served = serve(httpserver, {"trending": []})
    pages = list(reading(*kinds).listings(since=since, now=now))
    assert [name for name, _, _ in served] == asked
    assert [(page.label, page.cursor) for page in pages] == [(name, name) for name in asked]


def test_of_a_week_53_which_the_service_does_not_know_the_days_are_asked_for(
    httpserver: HTTPServer, reading: Callable[..., HuggingFace]
) -> None:
    asked = serve(httpserver, {"2026-12-28": [[row()]]})
    found = titles(reading("week"), since=date(2026, 12, 25), now=datetime(2027, 1, 5, 12, tzinfo=UTC))
    days = [f"2026-12-{day}" for day in (28, 29, 30, 31)]
    assert [name for name, _, _ in asked] == ["2026-W52", *days, "2027-01-01", "2027-W01"]
    assert found["2026-12-28"] == ["Paper 2606.18023"]


@pytest.mark.parametrize(("kind", "name"), [("week", "2026-W26"), ("month", "2026-06"), ("trending", "trending")])
def test_a_list_of_more_than_a_day_dates_no_paper_that_does_not_say_its_day(
    httpserver: HTTPServer, reading: Callable[..., HuggingFace], kind: str, name: str
) -> None:
    dated = row("2606.00002", submittedOnDailyAt="2026-06-22T00:00:00.000Z")
    serve(httpserver, {name: [[row("2606.00001"), dated]]})
    [page] = reading(kind).listings(since=NEXT_MONDAY, now=NOON)
    assert [one.listed_on for one in page.listings] == [None, NEXT_MONDAY]


@pytest.mark.parametrize(("kind", "name"), [("week", "2026-W26"), ("month", "2026-06")])
def test_a_long_list_of_a_week_or_a_month_is_read_to_its_end(
    httpserver: HTTPServer, reading: Callable[..., HuggingFace], kind: str, name: str
) -> None:
    rows = [row(f"2606.{number:05}") for number in range(PAGE_SIZE + 1)]
    asked = serve(httpserver, {name: [rows[:PAGE_SIZE], rows[PAGE_SIZE:]]})
    assert len(titles(reading(kind), since=NEXT_MONDAY)[name]) == PAGE_SIZE + 1
    assert asked == [(name, "100", "0"), (name, "100", "1")]


def test_of_what_is_trending_which_has_no_end_the_first_page_is_read(
    httpserver: HTTPServer, reading: Callable[..., HuggingFace]
) -> None:
    pages = [[row(f"260{page}.{number:05}") for number in range(PAGE_SIZE)] for page in range(1, 4)]
    asked = serve(httpserver, {"trending": pages})
    assert len(titles(reading("trending"), since=FRIDAY)["trending"]) == PAGE_SIZE
    assert asked == [("trending", "100", "0")]


def test_a_service_that_knows_no_trending_has_failed(
    httpserver: HTTPServer, reading: Callable[..., HuggingFace]
) -> None:
    serve(httpserver, {})
    with pytest.raises(SourceError, match=r"^huggingface: localhost answered HTTP 400\."):
        titles(reading("trending"), since=FRIDAY)


def serve_recorded(httpserver: HTTPServer) -> None:
    """Serves the recorded answers of June 2026 as lists of days, weeks and the month, the most upvoted first."""
    lists: dict[str, list[Any]] = {}
    for path in sorted((SHARED_DATA / "huggingface" / "daily").glob("2026-06-*.json")):
        day = date.fromisoformat(path.stem)
        for name in (path.stem, "{}-W{:02}".format(*day.isocalendar()), path.stem[:7], "trending"):
            lists.setdefault(name, []).extend(json.loads(path.read_bytes()))
    for rows in lists.values():
        rows.sort(key=lambda one: -one["paper"]["upvotes"])

    def answer(request: Request) -> Response:
        size, number = int(request.args["limit"]), int(request.args["p"])
        [name] = [told for key, told in request.args.items() if key not in {"limit", "p"}]
        rows = lists.get(name)
        found = None if rows is None else rows[number * size : (number + 1) * size]
        return Response(status=400) if found is None else Response(json.dumps(found))

    httpserver.expect_request("/api").respond_with_handler(answer)


@pytest.mark.slow
@needs_data
@pytest.mark.parametrize("kind", ["week", "month"])
def test_the_recorded_papers_of_a_month_are_the_same_by_whatever_lists(
    httpserver: HTTPServer, reading: Callable[..., HuggingFace], kind: str
) -> None:
    serve_recorded(httpserver)

    def read(kind: str) -> dict[tuple[str, ...], Listing]:
        pages = reading(kind).listings(since=date(2026, 6, 1), now=NOON)
        return {listing.aliases: listing for page in pages for listing in page.listings}

    by_days = read("day")
    assert len(by_days) > 3 * PAGE_SIZE
    assert read(kind) == by_days


@needs_data
def test_the_recorded_papers_that_trend_keep_the_days_of_their_lists(
    httpserver: HTTPServer, reading: Callable[..., HuggingFace]
) -> None:
    serve_recorded(httpserver)
    [page] = reading("trending").listings(since=FRIDAY, now=NOON)
    days = {one.listed_on for one in page.listings}
    assert len(page.listings) == PAGE_SIZE - 1  # one of them was listed on two days
    assert days <= {date(2026, 6, day) for day in range(1, 20)}
    assert len(days) > 5


@pytest.mark.slow
@needs_data
def test_every_recorded_list_is_read_as_it_was_answered() -> None:
    listings = 0
    for path in sorted((SHARED_DATA / "huggingface" / "daily").glob("*.json")):
        papers = [one["paper"] for one in json.loads(path.read_bytes())]
        found = read_papers(path)
        assert [(one.title, one.abstract) for one in found] == [(one["title"], one["summary"]) for one in papers]
        assert all(one.listed_on and one.published_at and one.signals.upvotes is not None for one in found)
        assert {one.listed_on.isoformat() for one in found if one.listed_on} == {path.name[:10]}
        assert all(one.aliases == (f"arxiv:{paper['id']}",) for one, paper in zip(found, papers, strict=True))
        listings += len(found)
    assert listings == 1836
