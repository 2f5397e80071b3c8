"""arXiv's API: recorded answers, and a double that pages as its manual says."""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from places import SHARED_DATA, needs_data
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from digest.errors import SourceError
from digest.http import Client
from digest.model import Listing
from digest.sources.arxiv import BETWEEN_CALLS, Arxiv, is_withdrawn, parse
from digest.sources.names import alias_in, aliases, arxiv_month, arxiv_number, doi_in

NOW = datetime(2026, 6, 19, 12, 30, tzinfo=UTC)
SINCE = date(2026, 6, 12)
RECORDED = SHARED_DATA / "arxiv"
SPACES = (
    'xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom"'
    ' xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"'
)


def entry(number: str, *, summary: str = "An abstract.", updated: str = "2026-06-18", more: str = "") -> str:
    return (
        f"<entry><id>http://arxiv.org/abs/{number}</id><title>Paper {number}</title><summary>{summary}</summary>"
        f"<published>2026-06-18T17:59:59Z</published><updated>{updated}T17:59:59Z</updated>"
        f"<author><name>Ann Larch</name></author>{more}</entry>"
    )


def feed(*entries: str, total: int | None = None) -> bytes:
    counted = len(entries) if total is None else total
    return (
        f"<feed {SPACES}><opensearch:totalResults>{counted}</opensearch:totalResults>{''.join(entries)}</feed>".encode()
    )


ERROR = feed(
    "<entry><id>https://arxiv.org/api/errors#incorrect_id_format_for_abc</id><title>Error</title>"
    "<summary>incorrect id format for abc</summary></entry>"
)


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def source(httpserver: HTTPServer, waits: list[float]) -> Iterator[Arxiv]:
    with Client(base_url="https://papers.example.org", allowed_hosts={"localhost"}, wait=waits.append) as client:
        yield Arxiv(client, categories=("cs.CL", "cs.LG"), url=httpserver.url_for("/api/query"), wait=waits.append)


def read(source: Arxiv) -> list[Listing]:
    return [listing for page in source.listings(since=SINCE, now=NOW) for listing in page.listings]


def one(more: str = "", *, number: str = "2606.00001v3", summary: str = "An abstract.") -> Listing:
    [listing] = parse(feed(entry(number, summary=summary, more=more))).listings
    return listing


def paging(papers: int) -> tuple[list[dict[str, str]], object]:
    """What was asked of the window, and a server that holds that many papers, of which no older one was changed."""
    asked: list[dict[str, str]] = []

    def answer(request: Request) -> Response:
        if request.args["sortBy"] == "lastUpdatedDate":
            return Response(feed())
        asked.append(request.args.to_dict())
        start, size = int(request.args["start"]), int(request.args["max_results"])
        shown = [entry(f"2606.{number:05}v1") for number in range(start, min(start + size, papers))]
        return Response(feed(*shown, total=papers))

    return asked, answer


def serve(server: HTTPServer, answer: object) -> None:
    server.expect_request("/api/query").respond_with_handler(answer)  # type: ignore[arg-type]


def test_categories_are_asked_for_by_their_window_and_paged_to_the_end(
    source: Arxiv, httpserver: HTTPServer, waits: list[float]
) -> None:
    asked, answer = paging(1_203)
    serve(httpserver, answer)
    assert len({listing.aliases for listing in read(source)}) == 1_203
    assert [(one["start"], one["max_results"]) for one in asked] == [("0", "500"), ("500", "500"), ("1000", "500")]
    assert asked[0]["search_query"] == "(cat:cs.CL OR cat:cs.LG) AND submittedDate:[202606120000 TO 202606191230]"
    assert (asked[0]["sortBy"], asked[0]["sortOrder"]) == ("submittedDate", "descending")
    assert waits == [BETWEEN_CALLS] * 3
    headers = httpserver.log[0][0].headers
    assert "application/atom+xml" in headers["Accept"]
    assert headers["User-Agent"].startswith("offprint/")


