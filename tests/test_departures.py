"""When an edition's messages leave: at once, but for a large one's, or where they are spread."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from personas import NOON, choices, papers_come_in, reader_joins

from digest.app import App
from digest.deliver import deliver
from digest.departures import CANARY_MOST, CANARY_WAIT, Departures
from digest.model import Weights
from digest.publish import publish

MINUTE = timedelta(minutes=1)
FAR = NOON + timedelta(hours=6)


def departures(count: int, *, canary_from: int = 10_000, spread: int = 0) -> "Counter[float]":
    """How many of so many messages leave after how many minutes."""
    leaves_at = Departures(canary_from=canary_from, spread=spread * MINUTE).of(count, now=NOON)
    return Counter((leaves_at(FAR) - NOON) / MINUTE for _ in range(count))


def sent(app: App, after: timedelta) -> int:
    return deliver(app.store, app.mailer(), app.press, terms=app.terms, clock=lambda: NOON + after).counts["sent"]


def test_a_small_edition_leaves_at_once() -> None:
    assert departures(9_999) == {0: 9_999}
    assert departures(50_000, canary_from=0) == {0: 50_000}


@pytest.mark.slow
def test_of_a_large_edition_one_in_a_hundred_leaves_first_and_never_more_than_two_thousand() -> None:
    assert departures(10_000) == {0: 100, 15: 9_900}
    assert departures(400_000)[0] == CANARY_MOST


def test_messages_are_spread_evenly() -> None:
    minutes = departures(600, spread=30)
    assert max(minutes) < 30
    assert max(minutes.values()) == 1


def test_a_large_edition_is_spread_behind_its_canary() -> None:
    minutes = departures(10_000, spread=30)
    assert minutes[0] == 100
    assert 15 <= min(minute for minute in minutes if minute) < max(minutes) < 45


def test_nothing_is_made_to_wait_into_its_deadline() -> None:
    leaves_at = Departures(canary_from=1, spread=240 * MINUTE).of(1000, now=NOON)
    late = [leaves_at(NOON + 40 * MINUTE) for _ in range(1000)]
    assert max(late) == NOON + 10 * MINUTE
    assert leaves_at(NOON + MINUTE) == NOON


@pytest.mark.slow
def test_what_is_published_waits_for_its_canary(app: App) -> None:
    papers_come_in(app.store)
    for number in range(5):
        reader_joins(app, f"reader{number}@example.org", choices("quasars"))
    large = Departures(canary_from=5)
    publish(app.store, app.press, newsletter="papers", weights=Weights(), departures=large, now=NOON)

    assert [sent(app, after) for after in (timedelta(0), CANARY_WAIT - MINUTE, CANARY_WAIT)] == [1, 0, 4]


@pytest.mark.slow
def test_of_an_edition_whose_publishing_was_stopped_the_rest_waits_for_the_canary_too(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest.publish.BLOCK", 4)
    papers_come_in(app.store)
    for number in range(6):
        reader_joins(app, f"reader{number}@example.org", choices("quasars"))
    large, blocks = Departures(canary_from=6), iter([False, True])

    def queued(now: datetime, should_stop: Callable[[], bool] = lambda: False) -> int:
        return publish(
            app.store,
            app.press,
            newsletter="papers",
            weights=Weights(),
            departures=large,
            now=now,
            should_stop=should_stop,
        ).queued

    assert queued(NOON, lambda: next(blocks)) == 4
    assert queued(NOON + MINUTE) == 2
    assert sent(app, MINUTE) == 2
    assert sent(app, CANARY_WAIT + MINUTE) == 4
