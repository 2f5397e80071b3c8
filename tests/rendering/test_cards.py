import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from editions import PAPER

from digest.model import Cadence, SeenSignals, Signals
from digest.rendering.cards import Card, card_from_json, card_to_json, figures, make_card
from digest.rendering.language import ENGLISH

SEEN_AT = datetime(2026, 6, 17, 18, tzinfo=UTC)


def history(*upvotes: int | None, step: timedelta = timedelta(hours=3)) -> tuple[SeenSignals, ...]:
    """Observations a step apart, the last of them now."""
    return tuple(
        SeenSignals(seen_at=SEEN_AT - step * back, signals=Signals(upvotes=count))
        for back, count in zip(range(len(upvotes) - 1, -1, -1), upvotes, strict=True)
    )


def card(*, cadence: Cadence = Cadence.DAILY, sentence: str = "", **changes: Any) -> Card:
    return make_card(replace(PAPER, **changes), seen_at=SEEN_AT, cadence=cadence, sentence=sentence)


@pytest.mark.parametrize(
    ("signals", "figure", "label", "comments", "stars"),
    [
        (Signals(upvotes=0, comments=0, stars=0), "New", "", "", ""),
        (Signals(), "New", "", "", ""),
        (Signals(upvotes=1, comments=1, stars=1), "1", "upvote", "1 comment", "1"),
        (Signals(upvotes=1284, comments=1204, stars=128_400), "1,284", "upvotes", "1,204 comments", "128.4k"),
    ],
)
def test_the_margin_holds_what_is_known(signals: Signals, figure: str, label: str, comments: str, stars: str) -> None:
    shown = figures(ENGLISH, card(signals=signals))
    assert (shown.upvotes, shown.label) == (figure, label)
    assert (shown.comments, shown.stars) == (comments, stars)


@pytest.mark.parametrize(
    ("count", "line"),
    [
        (0, ""),
        (1, "A0"),
        (4, "A0, A1, A2, A3"),
        (5, "A0, A1, A2 + 2 more"),
        (1287, "A0, A1, A2 + 1,284 more"),
    ],
)
def test_four_authors_are_named_and_of_more_the_first_three(count: int, line: str) -> None:
    made = card(authors=tuple(f"A{number}" for number in range(count)))
    assert figures(ENGLISH, made).authors == line


def test_an_organisation_is_cut_at_a_word() -> None:
    organisation = card(organisation="Laboratory for Foundation Model Research " * 3).organisation
    assert len(organisation) <= 60
    assert organisation.endswith("…")


@pytest.mark.parametrize(
    ("summary", "sentence", "shown", "is_abstract", "is_generated"),
    [
        ("One sentence.", "", "One sentence.", False, True),
        ("One sentence.", "Of the abstract.", "One sentence.", False, True),
        ("", "Of the abstract.", "Of the abstract.", True, False),
        ("", "", "", False, False),
    ],
)
def test_a_summary_falls_back_to_a_sentence_of_the_abstract(
    summary: str, sentence: str, shown: str, is_abstract: bool, is_generated: bool
) -> None:
    made = card(sentence=sentence, summary=summary, summary_is_generated=True)
    assert (made.summary, made.summary_is_abstract, made.summary_is_generated) == (shown, is_abstract, is_generated)


def test_a_long_summary_is_cut_at_a_word() -> None:
    assert len(card(summary="word " * 100).summary) <= 280
    assert len(card(summary="", sentence="word " * 100).summary) <= 280


def test_bars_are_the_gains_of_eight_times_three_hours() -> None:
    made = card(history=history(0, 0, 1, 3, 6, 12, 24, 33, 36))
    assert len(made.bars) == 8
    assert made.bars[0] == 2
    assert max(made.bars) == made.bars[5] == 20
    assert figures(ENGLISH, made).rise == "+3 in 3 h"


@pytest.mark.parametrize(
    ("cadence", "step", "bars", "rise"),
    [
        (Cadence.WEEKLY, timedelta(days=1), 7, "+31 this week"),
        (Cadence.MONTHLY, timedelta(days=3), 10, "+31 this month"),
    ],
)
def test_longer_editions_have_longer_bars(cadence: Cadence, step: timedelta, bars: int, rise: str) -> None:
    made = card(cadence=cadence, history=history(5, 9, 10, 12, 20, 36, step=step))
    assert (len(made.bars), figures(ENGLISH, made).rise) == (bars, rise)


@pytest.mark.parametrize(
    ("upvotes", "seen", "has_bars", "rise"),
    [
        (8, (0, 2, 4, 8), True, "+4 in 3 h"),
        (7, (0, 2, 4, 7), False, "+3 in 3 h"),
        (2, (0, 0, 1, 2), False, ""),
        (36, (30, 33, 36), False, "+3 in 3 h"),
        (36, (36, 36, 36, 36), False, ""),
        (36, (20, 30, 38, 36), True, "−2 in 3 h"),
        (36, (), False, ""),
        (36, (36,), False, ""),
        (36, (None, None, None, 36), False, ""),
    ],
)
def test_bars_and_rise_need_enough_to_show(
    upvotes: int, seen: tuple[int | None, ...], has_bars: bool, rise: str
) -> None:
    made = card(signals=Signals(upvotes=upvotes), history=history(*seen))
    assert (bool(made.bars), figures(ENGLISH, made).rise) == (has_bars, rise)


def test_upvotes_from_before_the_first_observation_are_no_gain() -> None:
    made = card(history=history(30, 32, 33, 36))
    assert made.bars[:5] == (2, 2, 2, 2, 2)


def test_observations_after_the_printing_do_not_count() -> None:
    later = SeenSignals(seen_at=SEEN_AT + timedelta(hours=1), signals=Signals(upvotes=99))
    assert card(history=(*history(0, 10, 20, 36), later)) == card(history=history(0, 10, 20, 36))


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "//papers.example.org/1", "java\nscript:x", "https://x\n.example.org"],
)
def test_only_addresses_of_the_web_become_links(address: str) -> None:
    made = card(url=address, pdf_url=address, code_url=address)
    assert (made.url, made.pdf_url, made.code_url) == ("", "", "")


def test_bars_have_characters_for_where_they_cannot_be_drawn() -> None:
    assert Card(title="", url="", bars=(2, 5, 20)).blocks == "▁▂█"


def test_a_card_survives_being_kept_as_json() -> None:
    made = card(history=history(0, 0, 1, 3, 6, 12, 24, 33, 36))
    assert card_from_json(json.loads(json.dumps(card_to_json(made)))) == made


def test_a_card_kept_by_another_version_is_still_read() -> None:
    kept = card_to_json(card()) | {"field_of_tomorrow": 1}
    del kept["stars"]
    assert card_from_json(kept) == replace(card(), stars=0)
