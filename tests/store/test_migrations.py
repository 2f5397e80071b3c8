"""A store of an earlier schema, with papers in it, moves up whole."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from conftest import NOON, database_url
from sqlalchemy import text

from digest.model import Weekday
from digest.store import Store, open_store
from digest.store.check import damage
from digest.store.deliveries import delivery_numbered
from digest.store.editions import cards_of
from digest.store.leases import Lease, numbers_begun
from digest.store.papers import alias_names, paper_named
from digest.store.schema import MIGRATIONS, migrate
from digest.store.search import search_papers
from digest.store.subscribers import subscription_numbered

PAPER = (
    "INSERT INTO papers (title, abstract, raw_title, raw_abstract, title_key, author_key, authors, organisation,"
    " categories, keywords, summary, summary_is_generated, published_at, listed_on, listed_at, first_seen_at, url,"
    " pdf_url, code_url, project_url) VALUES (:title, 'Of :-) and %.', '', '', 'gazelles', '', :authors, '', '[]',"
    " '[]', '', false, NULL, '2026-06-18', '2026-06-18 00:00:00', '2026-06-18 06:00:00', '', '', '', '')"
)
COUNT = 300
PRINTED = (
    "INSERT INTO editions (newsletter, cadence, due_on) VALUES ('papers', 'daily', '2026-06-18')",
    "INSERT INTO printings (edition_id, version, content) VALUES (1, 'v', '')",
    'INSERT INTO pieces (printing_id, paper_id, content) VALUES (1, 1, \'{"title": "Gazelles"}\')',
)

SUBSCRIBED = (
    "INSERT INTO subscribers (address, address_key, created_at)"
    " VALUES ('ada@example.org', 'ada@example.org', '2026-06-18 06:00:00')",
    "INSERT INTO subscriptions (subscriber_id, newsletter, state, cadence, hour, timezone, max_papers, confirmed_at,"
    " next_due_at)"
    " VALUES (1, 'papers', 'active', 'daily', 7, 'UTC', 10, '2026-06-18 06:00:00', '2026-06-19 07:00:00')",
)

LEASED = (
    "INSERT INTO deliveries (key, kind, priority, state, newsletter, dated_at, signed_with, send_after_at,"
    " send_before_at, lease_id, attempts, attempted_at) VALUES (:key, 'edition', 2, 'leased', 'papers',"
    " '2026-06-18 06:00:00', 'k', '2026-06-18 06:00:00', '2026-06-18 12:00:00', :lease, :attempts, :attempted_at)"
)
HANDED_OVER = [(1, 1, 1, "2026-06-18 07:00:00"), (2, 1, 3, "2026-06-18 07:00:00"), (3, 1, 0, None)]
"""The number, the lease, how many attempts, and when the last began."""


@pytest.fixture(params=["sqlite", "postgresql"])
def first(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store at the first revision."""
    store = open_store(database_url(request.param, request), folder=tmp_path, create=True)
    move_up(store, to="0001")
    yield store
    store.close()


def move_up(store: Store, *, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with store.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)


@pytest.mark.slow
def test_papers_of_the_first_schema_are_all_there_and_are_found(first: Store) -> None:
    rows = [{"title": f"Gazelles, part {n}", "authors": '["J\\u00fcrgen M\\u00fcller", "Ann"]'} for n in range(COUNT)]
    with first.writing() as connection:
        connection.execute(text(PAPER), rows)
        connection.execute(text("INSERT INTO aliases (alias, paper_id) VALUES ('arxiv:2606.00001', 1)"))
        for statement in PRINTED:
            connection.execute(text(statement))
    assert migrate(first) == ("0001", "0018")
    with first.reading() as connection:
        assert len(search_papers(connection, "gazelle muller", now=NOON, limit=COUNT + 1)) == COUNT
        [one] = search_papers(connection, "gazelle 17", now=NOON, limit=9)
        assert (one.paper.title, one.paper.authors) == ("Gazelles, part 17", ("Jürgen Müller", "Ann"))
        named = paper_named(connection, "2606.00001", now=NOON)
        assert named is not None
        assert (named.id, alias_names(connection, 1)) == (1, ["arxiv:2606.00001"])
        assert cards_of(connection, 1, [1]) == {1: {"title": "Gazelles"}}
    assert damage(first) == []


@pytest.mark.slow
def test_words_indexed_as_they_stood_are_found_by_their_plain_letters_too(first: Store) -> None:
    move_up(first, to="0002")
    rows = [{"title": f"A²RD{n} and ﬁne gazelles", "authors": '["Jürgen Müller"]'} for n in range(COUNT)]
    with first.writing() as connection:
        connection.execute(text(PAPER), rows)
    assert migrate(first) == ("0002", "0018")
    with first.reading() as connection:
        assert len(search_papers(connection, "fine gazelle muller", now=NOON, limit=COUNT + 1)) == COUNT
        for query in ("a2rd17", "A²RD17"):
            [one] = search_papers(connection, query, now=NOON, limit=9)
            assert one.paper.title == "A²RD17 and ﬁne gazelles"
    with first.writing() as connection:
        connection.execute(text("UPDATE papers SET title = 'Ironing' WHERE id = 18"))
        connection.execute(text("DELETE FROM papers WHERE id = 19"))
        assert search_papers(connection, "a2rd17", now=NOON, limit=9) == []
    assert damage(first) == []


@pytest.mark.slow
def test_subscriptions_of_an_earlier_schema_are_in_english_not_paused_and_due_as_before(first: Store) -> None:
    move_up(first, to="0007")
    with first.writing() as connection:
        for statement in SUBSCRIBED:
            connection.execute(text(statement))
    assert migrate(first) == ("0007", "0018")
    with first.reading() as connection:
        kept = subscription_numbered(connection, 1)
    assert kept is not None
    assert (kept.choices.language, kept.paused_until) == ("en", None)
    assert (kept.choices.weekday, kept.choices.month_day) == (Weekday.MONDAY, 1)
    assert damage(first) == []


@pytest.mark.slow
def test_an_empty_store_of_the_first_schema_moves_up(first: Store) -> None:
    migrate(first)
    assert damage(first) == []


@pytest.mark.slow
def test_what_was_being_handed_over_by_an_earlier_schema_still_is(first: Store) -> None:
    move_up(first, to="0017")
    with first.writing() as connection:
        connection.execute(text("INSERT INTO leases (holder, generation, expires) VALUES ('one', 1, 0)"))
        for number, lease, attempts, attempted_at in HANDED_OVER:
            told = {"key": f"k{number}", "lease": lease, "attempts": attempts, "attempted_at": attempted_at}
            connection.execute(text(LEASED), told)
    assert migrate(first) == ("0017", "0018")
    with first.reading() as connection:
        assert numbers_begun(connection, Lease(id=1, generation=1, seconds=60)) == {1, 2}
        found = [delivery_numbered(connection, number) for number, *_ in HANDED_OVER]
        assert [one.attempts for one in found if one] == [0, 2, 0]
    assert damage(first) == []
