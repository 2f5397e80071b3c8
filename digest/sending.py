"""A lease's deliveries on their way: attempts are noted a window ahead of the first byte, answers a window behind.

The mailer asks for the next message when it has room for it. A few are made only then; that they are being handed
over was committed before. So whatever is killed at any moment, the ledger knows of every message that may have
left, and takes no more than a window for such that did not.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from math import inf
from time import monotonic, sleep
from typing import TypeVar

from digest import log
from digest.breaker import Breaker
from digest.compose import Composer
from digest.errors import RenderingError, StoreAwayError, StoreBusyError, StoreContestedError
from digest.feedback import bounced, is_permanent
from digest.lastlook import going, last_look
from digest.mail import Mailer
from digest.model import Answer, Later, Outcome, Outgoing
from digest.pace import PATIENCE, Pace
from digest.store import Connection, Store
from digest.store.attempts import (
    deliveries_leased,
    fail,
    give_back,
    numbers_held,
    queue_unsent,
    record_answers,
)
from digest.store.deliveries import Delivery
from digest.store.impasses import end_impasses
from digest.store.leases import Lease, LeaseLostError, any_expired, begin_attempts, hold, numbers_begun, release
from digest.store.waiting import put_off
from digest.terms import Delivered, Terms

FIRST_RETRY = timedelta(minutes=2)
LONGEST_RETRY = timedelta(hours=1)

LONGEST_NAP = 0.5
"""Seconds after which whoever waits for a permit listens whether it is to stop."""

MADE_AT_ONCE = 16
"""Messages: between two that are handed over, what the next is made of has left the processor's caches."""

LOOKED_WITHIN = 1.0
"""Seconds after which it is looked again who wants none of what is about to be handed over."""

RECORDED_WITHIN = 1.0
"""Seconds after which an answer of a slow server is committed, however few there are."""

PAUSES = (0.2, 0.5, 1, 2, 4)
"""Seconds between tries at a store that is away or busy, the last of them for as long as it takes: less than a third of
a lease, or others would have taken it by then."""

STILL_TRIES = 5.0
"""Seconds for which whoever is to stop tries nevertheless."""

PASSING = (StoreAwayError, StoreBusyError, StoreContestedError)
"""What ends by itself, or as soon as somebody has made room."""

T = TypeVar("T")
Clock = Callable[[], datetime]


