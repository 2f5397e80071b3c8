"""Job: what is queued -> messages -> a mailer -> the ledger.

A block of deliveries is leased, and sent a window at a time: the attempts are committed before
the first byte leaves, the answers afterwards. Whatever is killed in between is found again by
its lease, and is known to have been under way.
"""

import os
import socket
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from digest.compose import Composer
from digest.errors import DeliveryError, RenderingError, StoreError
from digest.feedback import bounced
from digest.mail import Mailer
from digest.model import Answer, Outcome, Outgoing
from digest.press import Press
from digest.store import Connection, Store
from digest.store.deliveries import (
    Delivery,
    begin_attempts,
    deliveries_leased,
    deliveries_queued,
    fail,
    give_back,
    record_answers,
    skip_unwanted,
)
from digest.store.engine import blocks
from digest.store.leases import Lease, LeaseLostError, hold, release, soonest_expiry, take_expired, take_queued

BLOCK = 1000
FIRST_RETRY = timedelta(minutes=2)
LONGEST_RETRY = timedelta(hours=1)

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How deliveries are leased and sent: `window` messages between two commits."""

    lease_seconds: float
    window: int
    after_unknown: Literal["drop", "resend"] = "drop"


@dataclass(slots=True, kw_only=True)
class Delivered:
    """What a run did, by outcome, and why what was skipped; `error` says why sending stopped, where it did.

    `refused` names the provider and its answer where that was because it refused us as a sender.
    """

    counts: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    error: str = ""
    refused: str = ""


class _Stopped(Exception):  # noqa: N818 - not an error: the run ends here, with what was done
    """Sending cannot go on: the mailer does not work, or refuses us as a sender."""


def deliver(
    store: Store,
    mailer: Mailer,
    press: Press,
    *,
    terms: Terms,
    clock: Clock,
    limit: int | None = None,
    wait: Callable[[float], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int], None] = lambda _: None,
) -> Delivered:
    """Send what is queued, at most `limit` messages, until there is nothing more or `should_stop` says so.

    With `wait`, leases that a killed process left behind are waited for, once, at most as long as
    a lease lasts; a lease that is held on to belongs to a living process and is left alone.
    """
    run = _Run(store, mailer, press, terms=terms, clock=clock, should_stop=should_stop, progress=progress)
    try:
        run.send_all(limit=limit)
        if wait is not None and limit is None and (seconds := _left_behind(store)) is not None:
            wait(min(seconds, terms.lease_seconds) + 0.05)
            run.send_all(limit=None)
    except _Stopped as stopped:
        run.delivered.error = str(stopped)
    return run.delivered


def deliver_one(
    store: Store, mailer: Mailer, press: Press, delivery_id: int, *, terms: Terms, clock: Clock
) -> Delivered:
    """Send one delivery that is queued, and nothing else."""
    run = _Run(store, mailer, press, terms=terms, clock=clock)
    try:
        run.send_one(delivery_id)
    except _Stopped as stopped:
        run.delivered.error = str(stopped)
    return run.delivered


@dataclass(slots=True, kw_only=True)
class Rehearsed:
    """What a rehearsal made: how many messages, their bytes, and how many could not be made."""

    made: int = 0
    size: int = 0
    failed: int = 0


def rehearse(store: Store, press: Press, *, now: datetime, limit: int | None = None) -> Rehearsed:
    """Make the messages that would be sent now, and send none."""
    composer, done = Composer(press), Rehearsed()
    with store.reading() as connection:
        for offset in range(0, limit or sys.maxsize, BLOCK):
            size = BLOCK if limit is None else min(BLOCK, limit - offset)
            waiting = deliveries_queued(connection, now=now, limit=size, offset=offset)
            for delivery in waiting:
                try:
                    done.size += len(composer.outgoing(connection, delivery).content)
                    done.made += 1
                except RenderingError:
                    done.failed += 1
            if len(waiting) < size:
                break
    return done


def _left_behind(store: Store) -> float | None:
    with store.reading() as connection:
        return soonest_expiry(connection)


class _Run:
    """One run over the queue: it holds one lease at a time."""

    def __init__(
        self,
        store: Store,
        mailer: Mailer,
        press: Press,
        *,
        terms: Terms,
        clock: Clock,
        should_stop: Callable[[], bool] = lambda: False,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.store, self.mailer, self.terms, self.clock = store, mailer, terms, clock
        self.should_stop, self.progress = should_stop, progress
        self.composer = Composer(press, signs=not mailer.signs)
        self.holder = f"{socket.gethostname()}:{os.getpid()}"
        self.delivered = Delivered()

    def send_all(self, *, limit: int | None) -> None:
        left = limit
        while (left is None or left > 0) and not self.should_stop():
            lease = self._take(BLOCK if left is None else min(left, BLOCK))
            if lease is None:
                return
            taken = self._send_leased(lease, most=left)
            left = None if left is None else left - taken

    def send_one(self, delivery_id: int) -> None:
        seconds = self.terms.lease_seconds
        with self.store.writing() as connection:
            lease = take_queued(
                connection, holder=self.holder, seconds=seconds, limit=1, now=self.clock(), only=delivery_id
            )
        if lease is not None:
            self._send_leased(lease, most=None)

    def _take(self, size: int) -> Lease | None:
        seconds = self.terms.lease_seconds
        with self.store.writing() as connection:
            lease = take_expired(connection, holder=self.holder, seconds=seconds)
            if lease is not None:
                return lease
            return take_queued(connection, holder=self.holder, seconds=seconds, limit=size, now=self.clock())

    def _send_leased(self, lease: Lease, *, most: int | None) -> int:
        """Send at most so many of what the lease holds, and give back the rest; how many were taken on."""
        try:
            with self.store.writing() as connection:
                hold(connection, lease)
                held = deliveries_leased(connection, lease.id)
                if not self.mailer.repeatable:
                    held = self._settle_doubtful(connection, held)
            held = held[:most]
            for window in blocks(held, self.terms.window):
                if self.should_stop():
                    break
                self._send_window(lease, window)
                self.progress(len(window))
            with self.store.writing() as connection:
                hold(connection, lease)
                give_back(connection, [delivery.id for delivery in deliveries_leased(connection, lease.id)])
                release(connection, lease)
        except LeaseLostError:
            # Whoever has the lease now sends what it holds.
            return 0
        return len(held)

    def _settle_doubtful(self, connection: Connection, held: Sequence[Delivery]) -> list[Delivery]:
        """What was being handed over when its process died: nobody knows whether it arrived."""
        doubtful = [delivery for delivery in held if delivery.attempted_at is not None]
        if self.terms.after_unknown == "drop":
            answers = [Answer(delivery_id=d.id, outcome=Outcome.UNKNOWN, code="killed") for d in doubtful]
            self._record(connection, answers, doubtful)
            return [delivery for delivery in held if delivery.attempted_at is None]
        return list(held)

    def _send_window(self, lease: Lease, window: Sequence[Delivery]) -> None:
        ready, faults = self._compose(window)
        now = self.clock()
        with self.store.writing() as connection:
            hold(connection, lease)
            # The last look: whoever unsubscribed up to here gets nothing.
            skipped = skip_unwanted(connection, [delivery.id for delivery in window], now=now)
            ready = [message for message in ready if message.delivery_id not in skipped]
            failed = [fail(connection, number, detail=fault) for number, fault in faults.items()]
            begin_attempts(connection, [message.delivery_id for message in ready], now=now)
        self.delivered.counts.update(skipped=len(skipped), failed=sum(failed))
        self.delivered.skipped.update(skipped.values())
        answers, stopped = self._hand_over(lease, ready)
        answered = {answer.delivery_id for answer in answers}
        with self.store.writing() as connection:
            hold(connection, lease)
            self._record(connection, answers, window)
            give_back(connection, [message.delivery_id for message in ready if message.delivery_id not in answered])
            if stopped:
                give_back(connection, [delivery.id for delivery in deliveries_leased(connection, lease.id)])
                release(connection, lease)
        if stopped:
            raise _Stopped(stopped)

    def _compose(self, window: Sequence[Delivery]) -> tuple[list[Outgoing], dict[int, str]]:
        """The messages of a window, and why some deliveries have none."""
        ready, faults = [], {}
        with self.store.reading() as connection:
            for delivery in window:
                try:
                    ready.append(self.composer.outgoing(connection, delivery))
                except RenderingError as error:
                    faults[delivery.id] = str(error)
                except Exception as error:
                    # A fault of ours in one message must not hold up all those behind it.
                    faults[delivery.id] = f"{type(error).__name__} while the message was made"
        return ready, faults

    def _hand_over(self, lease: Lease, ready: Sequence[Outgoing]) -> tuple[list[Answer], str]:
        """The answers, and why sending has to stop, or an empty string."""
        answers: list[Answer] = []
        try:
            with self._held(lease):
                for answer in self.mailer.send(ready) if ready else ():
                    answers.append(answer)  # noqa: PERF402 - those before a failure are kept
        except DeliveryError as error:
            return answers, str(error)
        refused = [answer for answer in answers if answer.outcome is Outcome.SENDER_REFUSED]
        if refused:
            told = f"{refused[0].code}: {refused[0].detail}".strip(": ")
            self.delivered.refused = f"{self.mailer.name} ({told})"
            why = f"{self.mailer.name} refused us as a sender ({told})."
            return answers, f"{why} Everything is queued again; mend the sender or the sign-in, then deliver."
        return answers, ""

    @contextmanager
    def _held(self, lease: Lease) -> Iterator[None]:
        """Hold on to the lease meanwhile, however long a server takes for one answer."""
        done = threading.Event()

        def hold_on() -> None:
            while not done.wait(lease.seconds / 3):
                try:
                    with self.store.writing() as connection:
                        hold(connection, lease)
                except StoreError:
                    return

        holding = threading.Thread(target=hold_on, daemon=True)
        holding.start()
        try:
            yield
        finally:
            done.set()
            holding.join()

    def _record(self, connection: Connection, answers: Sequence[Answer], deliveries: Sequence[Delivery]) -> None:
        now, by_id = self.clock(), {delivery.id: delivery for delivery in deliveries}
        if self.terms.after_unknown == "resend":
            again = {Outcome.UNKNOWN: Outcome.DEFERRED}
            answers = [replace(answer, outcome=again.get(answer.outcome, answer.outcome)) for answer in answers]
        timed = [(answer, now + _pause(answer, by_id[answer.delivery_id])) for answer in answers]
        record_answers(connection, timed, provider=self.mailer.name, now=now)
        for answer in answers:
            self.delivered.counts[_COUNTED[answer.outcome]] += 1
            if answer.outcome is Outcome.RECIPIENT_REFUSED:
                bounced(connection, by_id[answer.delivery_id], code=answer.code, now=now)


_COUNTED = {
    Outcome.ACCEPTED: "sent",
    Outcome.DEFERRED: "deferred",
    Outcome.RECIPIENT_REFUSED: "bounced",
    Outcome.MESSAGE_REFUSED: "failed",
    Outcome.SENDER_REFUSED: "queued again",
    Outcome.UNKNOWN: "unknown",
}


def _pause(answer: Answer, delivery: Delivery) -> timedelta:
    """How long to wait before the next try: what the provider says, else twice as long every time."""
    if answer.outcome is not Outcome.DEFERRED:
        return timedelta(0)
    if answer.retry_after is not None:
        return max(FIRST_RETRY, timedelta(seconds=answer.retry_after))
    return min(FIRST_RETRY * (1 << min(delivery.attempts, 10)), LONGEST_RETRY)
