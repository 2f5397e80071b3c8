"""Two processes that deliver from one store at once."""

from pathlib import Path

import pytest
from accounting import COMMAND, CONFIG, Received, queue, read_ledger
from conftest import store_url
from forked import forked
from smtp_server import SmtpServer

READERS, CONNECTIONS = 1_100, 4
"""More than one lease holds, and so many connections of each sender."""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_senders_share_the_work_and_each_message_leaves_once(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = store_url(kind, request, tmp_path).replace("sqlite:///", f"sqlite:///{tmp_path}/")
    received = Received(slowness=0.001)
    with SmtpServer(received.answer) as server:
        place = {"url": url, "host": server.host, "port": server.port}
        queue(tmp_path, CONFIG.format(window=64, after_unknown="drop", **place), readers=READERS)
        senders = [forked(tmp_path, *COMMAND) for _ in range(2)]
        for sender in senders:
            sender.join()
    assert [sender.exitcode for sender in senders] == [0, 0]
    assert server.connections > CONNECTIONS
    assert set(received.messages.values()) == {1}
    assert read_ledger(url).states == {"sent": set(received.messages)}
    assert len(received.messages) == READERS
