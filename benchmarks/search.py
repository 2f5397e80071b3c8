"""How long a search takes over 20,000 papers, on SQLite and PostgreSQL. Prints a table.

    ./run bench search --papers FILE

FILE holds papers as `digest collect --file` reads them. A query is a few words of a paper's title,
as somebody types who half remembers it. The aim: a median of 5 ms or less.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from databases import addresses, empty_store
from sqlalchemy import text

from digest.collect import cleaned
from digest.model import Listing
from digest.sources.files import read_papers
from digest.store import Store
from digest.store.recording import record_listings
from digest.store.search import search_papers

NOON = datetime(2026, 6, 19, 12, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=Path, required=True)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--queries", type=int, default=200)
    wanted = parser.parse_args()
    listings = [cleaned(one) for one in read_papers(wanted.papers)[: wanted.count]]
    queries = queries_from([one.title for one in listings], wanted.queries)
    with tempfile.TemporaryDirectory() as folder, addresses(Path(folder)) as urls:
        for kind, url in urls.items():
            store = empty_store(url, Path(folder))
            stock(store, listings)
            tell(kind, len(listings), sorted(timed(store, query) for query in queries))
            store.close()


def queries_from(titles: Sequence[str], count: int) -> list[str]:
    """One to four successive words of titles."""
    chance = random.Random(1)
    queries = []
    for title in chance.sample(titles, count):
        words = title.split()
        length = min(chance.randint(1, 4), len(words))
        start = chance.randint(0, len(words) - length)
        queries.append(" ".join(words[start : start + length]))
    return queries


def stock(store: Store, listings: Sequence[Listing]) -> None:
    with store.writing() as connection:
        record_listings(connection, listings, source="bench", now=NOON - timedelta(hours=1))
    if store.engine.dialect.name == "postgresql":
        # As the server does of itself, a minute after so many rows came in.
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def timed(store: Store, query: str) -> float:
    started = time.perf_counter()
    with store.reading() as connection:
        search_papers(connection, query, now=NOON, limit=20)
    return (time.perf_counter() - started) * 1000


def tell(kind: str, papers: int, took: Sequence[float]) -> None:
    median, late = took[len(took) // 2], took[len(took) * 95 // 100]
    what = f"{kind}: {len(took)} searches over {papers:,} papers"
    print(f"{what:<52} median {median:6.1f} ms, 95th percentile {late:6.1f} ms, longest {took[-1]:6.1f} ms")


if __name__ == "__main__":
    main()
