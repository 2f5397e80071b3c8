from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from dialects import store_on_sqlite
from personas import DIFFUSION, NOON, PAPERS, ROBOTS, papers_come_in
from places import SHARED_DATA, needs_data

from digest.model import Listing, Paper, Signals
from digest.sources.files import read_papers
from digest.store import Connection, Store
from digest.store.papers import (
    alias_names,
    paper_named,
    papers_by_id,
    papers_listed,
    source_names,
    with_histories,
)
from digest.store.recording import record_listings
from digest.store.search import search_papers

LONG_AGO = NOON - timedelta(days=365)


def count(store: Store) -> int:
    with store.reading() as connection:
        return len(papers_listed(connection, since=LONG_AGO, now=NOON + timedelta(days=1)))


def shown(connection: Connection, *, now: datetime) -> Paper:
    """The paper on diffusion, with its history."""
    paper = paper_named(connection, "2606.00001", now=now)
    assert paper is not None
    return with_histories(connection, [paper], now=now)[0]


def test_papers_come_in_once_however_often_they_are_listed(store: Store) -> None:
    assert papers_come_in(store).new == 3
    again = papers_come_in(store)
    assert (again.new, again.changed) == (0, 0)
    assert count(store) == 3


def test_a_paper_is_known_again_by_its_arxiv_id(store: Store) -> None:
    papers_come_in(store, [DIFFUSION, replace(DIFFUSION, title="Few Steps, Renamed")])
    assert count(store) == 1


def test_an_absent_author_matches_any(store: Store) -> None:
    papers_come_in(store, [DIFFUSION])
    recorded = papers_come_in(store, [Listing(title="few-step sampling for DIFFUSION models")])
    assert (recorded.new, count(store)) == (0, 1)


def test_the_same_title_by_somebody_else_is_another_paper(store: Store) -> None:
    papers_come_in(store, [Listing(title="Attention", authors=("Ann Larch",))])
    papers_come_in(store, [Listing(title="Attention", authors=("Ben Alder",))])
    assert count(store) == 2


def test_two_arxiv_ids_are_two_papers_whatever_their_titles(store: Store) -> None:
    papers_come_in(store, [DIFFUSION, replace(DIFFUSION, aliases=("arxiv:2606.09999",))])
    assert count(store) == 2


def test_two_arxiv_ids_are_two_papers_though_their_authors_gave_them_one_doi(store: Store) -> None:
    shared = "doi:10.1000/1"
    papers_come_in(store, [Listing(title="Part I", aliases=("arxiv:2606.00011", shared))])
    papers_come_in(store, [Listing(title="Part II", aliases=("arxiv:2606.00012", shared))])
    for _ in range(2):
        both = [
            Listing(title=f"Part {part}", aliases=(f"arxiv:2606.0001{n}", shared)) for n, part in ((1, "I"), (2, "II"))
        ]
        assert papers_come_in(store, both).new == 0
    assert count(store) == 2


def test_the_same_new_paper_twice_in_one_run_is_one_paper_with_both_names(store: Store) -> None:
    bare = Listing(title=DIFFUSION.title)
    recorded = papers_come_in(store, [bare, DIFFUSION, bare])
    assert recorded.new == 1
    with store.reading() as connection:
        [paper] = papers_listed(connection, since=LONG_AGO, now=NOON)
        assert paper.authors == DIFFUSION.authors
        assert alias_names(connection, paper.id) == ["arxiv:2606.00001"]
        assert source_names(connection, paper.id) == ["test"]


def test_a_later_listing_fills_what_was_blank_and_the_earlier_list_counts(store: Store) -> None:
    papers_come_in(store, [replace(DIFFUSION, summary="")])
    later = replace(DIFFUSION, summary="Told later.", abstract="Another abstract.", listed_on=date(2026, 6, 17))
    assert papers_come_in(store, [later]).changed == 1
    with store.reading() as connection:
        paper = paper_named(connection, "2606.00001", now=NOON)
    assert paper is not None
    assert (paper.summary, paper.abstract) == ("Told later.", DIFFUSION.abstract)
    assert paper.listed_at.day == 17


@store_on_sqlite
@pytest.mark.parametrize(
    ("told", "listed_at"),
    [
        ({"listed_on": date(2062, 6, 19)}, NOON),
        ({"listed_on": None, "published_at": datetime(2027, 1, 1, tzinfo=UTC)}, NOON),
        ({"listed_on": None}, NOON),
        ({"listed_on": date(2026, 6, 21)}, datetime(2026, 6, 21, tzinfo=UTC)),
    ],
    ids=["a year mistyped", "in print next year", "undated", "a list that is out before its day"],
)
def test_a_paper_dated_ahead_counts_from_when_it_was_seen(
    store: Store, told: dict[str, Any], listed_at: datetime
) -> None:
    papers_come_in(store, [replace(DIFFUSION, **told)])
    papers_come_in(store, [replace(DIFFUSION, **told, abstract="Told anew.", version=2)])
    with store.reading() as connection:
        assert shown(connection, now=NOON).listed_at == listed_at


