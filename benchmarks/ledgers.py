"""The ledger alone, by the store's own functions: the part `ledger` of `./run bench sending`."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from configured import NOON
from databases import addresses, empty_store
from readers import add_readers

from digest.model import (
    Answer,
    DeliveryKind,
    Outcome,
    Pick,
    Priority,
    Reason,
    ReasonKind,
    Selection,
)
from digest.publish import BLOCK as PUBLISHED
from digest.store import Store
from digest.store.attempts import deliveries_leased, numbers_held, record_answers
from digest.store.deliveries import NewDelivery, queue_editions
from digest.store.leases import begin_attempts, hold, release, take_queued

LEASED, WINDOW = 1000, 256
ASKED = {"SQLite": 50_000, "PostgreSQL": 25_000}
STEPS = ("fill", "lease", "read", "attempts", "marks")
SELECTION = Selection(
    considered=500,
    picks=tuple(
        Pick(number, 1.5, Reason(kind=ReasonKind.TOPIC, interest="diffusion models", terms=("diffusion", "models")))
        for number in range(1, 11)
    ),
)
READER = {"cadence": "daily", "hour": 12, "timezone": "UTC", "language": "en", "follows": True, "since_on": None}

Seconds = dict[str, float]


def ledger(rows: int, *, rounds: int) -> None:
    """Print rows a second of each step on both databases, committed as publishing and sending commit them."""
    rates: dict[str, dict[str, list[float]]] = {}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name, addresses(Path(name), are_careful=True) as urls:
            for kind, url in urls.items():
                for step, seconds in taken(url, Path(name), rows).items():
                    rates.setdefault(kind, {}).setdefault(step, []).append(rows / seconds)
    print(f"{rows:,} deliveries, rows a second, medians of {rounds}; `read` is what sending reads of a lease")
    for kind, each in rates.items():
        for step, found in each.items():
            median, asked = statistics.median(found), ASKED[kind]
            verdict = "" if step == "read" else f"asked: {asked:,}, {'reached' if median >= asked else 'NOT REACHED'}"
            print(f"{kind:<12} {step:<10} {median:10,.0f} ({min(found):,.0f}-{max(found):,.0f}) {verdict}")


def taken(url: str, folder: Path, rows: int) -> Seconds:
    """Wall seconds of each step for so many deliveries."""
    store, took = empty_store(url, folder), dict.fromkeys(STEPS, 0.0)
    with store.writing() as connection:
        add_readers(connection, range(1, rows + 1), due_at=NOON, topics_of=lambda _: ())
    for start in range(1, rows + 1, PUBLISHED):
        new = [delivery(number) for number in range(start, min(start + PUBLISHED, rows + 1))]
        with timed(took, "fill"), store.writing() as connection:
            queue_editions(connection, new)
    while send(store, took):
        pass
    store.close()
    return took


def send(store: Store, took: Seconds) -> bool:
    """Take a lease and account for what it holds, window by window; false where nothing was left."""
    with timed(took, "lease"), store.writing() as connection:
        lease = take_queued(connection, holder="bench", seconds=60, limit=LEASED, now=NOON)
    if lease is None:
        return False
    with timed(took, "read"), store.reading() as connection:
        numbers = [one.id for one in deliveries_leased(connection, lease.id)]
    for start in range(0, len(numbers), WINDOW):
        window = numbers[start : start + WINDOW]
        answers = [(accepted(number), NOON) for number in window]
        with timed(took, "attempts"), store.writing(durable=True) as connection:
            hold(connection, lease)
            held = numbers_held(connection, lease.id)
            begin_attempts(connection, lease, [number for number in window if number in held])
        with timed(took, "marks"), store.writing(durable=True) as connection:
            hold(connection, lease)
            record_answers(connection, answers, lease_id=lease.id, provider="smtp", now=NOON)
    with store.writing() as connection:
        release(connection, lease)
    return True


def accepted(number: int) -> Answer:
    """As a relay takes a message, with a number of its own."""
    return Answer(delivery_id=number, outcome=Outcome.ACCEPTED, detail=f"2.0.0 Ok: queued as 4{number:X}")


@contextmanager
def timed(took: Seconds, step: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    took[step] += time.perf_counter() - started


def delivery(number: int) -> NewDelivery:
    return NewDelivery(
        key=f"papers:edition:{number}:2026-06-19",
        kind=DeliveryKind.EDITION,
        priority=Priority.EDITION,
        newsletter="papers",
        subscriber_id=number,
        subscription_id=number,
        due_on=NOON.date(),
        dated_at=NOON,
        send_before_at=NOON + timedelta(hours=6),
        signed_with="k",
        selection=SELECTION,
        reader=READER,
    )
