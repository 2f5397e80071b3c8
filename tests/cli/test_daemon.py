"""`digest run` as a process of its own."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from commands import Digest
from places import ROOT
from sites import free_address

CONFIG = """
[web]
listen = "127.0.0.1:{port}"
base_url = "http://127.0.0.1:{port}"
[sources.huggingface]
enabled = false
"""


def free_port() -> int:
    return int(free_address().rpartition(":")[2])


@pytest.mark.slow
def test_the_daemon_serves_and_sends_and_sigterm_stops_it_cleanly(installed: Digest, tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "config.toml").write_text(CONFIG.format(port=port))
    installed("subscriber", "add", "ada@example.org")
    daemon = subprocess.Popen(
        [sys.executable, "-m", "digest", "run"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert daemon.stdout is not None
        lines: list[str] = []
        while not lines or "delivered" not in lines[-1]:
            lines.append(daemon.stdout.readline())
            assert lines[-1], lines
        assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    finally:
        daemon.send_signal(signal.SIGTERM)
        said, _ = daemon.communicate(timeout=60)
    assert daemon.returncode == 0
    assert said.endswith("Stopped.\n")
    assert len(list((tmp_path / "var/outbox/new").iterdir())) == 1
    assert "ada@example.org" not in "".join(lines) + said


STOPPED_AT_ONCE = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from digest.app import open_app
from digest.cli.daemon import run_daemon
from digest.config import load_config

def write(text):
    if "The site is at" in text:
        os.kill(os.getpid(), signal.SIGTERM)
    return told(text)

told, sys.stdout.write = sys.stdout.write, write
run_daemon(open_app(load_config(Path("config.toml"))), clock=lambda: datetime.now(UTC))
"""


@pytest.mark.slow
def test_sigterm_that_comes_before_the_site_is_served_is_not_lost(installed: Digest, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG.format(port=free_port()))
    # It says where the site is just before it serves it.
    ended = subprocess.run(
        [sys.executable, "-c", STOPPED_AT_ONCE],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.endswith("Stopped.\n")


def test_a_port_that_is_taken_is_named(installed: Digest, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        (tmp_path / "config.toml").write_text(f'[web]\nlisten = "127.0.0.1:{taken.getsockname()[1]}"\n')
        ended = installed("serve")
    assert ended.code == 2
    assert "is taken by another program" in ended.err
