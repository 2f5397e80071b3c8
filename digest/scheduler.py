"""Face: APScheduler ticks, and nothing else; the store says what is due.

Jobs live in memory and start at once: a tick that was missed is made up by the next, because
each looks at everything that is due by then.
"""

import ctypes
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from digest import log
from digest.alarms import alarm_of_pauses, alarm_of_refusal
from digest.apart import HOWEVER_LONG, here
from digest.app import App
from digest.clock import mind_clock
from digest.collect import Collected
from digest.deliver import deliver
from digest.embed import Embedded
from digest.errors import sentence_of
from digest.pace import Pace
from digest.publish import is_due
from digest.store.pauses import EVERYTHING, Pause, PauseCause, pauses_now
from digest.store.waiting import are_queued
from digest.subscribe import forget_unconfirmed
from digest.summarise import summarise
from digest.terms import Delivered
from digest.ticks import Alarmed, deliver_all, gather, publish_all
from digest.tidy import tidy

WATCH_SECONDS = 1.0
TIDY_SECONDS = 24 * 60 * 60
LONGEST_PAUSE, LONGEST_PAUSE_AWAY = timedelta(hours=1), timedelta(minutes=1)
"""Between tries to send, where the provider refuses us as a sender, and where nobody can be reached."""

MANY = 50
"""Messages for which the process is worth its start, that gives back what they took: all else leaves from this one."""


