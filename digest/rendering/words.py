"""How an edition's period, its two lines of the inbox, and what comes when are put into words."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from digest.model import Cadence, Weekday
from digest.rendering.language import ENGLISH, Language
from digest.text import shorten

SUBJECT_NAME = 60
PREHEADER = 90
_DAYS_OF_A_WEEK = 7


def N_(message: str) -> str:  # noqa: N802 -- gettext's own name for a text that is translated where it is used
    """The text itself, marked for the catalogues."""
    return message


def NN_(singular: str, plural: str) -> tuple[str, str]:  # noqa: N802 -- as N_
    """A text for one and for more, marked for the catalogues."""
    return singular, plural


SMALL = (
    N_("no"), N_("one"), N_("two"), N_("three"), N_("four"), N_("five"), N_("six"),
    N_("seven"), N_("eight"), N_("nine"), N_("ten"), N_("eleven"), N_("twelve"),
)  # fmt: skip

PERIOD = {Cadence.DAILY: "day", Cadence.WEEKDAYS: "day", Cadence.WEEKLY: "week", Cadence.MONTHLY: "month"}
"""What an edition of this cadence covers."""

_EACH = {
    Cadence.DAILY: N_("each day at %(time)s (%(zone)s)"),
    Cadence.WEEKDAYS: N_("each weekday at %(time)s (%(zone)s)"),
    Cadence.WEEKLY: N_("each %(weekday)s at %(time)s (%(zone)s)"),
    Cadence.MONTHLY: N_("on the %(day)s of each month at %(time)s (%(zone)s)"),
}
_EACH_FIRST = N_("on the first of each month at %(time)s (%(zone)s)")
_EACH_LAST = N_("on the last day of each month at %(time)s (%(zone)s)")

_ORDINAL = {1: N_("%(number)sst"), 2: N_("%(number)snd"), 3: N_("%(number)srd")}
_OTHER_ORDINAL = N_("%(number)sth")

_A_MONDAY = date(2024, 1, 1)
_HALF_A_MONTH = timedelta(days=15)


class _When(Protocol):
    """When editions come, as choices say it, or what an edition says of its reader."""

    @property
    def cadence(self) -> Cadence: ...
    @property
    def weekday(self) -> Weekday: ...
    @property
    def month_day(self) -> int: ...
    @property
    def hour(self) -> int: ...
    @property
    def timezone(self) -> str: ...


def counted(value: int, noun: str) -> str:
    """`1 comment`, `1,204 comments`: for what is said in English only, the command line and the website."""
    return f"{ENGLISH.number(value)} {noun}" if value == 1 else f"{ENGLISH.number(value)} {noun}s"


def ordinal(language: Language, value: int) -> str:
    """`1st`, `22nd`, `13th`."""
    teens = 10 <= value % 100 < 20
    message = _OTHER_ORDINAL if teens else _ORDINAL.get(value % 10, _OTHER_ORDINAL)
    return language.gettext(message, number=language.number(value))


def weekday(language: Language, day: Weekday) -> str:
    """`Tuesday`."""
    return language.weekday(_A_MONDAY + timedelta(days=list(Weekday).index(day)))


def spelled(language: Language, value: int) -> str:
    """Up to twelve in letters, above in figures."""
    return language.gettext(SMALL[value]) if value < len(SMALL) else language.number(value)


def edition_date(language: Language, cadence: Cadence, due_on: date) -> str:
    """What an edition covers: its day, `Week of 15 June 2026`, or the month that most of its days are of."""
    match cadence:
        case Cadence.WEEKLY:
            week = language.full_date(due_on - timedelta(days=_DAYS_OF_A_WEEK))
            return language.gettext("Week of %(date)s", date=week)
        case Cadence.MONTHLY:
            return language.month_and_year(_month_of(due_on))
        case _:
            return language.long_date(due_on)


def cadence_phrase(language: Language, when: _When) -> str:
    """`each weekday at 07:00 (Europe/Paris)`."""
    return _arranged(language, when.cadence, when.weekday, when.month_day, when.hour, when.timezone)


@lru_cache(maxsize=4096)
def _arranged(language: Language, cadence: Cadence, day: Weekday, month_day: int, hour: int, timezone: str) -> str:
    each = _EACH[cadence]
    if cadence is Cadence.MONTHLY:
        each = {1: _EACH_FIRST, 31: _EACH_LAST}.get(month_day, each)
    return language.gettext(
        each, weekday=weekday(language, day), day=ordinal(language, month_day), time=f"{hour:02}:00", zone=timezone
    )


def arrival(language: Language, due_at: datetime, *, asked_at: datetime, timezone: str) -> str:
    """When something comes, as said to a reader who asks now: `tomorrow at 07:00`."""
    zone = ZoneInfo(timezone)
    local = due_at.astimezone(zone)
    days = (local.date() - asked_at.astimezone(zone).date()).days
    time = f"{local:%H:%M}"
    if days == 0:
        return language.gettext("today at %(time)s", time=time)
    if days == 1:
        return language.gettext("tomorrow at %(time)s", time=time)
    if 1 < days < _DAYS_OF_A_WEEK:
        return language.gettext("on %(weekday)s at %(time)s", weekday=language.weekday(local), time=time)
    return language.gettext("on %(date)s at %(time)s", date=language.short_date(local), time=time)


def short_name(title: str, limit: int = SUBJECT_NAME) -> str:
    """What a paper is called in passing: its title before the colon, at most `limit` characters."""
    name, colon, _ = title.replace("：", ": ").partition(": ")
    return shorten(name if colon and name.strip() else title, limit)


def subject(
    language: Language, cadence: Cadence, titles: Sequence[str], *, due_on: date, top: tuple[str, int], quiet: bool
) -> str:
    """The line that says what is in an edition; no date and no brand, the sender's name carries those.

    `titles` are the reader's papers in order, `top` the most upvoted of them with its upvotes.
    """
    match cadence:
        case Cadence.WEEKLY:
            return _of_the_week(language, titles)
        case Cadence.MONTHLY:
            return _of_the_month(language, len(titles), _month_of(due_on), *top)
        case _:
            return _of_the_day(language, titles[0], len(titles) - 1, quiet=quiet)


@lru_cache(maxsize=4096)
def _of_the_day(language: Language, title: str, others: int, *, quiet: bool) -> str:
    name = short_name(title)
    if quiet and others:
        return language.ngettext(
            "%(name)s, and %(count)s more paper on a quiet day",
            "%(name)s, and %(count)s more papers on a quiet day",
            others,
            name=name,
        )
    if quiet:
        return language.gettext("%(name)s, on a quiet day", name=name)
    if others:
        return language.ngettext(
            "%(name)s, and %(count)s more paper", "%(name)s, and %(count)s more papers", others, name=name
        )
    return name


def _of_the_week(language: Language, titles: Sequence[str]) -> str:
    names = [short_name(title, SUBJECT_NAME // 2) for title in titles[:2]]
    others = len(titles) - len(names)
    if others:
        return language.gettext(
            "The week: %(one)s, %(two)s, and %(number)s more",
            one=names[0],
            two=names[1],
            number=language.number(others),
        )
    if len(names) == 1:
        return language.gettext("The week: %(one)s", one=names[0])
    return language.gettext("The week: %(one)s and %(two)s", one=names[0], two=names[1])


def _of_the_month(language: Language, papers: int, month: date, top: str, upvotes: int) -> str:
    said = {"month": language.month(month), "number": spelled(language, papers), "name": short_name(top)}
    if not upvotes:
        return language.gettext("%(month)s’s %(number)s: %(name)s", **said)
    return language.ngettext(
        "%(month)s’s %(number)s: %(name)s leads with %(count)s upvote",
        "%(month)s’s %(number)s: %(name)s leads with %(count)s upvotes",
        upvotes,
        **said,
    )


@lru_cache(maxsize=64)
def reading_time(language: Language, papers: int) -> str:
    """`Five minutes`: half a minute for a title, a sentence and a decision."""
    minutes = (papers + 1) // 2
    said = spelled(language, minutes)
    return language.ngettext("One minute.", "%(number)s minutes.", minutes, number=said[:1].upper() + said[1:])


def preheader(sentences: Sequence[str]) -> str:
    """As many of the sentences, in order, as an inbox shows: at most 90 characters, whole ones only."""
    line = ""
    for sentence in sentences:
        longer = f"{line} {sentence}".strip()
        if len(longer) <= PREHEADER:
            line = longer
    return line


def _month_of(due_on: date) -> date:
    """A day of the month that a monthly edition is about, which may come on any day of a month."""
    return due_on - _HALF_A_MONTH
