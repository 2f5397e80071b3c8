import gzip
import json
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from digest.errors import SourceError
from digest.model import Listing
from digest.sources import files
from digest.sources.files import Files, newest_noon, read_papers
from digest.sources.sample import PATH, sample
from digest.taxonomy import CATEGORIES

NOON = datetime(2026, 6, 19, 12, tzinfo=UTC)
RECORDS = [{"title": "Graphs on Lines"}, {"title": "Lines on Graphs"}]
ANSWER = [{"paper": {"id": "2606.18023", "title": "Graphs on Lines"}}]
CAPTURE = "Get trending papers in your email inbox!\n\nSubscribe\n\nGraphs on Lines\n\nAn abstract.\n"
LINES = "\n".join(map(json.dumps, RECORDS))


def written(folder: Path, content: bytes | str, *, name: str = "papers.txt") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def titles(path: Path) -> list[str]:
    return [listing.title for listing in read_papers(path)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (json.dumps(RECORDS), ["Graphs on Lines", "Lines on Graphs"]),
        (json.dumps(RECORDS, indent=2), ["Graphs on Lines", "Lines on Graphs"]),
        (LINES, ["Graphs on Lines", "Lines on Graphs"]),
        (f"\n{LINES}\n\n".replace("\n", "\r\n"), ["Graphs on Lines", "Lines on Graphs"]),
        (json.dumps(ANSWER), ["Graphs on Lines"]),
        (CAPTURE, ["Graphs on Lines"]),
        ("[]", []),
        ("% Encoding: UTF-8\n@string{a = {b}}\n@comment{no entries}", []),
    ],
    ids="JSON;indented JSON;JSONL;JSONL of Windows;an answer;a capture;an empty list;BibTeX without entries".split(";"),
)
def test_the_content_says_what_a_file_is(tmp_path: Path, content: str, expected: list[str]) -> None:
    assert titles(written(tmp_path, content)) == expected
    assert titles(written(tmp_path, "\ufeff" + content)) == expected
    assert titles(written(tmp_path, gzip.compress(content.encode(), mtime=0))) == expected


def remark(path: Path) -> str:
    (page,) = Files([path]).listings(since=NOON.date(), now=NOON)
    return page.remark


def test_values_that_are_no_count_and_no_date_are_told_and_the_papers_are_read(tmp_path: Path) -> None:
    wrong: list[dict[str, Any]] = [
        {"upvotes": "12"},
        {"upvotes": 3},
        {"listed_on": "19.6.2026", "stars": -1},
        {"published": 20260619},
    ]
    records = [{"title": f"Paper {number}"} | row for number, row in enumerate(wrong)]
    told = (
        "papers.txt: 3 records hold a count or a date that is none, the first is record 1 (upvotes). Write 12, and"
        " 2026-06-19."
    )
    for content in ("\n".join(map(json.dumps, records)), json.dumps(records)):
        path = written(tmp_path, content)
        assert len(titles(path)) == 4
        assert remark(path) == told


@pytest.mark.parametrize("nothing", [None, ""])
def test_where_nothing_is_said_nothing_is_wrong(tmp_path: Path, nothing: str | None) -> None:
    record = {"title": "A paper", "upvotes": nothing, "listed_on": nothing, "published": "2026-06-19"}
    assert remark(written(tmp_path, json.dumps(record))) == ""


def test_a_rare_separator_in_a_record_does_not_end_it(tmp_path: Path) -> None:
    rare = "Graphs\u2028on\x85Lines"
    path = written(tmp_path, json.dumps({"title": rare}, ensure_ascii=False) + "\n" + LINES)
    assert titles(path) == [rare, "Graphs on Lines", "Lines on Graphs"]


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("2026-06-19.json", date(2026, 6, 19)),
        ("list-2026-06-19-noon.json.gz", date(2026, 6, 19)),
        ("2026-06-31.json", None),
        ("papers.json", None),
    ],
)
def test_an_undated_list_takes_its_day_from_the_name(tmp_path: Path, name: str, day: date | None) -> None:
    (listing,) = read_papers(written(tmp_path, json.dumps(ANSWER), name=name))
    assert listing.listed_on == day


def test_a_dated_list_keeps_its_day(tmp_path: Path) -> None:
    answer = [{"paper": {**ANSWER[0]["paper"], "submittedOnDailyAt": "2026-06-18T00:00:00.000Z"}}]
    (listing,) = read_papers(written(tmp_path, json.dumps(answer), name="2026-06-19.json"))
    assert listing.listed_on == date(2026, 6, 18)