class Sending:
    """The deliveries that one lease holds, at most `most` of them. Only its holder has one."""

    def __init__(
        self,
        store: Store,
        lease: Lease,
        *,
        mailer: Mailer,
        composer: Composer,
        terms: Terms,
        pace: Pace,
        breaker: Breaker,
        clock: Clock,
        should_stop: Callable[[], bool],
        delivered: Delivered,
    ) -> None:
        self._store, self._lease, self._clock = store, lease, clock
        self._mailer, self._composer, self._terms = mailer, composer, terms
        self._pace, self._breaker = pace, breaker
        self._should_stop, self._delivered = should_stop, delivered
        self._waiting: list[Delivery] = []
        self._begun: deque[Delivery] = deque()
        self._is_lost = False
        self._under_way: dict[int, Delivery] = {}
        self._answers: list[Answer] = []
        self._faults: dict[int, str] = {}
        self._recorded_at = self._tried_at = self._looked_at = monotonic()
        self.attempted = 0
        """How many were noted as being handed over."""
        self.refusal: Answer | None = None
        """The provider's word, where it refuses us as a sender."""

    def take_up(self, *, most: int | None) -> None:
        """Look at what the lease holds. Raises LeaseLostError as all that follows."""
        with self._transaction() as connection:
            held = deliveries_leased(connection, self._lease.id)
            begun = numbers_begun(connection, self._lease)
        doubtful = {one.id: one for one in held if one.id in begun}
        if doubtful and self._terms.after_unknown == "drop" and not self._mailer.repeatable:
            # What was being handed over when its process died: nobody knows whether it arrived.
            self._under_way = doubtful
            self._answers = [Answer(delivery_id=one, outcome=Outcome.UNKNOWN, code="killed") for one in doubtful]
            with self._transaction():
                held = [delivery for delivery in held if delivery.id not in doubtful]
        self._waiting = held[:most]

    def messages(self) -> Iterator[Outgoing | Later]:
        """The messages, made as they are asked for and their time has come."""
        # Some mailers ask on where they are refused.
        while self._waiting and self.refusal is None and not self._should_stop():
            window, seconds = self._lasting(self._begin)
            self._begun = deque(window)
            if seconds > PATIENCE:
                return
            yield from self._nap(seconds)
            yield from self._of_window()

    def _of_window(self) -> Iterator[Outgoing]:
        made: dict[int, Outgoing | str] = {}
        while self._begun:
            if self.refusal is not None or self._is_lost:
                return
            if monotonic() - self._looked_at > LOOKED_WITHIN:
                # Where this process stood still, somebody else may be at it, too.
                self._lasting(self._look_again)
                continue
            if self._begun[0].id not in made:
                made = {one.id: self._made(one) for one in islice(self._begun, MADE_AT_ONCE)}
            delivery = self._begun.popleft()
            message = made.pop(delivery.id)
            if isinstance(message, Outgoing):
                yield message
            else:
                self._faults[delivery.id] = message

    def _made(self, delivery: Delivery) -> Outgoing | str:
        """The delivery's message, or why it cannot be made."""
        try:
            return self._composer.made(delivery)
        except RenderingError as error:
            return str(error)
        except Exception as error:
            # A fault of ours in one message must not hold up all those behind it.
            return f"{type(error).__name__} while the message was made"

    def take(self, answer: Answer) -> None:
        """Note an answer; it is committed together with others."""
        self._answers.append(answer)
        if answer.outcome is Outcome.SENDER_REFUSED:
            self.refusal = self.refusal or answer
        self._record_in_time()

    def end(self) -> None:
        """Commit what is known, queue again what was not handed over, and give the lease up."""
        self._lasting(self._end)

    def give_up(self) -> None:
        """The lease is another's: what was noted as being handed over, and never was, is queued again."""
        if self._begun:
            self._lasting(self._queue_unsent)

    def _queue_unsent(self) -> None:
        with self._store.writing() as connection:
            queue_unsent(connection, [delivery.id for delivery in self._begun])

    def _end(self) -> None:
        with self._transaction() as connection:
            self._return_permits(connection, give_back(connection, self._lease.id))
            release(connection, self._lease)

    def _record(self) -> None:
        with self._transaction():
            pass

    def _lasting(self, work: Callable[[], T]) -> T:
        """Do it again for as long as the store is away or busy, or made it give way: what was answered is known
        nowhere else."""
        began, tries = monotonic(), 0
        while True:
            try:
                return work()
            except PASSING as error:
                if self._should_stop() and monotonic() - began >= STILL_TRIES:
                    raise
                tries += 1
                if tries == len(PAUSES):
                    log.warning("sending waits for the store", error=str(error))
                sleep(PAUSES[min(tries, len(PAUSES)) - 1])

    def _nap(self, seconds: float) -> Iterator[Later]:
        """Wait for a permit, with an ear for whoever wants to stop."""
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0 and not self._should_stop():
            yield Later(seconds=min(left, LONGEST_NAP))
            if self._answers:
                self._record_in_time()

    def _record_in_time(self) -> None:
        if monotonic() - max(self._recorded_at, self._tried_at) > RECORDED_WITHIN and not self._is_lost:
            try:
                self._record()
            except LeaseLostError:
                # Nothing more is handed over; what the mailer has is not torn out of its hands.
                self._is_lost = True
            except PASSING:
                # It is waited for before the next window, and in the end: not while a server waits for us.
                self._tried_at = monotonic()

    def _begin(self) -> tuple[list[Delivery], float]:
        """The next window: what must not leave is taken out of it, the rest noted as being handed over.

        Where none may leave yet: in how many seconds one may.
        """
        now = self._clock()
        with self._transaction() as connection:
            if self.attempted and any_expired(connection):
                # What a killed process held comes first: the rest of this block is queued again.
                return [], inf
            # What has no answer yet counts, or a process that dies would leave more than a window in doubt.
            under_way = len(self._under_way) - len(self._answers) - len(self._faults)
            size = max(self._terms.window - under_way, 1)
            picked = self._pace.pick(connection, going(connection, self._waiting), size, now=now)
            put_off(connection, picked.put_off)
            skipped = last_look(connection, picked.window, keys=self._composer.press.keys, now=now)
            # A commit whose answer was lost is made again: what it moved is not the lease's any more.
            held = numbers_held(connection, self._lease.id)
            window = [delivery for delivery in picked.window if delivery.id in held]
            leaving = [*self._under_way, *(delivery.id for delivery in window)]
            begin_attempts(connection, self._lease, held.intersection(leaving))
            self._pace.spend(connection, window)
            self._composer.read(connection, window)
        self._waiting, self._looked_at = picked.waiting, monotonic()
        self.attempted += len(window)
        self._count_skipped(skipped)
        self._under_way |= {delivery.id: delivery for delivery in window}
        return window, 0.0 if picked.window else picked.seconds

    def _look_again(self) -> None:
        """Leave out of the window whoever wants no message any more: with a slow server it takes minutes."""
        now, begun = self._clock(), list(self._begun)
        with self._transaction() as connection:
            stay = {one.id for one in going(connection, begun)}
            give_back(connection, self._lease.id, only=[one.id for one in begun if one.id not in stay])
            skipped = last_look(connection, begun, keys=self._composer.press.keys, now=now)
            held = numbers_held(connection, self._lease.id)
            gone = [one.id for one in begun if one.id not in held]
            self._return_permits(connection, gone)
        self._begun, self._looked_at = deque(one for one in begun if one.id in held), monotonic()
        self._count_skipped(skipped)
        for number in gone:
            del self._under_way[number]

    def _return_permits(self, connection: Connection, unsent: Iterable[int]) -> None:
        begun = [self._under_way[number] for number in unsent if number in self._under_way]
        self._pace.give_back(connection, begun, now=self._clock())

    def _count_skipped(self, skipped: Mapping[int, str]) -> None:
        self._delivered.counts.update(skipped=len(skipped))
        self._delivered.skipped.update(skipped.values())

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """Under the lease: what has been answered, and could not be made, is written down before all else."""
        now = self._clock()
        answered = [(self._as_wished(answer), self._under_way[answer.delivery_id]) for answer in self._answers]
        # What has left must not leave again after a power cut.
        with self._store.writing(durable=True) as connection:
            hold(connection, self._lease)
            failed = [fail(connection, number, detail=fault) for number, fault in self._faults.items()]
            timed = [(answer, now + _until_retry(answer, delivery)) for answer, delivery in answered]
            moved = record_answers(connection, timed, lease_id=self._lease.id, provider=self._mailer.name, now=now)
            refused = [(answer, delivery) for answer, delivery in answered if delivery.id in moved]
            for answer, delivery in refused:
                if answer.outcome is Outcome.RECIPIENT_REFUSED:
                    bounced(connection, delivery, code=answer.code, now=now)
            if any(answer.outcome in _HEARD for answer, _ in answered):
                end_impasses(connection)
            paused = self._breaker.look(connection, _gone(refused), now=now)
            self._pace.heed(connection, answered, refused, seconds=monotonic() - self._recorded_at, now=now)
            yield connection
        # Only now is it written: what fails before is told again.
        self._delivered.counts.update(_COUNTED[answer.outcome] for answer, _ in answered)
        self._delivered.counts.update(failed=sum(failed))
        self._delivered.paused += paused
        self._delivered.refusals.update(answer.told for answer, _ in refused)
        for number in [*self._faults, *(answer.delivery_id for answer, _ in answered)]:
            self._under_way.pop(number, None)
        self._answers, self._faults, self._recorded_at = [], {}, monotonic()

    def _as_wished(self, answer: Answer) -> Answer:
        again = answer.outcome is Outcome.UNKNOWN and self._terms.after_unknown == "resend"
        return replace(answer, outcome=Outcome.DEFERRED) if again else answer


