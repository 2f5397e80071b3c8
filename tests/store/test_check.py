"""Damage is found and explained: every kind of it, done to a real store."""

import re
from contextlib import closing
from pathlib import Path

import pytest
from furnished import Furnish
from personas import NOON, PAPERS, choices, papers_come_in
from sqlalchemy import text

from digest.address import parse_address
from digest.errors import StoreError
from digest.model import DeliveryKind, Pick, Priority, Reason, ReasonKind, Selection
from digest.store import Store, open_store
from digest.store.check import damage
from digest.store.deliveries import NewDelivery, queue
from digest.store.schema import migrate
from digest.store.search import rebuild_index, search_papers
from digest.store.subscribers import set_subscription, subscriber_for

on_postgresql = pytest.mark.parametrize("store", ["postgresql"], indirect=True)


@pytest.fixture
def stocked(store: Store, furnish: Furnish) -> Store:
    """Three papers, a reader, and a delivery that selects the first paper."""

    def fill() -> None:
        papers_come_in(store)
        with store.writing() as connection:
            reader = subscriber_for(connection, parse_address("ada@example.org"), now=NOON)
            wanted = choices("diffusion")
            set_subscription(connection, reader, newsletter="papers", choices=wanted, next_due_at=NOON, now=NOON)
            queue(connection, edition(reader))

    furnish(fill, store)
    return store


def edition(reader: int) -> NewDelivery:
    pick = Pick(paper_id=1, score=1.0, reason=Reason(kind=ReasonKind.TRENDING))
    return NewDelivery(
        key="edition-1",
        kind=DeliveryKind.EDITION,
        priority=Priority.EDITION,
        newsletter="papers",
        subscriber_id=reader,
        dated_at=NOON,
        send_before_at=NOON,
        signed_with="k1",
        selection=Selection(considered=3, picks=(pick,)),
    )


def harm(store: Store, *statements: str) -> None:
    """Do what no program of ours does, with the guards down."""
    with store.engine.connect() as connection:
        connection.commit()
        if connection.dialect.name == "sqlite":
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.executescript("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;")
            for statement in statements:
                raw.execute(statement)
            raw.executescript("PRAGMA foreign_keys = ON; PRAGMA ignore_check_constraints = OFF;")
        else:
            connection.execute(text("SET session_replication_role = replica"))
            for statement in statements:
                connection.execute(text(statement))
            connection.execute(text("SET session_replication_role = DEFAULT"))
            connection.commit()


on_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


def test_a_sound_store_shows_no_damage(stocked: Store) -> None:
    assert damage(stocked) == []


LEASE = "INSERT INTO leases (id, holder, generation, expires) VALUES (5, 'gone', 1, 0)"


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["INSERT INTO aliases (alias, paper_id) VALUES ('arxiv:1', 7)"], "1 of aliases refer by paper_id"),
        (["UPDATE deliveries SET subscriber_id = 99"], "1 of deliveries refer by subscriber_id"),
        (["UPDATE deliveries SET state = 'leased'"], "leased, but by no lease"),
        ([LEASE, "UPDATE deliveries SET lease_id = 5"], "held by a lease, but are not leased"),
        ([LEASE], "1 leases that have run out hold nothing"),
        (['UPDATE deliveries SET selection = \'{"considered": 1, "picks": [[77, 1.0]]}\''], "selects paper 77"),
        (["UPDATE deliveries SET selection = '[]'"], "cannot be read"),
        (["UPDATE subscriptions SET next_due_at = NULL"], "1 active subscriptions are never due"),
        (["UPDATE subscriptions SET state = 'asleep'"], "1 of subscriptions have the state 'asleep'"),
        (["UPDATE subscriptions SET cadence = 'hourly'"], "the cadence 'hourly'"),
        (["UPDATE interests SET kind = 'colour'"], "the kind 'colour'"),
        (["UPDATE deliveries SET kind = 'parcel'"], "the kind 'parcel'"),
        (["DROP INDEX ix_deliveries_queue"], "The index ix_deliveries_queue is missing"),
        (["DROP TABLE suppressions"], "The table suppressions is missing"),
        (["ALTER TABLE papers DROP COLUMN withdrawn_at"], "The column papers.withdrawn_at is missing"),
    ],
)
def test_what_no_sound_store_holds_is_told_with_what_to_do(stocked: Store, statements: list[str], said: str) -> None:
    harm(stocked, *statements)
    [sentence] = [one for one in damage(stocked) if said in one]
    assert any(advice in sentence for advice in ("backup", "digest deliver"))


def test_a_state_that_there_is_not_is_told(stocked: Store) -> None:
    if stocked.engine.dialect.name == "postgresql":
        harm(stocked, "ALTER TABLE deliveries DROP CONSTRAINT ck_deliveries_state")
    harm(stocked, "UPDATE deliveries SET state = 'lost'")
    assert "deliveries have the state 'lost'" in " ".join(damage(stocked))


