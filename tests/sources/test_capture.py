import json
from itertools import groupby

import pytest
from places import SHARED_DATA, needs_data

from digest.model import Listing
from digest.sources.capture import looks_like_page, parse
from digest.sources.files import read_papers

IN_BLOCKS = """new

Get trending papers in your email inbox!

Subscribe

Daily Papers

byAK and the research community

Sep 17

Graphs on Lines

An abstract of graphs.

Lines on Graphs

An abstract of lines.
"""

IN_LINES = """Get trending papers in your email inbox once a day!
Get trending papers in your email inbox!
SubscribeGraphs on Lines
An abstract of graphs.
Lines on Graphs
An abstract of lines.
"""

PAPERS = (
    Listing(title="Graphs on Lines", abstract="An abstract of graphs."),
    Listing(title="Lines on Graphs", abstract="An abstract of lines."),
)


@pytest.mark.parametrize("text", [IN_BLOCKS, IN_LINES], ids=["blocks", "lines"])
def test_both_layouts_hold_the_same_papers(text: str) -> None:
    assert looks_like_page(text)
    assert parse(text) == PAPERS


@pytest.mark.parametrize("text", [IN_BLOCKS, IN_LINES], ids=["blocks", "lines"])
def test_it_is_the_same_with_another_systems_line_ends(text: str) -> None:
    assert parse(text.replace("\n", "\r\n")) == PAPERS


@pytest.mark.parametrize("furniture", ["Sep 17\n", "Daily Papers\n", "byAK and the research community\n"])
def test_what_stands_around_the_list_may_be_absent(furniture: str) -> None:
    assert parse(IN_BLOCKS.replace(furniture, "")) == PAPERS


def test_a_title_like_the_pages_furniture_is_a_title_further_down() -> None:
    text = IN_BLOCKS + "\nDaily Papers\n\nAn abstract of daily papers.\n"
    assert parse(text)[2:] == (Listing(title="Daily Papers", abstract="An abstract of daily papers."),)


@pytest.mark.parametrize("separator", ["\u2028", "\x85", "\x0b", "\x0c", "\x1e"])
def test_a_rare_separator_in_an_abstract_does_not_end_it(separator: str) -> None:
    text = IN_BLOCKS.replace("abstract of graphs", f"abstract{separator}of graphs")
    assert [one.title for one in parse(text)] == ["Graphs on Lines", "Lines on Graphs"]


@pytest.mark.parametrize(
    "text",
    [IN_BLOCKS.replace("An abstract of lines.\n", ""), IN_BLOCKS[: IN_BLOCKS.index("Graphs on")], IN_LINES + "Cut off"],
    ids=["an abstract is absent", "nothing but the banner", "a title too many"],
)
def test_titles_without_their_abstracts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="do not come in pairs"):
        parse(text)


@pytest.mark.parametrize(
    "between", ["Graphs on Lines\n\nAn abstract.\n", "</p>\n<button>\nSubscribe\n</button>\n<p>\nx\n"]
)
def test_a_text_without_the_banners_end_is_refused(between: str) -> None:
    with pytest.raises(ValueError, match="no 'Subscribe'"):
        parse(f"Get trending papers in your email inbox!\n\n{between}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Graphs on Lines\n\nAn abstract of graphs.\n",
        "Subscribe\n\nGraphs on Lines\n\nAn abstract of graphs.\n",
        "x" * 500 + IN_BLOCKS,
        "They write: Get trending papers in your email inbox!\n\nSubscribe\n\nas one may.\n",
        "<p>Get trending papers in your email inbox!</p>\n<b>\nSubscribe\n</b>\n",
    ],
)
def test_other_texts_do_not_look_like_a_page(text: str) -> None:
    assert not looks_like_page(text)


@needs_data
def test_recorded_captures_are_read_exactly() -> None:
    seeds = SHARED_DATA / "seeds"
    rows = [json.loads(line) for line in (seeds / "papers.jsonl").read_text("utf-8").split("\n") if line]
    assert len(rows) == 478
    by_seed = [(seed, list(some)) for seed, some in groupby(rows, key=lambda one: str(one["seed"]))]
    assert [seed for seed, _ in by_seed] == sorted(path.name for path in seeds.glob("*.txt"))
    for seed, some in by_seed:
        listings = [Listing(title=one["title"], abstract=one["abstract"]) for one in some]
        assert list(read_papers(seeds / seed)) == listings
