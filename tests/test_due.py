"""When an edition is due: calendars, time zones, and the hours that clocks skip or repeat."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from personas import choices

from digest.due import due_at, due_before, due_on, next_due_at
from digest.model import Cadence, Weekday

ZONES = sorted(available_timezones() - {"localtime"})


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("after", "cadence", "hour", "timezone", "expected"),
    [
        # 17 June 2026 is a Wednesday.
        ("2026-06-17T06:59", Cadence.DAILY, 7, "UTC", "2026-06-17T07:00"),
        ("2026-06-17T07:00", Cadence.DAILY, 7, "UTC", "2026-06-18T07:00"),
        ("2026-06-19T07:00", Cadence.DAILY, 7, "UTC", "2026-06-20T07:00"),
        ("2026-06-19T07:00", Cadence.WEEKDAYS, 7, "UTC", "2026-06-22T07:00"),
        ("2026-06-20T12:00", Cadence.WEEKDAYS, 7, "UTC", "2026-06-22T07:00"),
        ("2026-06-17T07:00", Cadence.WEEKLY, 7, "UTC", "2026-06-22T07:00"),
        ("2026-06-22T07:00", Cadence.WEEKLY, 7, "UTC", "2026-06-29T07:00"),
        ("2026-06-17T07:00", Cadence.MONTHLY, 7, "UTC", "2026-07-01T07:00"),
        ("2026-12-01T07:00", Cadence.MONTHLY, 7, "UTC", "2027-01-01T07:00"),
        ("2026-12-31T23:59", Cadence.DAILY, 0, "UTC", "2027-01-01T00:00"),
        ("2028-02-28T07:00", Cadence.DAILY, 7, "UTC", "2028-02-29T07:00"),
        ("2028-02-29T07:00", Cadence.MONTHLY, 7, "UTC", "2028-03-01T07:00"),
        # The local date decides: at UTC+14 Monday begins on our Sunday, at UTC-12 on our Monday noon.
        ("2026-06-20T00:00", Cadence.WEEKLY, 0, "Pacific/Kiritimati", "2026-06-21T10:00"),
        ("2026-06-21T10:00", Cadence.WEEKLY, 0, "Pacific/Kiritimati", "2026-06-28T10:00"),
        ("2026-06-20T00:00", Cadence.WEEKLY, 0, "Etc/GMT+12", "2026-06-22T12:00"),
        ("2026-06-30T12:00", Cadence.MONTHLY, 23, "Etc/GMT+12", "2026-07-02T11:00"),
        ("2026-06-30T12:00", Cadence.MONTHLY, 0, "Pacific/Kiritimati", "2026-07-31T10:00"),
        ("2026-06-17T00:00", Cadence.DAILY, 7, "Asia/Kathmandu", "2026-06-17T01:15"),
        # Paris: 02:00 is skipped on 29 March 2026, and comes twice on 25 October.
        ("2026-03-28T12:00", Cadence.DAILY, 2, "Europe/Paris", "2026-03-29T01:00"),
        ("2026-03-29T01:00", Cadence.DAILY, 2, "Europe/Paris", "2026-03-30T00:00"),
        ("2026-10-24T12:00", Cadence.DAILY, 2, "Europe/Paris", "2026-10-25T00:00"),
        ("2026-10-25T00:00", Cadence.DAILY, 2, "Europe/Paris", "2026-10-26T01:00"),
        ("2026-10-25T00:59", Cadence.DAILY, 2, "Europe/Paris", "2026-10-26T01:00"),
        # New York: 02:00 is skipped on 8 March 2026, and 01:00 comes twice on 1 November.
        ("2026-03-07T12:00", Cadence.DAILY, 2, "America/New_York", "2026-03-08T07:00"),
        ("2026-03-08T07:00", Cadence.DAILY, 2, "America/New_York", "2026-03-09T06:00"),
        ("2026-10-31T12:00", Cadence.DAILY, 1, "America/New_York", "2026-11-01T05:00"),
        ("2026-11-01T05:00", Cadence.DAILY, 1, "America/New_York", "2026-11-02T06:00"),
        ("2026-11-01T05:30", Cadence.MONTHLY, 1, "America/New_York", "2026-12-01T06:00"),
    ],
)
def test_the_next_edition_is_due_at(after: str, cadence: Cadence, hour: int, timezone: str, expected: str) -> None:
    assert next_due_at(instant(after), choices(cadence=cadence, hour=hour, timezone=timezone)) == instant(expected)


@pytest.mark.parametrize(
    ("after", "weekday", "expected"),
    [
        # 17 June 2026 is a Wednesday.
        ("2026-06-17T06:59", Weekday.WEDNESDAY, "2026-06-17T07:00"),
        ("2026-06-17T07:00", Weekday.WEDNESDAY, "2026-06-24T07:00"),
        ("2026-06-17T07:00", Weekday.THURSDAY, "2026-06-18T07:00"),
        ("2026-06-17T07:00", Weekday.SUNDAY, "2026-06-21T07:00"),
        ("2026-12-30T07:00", Weekday.TUESDAY, "2027-01-05T07:00"),
    ],
)
def test_a_weekly_edition_is_due_on_its_day_of_the_week(after: str, weekday: Weekday, expected: str) -> None:
    wanted = choices(cadence=Cadence.WEEKLY, hour=7, weekday=weekday)
    assert next_due_at(instant(after), wanted) == instant(expected)


@pytest.mark.parametrize(
    ("after", "month_day", "expected"),
    [
        ("2026-06-17T06:59", 17, "2026-06-17T07:00"),
        ("2026-06-17T07:00", 17, "2026-07-17T07:00"),
        ("2026-06-17T07:00", 31, "2026-06-30T07:00"),
        ("2026-06-30T07:00", 31, "2026-07-31T07:00"),
        ("2026-07-31T07:00", 31, "2026-08-31T07:00"),
        ("2027-01-31T07:00", 31, "2027-02-28T07:00"),
        ("2027-01-29T07:00", 29, "2027-02-28T07:00"),
        ("2027-02-28T07:00", 29, "2027-03-29T07:00"),
        ("2028-01-31T07:00", 30, "2028-02-29T07:00"),
        ("2028-02-29T07:00", 30, "2028-03-30T07:00"),
        ("2026-12-31T07:00", 31, "2027-01-31T07:00"),
    ],
)
def test_a_monthly_edition_is_due_on_its_day_or_the_last_of_a_shorter_month(
    after: str, month_day: int, expected: str
) -> None:
    wanted = choices(cadence=Cadence.MONTHLY, hour=7, month_day=month_day)
    assert next_due_at(instant(after), wanted) == instant(expected)


def test_the_two_longest_waits_are_found() -> None:
    """From the first moment after an edition at the start of a month to the last day of the month after."""
    first = choices(cadence=Cadence.MONTHLY, hour=0, timezone="Pacific/Kiritimati", month_day=1)
    last = choices(cadence=Cadence.MONTHLY, hour=23, month_day=31)
    assert next_due_at(instant("2026-07-31T10:00"), first) == instant("2026-08-31T10:00")
    assert next_due_at(instant("2026-07-31T23:00"), last, not_before=date(2026, 9, 1)) == instant("2026-09-30T23:00")


def test_an_hour_skipped_at_the_end_of_a_day_stays_on_that_day() -> None:
    """Greenland's clocks go from 23:00 on Saturday to 00:00 on Sunday."""
    saturday = date(2026, 3, 28)
    due = due_at(saturday, hour=23, timezone="America/Nuuk")
    assert due_on(due, timezone="America/Nuuk") == saturday
    following = next_due_at(due, choices(hour=23, timezone="America/Nuuk"))
    assert due_on(following, timezone="America/Nuuk") == date(2026, 3, 29)


