"""The subscribe form: what stands in it, and what is wrong with that."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TypeVar
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData

from digest.address import Address, parse_address
from digest.config import Newsletter
from digest.due import known_zones
from digest.errors import InputError
from digest.model import Cadence, Choices
from digest.subscribe import choices_from

TOPICS = (
    "diffusion models", "language models", "agents", "reinforcement learning", "world models",
    "vision-language", "robotics", "code generation", "distillation", "retrieval",
    "evaluation", "interpretability", "speech", "safety", "efficient inference",
)  # fmt: skip
"""What the form offers to follow."""

NUMBERS = (3, 5, 10, 15, 20)
LONGEST_NAME = 64

_REGIONS = (
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
)  # fmt: skip
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What stands in the form, right or wrong."""

    newsletter: str
    cadence: str
    hour: str
    timezone: str
    papers: str
    address: str = ""
    topics: tuple[str, ...] = ()
    more: str = ""
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a form asks for that has nothing wrong with it."""

    address: Address
    newsletter: str
    choices: Choices


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a field: `summary` in a sentence, `advice` with what would be right."""

    field: str
    summary: str
    advice: str


def untouched(newsletter: Newsletter) -> Typed:
    """The form as a visitor finds it: with the newsletter's own defaults."""
    return Typed(
        newsletter=newsletter.slug,
        cadence=newsletter.cadence,
        hour=str(newsletter.hour),
        timezone=newsletter.timezone,
        papers=str(newsletter.max_papers),
    )


def filled_in(fields: FormData, blank: Typed) -> Typed:
    """The form as somebody sent it; what was not sent stays as in `blank`."""

    def one(name: str, otherwise: str) -> str:
        value = fields.get(name, otherwise)
        return value if isinstance(value, str) else otherwise

    def several(name: str) -> tuple[str, ...]:
        return tuple(value for value in fields.getlist(name) if isinstance(value, str))

    return Typed(
        address=one("address", ""),
        newsletter=one("newsletter", blank.newsletter),
        topics=tuple(topic for topic in several("topic") if topic in TOPICS),
        more=one("more", ""),
        categories=several("category"),
        cadence=one("cadence", blank.cadence)[:LONGEST_NAME],
        hour=one("hour", blank.hour),
        timezone=one("timezone", blank.timezone)[:LONGEST_NAME],
        papers=one("papers", blank.papers),
    )


def checked(typed: Typed, newsletters: Mapping[str, Newsletter]) -> Wanted | list[Fault]:
    """What is asked for, or everything that is wrong, in the order of the form."""
    faults: list[Fault] = []
    address = _attempt(faults, "address", lambda: parse_address(typed.address))
    newsletter = _attempt(faults, "newsletter", lambda: _offered(typed.newsletter, newsletters))
    interests = _attempt(faults, "more", lambda: _interests(typed))
    when = _attempt(faults, "when", lambda: _when(typed))
    if address is None or newsletter is None or interests is None or when is None:
        return faults
    choices = replace(when, interests=interests.interests)
    return Wanted(address=address, newsletter=newsletter, choices=choices)


def _attempt(faults: list[Fault], field: str, check: Callable[[], T]) -> T | None:
    try:
        return check()
    except InputError as error:
        summary, _, _ = str(error).partition(". ")
        faults.append(Fault(field=field, summary=f"{summary.rstrip('.')}.", advice=str(error)))
        return None


def _offered(slug: str, newsletters: Mapping[str, Newsletter]) -> str:
    if slug not in newsletters:
        raise InputError("There is no such newsletter. Choose one from the list.")
    return slug


def _interests(typed: Typed) -> Choices:
    return choices_from(
        topics=(*typed.topics, *typed.more.split(",")),
        categories=typed.categories,
        cadence=Cadence.DAILY,
        hour=0,
        timezone="UTC",
        max_papers=1,
    )


def _when(typed: Typed) -> Choices:
    return choices_from(
        cadence=typed.cadence, hour=_whole(typed.hour), timezone=typed.timezone, max_papers=_whole(typed.papers)
    )


def _whole(text: str) -> int:
    """The number, or one that nothing allows."""
    return int(text) if re.fullmatch("[0-9]{1,2}", text) else -1


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
