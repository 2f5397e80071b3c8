"""Commands on PostgreSQL."""

from pathlib import Path

import psycopg
import pytest
from commands import Digest
from conftest import database_url

pytestmark = pytest.mark.slow

CONFIG = """
[store]
url = "{url}"
[queue]
engine = "{engine}"
"""


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    return database_url("postgresql", request)


def test_no_command_leaves_a_connection_behind(digest: Digest, url: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG.format(url=url, engine="local"))
    copied = ("store", "copy", "--to", "sqlite:///copy.db")
    for command in (("init",), ("stats",), ("store", "migrate"), ("subscriber", "show", "nobody@example.org"), copied):
        digest(*command)
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(url, autocommit=True) as connection:
        # A server takes a moment to notice that somebody has left.
        assert (0,) in (connection.execute(others).fetchone() for _ in range(2000))


def test_migrating_says_that_it_made_the_tables_of_the_engine(digest: Digest, url: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG.format(url=url, engine="local"))
    assert "engine" not in digest("init").out
    assert "already" in digest("store", "migrate").out
    (tmp_path / "config.toml").write_text(CONFIG.format(url=url, engine="procrastinate"))
    made = digest("store", "migrate").out
    assert "The tables of the queue's engine were made" in made
    assert "already" not in made
    assert "The tables of the queue's engine are there, too." in digest("init").out
    assert "already" in digest("store", "migrate").out
