from datetime import UTC, date, datetime
from typing import Any

import pytest

from digest.model import Listing, Signals
from digest.sources.records import record


def read(**values: Any) -> Listing:
    listing = record({"title": "Graphs on Lines", **values})
    assert listing is not None
    return listing


def test_a_title_is_enough() -> None:
    assert record({"title": "Graphs\n on Lines"}) == Listing(title="Graphs\n on Lines")


@pytest.mark.parametrize(
    "row", [{}, {"title": ""}, {"title": " \n"}, {"title": "\u200b"}, {"title": None}, {"title": 3}, {"name": "Graphs"}]
)
def test_without_a_title_it_is_no_paper(row: dict[str, Any]) -> None:
    assert record(row) is None


def test_a_full_record_is_read_whole() -> None:
    full = read(
        arxiv_id="2606.18023v2",
        doi="10.1000/ABC",
        abstract="An abstract.",
        summary="One sentence.",
        authors=["First Author", "Second Author"],
        organisation="Example Institute",
        categories=["cs.LG", "stat.ML"],
        keywords=["graphs", "lines"],
        published_at="2026-06-17T22:30:00Z",
        listed_on="2026-06-19",
        url="https://example.org/graphs",
        pdf_url="https://example.org/graphs.pdf",
        code_url="https://example.org/code",
        project_url="example.org/project",
        upvotes=7,
        comments=0,
        stars=30,
    )
    assert full == Listing(
        title="Graphs on Lines",
        abstract="An abstract.",
        aliases=("arxiv:2606.18023", "doi:10.1000/abc"),
        authors=("First Author", "Second Author"),
        organisation="Example Institute",
        categories=("cs.LG", "stat.ML"),
        keywords=("graphs", "lines"),
        summary="One sentence.",
        published_at=datetime(2026, 6, 17, 22, 30, tzinfo=UTC),
        listed_on=date(2026, 6, 19),
        url="https://example.org/graphs",
        pdf_url="https://example.org/graphs.pdf",
        code_url="https://example.org/code",
        project_url="https://example.org/project",
        signals=Signals(upvotes=7, comments=0, stars=30),
    )


def test_the_fields_other_names_are_known() -> None:
    assert read(
        id="2606.18023",
        organization="Example Institute",
        ai_keywords=["graphs"],
        published="2026-06-17T22:30:00Z",
        list_day="2026-06-19",
        github_repo="https://github.com/example/code",
        project_page="https://example.org",
        num_comments=2,
        github_stars=30,
    ) == read(
        arxiv_id="2606.18023",
        organisation="Example Institute",
        keywords=["graphs"],
        published_at="2026-06-17T22:30:00Z",
        listed_on="2026-06-19",
        code_url="https://github.com/example/code",
        project_url="https://example.org",
        comments=2,
        stars=30,
    )


FIELDS = (
    *("arxiv_id", "id", "doi", "abstract", "summary", "ai_summary", "authors", "organisation", "categories"),
    *("keywords", "published_at", "listed_on", "url", "pdf_url", "code_url", "project_url"),
    *("upvotes", "comments", "stars"),
)


@pytest.mark.parametrize("wrong", [None, True, -1, 2**31, 1.5, [], {}, [None, 3, []], {"name": 3}], ids=repr)
def test_what_is_null_or_of_another_type_is_as_if_absent(wrong: Any) -> None:
    assert read(**dict.fromkeys(FIELDS, wrong)) == read()


@pytest.mark.parametrize(
    ("told", "abstract", "summary", "is_generated"),
    [
        ({"summary": "Long."}, "Long.", "", False),
        ({"abstract": "Long.", "summary": "Short."}, "Long.", "Short.", False),
        ({"summary": "Long.", "ai_summary": "Short."}, "Long.", "Short.", True),
        ({"abstract": "Long.", "summary": "Other.", "ai_summary": "Short."}, "Long.", "Short.", True),
    ],
)
def test_a_summary_beside_an_abstract_is_one_sentence(
    told: dict[str, str], abstract: str, summary: str, is_generated: bool
) -> None:
    listing = read(**told)
    assert (listing.abstract, listing.summary, listing.summary_is_generated) == (abstract, summary, is_generated)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (["Ann Cee", "Cee, Ann"], ("Ann Cee", "Cee, Ann")),
        ([{"name": "Ann Cee"}, {"name": ""}, {}, "Bob Dee"], ("Ann Cee", "Bob Dee")),
        ("Ann Cee, Bob Dee and Cara Eff", ("Ann Cee", "Bob Dee", "Cara Eff")),
        ("Ann Cee, Bob Dee, and Cara Eff", ("Ann Cee", "Bob Dee", "Cara Eff")),
        ("Ann Anderson", ("Ann Anderson",)),
        ("", ()),
    ],
)
def test_authors_are_a_list_of_names_or_a_text(value: Any, names: tuple[str, ...]) -> None:
    assert read(authors=value).authors == names


