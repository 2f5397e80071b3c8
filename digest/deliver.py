"""Job: what is queued -> messages -> a mailer -> the ledger.

A block of deliveries is leased, sent, and accounted for; then the next one, until nothing is left. Whatever is
killed in between is found again by its lease.
"""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from digest.breaker import Breaker
from digest.compose import Composer
from digest.errors import DeliveryError, RenderingError, StoreError
from digest.mail import Mailer
from digest.pace import Pace
from digest.press import Press
from digest.scopes import Wait
from digest.sending import Clock, Sending
from digest.store import Connection, Store
from digest.store.deliveries import deliveries_numbered, numbers_queued
from digest.store.engine import blocks
from digest.store.impasses import note_impasse
from digest.store.leases import Lease, LeaseLostError, hold, soonest_expiry, take_expired, take_queued
from digest.store.pauses import pauses_now
from digest.store.waiting import skip_late, waiting_now
from digest.terms import Delivered, Terms

_QUEUED_AGAIN = "Everything is queued again; mend the sender or the sign-in, then deliver."
_NOT_SENT = "It was not sent; mend the sender or the sign-in, then try again."
"""What a refusal of the sender means for what is queued, and for one message that somebody waits for."""

BLOCK = 1000
"""Deliveries to a lease."""


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
        run.note_impasse()
    return run.delivered


def deliver_one(
    store: Store, mailer: Mailer, press: Press, delivery_id: int, *, terms: Terms, clock: Clock
) -> Delivered:
    """Send one delivery that is queued, and nothing else."""
    run = _Run(store, mailer, press, terms=terms, clock=clock, where_refused=_NOT_SENT)
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
        for block in blocks(numbers_queued(connection, now=now, limit=limit), BLOCK):
            for delivery in deliveries_numbered(connection, block):
                try:
                    done.size += len(composer.outgoing(connection, delivery).content)
                    done.made += 1
                except RenderingError:
                    done.failed += 1
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
        where_refused: str = _QUEUED_AGAIN,
    ) -> None:
        self.store, self.mailer, self.terms, self.clock = store, mailer, terms, clock
        self.should_stop, self.progress, self.where_refused = should_stop, progress, where_refused
        self.composer = Composer(press, signs=not mailer.signs)
        self.holder = f"{socket.gethostname()}:{os.getpid()}"
        self.pace, self.breaker = Pace(terms.limits), Breaker()
        self.delivered = Delivered()

    def send_all(self, *, limit: int | None) -> None:
        left = limit
        while (left is None or left > 0) and not self.should_stop():
            lease = self._take(BLOCK if left is None else min(left, BLOCK))
            if lease is None:
                return
            attempted = self._send_leased(lease, most=left)
            left = None if left is None else left - attempted

    def note_impasse(self) -> None:
        """That nothing can be handed over is known to who looks at the store, not to who reads the log alone."""
        # What the run came to is told, whatever the store is like by now; the next one notes it as well.
        with suppress(StoreError), self.store.writing() as connection:
            note_impasse(connection, self.mailer.name, why=self.delivered.error, now=self.clock())
            # Else what is too late would be found so only once mail leaves again, behind the next publishing.
            self._skip_late(connection)

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
            wait = self._wait(connection)
            if wait is not None and not wait.is_for_editions:
                return None
            lease = take_queued(
                connection,
                holder=self.holder,
                seconds=seconds,
                limit=size,
                now=self.clock(),
                awaited_alone=wait is not None,
            )
            if lease is None and pauses_now(connection):
                self._skip_late(connection)
            return lease

    def _wait(self, connection: Connection) -> Wait | None:
        """Why nothing, or no edition, leaves for a good while: what is too late meanwhile is skipped."""
        now = self.clock()
        wait = self.pace.wait(connection, now=now)
        if wait is not None:
            self._skip_late(connection)
        self.delivered.wait = wait if wait is not None and waiting_now(connection, now=now).queued else None
        return wait

    def _skip_late(self, connection: Connection) -> None:
        late = skip_late(connection, now=self.clock())
        self.delivered.counts.update(skipped=late)
        self.delivered.skipped.update({"past its deadline": late} if late else {})

    def _send_leased(self, lease: Lease, *, most: int | None) -> int:
        """Send at most so many of what the lease holds, and give back the rest; how many were handed over."""
        sending = Sending(
            self.store,
            lease,
            mailer=self.mailer,
            composer=self.composer,
            terms=self.terms,
            pace=self.pace,
            breaker=self.breaker,
            clock=self.clock,
            should_stop=self.should_stop,
            delivered=self.delivered,
        )
        try:
            sending.take_up(most=most)
            stopped = self._hand_over(lease, sending)
            sending.end()
        except LeaseLostError:
            # Whoever has the lease now sends what it holds.
            sending.give_up()
            return sending.attempted
        if stopped:
            raise _Stopped(stopped)
        return sending.attempted

    def _hand_over(self, lease: Lease, sending: Sending) -> str:
        """Hand over what there is; why sending has to stop, or an empty string."""
        try:
            with self._held(lease):
                for answer in self.mailer.send(sending.messages(), should_stop=self.should_stop):
                    sending.take(answer)
                    self.progress(1)
        except DeliveryError as error:
            return str(error)
        if sending.refusal is None:
            return ""
        told = f"{sending.refusal.code}: {sending.refusal.detail}".strip(": ")
        self.delivered.refused = f"{self.mailer.name} ({told})"
        return f"{self.mailer.name} refused us as a sender ({told}). {self.where_refused}"

    @contextmanager
    def _held(self, lease: Lease) -> Iterator[None]:
        """Hold on to the lease meanwhile, however long a server takes for one answer."""
        done = threading.Event()

        def hold_on() -> None:
            while not done.wait(lease.seconds / 3):
                try:
                    with self.store.writing() as connection:
                        hold(connection, lease)
                except LeaseLostError:
                    return
                except StoreError:
                    # It may be back before the lease has run out.
                    continue

        holding = threading.Thread(target=hold_on, daemon=True)
        holding.start()
        try:
            yield
        finally:
            done.set()
            holding.join()
