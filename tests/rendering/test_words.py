from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from personas import choices

from digest.model import Cadence, Choices, Weekday
from digest.rendering import words
from digest.rendering.arrangement import how_often
from digest.rendering.language import ENGLISH, read_language

SELF_FUTURE = "Learning from the Self-future: On-policy Self-distillation for dLLMs"
LOOP = "LoopCoder-v2: Only Loop Once for Efficient Test-Time Computation Scaling"
SPECTRAL = "Spectral Forcing: Show the Signal"
TEN = [SELF_FUTURE, LOOP, *[SPECTRAL] * 8]
DUE_ON = date(2026, 7, 1)
GERMAN = read_language(Path(words.__file__).parents[2] / "templates" / "locales" / "de.po")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (1_284, "1,284"),
        (9_999, "9,999"),
        (10_000, "10k"),
        (12_840, "12.8k"),
        (128_400, "128.4k"),
        (999_949, "999.9k"),
        (999_950, "1M"),
        (1_300_000, "1.3M"),
        (-12, "−12"),
    ],
)
def test_a_number_is_short_enough_for_the_margin(value: int, shown: str) -> None:
    assert ENGLISH.number(value) == shown


def test_a_rise_has_its_sign() -> None:
    assert [ENGLISH.signed(12), ENGLISH.signed(-3)] == ["+12", "−3"]


@pytest.mark.parametrize(
    ("cadence", "due_on", "said"),
    [
        (Cadence.DAILY, date(2026, 6, 17), "Wednesday 17 June 2026"),
        (Cadence.WEEKDAYS, date(2026, 6, 1), "Monday 1 June 2026"),
        (Cadence.WEEKLY, date(2026, 6, 22), "Week of 15 June 2026"),
        (Cadence.MONTHLY, date(2026, 7, 1), "June 2026"),
        (Cadence.MONTHLY, date(2027, 1, 1), "December 2026"),
        (Cadence.MONTHLY, date(2026, 7, 15), "June 2026"),
        (Cadence.MONTHLY, date(2026, 7, 16), "July 2026"),
        (Cadence.MONTHLY, date(2027, 2, 28), "February 2027"),
    ],
)
def test_an_edition_is_dated_by_what_it_covers(cadence: Cadence, due_on: date, said: str) -> None:
    assert words.edition_date(ENGLISH, cadence, due_on) == said


@pytest.mark.parametrize(
    ("wanted", "said", "in_german"),
    [
        (choices(cadence=Cadence.DAILY, hour=7), "each day at 07:00 (UTC)", "jeden Tag um 07:00 (UTC)"),
        (choices(cadence=Cadence.WEEKDAYS), "each weekday at 12:00 (UTC)", "montags bis freitags um 12:00 (UTC)"),
        (choices(cadence=Cadence.WEEKLY), "each Monday at 12:00 (UTC)", "jeden Montag um 12:00 (UTC)"),
        (
            choices(cadence=Cadence.WEEKLY, weekday=Weekday.WEDNESDAY),
            "each Wednesday at 12:00 (UTC)",
            "jeden Mittwoch um 12:00 (UTC)",
        ),
        (
            choices(cadence=Cadence.MONTHLY),
            "on the first of each month at 12:00 (UTC)",
            "an jedem Monatsersten um 12:00 (UTC)",
        ),
        (
            choices(cadence=Cadence.MONTHLY, month_day=22),
            "on the 22nd of each month at 12:00 (UTC)",
            "am 22. jedes Monats um 12:00 (UTC)",
        ),
        (
            choices(cadence=Cadence.MONTHLY, month_day=31),
            "on the last day of each month at 12:00 (UTC)",
            "an jedem Monatsletzten um 12:00 (UTC)",
        ),
    ],
)
def test_a_cadence_is_said_with_its_day_hour_and_zone(wanted: Choices, said: str, in_german: str) -> None:
    assert words.cadence_phrase(ENGLISH, wanted) == said
    assert words.cadence_phrase(GERMAN, wanted) == in_german


