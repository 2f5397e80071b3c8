"""A simulated stretch of the service's life: its real jobs on a real store, and a world that does what worlds do.

Time is advanced to whatever comes next: an edition that is due, a collect, somebody's change of mind, a cable that is
cut. What the oracle needs to know (tests/oracle.py) is written down where it happens, not where the code notes it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import event, func, select, update
from world import START, TOPICS, Deed, Killed, World, WorldApp

from digest.address import parse_address
from digest.change import change, pause, resume
from digest.config import parse_config
from digest.due import due_on
from digest.installation import open_app, set_up
from digest.model import Cadence, Choices, Interest, InterestKind, Weekday
from digest.scheduler import Ticker
from digest.store.subscribers import next_due
from digest.store.tables import deliveries, leases
from digest.subscribe import subscribe, unsubscribe

COLLECT_EVERY = timedelta(hours=6)
RESTART_AFTER = timedelta(minutes=3)


class Simulation:
    """The daemon's life in a world: started, stopped, killed, and started again on what is left."""

    def __init__(self, folder: Path, world: World, *, readers: int, days: int, every: timedelta) -> None:
        self.world, self.every, self.ends = world, every, START + timedelta(days=days)
        self.config = parse_config({}, folder=folder)
        set_up(self.config)[0].store.close()
        self.app, self.ticker = self._start()
        self.collect_at = START
        self.plans = self._plans(readers, days)
        self.ticks = 0

    def _start(self) -> tuple[WorldApp, Ticker]:
        opened = open_app(self.config)
        app = WorldApp(world=self.world, **{one.name: getattr(opened, one.name) for one in fields(opened)})
        event.listen(app.store.engine, "commit", lambda _: self.world.step())
        return app, Ticker(app, clock=self.world.clock)

    def _restart(self) -> None:
        """A new process on the same store; the leases of the old one have run out by then."""
        self.world.kill_in = 0
        self.app.store.close()
        self.app, self.ticker = self._start()
        with self.app.store.writing() as connection:
            connection.execute(update(leases).values(expires=0))
        self.collect_at = self.world.now

    def run(self, *, progress: Callable[[datetime], None] = lambda _: None) -> None:
        """Live until the end."""
        was_down = False
        while self.world.now < self.ends:
            progress(self.world.now)
            is_down = self.world.during("daemon") is not None
            self._act()
            if was_down and not is_down:
                self._restart()
            if not is_down:
                self._tick()
            was_down = is_down
            self.world.now = self._next()

    def _tick(self) -> None:
        self.ticks += 1
        if self.world.chance.random() < 0.04:
            self.world.kill_in = self.world.chance.randrange(1, 60)
        try:
            if self.world.now >= self.collect_at:
                self.collect_at = self.world.now + COLLECT_EVERY
                self.ticker.collect()
            self.ticker.publish()
            self.ticker.deliver()
        except Killed:
            self.world.now += RESTART_AFTER
            self._restart()
        self.world.kill_in = 0

    def _next(self) -> datetime:
        """The next moment at which there is something to do, on the daemon's own grid of ticks."""
        wrong = self.world.clock() - self.world.now
        with self.app.store.reading() as connection:
            due = next_due(connection)
            waiting = select(func.min(deliveries.c.send_after_at)).where(deliveries.c.state == "queued")
            send_at = connection.execute(waiting).scalar()
        moments = [self.collect_at, self.ends, *(one.ends for one in self.world.spans if one.ends > self.world.now)]
        moments += [at - wrong for at in (due and due[0], send_at) if at is not None]
        moments += [at for at, _ in self.plans[:1]]
        wait = max(min(moments) - self.world.now, timedelta(seconds=1))
        return self.world.now + self.every * math.ceil(wait / self.every)

    def _plans(self, readers: int, days: int) -> list[tuple[datetime, int]]:
        """When which reader does something: everybody joins, most on the first day, and later changes their mind."""
        chance, plans = self.world.chance, []
        for number in range(readers):
            joins = timedelta(minutes=chance.randrange(days * 1440 // 2 if chance.random() < 0.2 else 1440))
            plans.append((START + joins, number))
            for _ in range(max(1, days // 60)):
                later = joins + timedelta(minutes=chance.randrange(days * 1440))
                plans.append((START + later, number))
        return sorted(plans)

    def _act(self) -> None:
        while self.plans and self.plans[0][0] <= self.world.now:
            at, number = self.plans.pop(0)
            if self.world.during("clock") is not None:
                # A wrong clock is the service's trouble: readers act before it, or after it.
                self.plans.append((at + timedelta(days=3), number))
                self.plans.sort()
                continue
            self._act_of(number)

    def _act_of(self, number: int) -> None:
        said = self.world.deeds.setdefault(number, [])
        last = said[-1] if said else Deed(at=START, choices=None)
        now, app = self.world.now, self.app
        if last.choices is None:
            wanted = last_wanted(said) if said and self.world.chance.random() < 0.5 else self._choices(number)
            address = parse_address(f"reader{number}@example.org")
            self.world.rows[number] = subscribe(app.store, address, newsletter="papers", choices=wanted, now=now).id
            self._did("joined", number, Deed(at=now, choices=wanted))
            return
        row, today = self.world.rows[number], due_on(now, timezone=last.choices.timezone)
        deed = self.world.chance.choice(["pause", "resume", "leave", "topics", *["zone", "hour", "cadence", "day"] * 2])
        match deed:
            case "pause":
                until = today + timedelta(days=self.world.chance.randrange(1, 40))
                assert pause(app.store, row, until=until, keys=app.keys, now=now)
                self._did(deed, number, replace(last, at=now, paused_until=until))
            case "resume":
                if resume(app.store, row, keys=app.keys, now=now):
                    self._did(deed, number, replace(last, at=now, paused_until=None))
            case "leave":
                assert unsubscribe(app.store, row, now=now)
                self._did(deed, number, Deed(at=now, choices=None))
            case _:
                wanted = self._other(last.choices, deed)
                assert change(app.store, row, choose=lambda _: wanted, keys=app.keys, now=now)
                self._did(deed, number, replace(last, at=now, choices=wanted))

    def _did(self, deed: str, number: int, what: Deed) -> None:
        self.world.happened[deed] += 1
        self.world.deeds[number].append(what)

    def _choices(self, number: int) -> Choices:
        chance = self.world.chance
        return Choices(
            cadence=chance.choices(list(Cadence), [3, 3, 8, 6])[0],
            hour=chance.choice(self.world.hours),
            timezone=self.world.zones[number * 7 % len(self.world.zones)],
            max_papers=chance.choice([3, 10, 20]),
            interests=(Interest(kind=InterestKind.TOPIC, value=chance.choice(TOPICS)),),
            weekday=chance.choice(list(Weekday)),
            month_day=chance.choice([1, 15, 28, 29, 30, 31]),
        )

    def _other(self, choices: Choices, deed: str) -> Choices:
        other = self._choices(self.world.chance.randrange(10_000))
        match deed:
            case "zone":
                return replace(choices, timezone=other.timezone)
            case "hour":
                return replace(choices, hour=other.hour)
            case "cadence":
                return replace(choices, cadence=other.cadence)
            case "day":
                return replace(choices, weekday=other.weekday, month_day=other.month_day)
        return replace(choices, interests=other.interests)


def last_wanted(said: Sequence[Deed]) -> Choices:
    """What somebody who left had last chosen."""
    return next(one.choices for one in reversed(said) if one.choices is not None)