def test_no_more_is_asked_for_than_arxiv_gives(httpserver: HTTPServer, waits: list[float]) -> None:
    asked, answer = paging(2_000)
    serve(httpserver, answer)
    url = httpserver.url_for("/api/query")
    with Client(base_url="https://papers.example.org", allowed_hosts={"localhost"}) as client:
        pages = Arxiv(client, categories=("cs.CL",), url=url, most=700, wait=waits.append).listings(
            since=SINCE, now=NOW
        )
        assert [len(next(pages).listings), len(next(pages).listings)] == [500, 200]
        with pytest.raises(SourceError, match="only 700 of 2,000 papers"):
            next(pages)
    assert [one["max_results"] for one in asked] == ["500", "200"]


CHANGED = (
    *(entry(f"2605.{number:05}v2", updated="2026-06-15") for number in range(500)),
    entry("2605.09999v3", updated="2026-06-12", more="<arxiv:comment>This paper has been withdrawn</arxiv:comment>"),
    *(entry(f"2604.{number:05}v2", updated="2026-06-11") for number in range(700)),
)


def test_of_papers_before_the_window_those_that_changed_in_it_are_read_and_no_more_is_asked_for(
    source: Arxiv, httpserver: HTTPServer
) -> None:
    asked: list[dict[str, str]] = []

    def answer(request: Request) -> Response:
        if request.args["sortBy"] == "submittedDate":
            return Response(feed(entry("2606.00001v1")))
        asked.append(request.args.to_dict())
        start = int(request.args["start"])
        return Response(feed(*CHANGED[start : start + int(request.args["max_results"])], total=len(CHANGED)))

    serve(httpserver, answer)
    found = read(source)
    assert [listing.withdrawn for listing in found] == [False] * 501 + [True]
    assert found[-1].aliases == ("arxiv:2605.09999",)
    assert [one["start"] for one in asked] == ["0", "500"]
    assert asked[0]["search_query"] == "(cat:cs.CL OR cat:cs.LG) AND submittedDate:[202604110000 TO 202606120000]"
    assert asked[0]["sortOrder"] == "descending"


def test_an_empty_window_is_no_error(source: Arxiv, httpserver: HTTPServer, waits: list[float]) -> None:
    serve(httpserver, paging(0)[1])
    assert read(source) == []
    assert (len(httpserver.log), waits) == (2, [BETWEEN_CALLS])


def test_an_answer_that_is_empty_before_the_end_is_asked_for_once_more(source: Arxiv, httpserver: HTTPServer) -> None:
    answers = iter([feed(total=2), feed(entry("2606.00001v1"), entry("2606.00002v1")), feed()])
    serve(httpserver, lambda request: Response(next(answers)))
    assert len(read(source)) == 2


def test_a_page_that_repeats_itself_ends_with_what_it_held(source: Arxiv, httpserver: HTTPServer) -> None:
    serve(httpserver, lambda request: Response(feed(entry("2606.00001v1"), total=10_000)))
    pages = source.listings(since=SINCE, now=NOW)
    assert len(next(pages).listings) == 1
    with pytest.raises(SourceError, match=r"^arxiv: the answer ends at 2 of 10000\. "):
        next(pages)
    assert len(httpserver.log) == 2


def test_papers_are_asked_for_by_their_ids_a_hundred_at_a_time(
    source: Arxiv, httpserver: HTTPServer, waits: list[float]
) -> None:
    def answer(request: Request) -> Response:
        wanted = request.args["id_list"].split(",")
        assert request.args["max_results"] == str(len(wanted))
        return Response(feed(*(entry(f"{number}v1") for number in wanted if number != "0000.00000")))

    serve(httpserver, answer)
    ids = ["0000.00000", "hep-th/9901001", *(f"2606.{number:05}" for number in range(149))]
    found = [listing for page in source.named(ids) for listing in page.listings]
    assert len(found) == 150
    assert found[0].aliases == ("arxiv:hep-th/9901001",)
    assert waits == [BETWEEN_CALLS]


@pytest.mark.parametrize("status", [200, 400])
def test_a_malformed_id_is_an_error_that_names_it(source: Arxiv, httpserver: HTTPServer, status: int) -> None:
    serve(httpserver, lambda request: Response(ERROR, status=status))
    with pytest.raises(SourceError, match="incorrect id format for abc"):
        list(source.named(["abc"]))


@pytest.mark.parametrize("status", [400, 403, 404, 406, 429, 503])
def test_any_other_refusal_is_told(source: Arxiv, httpserver: HTTPServer, status: int) -> None:
    httpserver.expect_request("/api/query").respond_with_data("Rate exceeded.", status=status)
    with pytest.raises(SourceError, match=f"^arxiv: localhost answered HTTP {status}\\. The next collect"):
        read(source)


