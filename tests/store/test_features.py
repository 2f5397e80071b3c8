"""Papers' features: counted once, and forgotten with the texts that they were counted in."""

from dataclasses import replace
from pathlib import Path

import pytest
from conftest import store_url
from personas import DIFFUSION, NOON, PAPERS, ROBOTS, papers_come_in
from sqlalchemy import text, update
from sqlalchemy.exc import OperationalError

from digest.collect import clean_stored, cleaned, count_features
from digest.ranking.features import pack_bag, paper_bag
from digest.refit import refit_background
from digest.store import Store, open_store
from digest.store.features import add_features, features_of, forget_features, newest_features, uncounted
from digest.store.recording import record_listings
from digest.store.tables import papers
from digest.text import CLEANING

NUMBERS = (1, 2, 3)


def counted(store: Store) -> dict[int, bytes]:
    with store.reading() as connection:
        return features_of(connection, NUMBERS)


def waiting(store: Store) -> list[tuple[int, str, str]]:
    with store.reading() as connection:
        return uncounted(connection)


def test_what_came_in_waits_to_be_counted_the_newest_first(store: Store) -> None:
    papers_come_in(store)
    assert waiting(store) == [(n, PAPERS[n - 1].title, PAPERS[n - 1].abstract) for n in (3, 2, 1)]
    count_features(store)
    assert waiting(store) == []
    assert counted(store) == {n: pack_bag(paper_bag(PAPERS[n - 1].title, PAPERS[n - 1].abstract)) for n in NUMBERS}


@pytest.mark.slow
def test_more_papers_than_fit_a_block_are_all_counted(store: Store) -> None:
    papers_come_in(
        store, [replace(DIFFUSION, title=f"Part {n}", aliases=(f"arxiv:2606.1{n:04}",)) for n in range(1100)]
    )
    told: list[str] = []
    count_features(store, progress=told.append)
    assert len(told) > 1
    assert waiting(store) == []


def test_features_that_another_process_counted_meanwhile_stay(store: Store) -> None:
    papers_come_in(store)
    with store.writing() as connection:
        add_features(connection, {1: b"theirs"})
        add_features(connection, {1: b"ours", 2: b"ours"})
        add_features(connection, {})
    assert counted(store) == {1: b"theirs", 2: b"ours"}


def test_the_newest_are_read_first_and_no_more_than_asked_for(store: Store) -> None:
    papers_come_in(store)
    count_features(store)
    with store.reading() as connection:
        assert [number for number, _ in newest_features(connection, limit=2)] == [3, 2]


def test_forgetting_some_leaves_the_others(store: Store) -> None:
    papers_come_in(store)
    count_features(store)
    with store.writing() as connection:
        forget_features(connection, [1, 3, 99])
    assert counted(store).keys() == {2}


def test_a_newer_version_is_counted_anew(store: Store) -> None:
    papers_come_in(store)
    count_features(store)
    before = counted(store)
    papers_come_in(store, [replace(ROBOTS, abstract="A robot irons shirts.", version=2)])
    assert [number for number, *_ in waiting(store)] == [2]
    count_features(store)
    assert counted(store) == before | {2: pack_bag(paper_bag(ROBOTS.title, "A robot irons shirts."))}


def test_listing_a_paper_again_forgets_nothing(store: Store) -> None:
    papers_come_in(store)
    count_features(store)
    papers_come_in(store)
    assert waiting(store) == []


def test_texts_that_are_cleaned_anew_are_counted_anew(store: Store) -> None:
    papers_come_in(store)
    count_features(store)
    with store.writing() as connection:
        connection.execute(update(papers).where(papers.c.id == 2).values(raw_title=r"M\"obius Maps", cleaning=0))
    assert clean_stored(store) == 1
    assert waiting(store) == [(2, "Möbius Maps", ROBOTS.abstract)]


def an_older_reading_counted(store: Store) -> None:
    """What a program stored that stemmed otherwise."""
    with store.writing() as connection:
        forget_features(connection, NUMBERS)
        add_features(connection, dict.fromkeys(NUMBERS, pack_bag(paper_bag("as it was then", ""))))
        connection.execute(update(papers).values(cleaning=CLEANING - 1))


def test_what_an_older_reading_counted_is_not_read_and_is_counted_anew(store: Store) -> None:
    papers_come_in(store)
    count_features(store)
    before = counted(store)
    an_older_reading_counted(store)
    assert counted(store) == {}
    with store.reading() as connection:
        assert newest_features(connection, limit=9) == []
    clean_stored(store)
    count_features(store)
    assert counted(store) == before


def test_the_background_of_an_older_reading_is_fitted_anew(store: Store) -> None:
    papers_come_in(store)
    count_features(store)
    assert refit_background(store, now=NOON)
    assert not refit_background(store, now=NOON)
    an_older_reading_counted(store)
    clean_stored(store)
    count_features(store)
    assert refit_background(store, now=NOON)


def test_of_joined_papers_the_features_are_those_of_the_text_that_stays(store: Store) -> None:
    papers_come_in(store, [replace(DIFFUSION, abstract="", aliases=("arxiv:2606.00001",))])
    papers_come_in(store, [replace(ROBOTS, aliases=("doi:10.1000/7",))])
    count_features(store)
    papers_come_in(store, [replace(DIFFUSION, aliases=("arxiv:2606.00001", "doi:10.1000/7"))], now=NOON)
    count_features(store)
    assert counted(store) == {1: pack_bag(paper_bag(DIFFUSION.title, DIFFUSION.abstract))}


@pytest.mark.slow
def test_while_papers_are_counted_nobody_changes_their_texts(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Else the features of what they were would stay; on SQLite, two never write at once."""
    store = open_store(store_url("postgresql", request, tmp_path), folder=tmp_path)
    papers_come_in(store)
    newer = cleaned(replace(DIFFUSION, abstract="Said anew.", version=2))
    with store.writing() as counting:
        assert len(uncounted(counting)) == len(PAPERS)
        with store.writing() as connection:
            connection.execute(text("SET LOCAL lock_timeout = 1"))
            with pytest.raises(OperationalError, match="lock timeout"):
                record_listings(connection, [newer], source="arxiv", now=NOON)
    store.close()
