from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from conftest import database_url
from sqlalchemy import text

from digest.errors import StoreBusyError, StoreError
from digest.store import Store, open_store
from digest.store.engine import take_turns
from digest.store.explained import trouble
from digest.store.schema import migrate, require_current
from digest.store.tables import metadata


def test_the_migrations_make_exactly_the_tables_that_the_program_uses(store: Store) -> None:
    with store.reading() as connection:
        # The index of words is no table of the program's: it is SQL of its own on each database.
        index = ("words", "paper_words", "ix_papers_words")
        options = {"include_name": lambda name, _kind, _parents: not (name or "").startswith(index)}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []


def test_migrating_twice_changes_nothing(store: Store) -> None:
    before, after = migrate(store)
    assert before == after


@pytest.mark.slow
def test_two_programs_that_set_up_one_database_take_turns(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    url = database_url("postgresql", request)
    one, other = (open_store(url + end, folder=tmp_path) for end in ("", "&options=-clock_timeout%3D1"))
    with one.writing() as connection:
        take_turns(connection, "schema")
        with pytest.raises(StoreBusyError, match="lock_timeout"):
            migrate(other)
    assert migrate(other)[0] is None
    one.close()
    other.close()


def test_a_store_from_a_newer_version_is_refused(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer version"):
        require_current(store)
    with pytest.raises(StoreError, match="newer version"):
        migrate(store)


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_postgresql_database_that_is_not_in_utf8_is_refused_with_what_to_do(
    request: pytest.FixtureRequest, tmp_path: Path, encoding: str
) -> None:
    url = database_url("postgresql", request, encoding=encoding)
    store = open_store(url, folder=tmp_path)
    said = rf"^The store postgresql://.* cannot be used: its encoding is {encoding}, .* ENCODING 'UTF8' .*\.$"
    for use in (require_current, migrate):
        with pytest.raises(StoreError, match=said):
            use(store)
    store.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://offprint@/x?host=/nonexistent", "no server has its socket there"),
        ("postgresql://offprint@127.0.0.1:1/x", "no server listens there"),
        ("postgres://offprint@nowhere.invalid/x", "no machine is known by the name of its host"),
    ],
)
def test_a_server_that_cannot_be_reached_is_said_with_what_to_do(url: str, said: str) -> None:
    assert_unusable(url, said)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("otherwise", "said"),
    [
        ("&dbname=missing", "the server knows no such database"),
        ("&user=nobody", "the server knows no such user"),
        ("&sslmode=always", "do not agree about TLS"),
    ],
)
def test_a_server_that_cannot_be_used_is_said_with_what_to_do(postgres_server: str, otherwise: str, said: str) -> None:
    assert_unusable(postgres_server.format(name="postgres") + otherwise, said)


def assert_unusable(url: str, said: str) -> None:
    store = open_store(url, folder=Path())
    with pytest.raises(StoreError, match=rf"cannot be used: .*{said}.* store\.url"):
        require_current(store)
    store.close()


def test_no_password_is_told_wherever_it_stands() -> None:
    store = open_store("postgresql://offprint:secret@127.0.0.1:1/x?password=hidden&sslmode=disable", folder=Path())
    with pytest.raises(StoreError) as failure:
        require_current(store)
    store.close()
    assert "postgresql://offprint:***@127.0.0.1:1/x cannot be used" in str(failure.value)
    assert "hidden" not in str(failure.value)


def test_what_a_pool_of_connections_says_names_the_store_and_what_to_do() -> None:
    told = str(trouble("couldn't get a connection after 5.00 sec", where="postgresql://offprint@db/offprint"))
    assert told == (
        "The store postgresql://offprint@db/offprint cannot be used: the server does not answer. Start it, or mend"
        " store.url."
    )


def test_a_store_that_is_not_there_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="digest init"):
        open_store("sqlite:///missing.db", folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_not_taken_for_a_store(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    store = open_store("sqlite:///empty.db", folder=tmp_path)
    with pytest.raises(StoreError, match="digest init"):
        require_current(store)
    store.close()


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("these are notes, and no database at all; " * 40)
    store = open_store("sqlite:///notes.db", folder=tmp_path)
    with pytest.raises(StoreError, match="not a database"):
        require_current(store)
    store.close()


@pytest.mark.parametrize(
    ("of_whom", "option", "said"),
    [
        ("offprint", "&hst=/tmp", r"store\.url has an option after its \? that PostgreSQL does not take\. Mend it\.$"),
        ("stranger", "", r"the server gives this user no rights\. Make it the database's owner, or mend store\.url\.$"),
    ],
)
def test_a_server_that_refuses_what_the_address_asks_for_is_told_in_a_sentence(
    request: pytest.FixtureRequest, tmp_path: Path, of_whom: str, option: str, said: str
) -> None:
    url = database_url("postgresql", request)
    own = open_store(url, folder=tmp_path)
    with own.writing() as connection:
        connection.execute(text("DROP ROLE IF EXISTS stranger"))
        connection.execute(text("CREATE ROLE stranger LOGIN"))
    own.close()
    store = open_store(url.replace("offprint@", f"{of_whom}@") + option, folder=tmp_path)
    with pytest.raises(StoreError, match=said):
        migrate(store)
    store.close()