@pytest.mark.parametrize("value", ["cs.LG stat.ML", "cs.LG, stat.ML", "cs.LG;stat.ML", ["cs.LG", " stat.ML ", ""]])
def test_categories_are_a_list_or_a_text(value: Any) -> None:
    assert read(categories=value).categories == ("cs.LG", "stat.ML")


@pytest.mark.parametrize("value", ["graph drawing, lines", ["graph drawing", "lines", " "]])
def test_keywords_are_a_list_or_a_text_with_commas(value: Any) -> None:
    assert read(keywords=value).keywords == ("graph drawing", "lines")


@pytest.mark.parametrize(
    ("told", "aliases", "url"),
    [
        ({"id": "2606.18023v1"}, ("arxiv:2606.18023",), "https://arxiv.org/abs/2606.18023"),
        ({"id": "hep-th/9901001"}, ("arxiv:hep-th/9901001",), "https://arxiv.org/abs/hep-th/9901001"),
        ({"arxiv_id": " 2606.18023\n", "id": "1"}, ("arxiv:2606.18023",), "https://arxiv.org/abs/2606.18023"),
        ({"doi": " 10.1000/X "}, ("doi:10.1000/x",), "https://doi.org/10.1000/x"),
        ({"doi": "10.1000/\x00"}, (), ""),
        ({"doi": "https://doi.org/10.1000/X"}, ("doi:10.1000/x",), "https://doi.org/10.1000/x"),
        ({"doi": "10.1000/x", "arxiv_id": "2606.1"}, ("doi:10.1000/x",), "https://doi.org/10.1000/x"),
        ({"doi": "10.1000/x", "url": "https://example.org/x"}, ("doi:10.1000/x",), "https://example.org/x"),
        (
            {"doi": "10.48550/arXiv.2606.18023"},
            ("arxiv:2606.18023", "doi:10.48550/arxiv.2606.18023"),
            "https://doi.org/10.48550/arxiv.2606.18023",
        ),
        ({"doi": "10.1000/" + "x" * 300}, (), ""),
    ],
)
def test_a_paper_has_the_names_that_identify_it_everywhere(
    told: dict[str, str], aliases: tuple[str, ...], url: str
) -> None:
    listing = read(**told)
    assert (listing.aliases, listing.url) == (aliases, url)


def test_a_number_within_a_file_names_no_paper_outside_it() -> None:
    assert read(id="1").aliases == ()


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-06-17", datetime(2026, 6, 17, tzinfo=UTC)),
        ("2026-06-17T22:30:00+02:00", datetime(2026, 6, 17, 20, 30, tzinfo=UTC)),
        ("June 2026", None),
    ],
)
def test_a_publication_may_be_a_day(value: str, moment: datetime | None) -> None:
    assert read(published_at=value).published_at == moment


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-06-19", date(2026, 6, 19)),
        ("2026-06-19T00:00:00Z", date(2026, 6, 19)),
        ("2026-06-19T01:00:00+02:00", date(2026, 6, 18)),
        ("2026-06-31", None),
    ],
)
def test_the_lists_day_may_be_a_moment(value: str, day: date | None) -> None:
    assert read(listed_on=value).listed_on == day


@pytest.mark.parametrize("key", ["url", "pdf_url", "code_url", "project_url"])
def test_an_address_that_is_none_of_the_web_is_dropped(key: str) -> None:
    assert read(**{key: "javascript:alert(1)"}) == read()


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_day_in_a_year_that_cannot_be_meant_is_none(day: str) -> None:
    listing = read(listed_on=day, published_at=f"{day}T23:59:59Z")
    assert (listing.listed_on, listing.published_at) == (None, None)


def test_categories_go_by_their_short_name_too() -> None:
    assert read(cats=["cs.LG"]).categories == ("cs.LG",)
