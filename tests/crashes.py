"""Killing the program in the middle, and comparing what is left with what a whole run leaves."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from places import ROOT
from sqlalchemy import create_engine, text

IDENTITIES = {
    "papers": "title, abstract, listed_at, url",
    "aliases": "alias",
    "signals JOIN papers ON id = paper_id": "title, seen_at, upvotes, comments",
    "subscriptions": "id, state, next_due_at, reached_at",
    "deliveries": "key, kind, state, due_on, selection",
    "pieces JOIN papers ON id = paper_id": "title, content",
    "leases": "id",
    "attempts": "id",
}
"""What must be the same at the end; papers are told by title, as a killed run may use up numbers."""


def digest(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "digest", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def ran(folder: Path, *arguments: str) -> float:
    """Run the command to its end, which must be a good one; how long it took, in seconds."""
    started = time.monotonic()
    process = digest(folder, *arguments)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors.decode()
    return time.monotonic() - started


def killed(folder: Path, *arguments: str, after: float) -> bool:
    """Run the command and kill it after so many seconds; false where it had ended before."""
    process = digest(folder, *arguments)
    try:
        process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
        return True
    return False


def killed_often(folder: Path, commands: Sequence[Sequence[str]], *, times: int, seed: int, seconds: float) -> int:
    """Kill each command so many times at random instants of its run; how many kills hit."""
    chance = random.Random(seed)
    return sum(
        killed(folder, *command, after=chance.uniform(0.3, 1.0) * seconds) for command in commands for _ in range(times)
    )


def contents(folder: Path, url: str = "") -> dict[str, list[tuple[Any, ...]]]:
    """What the store holds, table by table, sorted; without a URL, that of the folder."""
    engine = create_engine(url or f"sqlite:///{folder}/var/offprint.db")
    with engine.connect() as connection:
        found = {
            table: sorted(tuple(map(str, row)) for row in connection.execute(text(f"SELECT {columns} FROM {table}")))
            for table, columns in IDENTITIES.items()
        }
    engine.dispose()
    return found
