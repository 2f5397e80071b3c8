"""How long it takes, and how much memory, to collect 10,000 papers with signals from a file. Prints a table.

    ./run bench collecting [--papers N]

Each database is filled by a process of its own, whose peak memory is told; then again, when
nothing is new. The aim: 20 s or less, and 200 MB or less.
"""

import argparse
import multiprocessing
import random
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from databases import addresses, empty_store
from day import papers_of_the_samples_words

NOON = datetime(2026, 6, 19, 12, tzinfo=UTC)
KIB_PER_MB = 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=10_000)
    wanted = parser.parse_args()
    fresh = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, addresses(Path(folder)) as urls:
        file = Path(folder) / "papers.jsonl"
        file.write_text(papers_of_the_samples_words(wanted.papers, random.Random(1)))
        for kind, url in urls.items():
            empty_store(url, Path(folder)).close()
            for what in ("new", "again"):
                with fresh.Pool(1) as pool:
                    seconds, megabytes = pool.apply(collected, (url, file))
                print(f"{kind}: {wanted.papers:,} papers, {what:<6} {seconds:6.1f} s, at most {megabytes:4.0f} MB")


def collected(url: str, file: Path) -> tuple[float, float]:
    """Collect the file; seconds, and the process's peak memory in MB."""
    from digest.collect import collect
    from digest.sources.files import Files
    from digest.store import open_store

    store = open_store(url, folder=file.parent)
    started = time.perf_counter()
    collect(store, [Files([file])], now=NOON, look_back=timedelta(days=7))
    seconds = time.perf_counter() - started
    store.close()
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MB


if __name__ == "__main__":
    main()