def test_signals_are_appended_when_they_changed_with_their_hour(store: Store) -> None:
    papers_come_in(store, [DIFFUSION])
    papers_come_in(store, [DIFFUSION], now=NOON + timedelta(hours=1))
    risen = replace(DIFFUSION, signals=Signals(upvotes=20))
    papers_come_in(store, [risen], now=NOON + timedelta(hours=3, minutes=20))
    with store.reading() as connection:
        paper = shown(connection, now=NOON + timedelta(hours=4))
        before = shown(connection, now=NOON + timedelta(hours=2))
    assert [(seen.seen_at.hour, seen.signals.upvotes) for seen in paper.history] == [(12, 12), (15, 20)]
    assert paper.signals == Signals(upvotes=20, comments=1)
    assert before.signals.upvotes == 12


def test_of_several_counts_in_one_run_the_highest_holds(store: Store) -> None:
    older = replace(DIFFUSION, signals=Signals(upvotes=5))
    for _ in range(2):
        papers_come_in(store, [older, DIFFUSION, older])
    with store.reading() as connection:
        paper = shown(connection, now=NOON)
    assert [seen.signals.upvotes for seen in paper.history] == [12]


FEWER, MORE = (replace(DIFFUSION, signals=Signals(upvotes=votes)) for votes in (5, 7))


def test_of_sources_that_count_differently_the_highest_counts_and_repeating_them_changes_nothing(store: Store) -> None:
    changed = [
        papers_come_in(store, [listing], source=source, now=NOON + timedelta(hours=hour)).changed
        for hour in range(3)
        for source, listing in (("one", FEWER), ("other", MORE))
    ]
    assert changed == [0, 1, 0, 0, 0, 0]
    with store.reading() as connection:
        paper = shown(connection, now=NOON + timedelta(hours=4))
    assert [(seen.seen_at.hour, seen.signals.upvotes) for seen in paper.history] == [(12, 7)]


def test_votes_fall_where_the_source_that_counted_most_says_so_and_not_below_the_others(store: Store) -> None:
    papers_come_in(store, [FEWER], source="one")
    papers_come_in(store, [MORE], source="other")
    for hour, votes, counted in ((1, 6, 6), (2, 3, 5), (3, 9, 9)):
        now = NOON + timedelta(hours=hour)
        papers_come_in(store, [replace(DIFFUSION, signals=Signals(upvotes=votes))], source="other", now=now)
        with store.reading() as connection:
            assert shown(connection, now=now).signals.upvotes == counted


def test_a_source_is_not_said_to_have_listed_what_only_shares_a_title_with_what_it_lists(store: Store) -> None:
    papers_come_in(store, [DIFFUSION], source="one")
    papers_come_in(store, [replace(DIFFUSION, aliases=("arxiv:2606.09999",))], source="other")
    with store.reading() as connection:
        assert source_names(connection, 1) == ["one"]
        assert source_names(connection, 2) == ["other"]


def test_a_paper_is_found_by_number_and_alias(store: Store) -> None:
    papers_come_in(store)
    with store.reading() as connection:
        found = paper_named(connection, "arxiv:2606.00002", now=NOON)
        assert found is not None
        assert paper_named(connection, "2606.00002v3", now=NOON) == found
        assert paper_named(connection, str(found.id), now=NOON) == found
        assert paper_named(connection, "2606.77777", now=NOON) is None


def test_papers_of_other_sources_are_left_out_where_sources_are_named(store: Store) -> None:
    papers_come_in(store)
    with store.writing() as connection:
        record_listings(connection, [Listing(title="Elsewhere", listed_on=NOON.date())], source="other", now=NOON)
    with store.reading() as connection:
        named = papers_listed(connection, since=LONG_AGO, now=NOON, sources=["other"])
        assert [paper.title for paper in named] == ["Elsewhere"]


def test_what_is_seen_later_is_not_known_now(store: Store) -> None:
    papers_come_in(store, PAPERS, now=NOON + timedelta(minutes=1))
    with store.reading() as connection:
        assert papers_listed(connection, since=LONG_AGO, now=NOON) == []


