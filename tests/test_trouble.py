"""The disk is full, the store locked or closed to writing, the database restarts: said in a sentence, and gone on."""

import math
import os
import resource
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import postgres
import pytest
import works
from conftest import store_url
from logged import lines_logged
from personas import NOON, choices, papers_come_in, reader_joins
from places import ROOT
from sqlalchemy import event, text
from works import cut, once_at

from digest.apart import apart
from digest.app import App
from digest.model import DeliveryState
from digest.scheduler import Ticker
from digest.store.check import damage
from digest.store.deliveries import count_by_state
from digest.store.engine import Store
from digest.store.line import Line

pytestmark = pytest.mark.slow

QUIET = {"sources": {"huggingface": {"enabled": False}}}


@pytest.fixture
def lite(install: Callable[..., App]) -> App:
    """Two readers' editions are due, and the papers are there; on SQLite."""
    return peopled(install(**QUIET))


@pytest.fixture
def served(install: Callable[..., App], request: pytest.FixtureRequest, tmp_path: Path) -> App:
    """The same on PostgreSQL."""
    return peopled(install(**QUIET, store={"url": store_url("postgresql", request, tmp_path)}))


def peopled(app: App) -> App:
    papers_come_in(app.store)
    for name in ("ada", "bob"):
        reader_joins(app, f"{name}@example.org", choices("diffusion"))
    return app


def ticking(app: App) -> Ticker:
    """One that has collected: it may publish."""
    ticker = Ticker(app, clock=lambda: NOON)
    ticker.collect()
    return ticker


def said(ticker: Ticker, *jobs: Callable[[], None]) -> list[str]:
    """The errors that ticks of these jobs log."""
    with lines_logged() as logged:
        for job in jobs:
            ticker.tick(job)
    return [f"{line['event']}: {line['error']}" for line in logged if line["level"] == "error"]


def states(app: App) -> dict[DeliveryState, int]:
    with app.store.reading() as connection:
        return count_by_state(connection)


def goes_on(ticker: Ticker) -> None:
    """Everybody gets their message, once, and the store is sound."""
    assert said(ticker, ticker.publish, ticker.deliver) == []
    assert states(ticker.app) == {DeliveryState.SENT: 2}
    assert len(list((ticker.app.config.folder / "var/outbox/new").iterdir())) == 2
    assert damage(ticker.app.store) == []


@contextmanager
def with_pragmas(store: Store, *pragmas: str) -> Iterator[None]:
    """Every connection of the store is under these for a while."""

    def constrain(connection: Any, _record: object) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    store.engine.dispose()
    event.listen(store.engine, "connect", constrain)
    try:
        yield
    finally:
        event.remove(store.engine, "connect", constrain)
        store.engine.dispose()


def file_of(app: App) -> Path:
    return app.config.folder / "var/offprint.db"


def test_a_store_without_room_to_grow_is_said_and_nothing_is_lost(lite: App) -> None:
    ticker = ticking(lite)
    with lite.store.reading() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    with with_pragmas(lite.store, f"max_page_count = {pages}"):
        [error] = said(ticker, ticker.publish)
        assert error.startswith("tick failed: The store sqlite:///")
        assert error.endswith("the disk is full. Make room, then run the same command again; nothing was half-written.")
        assert said(ticker, ticker.deliver) == []
    assert states(lite) == {}
    goes_on(ticker)


@pytest.mark.parametrize(
    ("pragma", "why"),
    [("query_only = ON", "it cannot be written"), ("busy_timeout = 50", "another process kept it locked")],
)
def test_a_store_that_cannot_be_written_or_that_another_process_locks_is_said_and_nothing_is_lost(
    lite: App, pragma: str, why: str
) -> None:
    ticker = ticking(lite)
    with closing(sqlite3.connect(file_of(lite), isolation_level=None)) as other, with_pragmas(lite.store, pragma):
        if "busy" in pragma:
            other.execute("BEGIN IMMEDIATE")
        errors = said(ticker, ticker.publish, ticker.deliver, ticker.tidy)
        assert len(errors) == 3
        assert all(why in error for error in errors)
    goes_on(ticker)


