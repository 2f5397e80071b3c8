"""Two processes that deliver from one store at once, beside one: the part `two` of `./run bench sending`."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from configured import NOON, configure
from contest import Command, Run, contest, print_ratio, print_table, run
from swallowing import COMPILER, NO_COMPILER, swallowing

ONE, TWO = "one process", "two processes"
HERE = Path(__file__).parent


def two(readers: int, *, rounds: int) -> None:
    """Print the rates of one and of two processes, into the faster sink; every message must come once."""
    if COMPILER is None:
        sys.exit(NO_COMPILER)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "filled"
        folder.mkdir()
        run(filling(folder, readers))
        # What is queued unsigned leaves unsigned.
        configure(folder)
        run(Command(arguments=publishing(folder, "publish"), count=readers))
        contenders = {ONE: partial(sent, folder, readers, 1), TWO: partial(sent, folder, readers, 2)}
        runs = contest(contenders, rounds=rounds)
    print(f"{readers:,} messages on SQLite, medians of {rounds}, from when the first begins to when the last ends")
    print_table(runs, beside=ONE)
    print_ratio(runs, TWO, ONE, asked=0.75)


def sent(filled: Path, readers: int, processes: int) -> Run:
    """So many processes deliver what is queued in a copy of an installation."""
    with tempfile.TemporaryDirectory(dir=filled.parent) as name:
        copy = Path(name) / "copy"
        shutil.copytree(filled, copy)
        with swallowing(filled.parent) as taken:
            configure(copy, port=taken.port)
            told = at_once([publishing(copy, "deliver")] * processes)
    counted = sum(one["counts"].get("sent", 0) for one in told)
    if (counted, taken.messages) != (readers, readers):
        raise SystemExit(f"Of {readers} messages {counted} were sent, and {taken.messages} came.")
    return Run(
        count=readers,
        seconds=max(one["ended"] for one in told) - min(one["began"] for one in told),
        cpu=sum(one["took"]["deliver"] - one["took"]["start"] for one in told),
        peak=max(one["peak"] for one in told),
    )


def at_once(commands: list[list[str]]) -> list[dict[str, Any]]:
    """What the programs told, which ran beside one another."""
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ, text=True) for command in commands]
    outputs = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        raise SystemExit("A process that delivers failed; what it said stands above.")
    return [json.loads(output) for output in outputs]


def filling(folder: Path, readers: int) -> Command:
    return Command(arguments=[sys.executable, str(HERE / "filled.py"), str(folder), "--readers", str(readers)], count=1)


def publishing(folder: Path, step: str) -> list[str]:
    return [sys.executable, str(HERE / "publishing.py"), str(folder), NOON.isoformat(), step]