def test_papers_that_are_not_there_are_left_out(store: Store) -> None:
    papers_come_in(store, [DIFFUSION])
    with store.reading() as connection:
        assert set(papers_by_id(connection, range(1, 2000), now=NOON)) == {1}


def test_a_title_without_end_is_stored(store: Store) -> None:
    endless = Listing(title=" ".join(f"word{number}" for number in range(5000)))
    assert papers_come_in(store, [endless]).new == 1
    assert papers_come_in(store, [endless]).new == 0


def test_several_collects_at_once_store_each_paper_once(store: Store) -> None:
    listings = [replace(DIFFUSION, aliases=(f"arxiv:2606.1{n:04}",), title=f"Part {n}") for n in range(100)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: papers_come_in(store, listings), range(4)))
    assert count(store) == 100


ARXIV_V1 = replace(DIFFUSION, version=1, listed_on=None)
ARXIV_V2 = replace(ARXIV_V1, version=2, title="Few-Step Sampling, Revised", abstract="We now need three steps.")


def test_a_newer_version_replaces_the_texts_and_makes_no_second_paper(store: Store) -> None:
    papers_come_in(store, [ARXIV_V1])
    assert papers_come_in(store, [ARXIV_V2]).changed == 1
    with store.reading() as connection:
        paper = shown(connection, now=NOON)
        assert (paper.title, paper.abstract) == (ARXIV_V2.title, ARXIV_V2.abstract)
        assert [found.paper.id for found in search_papers(connection, "three steps", now=NOON, limit=9)] == [paper.id]
    assert count(store) == 1


def test_an_older_version_or_one_that_counts_none_changes_no_text(store: Store) -> None:
    papers_come_in(store, [ARXIV_V2])
    recorded = papers_come_in(store, [ARXIV_V1, replace(DIFFUSION, title="As a list spells it")])
    with store.reading() as connection:
        assert shown(connection, now=NOON).title == ARXIV_V2.title
    assert recorded.new == 0


def test_an_older_version_that_was_withdrawn_does_not_withdraw_the_paper(store: Store) -> None:
    papers_come_in(store, [replace(DIFFUSION, version=3)])
    papers_come_in(store, [replace(DIFFUSION, version=2, withdrawn=True)])
    assert count(store) == 1
    papers_come_in(store, [replace(DIFFUSION, version=3, withdrawn=True)])
    assert count(store) == 0


def test_a_withdrawn_paper_is_marked_and_no_edition_can_hold_it(store: Store) -> None:
    papers_come_in(store, [ARXIV_V1, ROBOTS])
    gone = replace(ARXIV_V2, abstract="This paper has been withdrawn by its authors.", withdrawn=True)
    papers_come_in(store, [gone])
    assert papers_come_in(store, [gone]).changed == 0
    with store.reading() as connection:
        listed = papers_listed(connection, since=LONG_AGO, now=NOON)
        assert [paper.title for paper in listed] == [ROBOTS.title]
        assert shown(connection, now=NOON).abstract == gone.abstract
    back = replace(ARXIV_V2, version=3)
    papers_come_in(store, [back])
    assert count(store) == 2


@needs_data
@pytest.mark.slow
def test_no_two_of_21797_papers_are_merged(store: Store) -> None:
    # Abstracts have no part in it, and take most of the time to be read.
    listings = [replace(one, abstract="") for one in read_papers(SHARED_DATA / "ranking/papers.jsonl.gz")]
    assert papers_come_in(store, listings).new == len(listings) == 21_797


def test_what_shares_a_title_but_not_a_name_of_one_kind_is_another_paper(store: Store) -> None:
    for names in (("feed.blog:w1",), ("feed.blog:w2",), ("doi:10.1000/a1",), ("doi:10.1000/b1",)):
        papers_come_in(store, [Listing(title="Weekly links", aliases=names, authors=("Ann Larch",))])
    assert count(store) == 2


def test_a_preprint_s_own_doi_does_not_keep_it_from_its_journal_s(store: Store) -> None:
    papers_come_in(store, [replace(DIFFUSION, aliases=("arxiv:2606.00001", "doi:10.48550/arxiv.2606.00001"))])
    papers_come_in(store, [replace(DIFFUSION, aliases=("doi:10.1000/journal.7",))])
    assert count(store) == 1


@pytest.mark.slow
def test_many_papers_of_one_title_stay_as_many_and_are_known_again(store: Store) -> None:
    weekly = [Listing(title="Weekly links", aliases=(f"feed.a:{number}",)) for number in range(250)]
    nameless = Listing(title="Weekly links")
    assert papers_come_in(store, [*weekly, nameless]).new == 250
    again = papers_come_in(store, [*weekly, nameless])
    assert (again.new, again.changed) == (0, 0)
