"""`digest run` as a process of its own."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def daemon(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """`digest run`, which gets a SIGTERM in the end."""
    started = subprocess.Popen(
        [sys.executable, *options, "-m", "digest", "run"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)


def read_until(process: subprocess.Popen[str], words: str) -> list[str]:
    """The lines that it says up to the one with these words."""
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or words not in lines[-1]:
        lines.append(process.stdout.readline())
        assert lines[-1], lines
    return lines


@pytest.mark.slow
def test_the_daemon_serves_and_sends_and_sigterm_stops_it_cleanly(installed: Digest, tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "config.toml").write_text(CONFIG.format(port=port))
    installed("subscriber", "add", "ada@example.org")
    with daemon(tmp_path) as started:
        lines = read_until(started, "delivered")
        assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    said, _ = started.communicate(timeout=60)
    assert started.returncode == 0
    assert said.endswith("Stopped.\n")
    assert len(list((tmp_path / "var/outbox/new").iterdir())) == 1
    assert "ada@example.org" not in "".join(lines) + said


LATER = {"Stemmer", "alembic", "feedparser", "httpx", "pydantic.v1.main", "rich", "scipy"}
"""What takes long to import, or much memory, and is used by some ticks or pages only, or not at all."""


@pytest.mark.slow
def test_the_daemon_answers_before_it_imports_what_only_some_ticks_or_pages_use(
    installed: Digest, tmp_path: Path
) -> None:
    port = free_port()
    (tmp_path / "config.toml").write_text(CONFIG.format(port=port))
    with daemon(tmp_path, "-X", "importtime") as started:
        lines = read_until(started, "The site is at")
        with httpx.Client(transport=httpx.HTTPTransport(retries=5)) as client:
            assert client.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    said, _ = started.communicate(timeout=60)
    imported = {line.rpartition("|")[2].strip() for line in [*lines, *said.splitlines()] if "import time:" in line}
    assert "digest.scheduler" in imported
    assert LATER & imported == set()


@pytest.mark.slow
def test_a_daemon_on_a_store_that_was_copied_away_says_what_stands_still_and_what_to_do(
    installed: Digest, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text(CONFIG.format(port=free_port()))
    installed("store", "copy", "--to", "sqlite:///var/new.db")
    with daemon(tmp_path) as started:
        lines = read_until(started, "The site is at")
    started.communicate(timeout=60)
    [told] = [line for line in lines if "Paused since" in line]
    assert "all sending (copied to sqlite:///var/new.db)" in told
    assert "Name that store in store.url" in told


STOPPED_AT_ONCE = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from digest.installation import open_app
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
