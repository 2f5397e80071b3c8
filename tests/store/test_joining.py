"""Two rows that turn out to be one paper: first seen by two sources apart, until a listing has the names of both."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from personas import DIFFUSION, NOON, ROBOTS, choices, papers_come_in, reader_joins

from digest.app import App
from digest.compose import Composer
from digest.model import Listing, Signals, Weights
from digest.publish import publish
from digest.store import Store
from digest.store.check import damage
from digest.store.deliveries import delivery_numbered
from digest.store.papers import alias_names, paper_named, papers_by_id, source_names, with_histories
from digest.store.search import search_papers
from digest.store.tables import metadata, papers

HOUR = timedelta(hours=1)
ARXIV, JOURNAL = "arxiv:2606.00001", "doi:10.1000/journal.7"
PREPRINT = replace(DIFFUSION, listed_on=None, published_at=NOON - HOUR, signals=Signals(upvotes=10), version=1)
ARTICLE = Listing(
    title="A Sampler of Four Strides",
    abstract="As it was printed.",
    aliases=(JOURNAL,),
    authors=("Ann Larch",),
    organisation="Institute for Examples",
    listed_on=date(2026, 6, 18),
    signals=Signals(upvotes=4, comments=9),
)
BOTH = replace(PREPRINT, aliases=(ARXIV, JOURNAL), signals=Signals())


def apart(store: Store) -> None:
    papers_come_in(store, [PREPRINT, ROBOTS], source="arxiv")
    papers_come_in(store, [ARTICLE], source="feed.journal", now=NOON + HOUR)


def numbers(store: Store) -> list[int]:
    with store.reading() as connection:
        return sorted(papers_by_id(connection, range(1, 20), now=NOON + 99 * HOUR))


def test_a_listing_with_the_names_of_two_rows_makes_them_one_and_the_earlier_stays(store: Store) -> None:
    apart(store)
    recorded = papers_come_in(store, [BOTH], source="arxiv", now=NOON + 2 * HOUR)
    assert (recorded.new, recorded.changed, numbers(store)) == (0, 1, [1, 2])
    with store.reading() as connection:
        found = paper_named(connection, JOURNAL, now=NOON + 3 * HOUR)
        assert found is not None
        assert alias_names(connection, 1) == [ARXIV, JOURNAL]
        assert source_names(connection, 1) == ["arxiv", "feed.journal"]
        assert paper_named(connection, "3", now=NOON + 3 * HOUR) == found
    assert (found.id, found.title, found.abstract) == (1, PREPRINT.title, PREPRINT.abstract)
    assert (found.organisation, found.listed_at) == (ARTICLE.organisation, datetime(2026, 6, 18, tzinfo=UTC))
    assert damage(store) == []


def test_the_same_listings_again_change_nothing(store: Store) -> None:
    apart(store)
    papers_come_in(store, [BOTH], source="arxiv", now=NOON + 2 * HOUR)
    for listing, source in ((BOTH, "arxiv"), (PREPRINT, "arxiv"), (ARTICLE, "feed.journal")):
        again = papers_come_in(store, [listing], source=source, now=NOON + 3 * HOUR)
        assert (again.new, again.changed) == (0, 0)
    assert numbers(store) == [1, 2]


def test_a_newer_version_among_the_two_says_the_texts_and_they_are_found_by_them_alone(store: Store) -> None:
    papers_come_in(store, [ARTICLE])
    papers_come_in(store, [replace(PREPRINT, version=3)])
    papers_come_in(store, [replace(BOTH, version=2)])
    with store.reading() as connection:
        assert [one.paper.id for one in search_papers(connection, "sharp images", now=NOON, limit=9)] == [1]
        assert search_papers(connection, "strides", now=NOON, limit=9) == []
    assert damage(store) == []


def test_at_every_hour_the_higher_of_both_counts(store: Store) -> None:
    apart(store)
    for hour, upvotes in ((2, 12), (4, 3)):
        risen = replace(ARTICLE, signals=Signals(upvotes=upvotes))
        papers_come_in(store, [risen], source="feed.journal", now=NOON + hour * HOUR)
    papers_come_in(store, [BOTH], source="arxiv", now=NOON + 5 * HOUR)
    with store.reading() as connection:
        found = paper_named(connection, ARXIV, now=NOON + 9 * HOUR)
        assert found is not None
        [found] = with_histories(connection, [found], now=NOON + 9 * HOUR)
    seen = [(one.seen_at.hour, one.signals.upvotes, one.signals.comments) for one in found.history]
    assert seen == [(12, 10, None), (13, 10, 9), (14, 12, 9), (16, 10, 9)]


def test_rows_with_two_different_names_of_one_kind_stay_two(store: Store) -> None:
    apart(store)
    papers_come_in(store, [Listing(title="Part Two", aliases=("arxiv:2606.00009", "doi:10.1000/journal.8"))])
    papers_come_in(store, [replace(BOTH, aliases=(ARXIV, "doi:10.1000/journal.8"))])
    papers_come_in(store, [replace(ARTICLE, aliases=("arxiv:2606.00009", JOURNAL))])
    assert numbers(store) == [1, 2, 3, 4]


def test_what_one_run_first_lists_apart_is_one_paper_in_the_end(store: Store) -> None:
    recorded = papers_come_in(store, [PREPRINT, ARTICLE, BOTH, ARTICLE])
    assert (recorded.new, numbers(store)) == (1, [1])
    with store.reading() as connection:
        assert alias_names(connection, 1) == [ARXIV, JOURNAL]


def test_three_rows_become_one_one_after_the_other(store: Store) -> None:
    own = "feed.blog:7"
    papers_come_in(store, [Listing(title="On Strides", aliases=(own,))])
    apart(store)
    papers_come_in(store, [replace(BOTH, signals=Signals())])
    papers_come_in(store, [replace(ARTICLE, aliases=(JOURNAL, own))])
    assert numbers(store) == [1, 3]
    with store.reading() as connection:
        assert alias_names(connection, 1) == [ARXIV, JOURNAL, own]
    assert damage(store) == []


def test_what_was_sent_under_the_later_row_stays_as_it_was_and_is_not_sent_again(app: App) -> None:
    papers_come_in(app.store, [PREPRINT], source="arxiv")
    papers_come_in(app.store, [replace(ARTICLE, signals=Signals(upvotes=99))], source="feed.journal")
    one_only = replace(choices(), max_papers=1)
    reader_joins(app, "ada@example.org", one_only)
    reader_joins(app, "bob@example.org", choices())
    publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON)
    before = messages(app)
    papers_come_in(app.store, [BOTH], source="arxiv", now=NOON + HOUR)
    assert numbers(app.store) == [1]
    assert messages(app) == before
    assert picks(app) == {1: [2], 2: [2, 1]}
    tomorrow = NOON + timedelta(days=1)
    assert publish(app.store, app.press, newsletter="papers", weights=Weights(), now=tomorrow).without_papers == 2
    assert damage(app.store) == []


def messages(app: App) -> list[bytes]:
    """What each delivery says, made anew."""
    with app.store.reading() as connection:
        found = (delivery_numbered(connection, number) for number in (1, 2))
        return [Composer(app.press).outgoing(connection, one).content for one in found if one is not None]


def picks(app: App) -> dict[int, list[int]]:
    with app.store.reading() as connection:
        found = [delivery_numbered(connection, number) for number in (1, 2)]
    return {one.id: [pick.paper_id for pick in one.selection.picks] for one in found if one and one.selection}


def test_nothing_refers_to_papers_that_joining_does_not_know_of() -> None:
    known = {"aliases", "features", "feedback", "former_papers", "paper_sources", "signals", "summaries"}
    assert {
        one.name for one in metadata.sorted_tables if any(k.column is papers.c.id for k in one.foreign_keys)
    } == known
