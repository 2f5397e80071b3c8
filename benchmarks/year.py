"""A simulated year of the whole service, judged reader by reader. Prints a table; exit code 1 for any fault.

    ./run bench year [--readers N] [--days N] [--minutes N] [--seed N]

Readers of all time zones and cadences join, pause, change their minds and leave; the daemon, the sources and the
provider fail for hours or days, the daemon is killed at its commits and between two messages, and the clock is set
wrong. What everybody got is held against the rules as they are told to people (tests/oracle.py).
"""

import argparse
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from oracle import Oracle
from simulation import Simulation
from world import World, troubles

PAPERS_A_DAY = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=1000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--minutes", type=int, default=90, help="between two ticks at least")
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    logging.getLogger("digest").setLevel(logging.CRITICAL)
    every = timedelta(minutes=wanted.minutes)
    chance, started = random.Random(wanted.seed), time.perf_counter()
    world = World(chance=chance, spans=troubles(chance, wanted.days), papers_a_day=PAPERS_A_DAY)
    with tempfile.TemporaryDirectory() as folder:
        simulation = Simulation(Path(folder), world, readers=wanted.readers, days=wanted.days, every=every)
        simulation.run(progress=shown)
        lived = time.perf_counter()
        oracle = Oracle(world, simulation.app.store, ends=simulation.ends, enough=3 * every)
        faults = oracle.faults()
        simulation.app.store.close()
    table("troubles", Counter(one.what for one in world.spans))
    table("happened", world.happened)
    table("due dates", oracle.counted)
    print(f"{simulation.ticks:,} ticks, {sum(map(len, world.taken.values())):,} messages taken")
    print(f"{lived - started:.0f} s to live, {time.perf_counter() - lived:.0f} s to judge")
    print(f"{len(faults)} faults")
    for fault in faults[:40]:
        print(f"  {fault}")
    sys.exit(1 if faults else 0)


def shown(now: datetime) -> None:
    if sys.stderr.isatty():
        print(f"\r{now:%Y-%m-%d}", end="", file=sys.stderr)


def table(title: str, counts: Counter[str]) -> None:
    print(title)
    for what, count in sorted(counts.items()):
        print(f"  {what:<44} {count:>8,}")


if __name__ == "__main__":
    main()
