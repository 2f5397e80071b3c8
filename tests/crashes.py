"""Killing the program in the middle, and comparing what is left with what a whole run leaves."""

import json
import random
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from forked import forked
from sqlalchemy import Row, create_engine, text

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


def killed(folder: Path, *arguments: str, after: float) -> bool:
    """Run the command and kill it after so many seconds; false where it had ended before."""
    process = forked(folder, *arguments)
    process.join(timeout=after)
    process.kill()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


def killed_often(folder: Path, *command: str, times: int, seed: int, seconds: float) -> int:
    """Kill the command so many times at random instants, spread over its run of so many seconds; how many kills hit."""
    chance = random.Random(seed)
    return sum(killed(folder, *command, after=(kill + chance.random()) / times * seconds) for kill in range(times))


def contents(folder: Path, url: str = "") -> dict[str, list[tuple[Any, ...]]]:
    """What the store holds, table by table, sorted; without a URL, that of the folder."""
    engine = create_engine(url or f"sqlite:///{folder}/var/offprint.db")
    with engine.connect() as connection:
        titles = {row.id: row.title for row in connection.execute(text("SELECT id, title FROM papers"))}
        found = {
            table: sorted(_told(row, titles) for row in connection.execute(text(f"SELECT {columns} FROM {table}")))
            for table, columns in IDENTITIES.items()
        }
    engine.dispose()
    return found


def _told(row: Row[Any], titles: Mapping[int, str]) -> tuple[str, ...]:
    told = row._asdict()
    if selection := told.get("selection"):
        selection = json.loads(selection) if isinstance(selection, str) else selection
        told["selection"] = selection | {"picks": [(titles[paper], *others) for paper, *others in selection["picks"]]}
    return tuple(map(str, told.values()))
