"""The world of a simulated stretch of time: what is so, whatever the service believes; its source and its mailer."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import available_timezones

from digest.app import App
from digest.errors import DeliveryError, SourceError
from digest.mail import Messages, in_their_time
from digest.model import Answer, Choices, Listing, Outcome, Signals
from digest.sources import Page, Source

START = datetime(2026, 9, 28, tzinfo=UTC)
"""Both changes of clocks of every zone are in the year that follows, and the first of them in its first month."""

TOPICS = ("diffusion models", "language agents", "robot hands", "speech in noise", "protein folding", "code search")
ZONES = tuple(sorted(available_timezones() - {"localtime"}))


class Killed(BaseException):
    """The process ends here, with nothing tidied up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Something that lasts: what it is, its true times, and by how much a clock is ahead meanwhile."""

    what: str
    begins: datetime
    ends: datetime
    ahead: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What a reader has from a true time on: choices, None where unsubscribed, and the first date after a break."""

    at: datetime
    choices: Choices | None
    paused_until: date | None = None


@dataclass(kw_only=True)
class World:
    """What is so, whatever the service believes."""

    chance: random.Random
    spans: Sequence[Span]
    papers_a_day: int
    zones: Sequence[str] = ZONES
    hours: Sequence[int] = tuple(range(24))
    now: datetime = START
    deeds: dict[int, list[Deed]] = field(default_factory=dict)
    taken: dict[str, list[datetime]] = field(default_factory=dict)
    rows: dict[int, int] = field(default_factory=dict)
    news: dict[date, datetime] = field(default_factory=dict)
    happened: Counter[str] = field(default_factory=Counter)
    kill_in: int = 0

    def during(self, what: str) -> Span | None:
        """The span of that kind that lasts now."""
        return next((one for one in self.spans if one.what == what and one.begins <= self.now < one.ends), None)

    def clock(self) -> datetime:
        """What the machine's clock shows."""
        wrong = self.during("clock")
        return self.now + (wrong.ahead if wrong else timedelta(0))

    def step(self) -> None:
        """A step of the program, at which it may be killed."""
        self.kill_in -= 1
        if self.kill_in == 0:
            self.happened["killed"] += 1
            raise Killed


@dataclass
class WorldSource:
    """Lists the world's papers: the same for a day, whoever asks when."""

    world: World
    name: str = "world"

    def listings(self, *, since: date, now: datetime) -> Iterator[Page]:
        """Those of the days until the true one: a wrong clock asks for days of which there is nothing."""
        if self.world.during("source") is not None:
            raise SourceError("world", "HTTP 503")
        day = max(since, START.date() - timedelta(days=7))
        while day <= self.world.now.date():
            self.world.news.setdefault(day, self.world.now)
            yield Page(label=str(day), listings=tuple(self._listed(day)))
            day += timedelta(days=1)

    def _listed(self, day: date) -> Iterator[Listing]:
        of_the_day = random.Random(day.toordinal())
        for number in range(self.world.papers_a_day):
            topic = TOPICS[number % len(TOPICS)]
            name = f"{day:%y%m}.{day.day:02}{number:03}"
            yield Listing(
                title=f"{topic.capitalize()} seen {name}",
                abstract=f"We look at {topic} of {of_the_day.random()} and find {of_the_day.random()}.",
                aliases=(f"arxiv:{name}",),
                listed_on=day,
                signals=Signals(upvotes=of_the_day.randrange(60)),
            )


@dataclass
class WorldMailer:
    """Takes messages, when it is there; now and then it puts one off, or the program dies while it answers."""

    world: World
    name: str = "world"
    repeatable: bool = False
    signs: bool = True

    def send(self, messages: Messages, **_: object) -> Iterator[Answer]:
        """Each that is taken is noted with the true time."""
        if self.world.during("provider") is not None:
            raise DeliveryError("The provider cannot be reached.")
        for message in in_their_time(messages):
            self.world.step()
            if self.world.chance.random() < 0.002:
                yield Answer(delivery_id=message.delivery_id, outcome=Outcome.DEFERRED, code="452 4.2.2")
            else:
                self.world.taken.setdefault(message.key, []).append(self.world.now)
                yield Answer(delivery_id=message.delivery_id, outcome=Outcome.ACCEPTED)


@dataclass(frozen=True, kw_only=True)
class WorldApp(App):
    """An installation that reads from the world, and sends into it."""

    world: World

    def sources(self) -> Sequence[Source]:
        """The world's."""
        return [WorldSource(self.world)]

    def mailer(self) -> WorldMailer:
        """The world's."""
        return WorldMailer(self.world)


def troubles(chance: random.Random, days: int) -> list[Span]:
    """What goes wrong in so many days, each kind about as often as its number in thirty days."""
    month, spans = timedelta(days=30), list[Span]()
    kinds: list[tuple[str, int, int]] = [("daemon", 3, 60), ("source", 2, 100), ("provider", 2, 40)]
    for what, often, hours in kinds:
        for _ in range(often * days // month.days):
            begins = START + timedelta(minutes=chance.randrange(days * 1440))
            spans.append(Span(what=what, begins=begins, ends=begins + timedelta(hours=hours) * chance.random()))
    aheads = [timedelta(days=365), timedelta(hours=-1), timedelta(days=3), timedelta(hours=20)]
    for number, day in enumerate(range(9, days, 21)):
        begins = START + timedelta(days=day, minutes=chance.randrange(1440))
        ends = begins + timedelta(minutes=chance.randrange(10, 600))
        spans.append(Span(what="clock", begins=begins, ends=ends, ahead=aheads[number % len(aheads)]))
    return spans
