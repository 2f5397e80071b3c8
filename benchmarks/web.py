"""How long the website takes over 100,000 subscribers and 10,000 papers on SQLite. Prints a table.

    ./run bench web [--subscribers N] [--papers N] [--days N]

Papers are those of the real data, as if they had come in over the last `--days` days, each with the upvotes
that it had on its own day and one, two and four days later; topics are pieces of their titles. Readers, each
with three topics and one edition that was sent, are inserted as rows, but for a few that really get their
editions. The server is the process that `digest serve` starts; a page's time is what one client waits for it on
loopback. The first look back after papers came in prepares them, and stands by itself. Then 50 clients ask at
once, and in the end one asks while 300 connections drip a byte of their headers a second, and 300 a byte of a
form. Exits 1 where a limit is missed, or an answer is not what it should be.
"""

import argparse
import http.client
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from dripping import DRIPPED, dripping
from evidence import json_lines
from running import NOW, REALLY_SENT, fill
from selection import pieces_of
from sqlalchemy import func, select

from digest.app import App
from digest.config import load_config
from digest.installation import set_up
from digest.model import Cadence
from digest.store.tables import deliveries, papers
from digest.tokens import Purpose

REPEATED = 21
CLIENTS = 50
REQUESTS = 20
"""Of each client for each page."""

PAGE_MS = 30.0
LOOK_BACK_MS = 300.0
IDLE_MB = 150.0
TOPICS = 2_000
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of the server, and the status that it answers."""

    path: str
    fields: Mapping[str, object] = field(default_factory=dict)
    status: int = 200
    network: int = 0


@dataclass(slots=True)
class Table:
    """Prints lines of what was measured beside what was asked for, and counts those that miss it."""

    missed: int = 0

    def line(self, what: str, value: float, unit: str, *, limit: float | None = None, more: str = "") -> None:
        is_missed = limit is not None and value > limit
        self.missed += is_missed
        asked = f"at most {limit:.0f}" if limit is not None else ""
        print(f"{what:<44} {value:8.1f} {unit:<4} {asked:<12} {'MISSED ' if is_missed else ''}{more}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=100_000)
    parser.add_argument("--papers", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=14)
    wanted = parser.parse_args()
    rows = [row for row, _ in zip(json_lines("ranking/papers.jsonl.gz"), range(wanted.papers), strict=False)]
    topics = random.Random(1).sample(sorted({piece for row in rows for piece in pieces_of(row["title"])}), TOPICS)
    table = Table()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config.toml").write_text(f'[web]\nlisten = "127.0.0.1:{free_port()}"\n')
        app, _, _ = set_up(load_config(folder / "config.toml", environment={}))
        started = time.perf_counter()
        fill(app, rows, topics, subscribers=wanted.subscribers, days=wanted.days)
        took = time.perf_counter() - started
        print(f"{wanted.subscribers:,} subscribers, {len(rows):,} papers of {wanted.days} days: made in {took:.0f} s")
        with served(folder, app.config.web.listen) as pid:
            measure(table, Site(app, topics=topics, subscribers=wanted.subscribers), pid)
        app.store.close()
    sys.exit(1 if table.missed else 0)


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


@contextmanager
def served(folder: Path, listen: str) -> Iterator[int]:
    """The website of an installation, in the process that serves it; its number."""
    process = subprocess.Popen([sys.executable, "-m", "digest", "serve"], cwd=folder, stdout=subprocess.DEVNULL)
    try:
        while True:
            with suppress(ConnectionRefusedError), closing(http.client.HTTPConnection(listen)) as connection:
                connection.connect()
                break
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


class Site:
    """Asks the server for pages, as readers of the store whose turn has not come."""

    def __init__(self, app: App, *, topics: Sequence[str], subscribers: int) -> None:
        self._app, self._topics, self._subscribers = app, topics, subscribers
        self._chance, self._readers, self._networks = random.Random(1), count(REALLY_SENT + 1), count()
        self._listen = app.config.web.listen
        host, _, port = self._listen.rpartition(":")
        self.address = host, int(port)
        with app.store.reading() as connection:
            self.papers: list[int] = list(connection.execute(select(papers.c.id)).scalars())
            self.edition = connection.execute(select(func.max(deliveries.c.due_on))).scalar_one()

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._listen, timeout=120)

    def token(self, purpose: Purpose) -> str:
        """A link of a reader's who has not been asked for yet, or of a message's: there are as many of them."""
        return self._app.keys.sign(purpose, 1 + next(self._readers) % self._subscribers)

    def words(self) -> str:
        return self._chance.choice(self._topics)

    def paper(self) -> int:
        return self._chance.choice(self.papers)

    def look(self, cadence: Cadence) -> Request:
        fields = {"do": "look", "cadence": cadence, "hour": NOW.hour, "more": ", ".join(self.words() for _ in range(3))}
        return Request(path="/", fields=fields, network=next(self._networks))


def ask(connection: http.client.HTTPConnection, request: Request) -> float:
    """Milliseconds until the whole answer is there. Stops the program where it is another than it should be."""
    headers = {"X-Forwarded-For": f"10.{request.network // 250}.{request.network % 250}.1"}
    started = time.perf_counter()
    if request.fields:
        connection.request("POST", request.path, urlencode(request.fields), headers | FORM)
    else:
        connection.request("GET", request.path, headers=headers)
    answer = connection.getresponse()
    content = answer.read()
    took = 1000 * (time.perf_counter() - started)
    if answer.status != request.status:
        raise WrongAnswerError(f"{request.path.split('-')[0]}: {answer.status} {content[:200]!r}")
    return took


def measure(table: Table, site: Site, pid: int) -> None:
    table.line("memory, nothing asked for yet", memory(pid), "MB", limit=IDLE_MB)
    pages = pages_of(site)
    with closing(site.connect()) as connection:
        for name, request in pages.items():
            repeated(table, connection, pid, name, request, limit=PAGE_MS)
        table.line("memory, before anybody looked back", memory(pid), "MB")
        for cadence in Cadence:
            look = partial(site.look, cadence)
            repeated(table, connection, pid, f"looking back, {cadence}", look, limit=LOOK_BACK_MS)
        table.line("memory, after looking back", memory(pid), "MB")
    for name in AT_ONCE:
        crowd(table, site, name, pages[name])
    for part, begun in DRIPPED.items():
        with dripping(site.address, begun) as held, closing(site.connect()) as connection:
            # After as long as a request may take, the first of them have been ended, and have come again.
            took = [ask(connection, pages["trending, the day"]()) for _ in every_second(2 * DRIPS)]
            table.line(f"trending, while {len(held)} drip their {part}", median(took), "ms", limit=PAGE_MS)
    table.line("memory in the end", memory(pid), "MB")


def repeated(
    table: Table,
    connection: http.client.HTTPConnection,
    pid: int,
    name: str,
    request: Callable[[], Request],
    *,
    limit: float,
) -> None:
    """One client asks again and again; what the server's processor was busy besides, as other work may be going on."""
    first, before = ask(connection, request()), busy(pid)
    took = [ask(connection, request()) for _ in range(REPEATED)]
    each = 1000 * (busy(pid) - before) / REPEATED
    more = f"first {first:.0f}, worst of {REPEATED} {max(took):.0f}; processor {each:.0f}"
    table.line(name, median(took), "ms", limit=limit, more=more)