def test_being_asked_to_wait_is_obeyed(source: Arxiv, httpserver: HTTPServer, waits: list[float]) -> None:
    answers = iter(
        [Response("Rate exceeded.", status=429, headers={"Retry-After": "7"}), Response(feed()), Response(feed())]
    )
    serve(httpserver, lambda request: next(answers))
    assert read(source) == []
    assert waits == [7.0, BETWEEN_CALLS]


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"Rate exceeded.",
        b"<html><body>busy</body></html>",
        b"<feed xmlns='http://www.w3.org/2005/Atom'><entry>",
        feed("<entry><id>http://arxiv.org/abs/2606.00001v1</id></entry>"),
        feed("<entry><id>http://example.org/</id><title>A paper</title></entry>"),
        f'<!DOCTYPE feed [<!ENTITY l0 "lol">{LAUGHS}]>'.encode() + feed(entry("2606.00001v1", summary="&l9;")),
        b'<!DOCTYPE feed [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + feed(entry("2606.00001v1", summary="&x;")),
        b"<a>" * 100_000,
    ],
    ids=["nothing", "text", "a page", "cut", "no title", "no number", "laughs", "a file", "deep"],
)
def test_what_is_no_feed_of_papers_is_an_error(content: bytes) -> None:
    with pytest.raises(SourceError, match=r"^arxiv: .*\."):
        parse(content)


def test_a_document_type_elsewhere_is_not_fetched(httpserver: HTTPServer) -> None:
    outside = f'<!DOCTYPE feed SYSTEM "{httpserver.url_for("/feed.dtd")}">'.encode()
    assert len(parse(outside + feed(entry("2606.00001v1"))).listings) == 1
    assert httpserver.log == []


def test_a_paper_is_known_by_its_number_without_version_and_its_doi() -> None:
    assert one("<arxiv:doi>10.1109/ICSTW.2022.35</arxiv:doi>").aliases == (
        "arxiv:2606.00001",
        "doi:10.1109/icstw.2022.35",
    )


def test_its_primary_category_comes_first_and_only_arxiv_s_are_kept() -> None:
    terms = "".join(f'<category term="{term}"/>' for term in ("cs.AI", "cs.CL", "I.2.7", "68T50, 68T07"))
    assert one(f'{terms}<arxiv:primary_category term="cs.CL"/>').categories == ("cs.CL", "cs.AI")


@pytest.mark.parametrize(
    ("abstract", "comment", "withdrawn"),
    [
        ("This paper has been withdrawn by the authors.", "", True),
        ("  This submission has been withdrawn\n due to an error.", "", True),
        ("An abstract.", "This paper has been withdrawn", True),
        ("An abstract.", "12 pages. This article has been withdrawn, see v1", True),
        ("An abstract.", "Withdrawn due to an error in Lemma 2", True),
        ("An abstract.", "withdrawn", True),
        ("This paper has been temporarily withdrawn.", "", True),
        ("The authors have withdrawn this paper.", "", True),
        ("An abstract.", "[withdrawn]", True),
        ("Paper has been withdrawn.", "", True),
        ("An abstract.", "I have withdrawn this paper", True),
        ("The authors withdraw this paper.", "", True),
        ("An abstract.", "This version withdrawn by arXiv administrators", True),
        ("This manuscript has been retracted.", "", True),
        ("This paper is withdrawn-resistant.", "", False),
        ("We study papers withdrawn from arXiv.", "", False),
        ("Some say that this paper has been withdrawn.", "", False),
        ("Withdrawn patients are hard to reach.", "", False),
        ("An abstract.", "Withdrawn from the ICML proceedings, now at NeurIPS", False),
        ("An abstract.", "This paper was withdrawn from ICLR 2026", False),
    ],
)
def test_only_a_paper_that_says_so_is_withdrawn(abstract: str, comment: str, withdrawn: bool) -> None:
    assert is_withdrawn(abstract, comment) is withdrawn
    assert one(f"<arxiv:comment>{comment}</arxiv:comment>", summary=abstract).withdrawn is withdrawn


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(
            (f"{start}2606.00001{end}", "2606.00001")
            for start in ("", "arXiv:", "https://arxiv.org/abs/")
            for end in ("", "v12")
        ),
        ("http://arxiv.org/abs/astro-ph/0601001v1", "astro-ph/0601001"),
        ("https://arxiv.org/pdf/math.GT/0309136v1.pdf", "math.GT/0309136"),
        ("oai:arXiv.org:2508.13426v1", "2508.13426"),
        ("arXiv preprint arXiv:1706.03762", "1706.03762"),
        ("arxiv.1706.03762", "1706.03762"),
        ("https://example.org/2606.00001", ""),
        ("arXiv:2606.000012345", ""),
        ("see 2606.00001", ""),
        ("", ""),
    ],
)
def test_a_number_is_found_however_it_is_written(text: str, number: str) -> None:
    assert arxiv_number(text) == number


