"""How publishing and delivering grow with workers: so many readers due at once, on PostgreSQL and on SQLite.

    ./run bench scale [--readers N] [--papers N] [--workers 1 2 4] [--delays 50 0] [--connections N] [--no-sqlite]

Every reader follows three topics. Workers (`digest worker`) are started first; then they are called, and timed until
nobody is due (sending is paused meanwhile), and again until everything is sent. The sink answers each message after
`--delays` milliseconds, so 50 measures how workers wait beside one another, and 0 how they share the processor. SQLite
has one process, `digest publish` and `digest deliver`, its start included. Prints a table and the tables' sizes.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from evidence import json_lines
from running import NOW, Dated, add_readers
from selection import pieces_of
from sqlalchemy import func, select, text, update

sys.path.append(str(Path(__file__).parents[1] / "tests"))
import postgres

from digest.app import App
from digest.collect import collect
from digest.config import load_config
from digest.installation import open_app, set_up
from digest.model import DeliveryState
from digest.refit import refit_background
from digest.store.jobs import Work, announce
from digest.store.pauses import EVERYTHING, pause_sending, resume_sending
from digest.store.tables import deliveries, subscriptions

TOPICS, DAYS = 400, 7
HERE = Path(__file__).parent
CONFIG = """
[store]
url = "{url}"
[queue]
engine = "{engine}"
[sources.huggingface]
enabled = false
[mail]
provider = "smtp"
canary_from = 0
[mail.smtp]
host = "127.0.0.1"
port = {port}
tls = "none"
connections = {connections}
"""
SIZES = (
    "SELECT relname, pg_size_pretty(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r'"
    " AND relnamespace = 'public'::regnamespace ORDER BY pg_total_relation_size(oid) DESC LIMIT 8"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run took: seconds until all was queued, and sent; the processes' seconds of processor, and their peaks."""

    publish: float
    deliver: float
    processor: float
    peaks: Sequence[float]

    def line(self, name: str, *, readers: int, delay: int) -> str:
        peak = max(self.peaks)
        rates = f"{readers / self.publish:9,.0f} {readers / self.deliver:9,.0f}"
        cost = 1e6 * self.processor / readers
        return f"{name:<24} {delay:6} {self.publish:9.1f} {self.deliver:9.1f} {rates} {cost:11,.0f} {peak:10.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=100_000)
    parser.add_argument("--papers", type=int, default=3000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--delays", type=int, nargs="+", default=[50, 0])
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--no-sqlite", action="store_true")
    wanted = parser.parse_args()
    if postgres.programs() is None:
        raise SystemExit(postgres.NO_POSTGRES)
    print(f"{wanted.readers:,} readers, {wanted.papers:,} papers, {wanted.connections} connections a worker")
    print(f"{'':<24} {'delay':>6} {'publish':>9} {'deliver':>9} {'':>9} {'':>9} {'processor':>11} {'peak of a':>10}")
    print(f"{'':<24} {'ms':>6} {'s':>9} {'s':>9} {'/s':>9} {'/s':>9} {'us/message':>11} {'process MB':>10}")
    with tempfile.TemporaryDirectory() as name, postgres.running(vacuums=True) as server:
        for delay in wanted.delays:
            for workers in wanted.workers:
                run = on_postgresql(Path(name) / f"{delay}-{workers}", server, wanted, delay=delay, workers=workers)
                print(run.line(f"PostgreSQL, {workers} workers", readers=wanted.readers, delay=delay), flush=True)
            if not wanted.no_sqlite:
                run = on_sqlite(Path(name) / f"{delay}-sqlite", wanted, delay=delay)
                print(run.line("SQLite, one process", readers=wanted.readers, delay=delay), flush=True)
        with psycopg.connect(server.format(name=database(wanted.delays[-1], wanted.workers[-1]))) as connection:
            for table, size in connection.execute(SIZES):
                print(f"{table:<24} {size}")


def database(delay: int, workers: int) -> str:
    return f"run_{delay}_{workers}"


def filled(folder: Path, config: str, *, readers: int, papers: int) -> App:
    """An installation whose readers are all due."""
    folder.mkdir()
    (folder / "config.toml").write_text(config)
    app, _, _ = set_up(load_config(folder / "config.toml", environment={}))
    rows = [row for row, _ in zip(json_lines("ranking/papers.jsonl.gz"), range(papers), strict=False)]
    topics = random.Random(1).sample(sorted({piece for row in rows for piece in pieces_of(row["title"])}), TOPICS)
    for day in range(DAYS - 1, -1, -1):
        collect(app.store, [Dated(rows, days=DAYS)], now=NOW - timedelta(days=day))
    refit_background(app.store, now=NOW)
    for first in range(1, readers + 1, 10_000):
        add_readers(app, range(first, min(first + 10_000, readers + 1)), topics)
    with app.store.writing() as connection:
        connection.execute(update(subscriptions).values(next_due_at=NOW))
        connection.execute(text("ANALYZE"))
    return app


def on_postgresql(folder: Path, server: str, wanted: argparse.Namespace, *, delay: int, workers: int) -> Run:
    with psycopg.connect(server.format(name="postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {database(delay, workers)}".encode())
    url = server.format(name=database(delay, workers))
    with sink(delay) as port:
        config = CONFIG.format(url=url, engine="procrastinate", port=port, connections=wanted.connections)
        app = filled(folder, config, readers=wanted.readers, papers=wanted.papers)
        with working(folder, workers) as processes:
            with app.store.writing() as connection:
                pause_sending(connection, EVERYTHING, why="to time publishing", now=datetime.now(UTC))
                announce(connection, Work.PUBLISH)
            peaks = dict[int, float]()
            publish = until(lambda: count_due(app) == 0, look=lambda: look_at(processes, peaks))
            with app.store.writing() as connection:
                resume_sending(connection, EVERYTHING)
                announce(connection, Work.DELIVER)
            deliver = until(lambda: count_waiting(app) == 0, look=lambda: look_at(processes, peaks))
            processor = sum(busy(one.pid) for one in processes)
        app.store.close()
    return Run(publish=publish, deliver=deliver, processor=processor, peaks=[*peaks.values()])


def on_sqlite(folder: Path, wanted: argparse.Namespace, *, delay: int) -> Run:
    with sink(delay) as port:
        url = f"sqlite:///{folder}/store.db"
        config = CONFIG.format(url=url, engine="local", port=port, connections=wanted.connections)
        filled(folder, config, readers=wanted.readers, papers=wanted.papers).store.close()
        runs = [ran(folder, command) for command in ("publish", "deliver")]
        app = open_app(load_config(folder / "config.toml", environment={}))
        if count_due(app) or count_waiting(app):
            raise SystemExit("The run on SQLite left something behind.")
        app.store.close()
    (publish, *_), (deliver, *_) = runs
    return Run(publish=publish, deliver=deliver, processor=sum(one[1] for one in runs), peaks=[one[2] for one in runs])


def ran(folder: Path, command: str) -> tuple[float, float, float]:
    """How long a command takes; its seconds of processor, and its peak of memory in MB."""
    begun = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "digest", command], cwd=folder, stdout=subprocess.DEVNULL)
    _, code, used = os.wait4(process.pid, 0)
    if code:
        raise SystemExit(f"digest {command} ended with {code}.")
    return time.monotonic() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1000


