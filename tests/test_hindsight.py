"""Editions that choices would have had: chosen as of their dates, and nothing stored."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from datetime import date, datetime, timedelta
from threading import Event

import pytest
from dialects import app_on_sqlite
from library import library
from personas import NOON, TODAY, choices, papers_come_in, reader_joins

from digest.app import App
from digest.collect import count_features
from digest.due import due_at, due_before
from digest.errors import BusyError
from digest.hindsight import EDITIONS, MOST_PAPERS, MOST_WAITING, Hindsight, PastEdition, Turns, past_editions, prepare
from digest.measure import Measures
from digest.model import Cadence, Choices, Interest, InterestKind, Listing, ReasonKind, Signals, Weights
from digest.publish import publish
from digest.refit import refit_background
from digest.store import Store
from digest.store.deliveries import deliveries_of
from digest.store.papers import papers_named

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
TIMES = 8
"""Papers come in so many times, each an hour before an edition is due."""


def moments(cadence: Cadence) -> list[datetime]:
    """When the last editions up to NOON were due, oldest first."""
    days = [TODAY + DAY]
    while len(days) <= TIMES:
        days.append(due_before(days[-1], replace(choices("quasars"), cadence=cadence)))
    return [due_at(day, hour=12, timezone="UTC") for day in days[:0:-1]]


def listings(due: Sequence[datetime], at: int) -> list[Listing]:
    """An eighth of the library is new each time; of what was there the time before, every seventh has risen far."""
    papers = library(40 * TIMES)
    new, before = papers[40 * at : 40 * (at + 1)], papers[40 * max(at - 1, 0) : 40 * at]
    fresh = [listing(one.id, one.title, one.abstract, on=due[at], upvotes=one.id % 9) for one in new]
    risen = [listing(one.id, one.title, one.abstract, on=due[at - 1], upvotes=90) for one in before if one.id % 7 == 0]
    return fresh + risen


def listing(number: int, title: str, abstract: str, *, on: datetime, upvotes: int) -> Listing:
    return Listing(
        title=title,
        abstract=abstract,
        aliases=(f"arxiv:2606.{number:05}",),
        listed_on=on.date(),
        signals=Signals(upvotes=upvotes),
    )


def come_in(app: App, due: Sequence[datetime]) -> None:
    """Papers come time by time, and a background is fitted that stays."""
    for at, moment in enumerate(due):
        papers_come_in(app.store, listings(due, at), now=moment - timedelta(hours=1))
    count_features(app.store)
    assert refit_background(app.store, now=NOON)


@pytest.fixture
def daily(app: App) -> App:
    """An installation to which papers came day by day."""
    come_in(app, moments(Cadence.DAILY))
    return app


def looked_back(store: Store, wanted: Choices, *, most: int = MOST_PAPERS) -> list[PastEdition]:
    with store.reading() as connection:
        prepared = prepare(connection, sources=["test"], now=NOON, most=most)
        return past_editions(connection, prepared, wanted, newsletter="papers", weights=Weights(), now=NOON)


def numbers(editions: Sequence[PastEdition]) -> list[list[int]]:
    return [[paper.id for paper, _ in edition.papers] for edition in editions]


@app_on_sqlite
@pytest.mark.parametrize("cadence", list(Cadence))
def test_a_look_back_tells_what_was_really_sent(app: App, cadence: Cadence) -> None:
    due = moments(cadence)
    come_in(app, due)
    wanted = choices("speech", "robot", "graph", cadence=cadence)
    reader_joins(app, "ada@example.org", wanted, now=due[0] - DAY)
    for moment in due:
        publish(app.store, app.press, newsletter="papers", weights=Weights(), now=moment)
    with app.store.reading() as connection:
        sent = deliveries_of(connection, 1)
    told = looked_back(app.store, wanted)
    really = {one.due_on: [(p.paper_id, p.reason) for p in one.selection.picks] for one in sent if one.selection}
    assert [edition.on for edition in told] == [moment.date() for moment in due[: -EDITIONS - 1 : -1]]
    assert all(edition.papers for edition in told)
    # What the reader had got before reaches into the oldest of them alone.
    for edition in told[:-1]:
        assert [(paper.id, reason) for paper, reason in edition.papers] == really[edition.on]


@app_on_sqlite
def test_no_paper_comes_twice_and_none_before_it_was_seen(daily: App) -> None:
    told = looked_back(daily.store, choices("graph", "speech", "robot"))
    shown = [number for edition in numbers(told) for number in edition]
    assert len(shown) == len(set(shown)) > 0
    for edition in told:
        assert all(paper.first_seen_at.date() <= edition.on for paper, _ in edition.papers)
    kinds = {reason.kind for edition in told for _, reason in edition.papers}
    assert kinds == {ReasonKind.TOPIC, ReasonKind.MISSED, ReasonKind.TRENDING}


def test_what_was_there_when_papers_were_first_collected_counts_from_when_it_was_listed(store: Store) -> None:
    papers = [listing(day, "Robots", f"A robot folds {day}.", on=NOON - day * DAY, upvotes=9) for day in range(1, 5)]
    papers_come_in(store, papers, now=NOON - DAY / 4)
    later = listing(9, "Found later", "A robot that was found later.", on=NOON - 4 * DAY, upvotes=9)
    papers_come_in(store, [later], now=NOON - DAY / 24)
    told = [
        [(one.title, one.signals.upvotes) for one, _ in edition.papers]
        for edition in looked_back(store, choices("robot"))
    ]
    assert told == [
        [("Found later", 9)],
        [("Robots", None)],
        [("Robots", None)],
        [("Robots", None)],
        [("Robots", None)],
    ]


def test_upvotes_are_those_of_the_day(store: Store) -> None:
    for day, upvotes in ((1, 5), (0, 80)):
        robots = listing(1, "Robots", "A robot folds.", on=NOON - DAY, upvotes=upvotes)
        papers_come_in(store, [robots], now=NOON - day * DAY - DAY / 24)
    told = looked_back(store, choices("robot"))
    assert [[paper.signals.upvotes for paper, _ in edition.papers] for edition in told] == [[], [5], [], [], []]


@pytest.mark.parametrize(
    ("cadence", "on"),
    [
        (Cadence.WEEKDAYS, [date(2026, 6, day) for day in (19, 18, 17, 16, 15)]),
        (Cadence.WEEKLY, [date(2026, 6, 15), date(2026, 6, 8), date(2026, 6, 1), date(2026, 5, 25), date(2026, 5, 18)]),
        (Cadence.MONTHLY, [date(2026, month, 1) for month in (6, 5, 4, 3, 2)]),
    ],
)
def test_dates_are_those_of_the_cadence(store: Store, cadence: Cadence, on: list[date]) -> None:
    told = looked_back(store, choices(cadence=cadence))
    assert [(edition.on, edition.papers) for edition in told] == [(day, ()) for day in on]


def test_an_hour_that_is_still_to_come_is_no_past_edition(store: Store) -> None:
    assert looked_back(store, choices(hour=13))[0].on == (NOON - DAY).date()


@app_on_sqlite
def test_a_paper_that_is_named_as_an_example_brings_those_like_it(daily: App) -> None:
    named = (Interest(kind=InterestKind.EXAMPLE, value="arxiv:2606.01001"),)
    told = looked_back(daily.store, replace(choices(), interests=named))
    liked = [paper.id for edition in told for paper, reason in edition.papers if reason.kind is ReasonKind.LIKED]
    assert liked
    assert 2 not in liked


@app_on_sqlite
def test_only_editions_whose_papers_were_all_read_are_told(daily: App) -> None:
    whole = looked_back(daily.store, choices("graph", "speech", "robot"))
    some = looked_back(daily.store, choices("graph"), most=60)
    assert [edition.on for edition in some] == [whole[0].on]
    assert looked_back(daily.store, choices("graph", "speech", "robot"), most=10) == []


def test_what_came_in_since_the_last_look_is_looked_at(daily: App) -> None:
    hindsight, wanted = Hindsight(Measures(), Turns()), choices("quantum gravity")

    def look() -> list[list[int]]:
        with daily.store.reading() as connection:
            told = hindsight.editions(connection, wanted, newsletter="papers", sources=[], weights=Weights(), now=NOON)
        return numbers(told)

    before = look()
    assert look() == before
    late = listing(900, "Quantum Gravity", "We study quantum gravity.", on=NOON, upvotes=400)
    papers_come_in(daily.store, [late], now=NOON - timedelta(minutes=30))
    [new] = {number for edition in look() for number in edition} - {number for edition in before for number in edition}
    with daily.store.reading() as connection:
        assert papers_named(connection, ["arxiv:2606.00900"]) == {"arxiv:2606.00900": new}


def test_more_than_a_few_who_look_back_at_once_are_told_to_come_again() -> None:
    turns, done = Turns(), Event()

    def look() -> bool:
        with turns.one():
            return done.wait(60)

    with ThreadPoolExecutor(2 + MOST_WAITING) as pool:
        looking = [pool.submit(look) for _ in range(2 + MOST_WAITING)]
        # All others have a turn or wait for theirs.
        refused = next(as_completed(looking))
        with pytest.raises(BusyError, match="again in a minute"):
            refused.result()
        done.set()
        assert all(one.result() for one in looking if one is not refused)
    with turns.one():
        pass
