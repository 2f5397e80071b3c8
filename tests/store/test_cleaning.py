"""Papers that an older cleaning stored: what it left as it came is read by the one of today."""

from datetime import timedelta
from pathlib import Path

import pytest
from personas import DIFFUSION, NOON, PAPERS, papers_come_in
from sqlalchemy import text, update

from digest.collect import clean_stored, collect
from digest.model import Listing
from digest.sources.files import Files
from digest.store import Store
from digest.store.check import damage
from digest.store.papers import paper_named, papers_listed
from digest.store.search import search_papers
from digest.store.tables import papers
from digest.text import CLEANING

RAW = r"Learning $\mathbb{R}^2$ by M\"obius Maps"
READABLE = "Learning ℝ² by Möbius Maps"


def an_older_cleaning_stored(store: Store, *, count: int = 1) -> None:
    """What a program stored that did not read TeX yet."""
    listings = [Listing(title=f"Part {n}", abstract=RAW, authors=(f"Ann O'Larch{n}",)) for n in range(count)]
    papers_come_in(store, [*listings, DIFFUSION])
    old = {
        "title": RAW,
        "raw_title": RAW,
        "abstract": RAW,
        "title_key": "as it was then",
        "author_key": "",
        "authors": [r"J\"urgen M\"uller"],
        "cleaning": CLEANING - 1,
    }
    with store.writing() as connection:
        connection.execute(update(papers).where(papers.c.title.startswith("Part")).values(old))


def test_texts_keys_and_index_are_those_of_the_cleaning_of_today(store: Store) -> None:
    an_older_cleaning_stored(store)
    assert clean_stored(store) == 1
    with store.reading() as connection:
        found = paper_named(connection, "1", now=NOON)
        assert found is not None
        assert (found.title, found.abstract, found.authors) == (READABLE, READABLE, ("Jürgen Müller",))
        assert [one.paper.id for one in search_papers(connection, "müller möbius", now=NOON, limit=5)] == [1]
    assert damage(store) == []
    assert clean_stored(store) == 0


def test_a_paper_without_names_is_known_again_after_an_upgrade(store: Store, tmp_path: Path) -> None:
    an_older_cleaning_stored(store)
    bibliography = tmp_path / "papers.bib"
    bibliography.write_text(r"@misc{a, title = {{" + RAW + r"}}, author = {J\"urgen M\"uller}}")
    [collected] = collect(store, [Files([bibliography])], now=NOON)
    assert (collected.recorded.new, collected.recorded.changed) == (0, 0)


def test_what_has_no_raw_text_keeps_its_own(store: Store) -> None:
    papers_come_in(store, PAPERS)
    with store.writing() as connection:
        before = papers_listed(connection, since=NOON - timedelta(days=9), now=NOON)
        connection.execute(update(papers).values(raw_title="", raw_abstract="\u200b", cleaning=0))
    assert clean_stored(store) == 3
    with store.reading() as connection:
        assert papers_listed(connection, since=NOON - timedelta(days=9), now=NOON) == before


@pytest.mark.slow
def test_a_run_that_is_stopped_or_has_done_enough_leaves_the_rest_to_the_next_and_the_newest_come_first(
    store: Store,
) -> None:
    an_older_cleaning_stored(store, count=600)
    assert clean_stored(store, should_stop=lambda: True) == 0
    assert clean_stored(store, most=1) == 500
    with store.reading() as connection:
        older = "SELECT count(*), max(id) FROM papers WHERE cleaning < (SELECT max(cleaning) FROM papers)"
        left = connection.execute(text(older)).one()
    assert tuple(left) == (100, 100)
    assert (clean_stored(store), clean_stored(store)) == (100, 0)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_the_papers_to_be_cleaned_are_found_by_an_index(store: Store) -> None:
    with store.reading() as connection:
        query = "SELECT * FROM papers WHERE cleaning < 1 ORDER BY cleaning DESC, id DESC LIMIT 500"
        plan = [row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {query}"))]
    assert plan == ["SEARCH papers USING INDEX ix_papers_cleaning (cleaning<?)"]
