"""Two processes send from one store by one budget, to a real SMTP server."""

import os
import pty
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from accounting import COMMAND, CONFIG, Received, queue, read_ledger
from conftest import store_url
from places import ROOT
from smtp_server import SmtpServer

RATE, READERS = 20, 60


def watched(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """A sender that believes to write to a terminal, and what it writes there."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "digest", *COMMAND],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "120"},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    return process, ours


def read_all(terminal: int) -> str:
    """Until nobody writes there any more, which Linux tells by an error."""
    said = b""
    while True:
        try:
            said += os.read(terminal, 65_536)
        except OSError:
            os.close(terminal)
            return said.decode()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_processes_share_one_budget_and_show_how_far_they_are(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = store_url(kind, request, tmp_path).replace("sqlite:///", f"sqlite:///{tmp_path}/")
    received, came = Received(), list[float]()

    def taking(command: str, address: str) -> str:
        if command == "DATA":
            came.append(time.monotonic())
        return received.answer(command, address)

    with SmtpServer(taking) as server:
        place = {"url": url, "host": server.host, "port": server.port}
        config = CONFIG.format(window=16, after_unknown="drop", **place) + f"[mail.budget]\nper_second = {RATE}\n"
        queue(tmp_path, config, readers=READERS)
        senders = [watched(tmp_path) for _ in range(2)]
        with ThreadPoolExecutor() as readers:
            shown = list(readers.map(read_all, [terminal for _, terminal in senders]))
        assert [process.wait(60) for process, _ in senders] == [0, 0]
    assert sorted(received.messages.values()) == [1] * READERS
    assert len(read_ledger(url).sent) == READERS
    # A message may be late after it got its permit, but never early; the first one's own lateness counts once.
    assert all(when - came[0] > place / RATE - 0.5 for place, when in enumerate(came))
    assert all("delivering" in each and "/s" in each for each in shown)
