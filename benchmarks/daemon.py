"""What `digest run` takes with 100,000 subscribers and 10,000 papers on SQLite: to start, to idle, to tick, to stop.

    ./run bench daemon [--subscribers N] [--papers N] [--days N] [--seconds N] [--edition N]

The store is the one of `./run bench web`. The daemon is the process that an operator starts, with its defaults, but for
its sources: none is read, so nothing but its own work is measured. It idles for `--seconds` twice: after its start, and
after an edition for `--edition` readers has been published and delivered into the outbox. Then everybody is due, and it
is told to stop while it publishes and while it delivers. Prints a table; exits 1 where a limit is missed.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from urllib.error import URLError

from evidence import json_lines
from running import NOW, fill
from selection import pieces_of
from sqlalchemy import func, select, update
from web import TOPICS, Table, busy, free_port, memory

from digest.app import App
from digest.config import load_config
from digest.installation import set_up
from digest.model import DeliveryState
from digest.scheduler import Ticker
from digest.store.tables import deliveries, subscriptions

START_MS = 2_000.0
IDLE_MB = 150.0
IDLE_PERCENT = 1.0
TICK_MS = 20.0
STOP_MS = 10_000.0
STARTS = 5
PATIENCE = 600
TICKS = 21
WRITES = 10
PREPARING = 3
"""Seconds after which a process that publishes is in the middle of preparing 10,000 papers."""

CONFIG = """
[web]
listen = "127.0.0.1:{port}"
[sources.huggingface]
enabled = false
[mail]
canary_from = 0
[schedule]
publish_seconds = {publish}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=100_000)
    parser.add_argument("--papers", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--edition", type=int, default=10_000)
    wanted = parser.parse_args()
    rows = [row for row, _ in zip(json_lines("ranking/papers.jsonl.gz"), range(wanted.papers), strict=False)]
    topics = random.Random(1).sample(sorted({piece for row in rows for piece in pieces_of(row["title"])}), TOPICS)
    with tempfile.TemporaryDirectory() as name:
        app = installed(Path(name))
        started = time.perf_counter()
        fill(app, rows, topics, subscribers=wanted.subscribers, days=wanted.days)
        settle(app)
        took = time.perf_counter() - started
        print(f"{wanted.subscribers:,} subscribers, {len(rows):,} papers of {wanted.days} days: made in {took:.0f} s")
        missed = measure(app, seconds=wanted.seconds, edition=wanted.edition)
    sys.exit(1 if missed else 0)


def installed(folder: Path) -> App:
    (folder / "config.toml").write_text(CONFIG.format(port=free_port(), publish=5))
    app, _, _ = set_up(load_config(folder / "config.toml", environment={}))
    return app


def settle(app: App) -> None:
    """Nothing is left to be sent, nobody is due, and today's date is free of editions."""
    with app.store.writing() as connection:
        connection.execute(update(deliveries).values(state=DeliveryState.SENT))
        connection.exec_driver_sql("UPDATE deliveries SET due_on = date(due_on, '-7 days')")
        connection.execute(update(subscriptions).values(next_due_at=NOW + timedelta(days=7)))


def measure(app: App, *, seconds: int, edition: int) -> int:
    table = Table()
    ticks(table, app)
    starts = []
    with running(app):
        pass
    for _ in range(STARTS):
        with running(app) as daemon:
            starts.append(daemon.started_ms)
    worst = f"worst of {STARTS} {max(starts):.0f}; processor {daemon.processor_at_start_ms:.0f}"
    table.line("from the start to the first answer", median(starts), "ms", limit=START_MS, more=worst)
    with running(app) as daemon:
        idle(table, daemon, "idle, after the start", seconds=seconds)
        took = sent(app, edition)
        table.line(f"an edition of {edition:,} readers", took, "s")
        idle(table, daemon, "idle, after the edition", seconds=seconds)
    with running(app) as daemon:
        until(lambda: not daemon.processes)
        due(app, None)
        until(lambda: bool(daemon.processes))
        time.sleep(PREPARING)
        table.line("to stop while it prepares papers", daemon.stopped_ms(), "ms", limit=STOP_MS)
    with running(app) as daemon:
        until(lambda: count(app, DeliveryState.QUEUED) > 0)
        waits = [waited(app) for _ in range(WRITES)]
        worst = f"worst of {WRITES} {max(waits):.0f}"
        table.line("to write to the store while it publishes", median(waits), "ms", more=worst)
        table.line("to stop while it publishes", daemon.stopped_ms(), "ms", limit=STOP_MS)
    with running(app) as daemon:
        before = count(app, DeliveryState.SENT)
        until(lambda: count(app, DeliveryState.SENT) > before)
        table.line("to stop while it publishes and delivers", daemon.stopped_ms(), "ms", limit=STOP_MS)
    return table.missed


class Daemon:
    """`digest run` as a process of its own."""

    def __init__(self, app: App) -> None:
        begun = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "digest", "run"],
            cwd=app.config.folder,
            stdout=subprocess.DEVNULL,
        )
        self.pid = self._process.pid
        until(lambda: answers(app.config.web.listen))
        self.started_ms = 1000 * (time.perf_counter() - begun)
        self.processor_at_start_ms = self.processor_ms

    @property
    def processor_ms(self) -> float:
        """With that of the processes that it started, and that have ended."""
        return 1000 * busy(self.pid)

    @property
    def processes(self) -> list[str]:
        """What it has started and not ended."""
        threads = Path(f"/proc/{self.pid}/task").iterdir()
        return [number for thread in threads for number in (thread / "children").read_text().split()]

    def stopped_ms(self) -> float:
        """Tell it to stop: how long it takes."""
        begun = time.perf_counter()
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout=120)
        if code:
            raise SystemExit(f"The daemon ended with {code}.")
        return 1000 * (time.perf_counter() - begun)

    def end(self) -> None:
        if self._process.poll() is None:
            self.stopped_ms()


