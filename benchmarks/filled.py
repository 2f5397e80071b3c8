"""An installation with so many readers of three topics each out of 20,000, and 500 papers that are news to all of them.

Papers are real ones where the real data is beside this checkout, and so are the 5,000 that were listed before, against
which scores are measured; else they are made of the sample's words. Topics are pieces of their titles.

    python benchmarks/filled.py FOLDER --readers N [--editions FOLDER]

Prints the mean size of a message as JSON.
"""

import argparse
import json
import random
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any

from configured import NOON, configure
from day import papers_of_the_samples_words
from evidence import DATA, json_lines
from readers import add_readers
from rivals.printed import write_editions
from selection import pieces_of
from sqlalchemy import update

from digest.app import App, key_files
from digest.collect import collect
from digest.compose import Composer
from digest.config import load_config
from digest.installation import open_app, set_up
from digest.mail.signing_keys import make_key
from digest.publish import publish
from digest.refit import refit_background
from digest.sources.files import Files
from digest.store.deliveries import deliveries_queued
from digest.store.tables import subscriptions

DAY = timedelta(days=1)
PAPERS, PAST, TOPICS, FOLLOWED = 500, 5_000, 20_000, 3
SAMPLE = 500
SEED, BLOCK = 20261129, 10_000


def main() -> None:
    """Fill a folder; with another one, put some of its editions there for others to send."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--readers", type=int, required=True)
    parser.add_argument("--editions", type=Path)
    wanted = parser.parse_args()
    fill(wanted.folder, readers=wanted.readers)
    octets = mean_size(wanted.folder, wanted.editions) if wanted.editions is not None else 0
    print(json.dumps({"octets": octets}))


def fill(folder: Path, *, readers: int) -> None:
    """Make the installation in a folder, with a key to sign with."""
    config = load_config(configure(folder, is_signed=True), environment={})
    [file] = key_files(config)
    make_key(file, ed25519=False)
    app, _, _ = set_up(config)
    topics = add_papers(app, folder)
    for numbers in blocks(range(1, readers + 1)):
        with app.store.writing() as connection:
            add_readers(
                connection,
                numbers,
                due_at=NOON,
                topics_of=lambda number: random.Random(number).sample(topics, FOLLOWED),
            )
    app.store.close()


def mean_size(folder: Path, editions: Path) -> int:
    """Octets of a message, the mean of a few that are published in a copy, and printed for others."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        copy = Path(name) / "copy"
        shutil.copytree(folder, copy)
        app = open_app(load_config(configure(copy), environment={}))
        with app.store.writing() as connection:
            others = update(subscriptions).where(subscriptions.c.id > SAMPLE)
            connection.execute(others.values(next_due_at=NOON + 30 * DAY))
        publish(app.store, app.press, newsletter="papers", weights=app.weights, now=NOON)
        with app.store.reading() as connection:
            queued = deliveries_queued(connection, now=NOON)
            composer = Composer(app.press, signs=False)
            sizes = [len(composer.outgoing(connection, one).content) for one in queued]
            write_editions(app, connection, queued, editions)
        app.store.close()
    return round(fmean(sizes))


def add_papers(app: App, folder: Path) -> Sequence[str]:
    """Collect the papers of a month ago and those of today; the topics that readers may follow."""
    rows = list(papers())
    written = folder / "papers.jsonl"
    for some, at in ((rows[PAPERS:], NOON - 30 * DAY), (rows[:PAPERS], NOON - DAY / 4)):
        written.write_text("\n".join(json.dumps(row | {"listed_on": f"{at:%Y-%m-%d}"}) for row in some))
        collect(app.store, [Files([written])], now=at, look_back=7 * DAY)
    refit_background(app.store, now=NOON)
    chance = random.Random(SEED)
    pieces = sorted({piece for row in rows for piece in pieces_of(row["title"])})
    return chance.sample(pieces, min(TOPICS, len(pieces)))


def papers() -> Iterator[dict[str, Any]]:
    """Rows as `Files` reads them, those of today first."""
    chance = random.Random(SEED)
    if not DATA.exists():
        yield from map(json.loads, papers_of_the_samples_words(PAPERS + PAST, chance).splitlines())
        return
    for number, row in enumerate(islice(json_lines("ranking/papers.jsonl.gz"), PAPERS + PAST)):
        yield {
            "id": f"{2606 if number < PAPERS else 2605}.{number:05}",
            "title": row["title"],
            "abstract": row["abstract"],
            "authors": ["Ann Larch", "Ben Alder", "Cleo Birch"],
            "upvotes": int(chance.expovariate(1 / 12)),
        }


def blocks(numbers: range) -> Iterable[range]:
    return (numbers[start : start + BLOCK] for start in range(0, len(numbers), BLOCK))


if __name__ == "__main__":
    main()