@contextmanager
def sink(delay: int) -> Iterator[int]:
    process = subprocess.Popen([sys.executable, HERE / "slow_sink.py", str(delay)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


@contextmanager
def working(folder: Path, workers: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many workers, who wait for work."""
    command = [sys.executable, "-u", "-m", "digest", "worker"]
    with (folder / "workers.log").open("wb") as log:
        processes = [subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) for _ in range(workers)]
    try:
        until(lambda: (folder / "workers.log").read_text().count("Waiting for work") == workers)
        yield processes
    finally:
        for one in processes:
            one.terminate()
        for one in processes:
            one.wait()


def until(is_so: Callable[[], bool], *, look: Callable[[], None] = lambda: None) -> float:
    """The seconds until it is so. To ask takes a hundredth of them at most: among a million it is work, too."""
    begun = time.monotonic()
    while True:
        asked = time.monotonic()
        if is_so():
            return asked - begun
        took = time.monotonic() - asked
        look()
        time.sleep(max(0.1, 100 * took))


def count_due(app: App) -> int:
    late = select(func.count()).select_from(subscriptions).where(subscriptions.c.next_due_at <= datetime.now(UTC))
    with app.store.reading() as connection:
        return int(connection.execute(late).scalar_one())


def count_waiting(app: App) -> int:
    waiting = deliveries.c.state.in_([DeliveryState.QUEUED, DeliveryState.LEASED])
    with app.store.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(deliveries).where(waiting)).scalar_one())


def busy(pid: int) -> float:
    """The seconds of processor that a process has had, with those of its own that have ended."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, told[11:15])) / os.sysconf("SC_CLK_TCK")


def look_at(processes: Sequence[subprocess.Popen[bytes]], peaks: dict[int, float]) -> None:
    """Note the most memory, in MB, that each of them held so far, and each process that publishes for one of them."""
    for pid in [one.pid for one in processes]:
        started = [file.read_text().split() for file in Path(f"/proc/{pid}/task").glob("*/children")]
        for number in (pid, *(int(child) for children in started for child in children)):
            with suppress(OSError, IndexError):
                told = Path(f"/proc/{number}/status").read_text().partition("VmHWM:")[2]
                peaks[number] = int(told.split()[0]) / 1000


if __name__ == "__main__":
    main()
