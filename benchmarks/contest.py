"""Programs that do the same work in turns: what each takes, told as medians of the rounds and as ratios."""

import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KB = 1024 if os.uname().sysname == "Linux" else 1
"""Octets to a unit of ru_maxrss."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program to be run; it may print a JSON object about itself as its last line.

    Its `seconds` then stand instead of those from its start to its end; `count` is how many messages it sends.
    """

    arguments: Sequence[str]
    count: int
    folder: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a program took: `cpu` in seconds of processor time, `peak` memory in MB."""

    count: int
    seconds: float
    cpu: float
    peak: float
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.count / self.seconds


def run(command: Command) -> Run:
    """Run a program to its end, which must be a good one."""
    # What a program's start takes is to be what it takes where it is installed, whose modules are compiled.
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": ""}
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command.arguments, cwd=command.folder, stdout=output, env=environment)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{command.arguments[0]} ended with {process.returncode}; what it said stands above.")
        output.seek(0)
        told = _told(output.read())
    return Run(
        count=command.count,
        seconds=told.get("seconds", seconds),
        cpu=told.get("cpu", used.ru_utime + used.ru_stime),
        peak=used.ru_maxrss * KB / 1e6,
        told=told,
    )


def _told(output: str) -> dict[str, Any]:
    lines = output.splitlines()
    told: dict[str, Any] = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    return told


Contender = Callable[[], Run]


def contest(contenders: Mapping[str, Contender], *, rounds: int) -> dict[str, list[Run]]:
    """Everybody takes their turn in every round."""
    runs: dict[str, list[Run]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contender in contenders.items():
            runs[name].append(contender())
    return runs


def print_table(runs: Mapping[str, Sequence[Run]], *, beside: str) -> None:
    """Rates with their spread, the ratio to one of them, processor time a message, and memory."""
    reference = median_rate(runs[beside])
    print(f"{'':<38} {'/s':>8} {'(min-max)':>17} {f'of {beside}':>22} {'CPU us':>8} {'MB':>6}")
    for name, theirs in runs.items():
        rates = [one.rate for one in theirs]
        cpu = statistics.median(one.cpu / one.count for one in theirs) * 1e6
        print(
            f"{name:<38} {median_rate(theirs):8,.0f} {f'({min(rates):,.0f}-{max(rates):,.0f})':>17}"
            f" {median_rate(theirs) / reference:22.2f} {cpu:8,.0f} {max(one.peak for one in theirs):6,.0f}"
        )


def median_rate(runs: Sequence[Run]) -> float:
    """Messages a second, the median of the runs."""
    return statistics.median(one.rate for one in runs)


def print_ratio(runs: Mapping[str, Sequence[Run]], ours: str, other: str, *, asked: float) -> None:
    """How many times another's rate ours is, and what is asked."""
    if other in runs:
        ratio = median_rate(runs[ours]) / median_rate(runs[other])
        verdict = "reached" if ratio >= asked else "NOT REACHED"
        print(f"{ours}: {ratio:.2f} of {other} (asked: {asked:g}, {verdict})")
