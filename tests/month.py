"""Days of the whole service, a day being one or several lives of the daemon, of which some are killed."""

import random
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import clocked
from forked import forked, ran
from personas import choices
from sites import free_address

from digest.address import parse_address
from digest.config import load_config
from digest.installation import open_app
from digest.model import Cadence
from digest.subscribe import subscribe

FIRST = datetime(2026, 6, 1, 12, tzinfo=UTC)
"""A Monday, and the first of a month: every cadence has an edition."""

DAY = timedelta(days=1)
PAPERS = 5
"""That come in on a day."""

PATIENCE = 120.0
CONFIG = """
[sources.huggingface]
enabled = false
[sources.feed.daily]
url = "{feed}"
[mail]
window = 4
lease_seconds = 1
[schedule]
publish_seconds = 1
deliver_seconds = 1
"""


class Feed(BaseHTTPRequestHandler):
    """Lists the papers of the day that it is, and of the six days before."""

    day = FIRST

    def do_GET(self) -> None:
        days = [self.day - n * DAY for n in range(7) if self.day - n * DAY >= FIRST]
        items = "".join(self._item(day, n) for day in days for n in range(PAPERS))
        body = f'<rss version="2.0"><channel><title>Daily</title>{items}</channel></rss>'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @staticmethod
    def _item(day: datetime, number: int) -> str:
        name = f"{day:%Y-%m-%d}-{number}"
        title = f"Diffusion models of {day:%A} {day.day} in part {number}"
        return (
            f"<item><title>{title}</title><link>https://papers.example.org/{name}</link><guid>{name}</guid>"
            "<description>What diffusion models do.</description>"
            f"<pubDate>{day:%a, %d %b %Y} 06:00:00 GMT</pubDate></item>"
        )

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def feed() -> Iterator[str]:
    """The feed on loopback; its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Feed) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/feed.xml"
        server.shutdown()
        thread.join()


def settled(folder: Path, url: str, *, readers: int) -> None:
    """Set up an installation with readers of every cadence, who are due before noon (UTC)."""
    folder.mkdir()
    (folder / "config.toml").write_text(CONFIG.format(feed=url))
    ran(folder, "init")
    app = open_app(load_config(folder / "config.toml", environment={}))
    cadences, zones = list(Cadence), ["UTC", "Asia/Tokyo", "America/New_York"]
    for number in range(readers):
        zone = zones[number % len(zones)]
        hour = (FIRST - timedelta(hours=number % 4)).astimezone(ZoneInfo(zone)).hour
        wanted = choices("diffusion models", cadence=cadences[number % len(cadences)], hour=hour, timezone=zone)
        address = parse_address(f"reader{number}@example.org")
        chosen = replace(wanted, max_papers=20)
        subscribe(app.store, address, newsletter="papers", choices=chosen, now=FIRST - DAY)
    app.store.close()


def lived(folder: Path, *, days: int, kills: int, seed: int = 0, daemons: int = 1) -> int:
    """Let the days pass; so many lives are killed on the way, and each day ends with `daemons` that stop when told.

    How many kills hit something under way.
    """
    chance, hits = random.Random(seed), 0
    seconds = 3.0
    for number in range(days):
        now = FIRST + number * DAY
        Feed.day = now
        for _ in range(kills * (number + 1) // days - kills * number // days):
            hits += _killed(folder, now, after=chance.uniform(0.3, 1.1) * seconds)
        seconds = _ended(folder, now, daemons=daemons)
    return hits


def _started(folder: Path, now: datetime) -> tuple[ForkServerProcess, Path]:
    """A daemon, and the log that it writes."""
    address = free_address()
    log = folder / f"{address}.log"
    said = {"output": str(log), "errors": str(log)}
    listening = {"DIGEST_WEB__LISTEN": address}
    return forked(folder, now.isoformat(), main=clocked.main, **said, environment=listening), log


def _killed(folder: Path, now: datetime, *, after: float) -> bool:
    """Kill a life after so many seconds; whether the day's work was not done by then."""
    daemon, log = _started(folder, now)
    daemon.join(timeout=after)
    daemon.kill()
    daemon.join()
    assert daemon.exitcode == -signal.SIGKILL, log.read_text()
    return not is_quiet(folder, now)


def _ended(folder: Path, now: datetime, *, daemons: int) -> float:
    """Let daemons do the day's work, and tell them to stop; after how many seconds they had done it."""
    begun = time.monotonic()
    running = [_started(folder, now) for _ in range(daemons)]
    try:
        # A daemon that says where the site is knows what to do when it is told to stop.
        while not (all(_serves(log) for _, log in running) and is_quiet(folder, now)):
            assert all(daemon.is_alive() for daemon, _ in running)
            assert time.monotonic() - begun < PATIENCE
            time.sleep(0.05)
        took = time.monotonic() - begun
    finally:
        for daemon, _ in running:
            daemon.terminate()
        for daemon, _ in running:
            daemon.join(timeout=60)
    assert [daemon.exitcode for daemon, _ in running] == [0] * daemons, [log.read_text() for _, log in running]
    return took


def _serves(log: Path) -> bool:
    return log.exists() and "The site is at" in log.read_text()


def is_quiet(folder: Path, now: datetime) -> bool:
    """The day's papers are there, nobody is due, and nothing waits."""
    questions: dict[str, dict[str, Any]] = {
        "SELECT count(*) >= :papers FROM papers": {"papers": PAPERS * ((now - FIRST).days + 1)},
        "SELECT count(*) = 0 FROM subscriptions WHERE next_due_at <= :now": {"now": f"{now:%Y-%m-%d %H:%M:%S.%f}"},
        "SELECT count(*) = 0 FROM deliveries WHERE state IN ('queued', 'leased')": {},
        "SELECT count(*) = 0 FROM leases": {},
    }
    with closing(sqlite3.connect(folder / "var/offprint.db")) as connection:
        return all(connection.execute(asked, values).fetchone()[0] for asked, values in questions.items())
