"""Daemons and workers on one PostgreSQL: each message once, whoever is killed, cut off or stands still meanwhile."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import postgres
import pytest
from accounting import Received
from conftest import database_url
from fleet import AMID, Fleet, config_of, fleet, killed_often, settle
from forked import ended, ran
from smtp_server import SmtpServer

WINDOW, READERS = 16, 1200
CUT = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() "
    " AND pid <> pg_backend_pid()"
)
LOCKED = (
    "WITH free AS (SELECT FROM leases WHERE holder LIKE '%:{0}' FOR UPDATE SKIP LOCKED)"
    " SELECT count(*) > (SELECT count(*) FROM free) FROM leases WHERE holder LIKE '%:{0}'"
)
HOLDER = (
    "SELECT split_part(holder, ':', 2)::int FROM leases JOIN deliveries ON lease_id = leases.id"
    " GROUP BY leases.id ORDER BY count(*) DESC LIMIT 1"
)
"""Who holds the most: a lease of a thousand messages, as long as not half of all have arrived."""


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Fleet]:
    """An installation whose readers are due, before anything of it runs."""
    url, received = database_url("postgresql", request), Received(slowness=0.001, room=0)
    with SmtpServer(received.answer) as server:
        settle(tmp_path, config_of(url, host=server.host, port=server.port, window=WINDOW), readers=READERS)
        yield Fleet(folder=tmp_path, url=url, received=received)


@pytest.mark.slow
def test_two_daemons_and_three_workers_that_are_killed_at_random_send_each_message_once(place: Fleet) -> None:
    kills = 4
    with fleet(place.folder, place.url, place.received, daemons=2, workers=3) as running:
        killed_often(running, kills=kills, apart=150, seed=5)
        running.wait_for_end()
    account = place.account(kills=kills)
    assert len(account.ledger.sent) + len(account.ledger.unknown) == READERS
    assert len(account.ledger.unknown) <= kills * WINDOW
    assert account.missing <= account.ledger.unknown
    assert account.repeated == 0


@pytest.mark.slow
def test_a_worker_that_stands_still_cut_connections_and_a_restart_lose_nothing_and_send_nothing_twice(
    place: Fleet,
) -> None:
    with fleet(place.folder, place.url, place.received, daemons=1, workers=2) as running:
        running.wait_for_messages(100)
        still = running.asked(HOLDER)
        _stop_between_transactions(running, still)
        # So many that others have taken over what it held, and are at it.
        running.wait_for_messages(400)
        assert running.asked(HOLDER) != still
        os.kill(still, signal.SIGCONT)
        running.wait_for_messages(100)
        place.received.make_room(AMID)
        running.asked(CUT)
        running.wait_for_messages(100)
        place.received.make_room(AMID)
        with postgres.stopped(place.url):
            pass
        running.wait_for_end()
        assert running.stop() == [0, 0, 0]
    account = place.account()
    assert len(account.ledger.sent) + len(account.ledger.unknown) == READERS
    assert account.missing == set()
    assert account.repeated == 0


def _stop_between_transactions(running: Fleet, process: int) -> None:
    """What stands still within a transaction keeps its lease's row, and nobody can take that."""
    locked = LOCKED.format(process)
    os.kill(process, signal.SIGSTOP)
    while running.asked(locked):
        os.kill(process, signal.SIGCONT)
        running.wait_until(lambda: not running.asked(locked))
        os.kill(process, signal.SIGSTOP)


@pytest.mark.slow
def test_an_engine_without_its_tables_is_told_how_to_get_them(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    store = f'[store]\nurl = "{database_url("postgresql", request)}"\n'
    (tmp_path / "config.toml").write_text(store)
    ran(tmp_path, "init")
    (tmp_path / "config.toml").write_text(f'{store}[queue]\nengine = "procrastinate"\n')
    _, said = ended(tmp_path, "publish")
    assert "has no tables of the queue's engine. Run `digest store migrate`." in said
    ran(tmp_path, "store", "migrate")
    ran(tmp_path, "publish")