def pages_of(site: Site) -> dict[str, Callable[[], Request]]:
    """What is asked for, by what it is called in the table."""

    def liking() -> Request:
        return Request(path=f"/feedback/{site.token(Purpose.FEEDBACK)}?paper=1&want=more")

    def leaving() -> Request:
        return Request(path=f"/unsubscribe/{site.token(Purpose.UNSUBSCRIBE)}")

    return {
        "subscribe form": lambda: Request(path="/"),
        "trending, the day": lambda: Request(path="/trending"),
        "trending, the week": lambda: Request(path="/trending?window=week"),
        "trending, the month": lambda: Request(path="/trending?window=month"),
        "trending, searched": lambda: Request(path=f"/trending?{urlencode({'window': 'month', 'q': site.words()})}"),
        "search": lambda: Request(path=f"/search?{urlencode({'q': site.words()})}"),
        "paper": lambda: Request(path=f"/paper/{site.paper()}"),
        "archive": lambda: Request(path="/archive/"),
        "edition of the archive": lambda: Request(path=f"/archive/papers/{site.edition}"),
        "feed": lambda: Request(path="/feed/papers.atom"),
        "preferences": lambda: Request(path=f"/preferences/{site.token(Purpose.PREFERENCES)}"),
        "feedback": liking,
        "feedback, said": lambda: replace(liking(), fields={"do": "yes"}),
        "unsubscribe": leaving,
        "unsubscribe, in one click": lambda: replace(leaving(), fields={"List-Unsubscribe": "One-Click"}),
    }


AT_ONCE = ("trending, the day", "preferences", "unsubscribe", "unsubscribe, in one click")


def crowd(table: Table, site: Site, name: str, request: Callable[[], Request]) -> None:
    """CLIENTS at once, each with a connection of its own and REQUESTS to make."""
    asked = [[request() for _ in range(REQUESTS)] for _ in range(CLIENTS)]
    errors: list[str] = []

    def client(requests: Sequence[Request]) -> list[float]:
        took = []
        with closing(site.connect()) as connection:
            for one in requests:
                try:
                    took.append(ask(connection, one))
                except (OSError, http.client.HTTPException, WrongAnswerError) as error:
                    errors.append(repr(error))
                    connection.close()
        return took

    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        took = sorted(one for some in pool.map(client, asked) for one in some)
    rate = len(took) / (time.perf_counter() - started)
    times = f"{rate:.0f} /s, median {median(took):.0f} ms, 99th percentile {took[len(took) * 99 // 100]:.0f} ms"
    table.line(f"{CLIENTS} at once: {name}", len(errors), "err", limit=0, more=times)
    for error in errors[:3]:
        print(f"    {error}")


DRIPS = 15


def every_second(times: int) -> Iterator[int]:
    for turn in range(times):
        time.sleep(1)
        yield turn


class WrongAnswerError(Exception):
    """An answer is not what it should be."""


def busy(pid: int) -> float:
    """Seconds that processors have worked for the process, and for those that it started and that have ended."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, told[11:15])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> float:
    """What the process holds, in MB."""
    pages: int = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