@pytest.mark.slow
@given(
    st.integers(0, 14 * 365 * 24 * 60).map(lambda minutes: instant("2024-01-01") + timedelta(minutes=minutes)),
    st.sampled_from(list(Cadence)),
    st.integers(0, 23),
    st.sampled_from(ZONES),
)
@example(instant("2026-03-28T12:00"), Cadence.DAILY, 23, "America/Nuuk")
@example(instant("2026-03-28T21:00"), Cadence.DAILY, 0, "Asia/Beirut")
@example(instant("2026-04-04T12:00"), Cadence.DAILY, 2, "Australia/Lord_Howe")
@example(instant("2026-03-29T00:59"), Cadence.DAILY, 1, "Antarctica/Troll")
def test_every_local_date_has_one_due_instant_at_its_hour(
    after: datetime, cadence: Cadence, hour: int, timezone: str
) -> None:
    dates = []
    for _ in range(4):
        due = next_due_at(after, choices(cadence=cadence, hour=hour, timezone=timezone))
        assert due > after
        assert due.tzinfo is UTC
        local = due.astimezone(ZoneInfo(timezone))
        dates.append(local.date())
        assert local.hour == hour or _is_skipped(local.date(), hour, timezone)
        after = due
    assert len(set(dates)) == 4
    assert all(_falls_on(cadence, day) for day in dates)


def test_an_edition_is_due_on_a_date_at_the_earliest() -> None:
    def due(cadence: Cadence, not_before: date) -> datetime:
        after = instant("2026-06-17T06:59")
        return next_due_at(
            after, choices(cadence=cadence, hour=7, timezone="America/Los_Angeles"), not_before=not_before
        )

    assert due(Cadence.DAILY, date(2026, 6, 20)) == instant("2026-06-20T14:00")
    assert due(Cadence.WEEKLY, date(2026, 6, 20)) == instant("2026-06-22T14:00")
    assert due(Cadence.DAILY, date(2026, 6, 1)) == instant("2026-06-17T14:00")