_HEARD = {Outcome.ACCEPTED, Outcome.RECIPIENT_REFUSED, Outcome.MESSAGE_REFUSED}
"""What a provider says of a message that it has been handed."""
_COUNTED = {
    Outcome.ACCEPTED: "sent",
    Outcome.DEFERRED: "deferred",
    Outcome.RECIPIENT_REFUSED: "bounced",
    Outcome.MESSAGE_REFUSED: "failed",
    Outcome.SENDER_REFUSED: "queued again",
    Outcome.UNKNOWN: "unknown",
}


def _until_retry(answer: Answer, delivery: Delivery) -> timedelta:
    """How long to wait before the next try: what the provider says, else twice as long every time."""
    if answer.outcome is not Outcome.DEFERRED:
        return timedelta(0)
    if answer.retry_after is not None:
        return max(FIRST_RETRY, timedelta(seconds=answer.retry_after))
    return min(FIRST_RETRY * (1 << min(delivery.attempts, 10)), LONGEST_RETRY)


def _gone(refused: Iterable[tuple[Answer, Delivery]]) -> Counter[int]:
    """How many messages of each printing found no mailbox."""
    return Counter(
        delivery.printing_id
        for answer, delivery in refused
        if answer.outcome is Outcome.RECIPIENT_REFUSED
        and delivery.printing_id is not None
        and is_permanent(answer.code)
    )
