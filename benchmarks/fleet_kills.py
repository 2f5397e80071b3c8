"""Three daemons and four workers on one PostgreSQL, killed (SIGKILL) at random, into a server that counts.

    ./run bench fleet_kills [--readers N] [--kills N] [--seed N]

Everybody is due at once. Whoever is killed is started anew; the others go on with what it held, within 30 s. Nobody
may get a message twice, and only those may miss theirs that the ledger calls unknown, at most a window for each kill.
Prints what was found; exits 1 where it is otherwise.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

sys.path.append(str(Path(__file__).parents[1] / "tests"))
import postgres
from accounting import Received
from fleet import Fleet, config_of, fleet, killed_often, settle
from smtp_server import SmtpServer

WINDOW = 64
HELD = "SELECT DISTINCT split_part(holder, ':', 2)::int FROM leases"
GOES_ON_WITHIN = 30.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=50_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    received = Received(room=0)
    with (
        postgres.running() as server,
        SmtpServer(received.answer) as smtp,
        tempfile.TemporaryDirectory() as name,
    ):
        with psycopg.connect(server.format(name="postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE killed")
        url, folder = server.format(name="killed"), Path(name)
        # As long as leases last where nothing else is said.
        config = config_of(url, host=smtp.host, port=smtp.port, window=WINDOW).replace("lease_seconds = 1\n", "")
        settle(folder, config, readers=wanted.readers)
        begun = time.monotonic()
        with fleet(folder, url, received, daemons=3, workers=4) as running, watched(running) as held_for:
            killed_often(running, kills=wanted.kills, apart=wanted.readers // wanted.kills // 2, seed=wanted.seed)
            running.wait_for_end()
            account = running.account(kills=wanted.kills)
    ledger = account.ledger
    print(f"{wanted.kills} kills in {time.monotonic() - begun:.0f} s, {wanted.readers:,} readers, window {WINDOW}")
    print(f"sent {len(ledger.sent):,}, unknown {len(ledger.unknown):,}", end="")
    print(f", of which {len(account.missing):,} never came; {account.repeated:,} came twice")
    longest = max(held_for.values(), default=0.0)
    print(f"what one that was killed had held was taken over within {longest:.1f} s at most ({len(held_for)} held any)")
    is_whole = len(ledger.sent) + len(ledger.unknown) == wanted.readers
    is_bound = len(ledger.unknown) <= wanted.kills * WINDOW and account.missing <= ledger.unknown
    sys.exit(not (is_whole and is_bound and not account.repeated and longest <= GOES_ON_WITHIN))


@contextmanager
def watched(running: Fleet) -> Iterator[dict[int, float]]:
    """For how many seconds leases were still those of processes that had been killed, by process."""
    held_for, is_over = dict[int, float](), threading.Event()

    def watch() -> None:
        with psycopg.connect(running.url, autocommit=True) as connection:
            while not is_over.wait(0.1):
                for (process,) in connection.execute(HELD).fetchall():
                    if process in running.killed_at:
                        held_for[process] = time.monotonic() - running.killed_at[process]

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield held_for
    finally:
        is_over.set()
        watching.join()


if __name__ == "__main__":
    main()