@pytest.mark.parametrize(
    ("text", "alias"),
    [
        ("2606.00001v2", "arxiv:2606.00001"),
        ("https://huggingface.co/papers/2606.00001", "arxiv:2606.00001"),
        ("huggingface.co/papers/2606.00001#community", "arxiv:2606.00001"),
        ("https://arxiv.org/pdf/2606.00001v1.pdf", "arxiv:2606.00001"),
        ("https://doi.org/10.48550/arXiv.2606.00001", "arxiv:2606.00001"),
        ("https://doi.org/10.1101/X.1", "doi:10.1101/x.1"),
        ("https://huggingface.co/models/2606.00001", ""),
        ("2606", ""),
    ],
)
def test_a_paper_is_named_by_id_doi_or_page(text: str, alias: str) -> None:
    assert alias_in(text) == alias


@pytest.mark.parametrize(
    "text", ["10.1101/X.1", "doi:10.1101/x.1", "https://doi.org/10.1101/x.1", "(DOI 10.1101/x.1)."]
)
def test_a_doi_is_found_however_it_is_written(text: str) -> None:
    assert doi_in(text) == "10.1101/x.1"


def test_arxiv_s_own_doi_names_the_number_and_names_that_are_too_long_are_none() -> None:
    assert aliases(doi="10.48550/arxiv.2606.00001") == ("arxiv:2606.00001", "doi:10.48550/arxiv.2606.00001")
    assert aliases(doi="10.1101/" + "x" * 300) == ()


@pytest.mark.parametrize(
    ("number", "month"),
    [
        ("2606.00001", (2026, 6)),
        ("hep-th/9901001", (1999, 1)),
        ("0704.0001", (2007, 4)),
        ("2613.00001", None),
        ("x", None),
    ],
)
def test_a_number_tells_its_month(number: str, month: tuple[int, int] | None) -> None:
    assert arxiv_month(number) == (None if month is None else datetime(*month, 1, tzinfo=UTC))


def recordings() -> Sequence[Path]:
    return sorted(RECORDED.glob("api_*.xml"))


@needs_data
@pytest.mark.parametrize("path", recordings(), ids=lambda path: path.stem)
def test_every_recorded_answer_is_read_without_loss(path: Path) -> None:
    content = path.read_bytes()
    told = json.loads((RECORDED / "api_META.json").read_text())[path.name]
    if told["status"] == 400:
        with pytest.raises(SourceError, match="incorrect id format for abc"):
            parse(content)
        return
    answer = parse(content)
    listings = answer.listings
    text = content.decode()
    assert len(listings) == told["entries"] == len(re.findall(r"<entry>", text))
    numbers = re.findall(r"<id>http://arxiv\.org/abs/(.+?)v\d+</id>", text)
    assert [listing.aliases[0] for listing in listings] == [f"arxiv:{number}" for number in numbers]
    assert sum(len(listing.authors) for listing in listings) == text.count("<author>")
    assert sum(bool(listing.aliases[1:]) for listing in listings) == text.count("<arxiv:doi>")
    primary = re.findall(r'<arxiv:primary_category term="(.+?)"', text)
    assert [listing.categories[0] for listing in listings] == primary
    assert all(listing.abstract and listing.published_at for listing in listings)
    assert [at and f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in answer.updated_at] == re.findall(
        r"<updated>(.+?)</updated>", text.partition("<entry>")[2]
    )
