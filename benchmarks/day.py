"""How long a day's jobs take: collect, publish, deliver into an outbox. Prints a table.

    ./run bench day [--subscribers N] [--papers N] [--lists FOLDER]

The papers are made of the sample's words; `--lists` collects a folder of recorded lists as well.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from digest.address import parse_address
from digest.app import App
from digest.collect import collect
from digest.config import parse_config
from digest.deliver import deliver
from digest.installation import set_up
from digest.model import Cadence, Choices, Interest, InterestKind, Weights
from digest.publish import publish
from digest.sources.files import Files
from digest.sources.sample import PATH
from digest.store.subscribers import set_subscription, subscriber_for

NOON = datetime(2026, 6, 19, 12, tzinfo=UTC)
DISTINCT_TOPICS = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--papers", type=int, default=500)
    parser.add_argument("--lists", type=Path)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app, _, _ = set_up(parse_config({}, folder=Path(folder)))
        run(app, Path(folder), subscribers=wanted.subscribers, papers=wanted.papers, lists=wanted.lists)
        app.store.close()


def run(app: App, folder: Path, *, subscribers: int, papers: int, lists: Path | None) -> None:
    chance = random.Random(1)
    made = folder / "papers.jsonl"
    made.write_text(papers_of_the_samples_words(papers, chance))
    timed(f"collect {papers:,} papers", lambda: collect_files(app, [made]))
    if lists is not None:
        files = sorted(lists.glob("*.json"))
        timed(f"collect {len(files)} recorded lists", lambda: collect_files(app, files))
    timed(f"subscribe {subscribers:,} readers", lambda: subscribe(app, subscribers, chance))
    timed(
        f"publish {subscribers:,} readers x {papers:,} papers",
        lambda: publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON).queued,
    )
    timed(
        f"deliver {subscribers:,} messages",
        lambda: deliver(app.store, app.mailer(), app.press, terms=app.terms, clock=lambda: NOON).counts["sent"],
    )


def timed(what: str, work: Callable[[], int]) -> None:
    started = time.perf_counter()
    count = work()
    seconds = time.perf_counter() - started
    print(f"{what:<44} {seconds:8.2f} s {count / seconds:10,.0f} /s")


def collect_files(app: App, files: list[Path]) -> int:
    collected = collect(app.store, [Files(files)], now=NOON, look_back=timedelta(days=7))
    return sum(one.recorded.read for one in collected)


def papers_of_the_samples_words(papers: int, chance: random.Random) -> str:
    words = [word for line in PATH.read_text().splitlines() for word in json.loads(line)["abstract"].split()]
    rows = (
        {
            "id": f"2606.{number:05}",
            "title": " ".join(chance.sample(words, 9)),
            "abstract": ". ".join(" ".join(chance.sample(words, 20)) for _ in range(8)),
            "listed_on": "2026-06-19",
            "upvotes": int(chance.expovariate(1 / 12)),
        }
        for number in range(papers)
    )
    return "\n".join(json.dumps(row) for row in rows)


def subscribe(app: App, subscribers: int, chance: random.Random) -> int:
    words = sorted(
        {word.strip(".,") for line in PATH.read_text().splitlines() for word in json.loads(line)["title"].split()}
    )
    topics = [" ".join(chance.sample(words, 2)) for _ in range(DISTINCT_TOPICS)]
    plain = Choices(cadence=Cadence.DAILY, hour=12, timezone="UTC", max_papers=10)
    with app.store.writing() as connection:
        for number in range(subscribers):
            followed = tuple(Interest(kind=InterestKind.TOPIC, value=topic) for topic in chance.sample(topics, 3))
            address = parse_address(f"reader{number}@example.org")
            subscriber = subscriber_for(connection, address, now=NOON)
            choices = replace(plain, interests=followed)
            set_subscription(connection, subscriber, newsletter="papers", choices=choices, next_due_at=NOON, now=NOON)
    return subscribers


if __name__ == "__main__":
    main()