@pytest.mark.parametrize(
    ("wanted", "said", "in_german"),
    [
        (
            choices(cadence=Cadence.WEEKLY, weekday=Weekday.FRIDAY),
            "Weekly, on Friday, up to 10 papers",
            "Wöchentlich, am Freitag, höchstens 10 Paper",
        ),
        (
            choices(cadence=Cadence.MONTHLY),
            "Monthly, on the first, up to 10 papers",
            "Monatlich, am Ersten, höchstens 10 Paper",
        ),
        (
            choices(cadence=Cadence.MONTHLY, month_day=13),
            "Monthly, on the 13th, up to 10 papers",
            "Monatlich, am 13., höchstens 10 Paper",
        ),
        (
            choices(cadence=Cadence.MONTHLY, month_day=31),
            "Monthly, on the last day, up to 10 papers",
            "Monatlich, am Letzten, höchstens 10 Paper",
        ),
    ],
)
def test_how_often_something_comes_is_said_with_its_day(wanted: Choices, said: str, in_german: str) -> None:
    assert how_often(ENGLISH, wanted) == said
    assert how_often(GERMAN, wanted) == in_german


@pytest.mark.parametrize(
    ("due_at", "said"),
    [
        (datetime(2026, 6, 16, 21, tzinfo=UTC), "today at 23:00"),
        (datetime(2026, 6, 17, 5, tzinfo=UTC), "tomorrow at 07:00"),
        (datetime(2026, 6, 22, 5, tzinfo=UTC), "on Monday at 07:00"),
        (datetime(2026, 7, 1, 5, tzinfo=UTC), "on 1 July at 07:00"),
    ],
)
def test_an_arrival_is_named_by_the_readers_own_calendar(due_at: datetime, said: str) -> None:
    asked_at = datetime(2026, 6, 16, 18, 42, tzinfo=UTC)
    assert words.arrival(ENGLISH, due_at, asked_at=asked_at, timezone="Europe/Paris") == said


def test_tomorrow_begins_at_the_readers_midnight() -> None:
    asked_at = datetime(2026, 6, 16, 22, 30, tzinfo=UTC)
    due_at = datetime(2026, 6, 17, 5, tzinfo=UTC)
    assert words.arrival(ENGLISH, due_at, asked_at=asked_at, timezone="Europe/Paris").startswith("today")


def test_a_moment_is_given_in_utc() -> None:
    assert ENGLISH.moment(datetime(2026, 6, 16, 18, 42, tzinfo=UTC)) == "16 June 2026, 18:42 UTC"


@pytest.mark.parametrize(
    ("cadence", "titles", "quiet", "line"),
    [
        (Cadence.DAILY, TEN, False, "Learning from the Self-future, and 9 more papers"),
        (Cadence.DAILY, TEN[:2], False, "Learning from the Self-future, and 1 more paper"),
        (Cadence.DAILY, TEN[:1], False, "Learning from the Self-future"),
        (Cadence.WEEKDAYS, TEN[1:5], True, "LoopCoder-v2, and 3 more papers on a quiet day"),
        (Cadence.WEEKDAYS, TEN[1:2], True, "LoopCoder-v2, on a quiet day"),
        (Cadence.WEEKLY, TEN[1:], False, "The week: LoopCoder-v2, Spectral Forcing, and 7 more"),
        (Cadence.WEEKLY, TEN[1:3], False, "The week: LoopCoder-v2 and Spectral Forcing"),
        (Cadence.MONTHLY, TEN, False, "June’s ten: LoopCoder-v2 leads with 214 upvotes"),
    ],
)
def test_a_subject_names_the_lead_and_counts_the_rest(
    cadence: Cadence, titles: list[str], quiet: bool, line: str
) -> None:
    assert words.subject(ENGLISH, cadence, titles, due_on=DUE_ON, top=(LOOP, 214), quiet=quiet) == line


def test_a_long_title_is_cut_at_a_word() -> None:
    name = words.short_name("A Comprehensive Technical Report on Data and Architecture and Training and Evaluation")
    assert len(name) <= 60
    assert name.endswith(" …")


def test_a_colon_inside_a_word_does_not_end_a_name() -> None:
    assert words.short_name("Scaling 3:1 Mixtures") == "Scaling 3:1 Mixtures"


def test_a_preheader_takes_whole_sentences_only() -> None:
    line = words.preheader(["3 on diffusion models.", "x" * 80, "Five minutes."])
    assert line == "3 on diffusion models. Five minutes."


@pytest.mark.parametrize(("papers", "said"), [(1, "One minute."), (10, "Five minutes."), (30, "15 minutes.")])
def test_reading_takes_half_a_minute_a_paper(papers: int, said: str) -> None:
    assert words.reading_time(ENGLISH, papers) == said