@contextmanager
def running(app: App) -> Iterator[Daemon]:
    daemon = Daemon(app)
    try:
        yield daemon
    finally:
        daemon.end()


def answers(listen: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{listen}/healthz", timeout=10) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def until(is_so: Callable[[], bool]) -> None:
    begun = time.perf_counter()
    while not is_so():
        if time.perf_counter() - begun > PATIENCE:
            raise SystemExit(f"What was waited for did not come within {PATIENCE} s.")
        time.sleep(0.01)


def ticks(table: Table, app: App) -> None:
    """Ticks with nothing due, in this process."""
    ticker = Ticker(app, clock=lambda: datetime.now(UTC))
    ticker.collect()
    for job in (ticker.publish, ticker.deliver, ticker.tidy):
        ticker.tick(job)
        took = []
        for _ in range(TICKS):
            begun = time.perf_counter()
            ticker.tick(job)
            took.append(1000 * (time.perf_counter() - begun))
        worst = f"worst of {TICKS} {max(took):.1f}"
        table.line(f"a tick with nothing due: {job.__name__}", median(took), "ms", limit=TICK_MS, more=worst)


def idle(table: Table, daemon: Daemon, when: str, *, seconds: int) -> None:
    # What is done once, at the start or behind an edition, is over by then.
    time.sleep(5)
    until(lambda: not daemon.processes)
    before = daemon.processor_ms
    time.sleep(seconds)
    percent = (daemon.processor_ms - before) / seconds / 10
    table.line(f"{when}: memory", memory(daemon.pid), "MB", limit=IDLE_MB)
    table.line(f"{when}: processor", percent, "%", limit=IDLE_PERCENT)


def due(app: App, readers: int | None) -> None:
    """The hour of so many readers has come, or of all."""
    some = select(subscriptions.c.id).order_by(subscriptions.c.id.desc()).limit(readers)
    now = datetime.now(UTC)
    with app.store.writing() as connection:
        told = update(subscriptions).where(subscriptions.c.id.in_(some)).values(next_due_at=now)
        connection.execute(told)


def sent(app: App, readers: int) -> float:
    """Let an edition be published and delivered: how long it takes, in seconds."""
    begun = time.perf_counter()
    due(app, readers)
    until(lambda: is_quiet(app))
    return time.perf_counter() - begun


def waited(app: App) -> float:
    """How long somebody who writes waits for their turn, in milliseconds; they come at any moment."""
    time.sleep(random.random())
    begun = time.perf_counter()
    with app.store.writing():
        return 1000 * (time.perf_counter() - begun)


def is_quiet(app: App) -> bool:
    """Nobody is due, and nothing waits."""
    time.sleep(0.2)
    late = select(func.count()).select_from(subscriptions).where(subscriptions.c.next_due_at <= datetime.now(UTC))
    with app.store.reading() as connection:
        is_due = connection.execute(late).scalar_one() > 0
    return not is_due and count(app, DeliveryState.QUEUED) + count(app, DeliveryState.LEASED) == 0


def count(app: App, state: DeliveryState) -> int:
    query = select(func.count()).select_from(deliveries).where(deliveries.c.state == state)
    with app.store.reading() as connection:
        return int(connection.execute(query).scalar_one())


if __name__ == "__main__":
    main()
