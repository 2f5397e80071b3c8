"""A simulated month of `digest run` that is killed (SIGKILL) a hundred times, beside one that is not.

    ./run bench kills [--days N] [--kills N] [--readers N] [--seed N]

Real processes on SQLite, by a clock that stands still on each day: papers come in by a feed on loopback, 40 readers of
every cadence and in three time zones get their editions into an outbox. Each life ends by SIGKILL at a random moment;
the last of a day are two daemons at once, which stop when they are told to. Both months must come to the same papers,
signals, due instants, deliveries and files of messages, and nobody may be sent a paper twice. Which papers suit best
may differ: what they are measured against is fitted to those that had come by then. Prints what was found; exits 1
where anything is missing, or there twice.
"""

import argparse
import sys
import tempfile
import time
from ast import literal_eval
from collections import Counter
from pathlib import Path

from crashes import contents
from forked import ran
from month import feed, lived, settled

CHOSEN = ("deliveries", "pieces JOIN papers ON id = paper_id")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--readers", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, feed() as url:
        clean, killed = Path(name) / "clean", Path(name) / "killed"
        for folder in (clean, killed):
            settled(folder, url, readers=wanted.readers)
        lived(clean, days=wanted.days, kills=0)
        begun = time.monotonic()
        hits = lived(killed, days=wanted.days, kills=wanted.kills, seed=wanted.seed, daemons=2)
        took = time.monotonic() - begun
        ran(killed, "store", "check")
        missing, more = differences(clean, killed)
        print(f"{wanted.days} days, {wanted.kills} kills, {hits} of them in the middle of the day's work: {took:.0f} s")
        print(f"messages: {len(messages(clean))}; missing after the kills {missing}, there besides {more}")
        again = sent_again(killed)
        print(f"papers that somebody was sent twice: {again}")
    sys.exit(1 if missing or more or again else 0)


def differences(clean: Path, killed: Path) -> tuple[int, int]:
    """How many rows and messages are missing where it was killed, and how many are there besides."""
    wanted, found = (
        Counter((table, row) for table, rows in contents(folder).items() for row in rows if table not in CHOSEN)
        + Counter(("deliveries", row[:-1]) for row in contents(folder)["deliveries"])
        + Counter(("outbox", (name,)) for name in messages(folder))
        for folder in (clean, killed)
    )
    return (wanted - found).total(), (found - wanted).total()


def sent_again(folder: Path) -> int:
    """How many papers were sent to somebody who had had them."""
    had = Counter(
        (key.split(":")[2], title)
        for key, _, _, _, selection in contents(folder)["deliveries"]
        for title, *_ in literal_eval(selection)["picks"]
    )
    return sum(times - 1 for times in had.values())


def messages(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "var/outbox/new").iterdir())


if __name__ == "__main__":
    main()
