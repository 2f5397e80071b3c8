"""The real data that a benchmark of quality is measured on, and how sure its means are."""

import csv
import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parents[2] / "shared" / "data"
SEED = 20261120
SAMPLES = 2000


def json_lines(name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(found(name), "rt") as lines:
        yield from map(json.loads, lines)


def csv_rows(name: str) -> Iterator[dict[str, str]]:
    with gzip.open(found(name), "rt") as lines:
        yield from csv.DictReader(lines)


def found(name: str) -> Path:
    """The path of a file of the data. Stops the program where it is absent."""
    if not (DATA / name).exists():
        raise SystemExit(f"There is no {DATA / name}. Put the folder of real data beside this checkout.")
    return DATA / name


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % bootstrap interval of the mean."""
    chance = np.random.default_rng(SEED)
    array = np.asarray(values)
    means = [array[chance.integers(len(array), size=len(array))].mean() for _ in range(SAMPLES)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
