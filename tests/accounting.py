"""Killing a sender at random instants, and comparing what a real SMTP server received with the ledger."""

import random
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition

from forked import forked, ran
from personas import NOON, papers_come_in
from readers import add_readers
from smtp_server import OK
from sqlalchemy import JSON, create_engine, text

from digest.config import load_config
from digest.installation import open_app
from digest.model import Weights
from digest.publish import publish

CONFIG = """
[store]
url = "{url}"
[mail]
provider = "smtp"
window = {window}
lease_seconds = 1
after_unknown = "{after_unknown}"
canary_from = 0
[mail.smtp]
host = "{host}"
port = {port}
tls = "none"
connections = 4
"""
"""One newsletter that is sent to a server on loopback."""

COMMAND = ("deliver", "--now", "2026-06-19T12:00:00+00:00")


def queue(folder: Path, config: str, *, readers: int) -> None:
    """So many readers' editions wait to be sent."""
    (folder / "config.toml").write_text(config)
    ran(folder, "init")
    app = open_app(load_config(folder / "config.toml", environment={}))
    papers_come_in(app.store)
    with app.store.writing() as connection:
        add_readers(connection, range(1, readers + 1), due_at=NOON, topics_of=lambda _: ["diffusion models"])
    assert publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON).queued == readers
    app.store.close()


@dataclass(slots=True)
class Received:
    """What the server took, by recipient. `slowness` is how many seconds it takes over each message.

    It takes as many messages as there is `room` for, and is silent until there is more: so whatever is done to
    senders happens before they have sent all, however fast they are.
    """

    slowness: float = 0.0
    room: int = sys.maxsize
    messages: Counter[str] = field(default_factory=Counter)
    _changed: Condition = field(default_factory=Condition)

    def answer(self, command: str, address: str) -> str:
        """The server's reply: every message is taken."""
        if command == "DATA":
            # A server's own time, not a wait for something: it keeps several messages under way at any moment.
            time.sleep(self.slowness)
            with self._changed:
                self._changed.wait_for(lambda: self.room > 0)
                self.room -= 1
                self.messages[address] += 1
        return OK

    def make_room(self, count: int = sys.maxsize) -> None:
        """Take so many messages from now on."""
        with self._changed:
            self.room = count
            self._changed.notify_all()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The recipients of deliveries by state, and of those that were being handed over."""

    states: dict[str, set[str]]
    under_way: set[str]

    @property
    def sent(self) -> set[str]:
        """To whom a message was sent."""
        return self.states.get("sent", set())

    @property
    def unknown(self) -> set[str]:
        """To whom nobody knows whether one was."""
        return self.states.get("unknown", set())


def read_ledger(url: str) -> Ledger:
    """What the store at an address says of its deliveries."""
    engine = create_engine(url)
    query = (
        "SELECT address, state, deliveries.id, begun FROM deliveries"
        " JOIN subscribers ON subscribers.id = subscriber_id LEFT JOIN leases ON leases.id = lease_id"
    )
    states: dict[str, set[str]] = {}
    under_way = set()
    with engine.connect() as connection:
        for address, state, number, begun in connection.execute(text(query).columns(begun=JSON)):
            states.setdefault(state, set()).add(address)
            if state == "leased" and number in begun:
                under_way.add(address)
    engine.dispose()
    return Ledger(states=states, under_way=under_way)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What became of all messages after so many kills."""

    kills: int
    ledger: Ledger
    received: Counter[str]

    @property
    def missing(self) -> set[str]:
        """Who got nothing."""
        return {address for theirs in self.ledger.states.values() for address in theirs} - self.received.keys()

    @property
    def repeated(self) -> int:
        """How many messages came once more than they should."""
        return self.received.total() - len(self.received)


def account_of(
    folder: Path, url: str, received: Received, *, kills: int, window: int, resends: bool, seed: int
) -> Account:
    """Deliver what is queued, killed so many times while messages arrive, then to the end; checks every moment.

    After a kill the server has received what is sent, and nothing but that, what is unknown, and what was under way.
    """
    chance = random.Random(seed)
    for kill in range(1, kills + 1):
        before, after = received.messages.total(), chance.randint(1, 2 * window)
        received.make_room(after + window)
        process = forked(folder, *COMMAND)
        while process.is_alive() and received.messages.total() < before + after:
            time.sleep(0.002)
        assert process.is_alive(), f"it ended before kill {kill} with {process.exitcode}"
        time.sleep(chance.uniform(0, 0.02))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        ledger = read_ledger(url)
        check(ledger, received, resends=resends)
        assert len(ledger.under_way | ledger.unknown) <= kill * window
    received.make_room()
    ran(folder, *COMMAND)
    ledger = read_ledger(url)
    check(ledger, received, resends=resends)
    assert ledger.states.keys() <= {"sent"} if resends else {"sent", "unknown"}
    return Account(kills=kills, ledger=ledger, received=received.messages)


def check(ledger: Ledger, received: Received, *, resends: bool) -> None:
    """What the ledger calls sent was received, and it says of all that was received that it may have been."""
    assert ledger.sent <= received.messages.keys()
    waiting = ledger.states.get("queued", set()) if resends else set()
    assert received.messages.keys() <= ledger.sent | ledger.unknown | ledger.under_way | waiting
