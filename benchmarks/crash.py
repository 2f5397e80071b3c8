"""Whether every message is accounted for, however often its sender is killed. Prints a table; exit code 1 if not.

    ./run bench crash [--messages N] [--kills N] [--after-unknown drop resend]

A sender is killed (SIGKILL) at random instants while messages arrive at a real SMTP server, and started again, on
SQLite and on PostgreSQL. After every kill what the server received is compared with the ledger. With
`after_unknown = "drop"` nobody gets a message twice, and only those may be missing that the ledger calls unknown, at
most a window for each kill; with "resend" none is missing, and as many may come twice.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from databases import addresses, empty_store

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from accounting import CONFIG, Account, Received, account_of, queue
from smtp_server import SmtpServer

WINDOW = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=200)
    policies = ["drop", "resend"]
    parser.add_argument("--after-unknown", nargs="+", choices=policies, default=policies)
    wanted = parser.parse_args()
    print(f"{'store':<20} {'kills':>6} {'sent':>8} {'unknown':>8} {'missing':>8} {'twice':>6} {'seconds':>8}")
    fine = True
    for after_unknown in wanted.after_unknown:
        with tempfile.TemporaryDirectory() as name, addresses(Path(name)) as urls:
            for kind, url in urls.items():
                folder = Path(name) / kind
                folder.mkdir()
                empty_store(url, folder).close()
                started = time.monotonic()
                account = killed(folder, url, after_unknown=after_unknown, messages=wanted.messages, kills=wanted.kills)
                told = (len(account.ledger.sent), len(account.ledger.unknown), len(account.missing), account.repeated)
                figures = " ".join(f"{figure:8,}" for figure in told[:3])
                seconds = time.monotonic() - started
                print(f"{f'{kind}, {after_unknown}':<20} {account.kills:6} {figures} {told[3]:6,} {seconds:8,.0f}")
                fine &= is_fine(account, messages=wanted.messages, resends=after_unknown == "resend")
    sys.exit(not fine)


def killed(folder: Path, url: str, *, after_unknown: str, messages: int, kills: int) -> Account:
    received = Received(slowness=0.001)
    with SmtpServer(received.answer) as server:
        place = {"url": url, "host": server.host, "port": server.port}
        queue(folder, CONFIG.format(window=WINDOW, after_unknown=after_unknown, **place), readers=messages)
        resends = after_unknown == "resend"
        return account_of(folder, url, received, kills=kills, window=WINDOW, resends=resends, seed=kills)


def is_fine(account: Account, *, messages: int, resends: bool) -> bool:
    ledger, bound = account.ledger, account.kills * WINDOW
    all_known = len(ledger.sent) + len(ledger.unknown) == messages and len(ledger.unknown) <= bound
    if resends:
        return all_known and not account.missing and account.repeated <= bound
    return all_known and account.missing <= ledger.unknown and not account.repeated


if __name__ == "__main__":
    main()
