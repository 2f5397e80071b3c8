"""The time zones that the forms offer."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from digest.due import known_zones

_REGIONS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
)  # fmt: skip


def zones_offered(*, now: datetime, also: str) -> list[tuple[str, str]]:
    """Time zones as name and label, `Europe/Paris (UTC+2)`, by name; `also` is among them if it is one."""
    offered = _zones(now.date())
    if also in offered or also not in known_zones():
        return list(offered.items())
    return sorted([*offered.items(), (also, _label(also, now.date()))])


@lru_cache(maxsize=2)
def _zones(day: date) -> dict[str, str]:
    names = sorted(name for name in known_zones() if name.partition("/")[0] in _REGIONS)
    return {name: _label(name, day) for name in ["UTC", *names]}


def _label(name: str, day: date) -> str:
    offset = datetime.combine(day, time(12), UTC).astimezone(ZoneInfo(name)).utcoffset() or timedelta(0)
    if not offset:
        return name if name == "UTC" else f"{name} (UTC)"
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    sign = "+" if offset > timedelta(0) else "\u2212"
    return f"{name} (UTC{sign}{hours}{f':{minutes:02}' if minutes else ''})"
