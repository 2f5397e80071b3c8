"""How many messages a second leave over SMTP, beside Postfix's own load generator and others. Prints tables.

    ./run bench sending [--part client|pipeline|ledger|two] [--messages N] [--rounds N]

client: ready messages of 40 kB go into one smtp-sink on loopback (with --faster into a sink that is faster than any
client, with --latency MS into one that is so far away). The aim: at least 1.0 of smtp-source, 2.5 of smtplib on one
connection, 4 of aiosmtplib.
pipeline: from the start of a process to the last message, so many readers (--readers N...) with three topics each out
of 20,000 x 500 papers; beside it what only makes and sends, or only sends. The aim: 0.85 of smtp-source, 10 of Django,
7 of node, 130 us of processor time a message.
ledger: the store's part alone, on both databases. The aim: 50,000 rows a second on SQLite, 25,000 on PostgreSQL with
fsync.
two: two processes that deliver from one store at once, beside one. The aim: 0.75 of its rate on two cores.

All take their turn in every round; of the rounds the medians count. Needs Postfix's smtp-sink and smtp-source (Debian:
postfix); Django and node take part where a package index is reached, the faster sink where there is a C compiler.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from contest import Command, contest, print_ratio, print_table, run
from rivals.installed import BENCH, has_node_packages
from sinks import MISSING, SINK, sink
from swallowing import COMPILER, NO_COMPILER, swallowing

CONNECTIONS, OCTETS = 16, 40_000
SOURCE = "smtp-source"
OURS, ASYNCIO = "Offprint, 16 connections, uvloop", "Offprint, 16 connections, asyncio"
SMTPLIB, AIOSMTPLIB = "smtplib, one connection", "aiosmtplib, 16 connections"
NODEMAILER = "nodemailer, pool of 16"
ASKED = {SOURCE: 1.0, SMTPLIB: 2.5, AIOSMTPLIB: 4.0}
RIVALS = Path(__file__).parent / "rivals"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=["client", "pipeline", "ledger", "two"], default="client")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--latency", type=float, default=0, metavar="MS")
    parser.add_argument("--faster", action="store_true")
    parser.add_argument("--readers", type=int, nargs="+", default=[20_000])
    wanted = parser.parse_args()
    if wanted.part == "ledger":
        from ledgers import ledger

        ledger(wanted.messages, rounds=wanted.rounds)
        return
    if SINK is None:
        sys.exit(MISSING)
    if wanted.part == "client":
        client(wanted.messages, rounds=wanted.rounds, latency=wanted.latency, is_faster=wanted.faster)
    elif wanted.part == "two":
        from pairs import two

        two(wanted.readers[0], rounds=wanted.rounds)
    else:
        from pipelines import pipeline

        pipeline(wanted.readers, rounds=wanted.rounds)


def client(messages: int, *, rounds: int, latency: float, is_faster: bool) -> None:
    """Print how many ready messages a second each client sends."""
    with server(latency=latency, is_faster=is_faster) as port:
        commands = candidates(port, messages, is_far=latency > 0)
        runs = contest({name: partial(run, command) for name, command in commands.items()}, rounds=rounds)
    where = f"a server {latency:g} ms away" if latency else "the faster sink" if is_faster else "smtp-sink"
    print(f"{messages:,} messages of {OCTETS:,} octets into {where}, medians of {rounds}")
    print_table(runs, beside=SOURCE)
    for name, asked in ASKED.items():
        print_ratio(runs, OURS, name, asked=asked)


@contextmanager
def server(*, latency: float, is_faster: bool) -> Iterator[int]:
    """The port of the server that is wanted."""
    if not latency and not is_faster:
        with sink() as port:
            yield port
        return
    if COMPILER is None:
        sys.exit(NO_COMPILER)
    with tempfile.TemporaryDirectory() as folder, swallowing(Path(folder), milliseconds=latency) as taken:
        yield taken.port


def candidates(port: int, count: int, *, is_far: bool) -> dict[str, Command]:
    """Who sends, by name; where the server is far away, one connection sends less."""
    assert SINK is not None
    source = [SINK.replace("sink", "source"), "-d", "-s", str(CONNECTIONS), "-m", str(count), "-l", str(OCTETS)]
    found = {
        OURS: ready("offprint", port, count),
        ASYNCIO: ready("offprint-asyncio", port, count),
        SOURCE: Command(arguments=[*source, f"127.0.0.1:{port}"], count=count),
        SMTPLIB: ready("smtplib", port, max(count // CONNECTIONS, 1) if is_far else count),
        AIOSMTPLIB: ready("aiosmtplib", port, count),
    }
    if has_node_packages():
        script = [str(RIVALS / "ready.js"), str(port), str(count), str(OCTETS), str(CONNECTIONS)]
        found[NODEMAILER] = Command(arguments=["node", *script], count=count, folder=BENCH)
    return found


def ready(way: str, port: int, count: int) -> Command:
    numbers = [str(number) for number in (port, count, OCTETS, CONNECTIONS)]
    return Command(arguments=[sys.executable, str(RIVALS / "ready.py"), way, *numbers], count=count)


if __name__ == "__main__":
    main()