@pytest.mark.slow
@on_sqlite
@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("INSERT INTO paper_words (paper_words) VALUES ('delete-all')", "holds 0 papers, the store 3"),
        (
            "INSERT INTO paper_words (paper_words, rowid, title, authors, abstract)"
            " SELECT 'delete', id, title, '', '' FROM papers WHERE id = 1",
            "Run `digest store reindex`",
        ),
        ("UPDATE paper_words_data SET block = zeroblob(length(block)) WHERE id > 10", "Run `digest store reindex`"),
    ],
)
def test_an_index_out_of_step_is_told_and_made_anew(stocked: Store, statement: str, said: str) -> None:
    harm(stocked, statement)
    assert said in damage(stocked)[0]
    with stocked.writing() as connection:
        rebuild_index(connection)
    assert damage(stocked) == []
    with stocked.reading() as connection:
        assert len(search_papers(connection, "diffusion larch", now=NOON, limit=5)) == 1


@on_sqlite
def test_a_text_changed_behind_the_indexs_back_is_told(stocked: Store) -> None:
    with stocked.writing() as connection:
        [trigger] = connection.execute(
            text("SELECT sql FROM sqlite_master WHERE name = 'paper_words_update'")
        ).scalars()
    harm(stocked, "DROP TRIGGER paper_words_update", "UPDATE papers SET title = 'Another' WHERE id = 1")
    assert "The trigger paper_words_update is missing" in damage(stocked)[0]
    harm(stocked, trigger)
    assert "does not hold the words" in damage(stocked)[0]


@on_postgresql
def test_an_index_that_is_not_kept_or_not_complete_is_told(stocked: Store) -> None:
    harm(stocked, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_papers_words'::regclass")
    assert "not complete" in damage(stocked)[0]
    with stocked.writing() as connection:
        rebuild_index(connection)
    assert damage(stocked) == []
    harm(stocked, "ALTER TABLE papers ALTER COLUMN words DROP EXPRESSION")
    assert "not kept in step" in damage(stocked)[0]
    harm(stocked, "ALTER TABLE papers DROP COLUMN words")
    assert [one.partition(" is missing")[0] for one in damage(stocked)] == [
        "The column papers.words",
        "The index ix_papers_words",
    ]


@on_postgresql
def test_a_constraint_that_was_dropped_is_told(stocked: Store) -> None:
    harm(stocked, "ALTER TABLE deliveries DROP CONSTRAINT uq_deliveries_key")
    assert "The constraint uq_deliveries_key is missing" in damage(stocked)[0]


@on_sqlite
def test_a_file_with_many_places_is_told_by_the_first_of_them(stocked: Store) -> None:
    harm(stocked, "PRAGMA writable_schema = ON", "DELETE FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
    stocked.close()
    [sentence] = damage(stocked)
    assert re.fullmatch(r"The file is damaged in \d\d places or more, first: Page \d+[^*]{1,40}\. Stop .*", sentence)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(1, 10))
def test_a_file_that_was_overwritten_somewhere_is_told_in_sentences(tmp_path: Path, part: int) -> None:
    store = open_store("sqlite:///store.db", folder=tmp_path, create=True)
    migrate(store)
    papers_come_in(store, PAPERS)
    with store.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    store.close()
    path = tmp_path / "store.db"
    whole = path.read_bytes()
    start = len(whole) * part // 10 // 4096 * 4096
    path.write_bytes(whole[:start] + b"\xa5" * 8192 + whole[start + 8192 :])
    store = open_store("sqlite:///store.db", folder=tmp_path)
    found = damage(store)
    store.close()
    assert found
    assert all(one.endswith(".") and "backup" in one for one in found)


@on_postgresql
def test_a_file_of_the_server_s_own_that_is_gone_is_damage(stocked: Store) -> None:
    with stocked.reading() as connection:
        file = connection.execute(
            text("SELECT current_setting('data_directory') || '/' || pg_relation_filepath('interests')")
        ).scalar_one()
    Path(file).rename(f"{file}.gone")
    stocked.engine.dispose()
    assert any("cannot read what it holds" in sentence for sentence in damage(stocked))
    Path(f"{file}.gone").rename(file)


@on_postgresql
@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("sslmod=require", "has an option after its [?]"),
        ("connect_timeout=abc", "whose value PostgreSQL does not take"),
    ],
)
def test_an_address_that_is_mistyped_is_no_damage(store: Store, option: str, said: str, tmp_path: Path) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    other = open_store(f"{url}{'&' if '?' in url else '?'}{option}", folder=tmp_path)
    with closing(other), pytest.raises(StoreError, match=said):
        damage(other)