@pytest.mark.slow
def test_every_zone_has_one_edition_for_each_date_of_the_days_around_every_change_of_clocks() -> None:
    """Every zone's clocks, at every hour, from two days before each change of 2026 and 2027 to two after it."""
    for timezone in _zones_with_a_change():
        for changes_on in {day.replace(day=1) for day in _days_with_a_change(timezone)}:
            _one_edition_a_date(timezone, changes_on - timedelta(days=2), days=35, hours=range(24))


@pytest.mark.parametrize("timezone", ["Europe/Paris", "America/Nuuk", "Australia/Lord_Howe", "Antarctica/Troll"])
def test_a_zone_has_one_edition_for_each_date_of_two_years(timezone: str) -> None:
    _one_edition_a_date(timezone, date(2026, 1, 1), days=730, hours=(0, 2, 23))


def _one_edition_a_date(timezone: str, first: date, *, days: int, hours: Iterable[int]) -> None:
    for hour in hours:
        wanted = choices(hour=hour, timezone=timezone)
        due = [due_at(first, hour=hour, timezone=timezone)]
        while len(due) < days:
            due.append(next_due_at(due[-1], wanted))
        dates = [due_on(one, timezone=timezone) for one in due]
        assert dates == [first + timedelta(days=number) for number in range(days)], (timezone, hour)


@pytest.mark.parametrize("hour", range(24))
def test_a_date_that_a_zone_left_out_has_no_edition(hour: int) -> None:
    """Samoa went from 29 December 2011 to the 31st, across the date line."""
    wanted, due = choices(hour=hour, timezone="Pacific/Apia"), instant("2011-12-28T09:59")
    dates = []
    for _ in range(4):
        due = next_due_at(due, wanted)
        dates.append(due_on(due, timezone="Pacific/Apia").day)
    assert dates == [28, 29, 31, 1]


def test_a_monthly_edition_of_a_date_that_was_left_out_comes_once_at_its_hour_of_the_day_before() -> None:
    wanted = choices(cadence=Cadence.MONTHLY, hour=7, timezone="Pacific/Apia", month_day=30)
    due = next_due_at(instant("2011-12-01T00:00"), wanted)
    assert due.astimezone(ZoneInfo("Pacific/Apia")).replace(tzinfo=None) == datetime(2011, 12, 29, 7)  # noqa: DTZ001
    assert due_on(next_due_at(due, wanted), timezone="Pacific/Apia") == date(2012, 1, 30)


def _is_skipped(day: date, hour: int, timezone: str) -> bool:
    wanted = datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(timezone))
    return wanted.astimezone(UTC).astimezone(ZoneInfo(timezone)).replace(tzinfo=None) != wanted.replace(tzinfo=None)


def _falls_on(cadence: Cadence, day: date) -> bool:
    return {
        Cadence.DAILY: True,
        Cadence.WEEKDAYS: day.isoweekday() <= 5,
        Cadence.WEEKLY: day.isoweekday() == 1,
        Cadence.MONTHLY: day.day == 1,
    }[cadence]


@pytest.mark.parametrize(
    ("cadence", "day", "before"),
    [
        (Cadence.DAILY, date(2026, 6, 22), date(2026, 6, 21)),
        (Cadence.WEEKDAYS, date(2026, 6, 22), date(2026, 6, 19)),
        (Cadence.WEEKLY, date(2026, 6, 22), date(2026, 6, 15)),
        (Cadence.MONTHLY, date(2026, 7, 1), date(2026, 6, 1)),
        (Cadence.MONTHLY, date(2026, 3, 31), date(2026, 3, 1)),
    ],
)
def test_the_edition_before_is_found_by_its_date(cadence: Cadence, day: date, before: date) -> None:
    assert due_before(day, choices(cadence=cadence)) == before


@pytest.mark.slow
def test_the_local_date_of_every_due_instant_of_two_years_is_the_one_meant() -> None:
    """Every zone that has a change of clocks in 2026 or 2027, at every hour of the days around it."""
    for timezone in _zones_with_a_change():
        for day in _days_with_a_change(timezone):
            for hour in range(24):
                assert due_on(due_at(day, hour=hour, timezone=timezone), timezone=timezone) == day


@cache
def _zones_with_a_change() -> list[str]:
    """Of all zones whose clocks are put on and back at the same hours one: half of the database are other names."""
    alike = {}
    for timezone in ZONES:
        hours = [
            datetime.combine(day, time(hour), ZoneInfo(timezone))
            for day in _days_with_a_change(timezone)
            for hour in range(24)
        ]
        if hours:
            alike[
                tuple((hour.replace(tzinfo=None), hour.utcoffset(), hour.replace(fold=1).utcoffset()) for hour in hours)
            ] = timezone
    return list(alike.values())


@cache
def _days_with_a_change(timezone: str) -> list[date]:
    zone, noon = ZoneInfo(timezone), instant("2026-01-01T12:00")
    noons = [(noon + timedelta(days=number)).replace(tzinfo=zone) for number in range(730)]
    offsets = [one.utcoffset() for one in noons]
    changed = [number for number in range(1, 730) if offsets[number] != offsets[number - 1]]
    return [noons[number + step].date() for number in changed for step in (-1, 0) if number + step < 730]
