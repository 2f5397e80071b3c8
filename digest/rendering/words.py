"""How dates, numbers and the two lines of the inbox are put into words. English whatever the locale."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from digest.model import Cadence
from digest.text import shorten

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")

PERIOD = {Cadence.DAILY: "day", Cadence.WEEKDAYS: "day", Cadence.WEEKLY: "week", Cadence.MONTHLY: "month"}
"""What an edition of this cadence covers."""

_EACH = {
    Cadence.DAILY: "each day",
    Cadence.WEEKDAYS: "each weekday",
    Cadence.WEEKLY: "each Monday",
    Cadence.MONTHLY: "on the first of each month",
}

_MINUS = "\u2212"
SUBJECT_NAME = 60
PREHEADER = 90
_THOUSANDS_FROM = 10_000
_MILLIONS_FROM = 999_950


def full_date(day: date) -> str:
    """`17 June 2026`."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def long_date(day: date) -> str:
    """`Wednesday 17 June 2026`."""
    return f"{WEEKDAYS[day.weekday()]} {full_date(day)}"


def edition_date(cadence: Cadence, due_on: date) -> str:
    """What an edition covers: its day, `Week of 15 June 2026` or `June 2026`."""
    match cadence:
        case Cadence.WEEKLY:
            return f"Week of {full_date(due_on - timedelta(days=7))}"
        case Cadence.MONTHLY:
            month = due_on.replace(day=1) - timedelta(days=1)
            return f"{MONTHS[month.month - 1]} {month.year}"
        case _:
            return long_date(due_on)


def cadence_phrase(cadence: Cadence, *, hour: int, timezone: str) -> str:
    """`each weekday at 07:00 (Europe/Paris)`."""
    return f"{_EACH[cadence]} at {hour:02}:00 ({timezone})"


def moment(instant: datetime) -> str:
    """`16 June 2026, 18:42 UTC`."""
    utc = instant.astimezone(ZoneInfo("UTC"))
    return f"{full_date(utc)}, {utc:%H:%M} UTC"


def arrival(due_at: datetime, *, asked_at: datetime, timezone: str) -> str:
    """When something comes, as said to a reader who asks now: `tomorrow at 07:00 (Europe/Paris)`."""
    local = due_at.astimezone(ZoneInfo(timezone))
    days = (local.date() - asked_at.astimezone(ZoneInfo(timezone)).date()).days
    return f"{_day(local.date(), days)} at {local:%H:%M} ({timezone})"


def _day(day: date, days_ahead: int) -> str:
    if days_ahead in {0, 1}:
        return ("today", "tomorrow")[days_ahead]
    if 1 < days_ahead < len(WEEKDAYS):
        return f"on {WEEKDAYS[day.weekday()]}"
    return f"on {day.day} {MONTHS[day.month - 1]}"


def number(value: int) -> str:
    """`1,284`; from ten thousand `12.8k`, from a million `1.3M`; a negative one with U+2212."""
    if value < 0:
        return _MINUS + number(-value)
    if value >= _MILLIONS_FROM:
        return f"{value / 1_000_000:.1f}M".replace(".0M", "M")
    if value >= _THOUSANDS_FROM:
        return f"{value / 1_000:.1f}k".replace(".0k", "k")
    return f"{value:,}"


def signed(value: int) -> str:
    """`+12`, or with U+2212."""
    return number(value) if value < 0 else f"+{number(value)}"


def counted(value: int, noun: str) -> str:
    """`1 comment`, `1,204 comments`."""
    return f"{number(value)} {noun}" if value == 1 else f"{number(value)} {noun}s"


def ordinal(value: int) -> str:
    """`1st`, `22nd`, `13th`."""
    teens = 10 <= value % 100 < 20
    return f"{number(value)}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(value % 10, 'th')}"


def spelled(value: int) -> str:
    """Up to twelve in letters, above in figures."""
    return SMALL[value] if value < len(SMALL) else number(value)


def short_name(title: str, limit: int = SUBJECT_NAME) -> str:
    """What a paper is called in passing: its title before the colon, at most `limit` characters."""
    name, colon, _ = title.replace("：", ": ").partition(": ")
    return shorten(name if colon and name.strip() else title, limit)


def subject(cadence: Cadence, titles: Sequence[str], *, due_on: date, top: tuple[str, int], quiet: bool) -> str:
    """The line that says what is in an edition; no date and no brand, the sender's name carries those.

    `titles` are the reader's papers in order, `top` the most upvoted of them with its upvotes.
    """
    match cadence:
        case Cadence.WEEKLY:
            return f"The week: {_two_and_more(titles)}"
        case Cadence.MONTHLY:
            return f"{edition_date(cadence, due_on).split()[0]}’s {spelled(len(titles))}: {_leading(*top)}"
        case _:
            return _one_and_more(titles, quiet=quiet)


def _one_and_more(titles: Sequence[str], *, quiet: bool) -> str:
    others = len(titles) - 1
    more = f", and {counted(others, 'more paper')}" if others else ""
    if not quiet:
        return f"{short_name(titles[0])}{more}"
    return f"{short_name(titles[0])}{more} on a quiet day" if others else f"{short_name(titles[0])}, on a quiet day"


def _two_and_more(titles: Sequence[str]) -> str:
    names = [short_name(title, SUBJECT_NAME // 2) for title in titles[:2]]
    others = len(titles) - len(names)
    if others:
        return f"{', '.join(names)}, and {number(others)} more"
    return " and ".join(names)


def _leading(title: str, upvotes: int) -> str:
    return f"{short_name(title)} leads with {counted(upvotes, 'upvote')}" if upvotes else short_name(title)


def reading_time(papers: int) -> str:
    """`Five minutes`: half a minute for a title, a sentence and a decision."""
    minutes = (papers + 1) // 2
    return f"{spelled(minutes).capitalize()} minute{'' if minutes == 1 else 's'}"


def preheader(sentences: Sequence[str]) -> str:
    """As many of the sentences, in order, as an inbox shows: at most 90 characters, whole ones only."""
    line = ""
    for sentence in sentences:
        longer = f"{line} {sentence}.".strip()
        if len(longer) <= PREHEADER:
            line = longer
    return line
