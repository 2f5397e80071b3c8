"""Daemons and workers on one PostgreSQL, who are killed, stopped and cut off, and an SMTP server that sees it all."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import psycopg
from accounting import CONFIG, Account, Received, check, read_ledger
from forked import forked, ran
from personas import PAPERS, papers_come_in
from sites import free_address
from sqlalchemy import Table

from digest.config import load_config
from digest.installation import open_app
from digest.model import Cadence, SubscriptionState
from digest.store.tables import interests, subscribers, subscriptions

PATIENCE = 240.0
"""Seconds until what goes on by itself has gone on, on a machine with much else to do."""

AMID = 20
"""Messages that may arrive while somebody is killed, cut off or stopped."""

CLUSTER = """
[queue]
engine = "procrastinate"
[schedule]
publish_seconds = 1
deliver_seconds = 1
[sources.huggingface]
enabled = false
"""


def settle(folder: Path, config: str, *, readers: int) -> None:
    """An installation whose readers' hour has come."""
    (folder / "config.toml").write_text(config + CLUSTER)
    ran(folder, "init")
    app, now = open_app(load_config(folder / "config.toml", environment={})), datetime.now(UTC)
    papers_come_in(app.store, [replace(paper, listed_on=now.date()) for paper in PAPERS], now=now)
    with app.store.writing() as connection:
        for table, rows in due_readers(range(1, readers + 1), now=now).items():
            connection.execute(table.insert(), rows)
    app.store.close()


def due_readers(numbers: range, *, now: datetime) -> dict[Table, list[dict[str, Any]]]:
    """The rows of readers who are due now, and daily at this hour."""
    address = "reader{}@example.org".format
    plain = {
        "newsletter": "papers",
        "state": SubscriptionState.ACTIVE,
        "cadence": Cadence.DAILY,
        "hour": now.hour,
        "timezone": "UTC",
        "max_papers": 10,
        "next_due_at": now,
        "confirmed_at": now,
    }
    people = [{"id": n, "address": address(n), "address_key": address(n), "created_at": now} for n in numbers]
    return {
        subscribers: people,
        subscriptions: [{"id": n, "subscriber_id": n, **plain} for n in numbers],
        interests: [{"subscription_id": n, "kind": "topic", "value": "diffusion models"} for n in numbers],
    }


@dataclass
class Fleet:
    """The processes of one installation."""

    folder: Path
    url: str
    received: Received
    running: list[ForkServerProcess] = field(default_factory=list)
    killed_at: dict[int, float] = field(default_factory=dict)

    def start(self, command: str) -> None:
        """A daemon (`run`) or a worker."""
        log, listening = f"{command}.log", {"DIGEST_WEB__LISTEN": free_address()}
        process = forked(self.folder, command, output=log, errors=log, environment=listening)
        process.name = command
        self.running.append(process)

    def kill(self, process: ForkServerProcess) -> None:
        """End a process at once, and those that it has started."""
        self.running.remove(process)
        tasks = Path(f"/proc/{process.pid}/task").glob("*/children")
        started = [int(number) for task in tasks for number in task.read_text().split()]
        process.kill()
        for number in started:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        process.join()
        self.killed_at |= dict.fromkeys([process.pid or 0, *started], time.monotonic())

    def wait_until(self, is_so: Callable[[], bool]) -> float:
        """Wait for something, and say for how many seconds that was."""
        begun = time.monotonic()
        while not is_so():
            assert time.monotonic() - begun < PATIENCE, read_states(self.url)
            assert all(process.is_alive() for process in self.running), [one.exitcode for one in self.running]
            time.sleep(0.1)
        return time.monotonic() - begun

    def wait_for_messages(self, count: int) -> None:
        """Let so many messages arrive; then everybody waits for the server until there is room for more."""
        self.received.make_room(count)
        self.wait_until(lambda: not self.received.room)

    def wait_for_end(self) -> None:
        """Let all the rest arrive."""
        self.received.make_room()
        self.wait_until(self.is_done)

    def is_done(self) -> bool:
        """Nobody is due, and nothing waits."""
        return not self.asked(
            "SELECT EXISTS (SELECT FROM subscriptions WHERE next_due_at <= now())"
            " OR EXISTS (SELECT FROM deliveries WHERE state IN ('queued', 'leased'))"
        )

    def asked(self, query: str) -> Any:
        """What the database answers."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]

    def account(self, *, kills: int = 0) -> Account:
        """What became of all messages."""
        ledger = read_ledger(self.url)
        check(ledger, self.received, resends=False)
        return Account(kills=kills, ledger=ledger, received=self.received.messages)

    def stop(self) -> list[int | None]:
        """Tell everybody to stop; with which codes they ended."""
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.join(timeout=60)
        codes = [process.exitcode for process in self.running]
        self.running.clear()
        return codes


def read_states(url: str) -> dict[str, int]:
    """How many deliveries are in each state."""
    return {state: len(addresses) for state, addresses in read_ledger(url).states.items()}


@contextmanager
def fleet(folder: Path, url: str, received: Received, *, daemons: int, workers: int) -> Iterator[Fleet]:
    """So many daemons and workers, who are gone in the end."""
    found = Fleet(folder=folder, url=url, received=received)
    try:
        for command in ["run"] * daemons + ["worker"] * workers:
            found.start(command)
        yield found
    finally:
        received.make_room()
        for process in [*found.running]:
            found.kill(process)


def killed_often(found: Fleet, *, kills: int, apart: int, seed: int) -> None:
    """Kill one at random whenever about so many messages more have arrived, and start another of its kind."""
    chance = random.Random(seed)
    for _ in range(kills):
        found.wait_for_messages(chance.randint(1, 2 * apart))
        found.received.make_room(AMID)
        victim = chance.choice(found.running)
        found.kill(victim)
        check(read_ledger(found.url), found.received, resends=False)
        found.start(victim.name)


def config_of(url: str, *, host: str, port: int, window: int) -> str:
    """The configuration of an installation that sends to that server."""
    return CONFIG.format(url=url, window=window, after_unknown="drop", host=host, port=port)