NO_PAPERS = "holds no papers that can be read. Give"
EMPTY = "is empty. Fetch it again; a list that rightly holds no papers is []."
NOT_WHOLE = "is not whole JSON, from line"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", EMPTY),
        (" \n", EMPTY),
        ("title,abstract\nGraphs,Lines\n", NO_PAPERS),
        (b"\x89PNG\r\n\x1a\n\x00\x00", NO_PAPERS),
        (json.dumps(RECORDS).encode("utf-16"), NO_PAPERS),
        ('["Graphs on Lines"]', NO_PAPERS),
        ('[{"title": "Graphs on Lines"},\n{"title": "Li', f"{NOT_WHOLE} 2 on"),
        (f'{LINES}\n{{"title": "Li', f"{NOT_WHOLE} 3 on"),
        ("[" * 200_000, f"{NOT_WHOLE} 1 on"),
        ('{"title": ' + "9" * 5000 + "}", f"{NOT_WHOLE} 1 on"),
        ('{"title": "Graphs"}\n["Lines"]', "record 2 has no title"),
        ('{"title": "Graphs"}\n{"name": "Lines"}', "record 2 has no title"),
        ('[{"title": "Graphs"}, {"title": " "}]', "record 2 has no title"),
        ('{"error": "no list"}', "record 1 has no title"),
        ('[{"paper": {"id": "2606.18023"}}]', "row 1 of the answer is no paper"),
        (json.dumps(ANSWER + RECORDS), "row 2 of the answer is no paper"),
        (CAPTURE.replace("An abstract.\n", ""), "do not come in pairs"),
        (gzip.compress(LINES.encode(), mtime=0)[:-9], "cannot be read: it is damaged"),
        (gzip.compress(LINES.encode(), mtime=0)[:12] + b"\xff" * 30, "cannot be read: it is damaged"),
        (b"\x1f\x8b", "cannot be read: it is damaged"),
    ],
)
def test_a_wrong_file_is_named_in_a_line(tmp_path: Path, content: bytes | str, said: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(SourceError) as caught:
        read_papers(path)
    message = str(caught.value)
    assert message.startswith(f"files: {path}")
    assert said in message
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < len(str(path)) + 200


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"^files: .*absent\.json cannot be read: No such file or directory\."):
        read_papers(tmp_path / "absent.json")
    with pytest.raises(SourceError, match=r"^files: .* cannot be read: Is a directory\."):
        read_papers(tmp_path)


@pytest.mark.slow
def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "papers.json.gz"
    block = gzip.compress(bytes(files.MOST_BYTES // 50 + 1), compresslevel=1, mtime=0)
    path.write_bytes(block * 50)
    with pytest.raises(SourceError, match=r"papers\.json\.gz holds more than 200,000,000 bytes\. Split it\.$"):
        read_papers(path)


def test_each_file_is_a_page_and_those_before_a_wrong_one_are_good(tmp_path: Path) -> None:
    good, wrong = written(tmp_path, LINES, name="good.jsonl"), written(tmp_path, "", name="wrong.jsonl")
    source = Files([good, wrong])
    pages = source.listings(since=NOON.date(), now=NOON)
    page = next(pages)
    assert (source.name, page.label, page.cursor, len(page.listings)) == ("files", "good.jsonl", "good.jsonl", 2)
    with pytest.raises(SourceError, match=r"wrong\.jsonl"):
        next(pages)


@pytest.mark.parametrize(
    ("dated", "noon"),
    [
        ([], None),
        ([{}], None),
        ([{"listed_on": date(2026, 6, 19)}], NOON),
        ([{"listed_on": date(2026, 6, 18)}, {}, {"listed_on": date(2026, 6, 19)}], NOON),
        ([{"published_at": datetime(2026, 6, 19, 11, 59, 59, tzinfo=UTC)}], NOON),
        ([{"published_at": datetime(2026, 6, 18, 12, tzinfo=UTC)}], NOON),
        ([{"published_at": datetime(2026, 6, 18, 23, tzinfo=UTC), "listed_on": date(2026, 6, 17)}], NOON),
        ([{"published_at": datetime.fromisoformat("2026-06-18T23:30:00-12:00")}], NOON),
        ([{"listed_on": date(2026, 6, 19)}, {"listed_on": date(2062, 6, 19)}], NOON),
        ([{"listed_on": date(2062, 6, 19)}], NOON.replace(year=2062)),
        ([{"listed_on": date(2026, 6, 21)}], NOON.replace(day=21)),
    ],
)
def test_now_is_the_first_noon_after_the_newest_paper(dated: list[dict[str, Any]], noon: datetime | None) -> None:
    assert newest_noon([Listing(title="Graphs on Lines", **values) for values in dated], now=NOON) == noon


def test_the_sample_is_42_fictional_papers_of_known_categories() -> None:
    assert sample().name == "sample"
    (page,) = sample().listings(since=NOON.date(), now=NOON)
    assert len(page.listings) == len({one.title for one in page.listings}) == 42
    assert all("This is a fictional sample paper." in one.abstract for one in page.listings)
    assert {category for one in page.listings for category in one.categories} <= CATEGORIES
    assert all(one.authors and one.categories and one.keywords for one in page.listings)
    assert all(one.listed_on and one.published_at and one.published_at.date() <= one.listed_on for one in page.listings)
    assert all(one.url.startswith("https://example.org/") for one in page.listings)


def test_the_sample_is_packaged_beside_its_code() -> None:
    assert PATH.is_file()
    assert PATH.parent == Path(files.__file__).parent


def test_a_pipe_is_read_to_its_end() -> None:
    reading, writing = os.pipe()
    os.write(writing, LINES.encode())
    os.close(writing)
    try:
        assert titles(Path(f"/dev/fd/{reading}")) == ["Graphs on Lines", "Lines on Graphs"]
    finally:
        os.close(reading)
