"""How many messages a second leave over SMTP, beside Postfix's own load generator and others. Prints a table.

    ./run bench sending [--part client] [--messages N] [--rounds N]

Ready messages of 40 kB go into one smtp-sink on loopback. All take their turn in every round; of the rounds the
medians count, and the ratios are those to `smtp-source -s 16`. Needs Postfix's smtp-sink and smtp-source (Debian:
postfix); nodemailer takes part where npm is. The aim: at least 1.0 of smtp-source, 2.5 of smtplib on one
connection, 4 of aiosmtplib.
"""

import argparse
import asyncio
import smtplib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import aiosmtplib
import uvloop

from digest.mail.smtp import Server, Smtp
from digest.model import Outcome, Outgoing

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from places import ROOT
from sinks import MISSING, SINK, sink

CONNECTIONS = 16
OURS, SOURCE = "Offprint, 16 connections, uvloop", "smtp-source -s 16"
CONTENT = (
    b"Subject: papers\r\n\r\n"
    + b"A line of text of seventy-six characters, as quoted-printable breaks them.=\r\n" * 520
)
NODEMAILER = ROOT / ".tools" / "bench"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=["client"], default="client")
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    wanted = parser.parse_args()
    if SINK is None:
        sys.exit(MISSING)
    contenders = candidates()
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    with sink() as port:
        for _ in range(wanted.rounds):
            for name, send in contenders.items():
                seconds = timed(partial(send, port, wanted.messages))
                rates[name].append(wanted.messages / seconds)
    medians = {name: statistics.median(each) for name, each in rates.items()}
    print(f"{wanted.messages:,} messages of {len(CONTENT):,} bytes, medians of {wanted.rounds}")
    for name, rate in medians.items():
        spread = f"{min(rates[name]):,.0f}-{max(rates[name]):,.0f}"
        print(f"{name:<36} {rate:8,.0f} /s {rate / medians[SOURCE]:6.2f} of smtp-source  ({spread})")
    for name, rate in medians.items():
        if name not in (OURS, SOURCE):
            print(f"{OURS}: {medians[OURS] / rate:.2f} of {name}")


def candidates() -> dict[str, Callable[[int, int], None]]:
    """Who sends, by name; each takes a port and how many messages."""
    found: dict[str, Callable[[int, int], None]] = {
        OURS: partial(ours, uvloop.new_event_loop),
        "Offprint, 16 connections, asyncio": partial(ours, asyncio.new_event_loop),
        SOURCE: partial(source, ("-d",)),
        "smtplib, one connection": with_smtplib,
        "aiosmtplib, 16 connections": lambda port, count: asyncio.run(with_aiosmtplib(port, count)),
    }
    if install_nodemailer():
        found["nodemailer, pool of 16"] = with_nodemailer
    return found


def timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def recipient(number: int) -> str:
    return f"reader{number}@example.org"


def ours(new_loop: Callable[[], asyncio.AbstractEventLoop], port: int, count: int) -> None:
    server = Server(host="127.0.0.1", port=port, tls="none", connections=CONNECTIONS)
    messages = (
        Outgoing(
            delivery_id=number,
            key=f"k{number}",
            envelope_sender=f"bounce+{number}@news.example.org",
            recipient=recipient(number),
            content=CONTENT,
        )
        for number in range(count)
    )
    taken = sum(answer.outcome is Outcome.ACCEPTED for answer in Smtp(server, new_loop=new_loop).send(messages))
    assert taken == count


def source(options: tuple[str, ...], port: int, count: int) -> None:
    """Postfix's own, which makes its messages of one letter; -d keeps its connections."""
    assert SINK is not None
    command = [SINK.replace("sink", "source"), *options, "-s", str(CONNECTIONS), "-m", str(count)]
    subprocess.run([*command, "-l", str(len(CONTENT)), f"127.0.0.1:{port}"], check=True)


def with_smtplib(port: int, count: int) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client:
        for number in range(count):
            client.sendmail(f"bounce+{number}@news.example.org", [recipient(number)], CONTENT)


async def with_aiosmtplib(port: int, count: int) -> None:
    numbers = iter(range(count))

    async def work() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
            for number in numbers:
                await client.sendmail(f"bounce+{number}@news.example.org", [recipient(number)], CONTENT)

    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))


NODE = """
const [port, count, connections] = process.argv.slice(1).map(Number)
const raw = require('fs').readFileSync(0)
const pool = require('nodemailer').createTransport({
  pool: true, host: '127.0.0.1', port, ignoreTLS: true, maxConnections: connections, maxMessages: Infinity })
let next = 0
const work = async () => {
  while (next < count) {
    const n = next++
    await pool.sendMail({ raw, envelope: { from: `bounce+${n}@news.example.org`, to: `reader${n}@example.org` } })
  }
}
Promise.all(Array.from({ length: connections * 2 }, work)).then(() => pool.close())
"""


def install_nodemailer() -> bool:
    """Whether nodemailer is there: npm puts it into .tools, as requirements/bench says."""
    if (NODEMAILER / "node_modules").exists():
        return True
    NODEMAILER.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        (NODEMAILER / name).write_bytes((ROOT / "requirements" / "bench" / name).read_bytes())
    try:
        subprocess.run(["npm", "ci", "--silent", "--ignore-scripts", "--no-audit"], cwd=NODEMAILER, check=True)
    except (OSError, subprocess.CalledProcessError):
        print("npm is not there, or does not reach a package index: nodemailer takes no part.")
        return False
    return True


def with_nodemailer(port: int, count: int) -> None:
    arguments = [str(number) for number in (port, count, CONNECTIONS)]
    subprocess.run(["node", "-e", NODE, *arguments], cwd=NODEMAILER, input=CONTENT, check=True)


if __name__ == "__main__":
    main()