def test_a_command_whose_files_may_not_grow_ends_with_a_sentence_and_the_next_sends_everything(lite: App) -> None:
    ticker = ticking(lite)
    assert said(ticker, ticker.publish) == []
    (lite.config.folder / "config.toml").write_text("")

    def no_file_over_a_few_bytes() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2048, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    ended = subprocess.run(
        [sys.executable, "-m", "digest", "deliver", "--now", NOON.isoformat()],
        cwd=lite.config.folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=no_file_over_a_few_bytes,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "nothing was half-written" in ended.stderr
    goes_on(ticker)


def test_a_server_that_was_restarted_between_two_ticks_is_not_even_noticed(served: App) -> None:
    ticker = ticking(served)
    cut(served.store)
    goes_on(ticker)


@pytest.mark.parametrize(
    ("tick", "statement"), [("publish", "INSERT INTO deliveries"), ("deliver", "UPDATE deliveries")]
)
def test_a_server_that_goes_in_the_middle_is_said_and_each_message_is_there_once(
    served: App, tick: str, statement: str
) -> None:
    ticker = ticking(served)
    if tick == "deliver":
        assert said(ticker, ticker.publish) == []
    once_at(served.store, statement, lambda: cut(served.store))
    [error] = said(ticker, getattr(ticker, tick))
    assert error.endswith("the server ended the connection. Nothing was half-written; try again.")
    goes_on(ticker)


def test_a_server_that_goes_while_another_process_publishes_is_said_too(served: App) -> None:
    ticker = Ticker(served, clock=lambda: NOON, doing=lambda app, _, **how: apart(app, works.cut_off, **how))
    ticker._collected.set()
    [error] = said(ticker, ticker.publish)
    assert error.endswith("the server ended the connection. Nothing was half-written; try again.")
    goes_on(ticking(served))


def test_while_a_server_is_stopped_every_tick_says_so_and_the_next_ones_go_on(
    served: App, postgres_server: str
) -> None:
    ticker = ticking(served)
    with postgres.stopped(postgres_server):
        errors = said(ticker, ticker.collect, ticker.publish, ticker.deliver, ticker.tidy)
        assert len(errors) == 4
        assert all(error.endswith("no server has its socket there. Start it, or mend store.url.") for error in errors)
    goes_on(ticker)


def test_a_fault_of_ours_is_logged_with_its_place_and_without_its_words(lite: App) -> None:
    ticker = ticking(lite)

    def faulty() -> None:
        raise ValueError("ada@example.org")

    [error] = said(ticker, faulty)
    assert error.startswith("tick failed: ValueError in faulty, ")
    assert "ada" not in error
    goes_on(ticker)


def test_whoever_waits_to_write_comes_before_those_who_ask_later(lite: App) -> None:
    came, is_waiting = list[str](), threading.Event()

    def waiting() -> None:
        is_waiting.set()
        with lite.store.writing():
            came.append("the one that waited")

    other, line = threading.Thread(target=waiting), lite.store._line
    assert line is not None
    with lite.store.writing():
        other.start()
        is_waiting.wait()
        while not line._waiting:
            pass
    for _ in range(3):
        with lite.store.writing():
            came.append("one that came later")
    other.join()
    assert came[0] == "the one that waited"


WRITING = """
import sys
from pathlib import Path
from digest.store.engine import open_store

with open_store(sys.argv[1], folder=Path()).writing() as connection:
    connection.exec_driver_sql("DELETE FROM papers")
"""


def test_whoever_waits_in_another_process_writes_next_and_nobody_is_waited_for_else(
    lite: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest.store.line.LONGEST", math.inf)
    line, command = lite.store._line, [sys.executable, "-c", WRITING, str(lite.store.engine.url)]
    assert line is not None
    with lite.store.writing():
        other = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)})
        while not line._is_asked_for():
            assert other.poll() is None
    with lite.store.writing() as connection:
        assert connection.execute(text("SELECT count(*) FROM papers")).scalar_one() == 0
    assert other.wait() == 0


def test_a_turn_that_does_not_come_in_time_is_given_up_and_holds_up_nobody(tmp_path: Path) -> None:
    line = Line(tmp_path)
    with line.turn(seconds=1) as first, line.turn(seconds=0.01) as second:
        assert (first, second) == (True, False)
    with line.turn(seconds=0.01) as third:
        assert third
