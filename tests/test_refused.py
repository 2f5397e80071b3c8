"""Servers that refuse, hang up and misbehave, as the ledger sees them: each message in its state, nobody suppressed."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from personas import NOON, papers_come_in
from readers import add_readers
from sinks import MISSING, SINK, sink
from sqlalchemy import func, select
from talking_server import Saying, talking

from digest.app import App
from digest.config import parse_config
from digest.deliver import deliver
from digest.installation import set_up
from digest.model import DeliveryState, Weights
from digest.publish import publish
from digest.store.deliveries import count_by_state
from digest.store.pauses import pauses_now
from digest.store.tables import leases, suppressions
from digest.terms import Delivered

READERS = 500

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation whose editions wait for so many readers."""
    folder = tmp_path_factory.mktemp("published")
    app, _, _ = set_up(parse_config({}, folder=folder))
    papers_come_in(app.store)
    with app.store.writing() as connection:
        add_readers(connection, range(1, READERS + 1), due_at=NOON, topics_of=lambda _: ["quasars"])
    assert publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON).queued == READERS
    app.store.close()
    return folder


Sending = Callable[..., App]


@pytest.fixture
def sending(published: Path, tmp_path: Path) -> Iterator[Sending]:
    """Opens a copy of it that sends to a port on loopback."""
    folder, opened = tmp_path / "copy", list[App]()
    shutil.copytree(published, folder)

    def to(port: int, *, tls: str = "none", connections: int = 16) -> App:
        server = {"host": "127.0.0.1", "port": port, "tls": tls, "connections": connections}
        app, _, _ = set_up(parse_config({"mail": {"provider": "smtp", "smtp": server}}, folder=folder))
        opened.append(app)
        return app

    yield to
    for app in opened:
        app.store.close()


def sent(app: App, *, minutes: float = 0, limit: int | None = None) -> Delivered:
    now = NOON + timedelta(minutes=minutes)
    return deliver(app.store, app.mailer(), app.press, terms=app.terms, clock=lambda: now, limit=limit)


def states(app: App) -> Counter[str]:
    """How many deliveries are in each state; whatever happened, nobody is suppressed, paused or still leased."""
    with app.store.reading() as connection:
        for table in (suppressions, leases):
            assert connection.execute(select(func.count()).select_from(table)).scalar() == 0
        assert not pauses_now(connection)
        return Counter({state.value: count for state, count in count_by_state(connection).items()})


@pytest.mark.skipif(SINK is None, reason=MISSING)
@pytest.mark.parametrize(
    ("options", "state"),
    [
        (("-r", "RCPT"), DeliveryState.QUEUED),
        (("-f", "RCPT"), DeliveryState.BOUNCED),
        (("-r", "DATA"), DeliveryState.QUEUED),
        (("-f", "."), DeliveryState.FAILED),
        (("-Q", "MAIL"), DeliveryState.QUEUED),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_a_server_refuses_is_in_its_right_state(
    options: tuple[str, ...], state: DeliveryState, sending: Sending
) -> None:
    with sink(*options) as port:
        app = sending(port)
        delivered = sent(app)
    assert states(app) == {state: READERS}
    assert bool(delivered.error) is (options[0] == "-Q")


@pytest.mark.skipif(SINK is None, reason=MISSING)
def test_a_server_that_hangs_up_at_every_final_dot_leaves_few_in_doubt_and_the_rest_waiting(sending: Sending) -> None:
    with sink("-q", ".") as port:
        app = sending(port)
        assert "lost" in sent(app).error
    found = states(app)
    assert 1 <= found["unknown"] <= 2 * 16
    assert found == {"unknown": found["unknown"], "queued": READERS - found["unknown"]}


@pytest.mark.skipif(SINK is None, reason=MISSING)
def test_a_server_that_takes_three_seconds_over_each_message_gets_all(sending: Sending) -> None:
    with sink("-w", "3") as port:
        app = sending(port, connections=64)
        assert sent(app).error == ""
    assert states(app) == {"sent": READERS}


def stray(line: bytes, would: bytes) -> bytes:
    return would + b"250 2.0.0 another\r\n" if line == b"DATA" else would


def closing(every: int) -> Saying:
    mails: list[bytes] = []

    def saying(line: bytes, would: bytes) -> bytes:
        if line.startswith(b"MAIL"):
            mails.append(line)
        return b"421 4.7.0 enough\r\n" if line.startswith(b"MAIL") and len(mails) % every == 0 else would

    return saying


def test_a_server_that_closes_the_session_now_and_then_gets_each_message_once(sending: Sending) -> None:
    with talking(closing(every=40)) as server:
        app = sending(server.port, connections=1)
        assert sent(app).error == ""
    assert states(app) == {"sent": READERS}
    assert len({recipients for _, recipients, _ in server.taken}) == len(server.taken) == READERS


def test_replies_byte_by_byte_are_understood(sending: Sending) -> None:
    with talking(piece=1) as server:
        app = sending(server.port)
        assert sent(app).error == ""
    assert states(app) == {"sent": READERS}


def test_replies_that_nobody_asked_for_keep_every_message_here(sending: Sending) -> None:
    with talking(stray) as server:
        app = sending(server.port)
        sent(app)
    assert states(app) == {"queued": READERS}
    assert server.taken == []


def test_a_banner_without_an_end_keeps_every_message_here(sending: Sending) -> None:
    with talking(greeting=b"220 " + b"x" * 10_000_000) as server:
        app = sending(server.port)
        assert str(server.port) in sent(app).error
    assert states(app) == {"queued": READERS}
    assert server.heard == []


def test_where_starttls_was_stripped_nothing_leaves(sending: Sending) -> None:
    with talking() as server:
        app = sending(server.port, tls="starttls")
        assert "STARTTLS" in sent(app).error
    assert states(app) == {"queued": READERS}
    assert {line[:4] for line in server.heard} == {b"EHLO"}