class Ticker:
    """Ticks collect, publish, deliver and tidy until it is stopped."""

    def __init__(self, app: App, *, clock: Callable[[], datetime], doing: Callable[..., Iterator[Any]] = here) -> None:
        self.app = app
        self.clock = clock
        # A mailer or a model that is set up wrong ends the start, not every tick.
        self._mailer = app.mailer()
        app.embedder()
        self._told_wait, self._told_pauses = "", dict[str, Pause]()
        self._tried_in_vain, self._tries_again_at = 0, self.clock()
        self._stopping = threading.Event()
        self._run = partial(doing, app, should_stop=self._stopping.is_set)
        self._collected = threading.Event()
        self._watch = threading.Thread(target=self._watch_the_clock, daemon=True)
        self._scheduler = BackgroundScheduler(executors={"default": ThreadPoolExecutor(4)}, timezone="UTC")

    def start(self) -> None:
        """Start ticking, with a first tick of each job at once."""
        # It warns of every tick that a long one takes the place of, which is as it should be.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        schedule = self.app.config.schedule
        for tick, seconds in (
            (self.collect, 60 * schedule.collect_minutes),
            (self.publish, schedule.publish_seconds),
            (self.deliver, schedule.deliver_seconds),
            (self.tidy, TIDY_SECONDS),
        ):
            self._scheduler.add_job(
                self.tick,
                "interval",
                args=[tick],
                seconds=seconds,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
                next_run_time=datetime.now(self._scheduler.timezone),
            )
        self._scheduler.start()
        self._watch.start()

    def stop(self) -> None:
        """Stop ticking; the block in hand is ended first, the rest stays in the queue."""
        self._stopping.set()
        self._watch.join()
        self._scheduler.shutdown(wait=True)

    def help(self) -> None:
        """Publish without having collected: whoever calls for help has."""
        self._collected.set()

    def end(self) -> None:
        """End with the block in hand, in whatever is under way."""
        self._stopping.set()

    def collect(self) -> None:
        """Read the sources, and have summed up what they do not."""
        try:
            self._collect()
        finally:
            self._collected.set()
        self._summarise()

    def _collect(self) -> None:
        for done in self._run(gather, now=self.clock()):
            match done:
                case Collected():
                    self._say_collected(done)
                case Alarmed():
                    log.warning("alarm queued", cause="source failed", source=done.source)
                case Embedded() if done.made or done.refused or done.error:
                    tell = log.warning if done.refused or done.error else log.info
                    tell("embedded", made=done.made, refused=done.refused, error=done.error)

    @staticmethod
    def _say_collected(collected: Collected) -> None:
        recorded = collected.recorded
        tell = log.warning if collected.error else log.info
        tell(
            "collected",
            source=collected.source,
            read=recorded.read,
            new=recorded.new,
            changed=recorded.changed,
            error=collected.error,
        )

    def _summarise(self) -> None:
        app, summariser = self.app, self.app.summariser()
        if summariser is None:
            return
        per_day, stopping = app.config.summary.per_day, self._stopping.is_set
        done = summarise(app.store, summariser.sentence, per_day=per_day, now=self.clock(), should_stop=stopping)
        if done.asked:
            tell = log.warning if done.error else log.info
            tell("summarised", asked=done.asked, written=done.written, error=done.error)

    def publish(self) -> None:
        """Queue what is due, and forget who never confirmed.

        Not before the first collect has ended: after an outage, editions would go out on old papers.
        """
        if not self._collected.is_set():
            return
        app, now = self.app, self.clock()
        if (shown_at := mind_clock(app.store, now=now)) is not None:
            log.warning("clock set back", shown=shown_at.isoformat(), now=now.isoformat())
        if any(is_due(app.store, newsletter=one.slug, now=now) for one in app.config.newsletter):
            for newsletter, published in self._run(publish_all, now=now):
                if published.due:
                    log.info("published", newsletter=newsletter, **asdict(published))
        if forgotten := forget_unconfirmed(app.store, now=now):
            log.info("unconfirmed addresses deleted", count=forgotten)

    def deliver(self) -> None:
        """Send what is queued; after a try that came to nothing, not at once again."""
        self._say_pauses()
        now = self.clock()
        if timedelta(0) < self._tries_again_at - now <= LONGEST_PAUSE:
            return
        if self._are_many(now):
            sending = self._run(deliver_all, now=now, stops_within=HOWEVER_LONG)
        else:
            sending = self._deliver_here()
        for delivered in sending:
            self._say_delivered(delivered)
            self._pause_after(delivered)

    def _say_pauses(self) -> None:
        """Once each, what stands still and what goes on; of what the breaker stopped there is a line already."""
        with self.app.store.reading() as connection:
            told, self._told_pauses = self._told_pauses, pauses_now(connection)
        for scope, pause in self._told_pauses.items():
            if pause != told.get(scope) and pause.cause is not PauseCause.BOUNCES:
                log.warning("sending paused", what=_scope_told(scope), cause=str(pause.cause), why=pause.why)
        for scope in told.keys() - self._told_pauses.keys():
            log.info("sending goes on", what=_scope_told(scope))

    def _are_many(self, now: datetime) -> bool:
        """Whether as many may leave as are worth a process."""
        with self.app.store.reading() as connection:
            if not are_queued(connection, MANY, now=now):
                return False
            return Pace(self.app.terms.limits).wait(connection, now=now) is None

    def _pause_after(self, delivered: Delivered) -> None:
        """A server that is down is tried ever less often; one that refuses our sign-in would lock the mailbox."""
        in_vain = bool(delivered.error) and not delivered.counts["sent"]
        self._tried_in_vain = self._tried_in_vain + 1 if in_vain else 0
        if in_vain:
            longest = LONGEST_PAUSE if delivered.refused else LONGEST_PAUSE_AWAY
            pause = timedelta(seconds=self.app.config.schedule.deliver_seconds) * 2 ** min(self._tried_in_vain - 1, 12)
            self._tries_again_at = self.clock() + min(pause, longest)

    def _deliver_here(self) -> Iterator[Delivered]:
        app, stopping = self.app, self._stopping.is_set
        # An edition may be queued meanwhile: the next tick sends the rest of it.
        yield deliver(
            app.store,
            self._mailer,
            app.press,
            terms=app.terms,
            clock=self.clock,
            limit=MANY,
            should_stop=stopping,
        )

    def _say_delivered(self, delivered: Delivered) -> None:
        app = self.app
        counts = Counter({outcome: count for outcome, count in delivered.counts.items() if count})
        told = {"why": delivered.skipped, "refused": delivered.refusals}
        if counts:
            log.info("delivered", **counts, **{what: dict(each) for what, each in told.items() if each})
        wait = "" if delivered.wait is None else delivered.wait.told
        if wait and wait != self._told_wait:
            log.warning("sending waits", why=wait)
        self._told_wait = wait
        if delivered.error:
            log.error("delivery stopped", error=delivered.error)
        for newsletter in delivered.paused:
            log.error("newsletter paused", newsletter=newsletter, cause="too many addresses do not exist")
        for newsletter in alarm_of_pauses(app.store, app.press, to=app.config.mail.alarms, now=self.clock()):
            log.warning("alarm queued", cause="newsletter paused", newsletter=newsletter)
        if alarm_of_refusal(app.store, app.press, delivered.refused, to=app.config.mail.alarms, now=self.clock()):
            log.warning("alarm queued: it waits until the provider takes mail again", cause="sender refused")

    def tidy(self) -> None:
        """Delete what is older than it is kept."""
        app, stopping = self.app, self._stopping.is_set
        gone = tidy(app.store, keeping=app.keeping, now=self.clock(), should_stop=stopping)
        if counts := {what: count for what, count in asdict(gone).items() if count}:
            log.info("deleted what was old", **counts)

    def _watch_the_clock(self) -> None:
        """The scheduler goes by the wall clock: a job that waits longer than its interval waits for one set back."""
        while not self._stopping.wait(WATCH_SECONDS):
            for job in self._scheduler.get_jobs():
                soon = datetime.now(self._scheduler.timezone)
                if job.next_run_time - soon > job.trigger.interval:
                    job.modify(next_run_time=soon)

    def tick(self, job: Callable[[], None]) -> None:
        """Do one of the jobs now. What fails is logged; the next tick tries again."""
        try:
            job()
        except Exception as error:
            log.error("tick failed", tick=job.__name__, error=sentence_of(error))
        finally:
            give_back_memory()


def give_back_memory() -> None:
    """Let the system have what was freed; glibc keeps it otherwise, 150 MB of it after an edition."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _scope_told(scope: str) -> str:
    return "everything" if scope == EVERYTHING else f"newsletter {scope}"
