"""The forms of subscribing and of preferences: what stands in them, and what is wrong with that."""

import csv
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any, TypeVar

from starlette.datastructures import FormData

from digest.address import Address, parse_address
from digest.config import Newsletter
from digest.errors import InputError
from digest.examples import example_named
from digest.model import Cadence, Choices, InterestKind, Weights
from digest.rendering import words
from digest.rendering.language import ENGLISH, Language
from digest.subscribe import choices_from, few_enough
from digest.taxonomy import CATEGORIES, COMMON
from digest.web.numbers import plainly, weight, whole
from digest.web.zones import zones_offered

TOPICS = (
    "diffusion models", "language models", "agents", "reinforcement learning", "world models",
    "vision-language", "robotics", "code generation", "distillation", "retrieval",
    "evaluation", "interpretability", "speech", "safety", "efficient inference",
)  # fmt: skip
"""What the form offers to follow."""

NUMBERS = (3, 5, 10, 15, 20)
LONGEST_NAME = 64

RHYTHM = {
    Cadence.DAILY: "daily",
    Cadence.WEEKDAYS: "weekdays",
    Cadence.WEEKLY: "Mondays",
    Cadence.MONTHLY: "on the first of each month",
}

_RARE = sorted(CATEGORIES - COMMON.keys())
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What stands in a form, right or wrong.

    `topics`, `categories`, `kept` (examples) and `learned` (papers that were judged, by number) are what is ticked.
    """

    newsletter: str
    cadence: str
    hour: str
    timezone: str
    papers: str
    address: str = ""
    topics: tuple[str, ...] = ()
    more: str = ""
    categories: tuple[str, ...] = ()
    authors: str = ""
    mutes: str = ""
    examples: str = ""
    kept: tuple[str, ...] = ()
    relevance: str = ""
    trend: str = ""
    novelty: str = ""
    only_matches: bool = False
    language: str = "en"
    learned: tuple[str, ...] = ()


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


def standing(
    newsletter: str, choices: Choices, *, standard: Weights, languages: Collection[str], learned: Iterable[int]
) -> Typed:
    """The form as a reader finds it who chose before; `standard` are the operator's weights.

    A language that is not among those offered any more is English, as it is in the messages.
    """
    followed: dict[InterestKind, list[str]] = {kind: [] for kind in InterestKind}
    for interest in choices.interests:
        followed[interest.kind].append(interest.value)
    weights = choices.weights or standard
    topics = followed[InterestKind.TOPIC]
    return Typed(
        newsletter=newsletter,
        cadence=choices.cadence,
        hour=str(choices.hour),
        timezone=choices.timezone,
        papers=str(choices.max_papers),
        topics=tuple(topic for topic in topics if topic in TOPICS),
        more=_written(topic for topic in topics if topic not in TOPICS),
        categories=tuple(followed[InterestKind.CATEGORY]),
        authors=_written(followed[InterestKind.AUTHOR]),
        mutes=_written(followed[InterestKind.MUTE]),
        kept=tuple(followed[InterestKind.EXAMPLE]),
        relevance=plainly(weights.relevance),
        trend=plainly(weights.trend),
        novelty=plainly(weights.novelty),
        only_matches=choices.only_matches,
        language=choices.language if choices.language in languages else ENGLISH.code,
        learned=tuple(map(str, learned)),
    )


def filled_in(fields: FormData, blank: Typed) -> Typed:
    """The form as somebody sent it. A box that was not sent is not ticked, and an address or topics in words that were
    not sent are empty; all else stays as in `blank`, which also says what there is to tick."""

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
        authors=one("authors", blank.authors),
        mutes=one("mutes", blank.mutes),
        examples=one("examples", blank.examples),
        kept=tuple(alias for alias in several("kept") if alias in blank.kept),
        relevance=one("relevance", blank.relevance),
        trend=one("trend", blank.trend),
        novelty=one("novelty", blank.novelty),
        only_matches="only_matches" in fields,
        language=one("language", blank.language)[:LONGEST_NAME],
        learned=tuple(number for number in several("learned") if number in blank.learned),
    )


def offered(
    typed: Typed, faults: Sequence[Fault], *, languages: Mapping[str, Language], also: int, now: datetime
) -> dict[str, Any]:
    """What both forms show and let choose from; `also` is a number of papers that is among the others."""
    how_many = words.spelled(ENGLISH, len(faults)).capitalize()
    return {
        "typed": typed,
        "faults": faults,
        "fault_count": f"{how_many} thing{'' if len(faults) == 1 else 's'}",
        "topics": TOPICS,
        "common": COMMON,
        "rare": _RARE,
        "has_rare": not COMMON.keys() >= set(typed.categories),
        "cadences": [cadence.value for cadence in Cadence],
        "zones": zones_offered(now=now, also=typed.timezone),
        "numbers": sorted({*NUMBERS, also}),
        "languages": {code: language.name for code, language in languages.items()},
    }


def checked(typed: Typed, newsletters: Collection[str], *, languages: Collection[str]) -> Wanted | list[Fault]:
    """What is asked for, or everything that is wrong, in the order of the form."""
    faults: list[Fault] = []
    address = attempt(faults, "address", lambda: parse_address(typed.address))
    newsletter = attempt(faults, "newsletter", lambda: _published(typed.newsletter, newsletters))
    interests = attempt(faults, "more", lambda: _some(topics=_topics(typed), categories=typed.categories))
    when = attempt(faults, "when", lambda: _when(typed, languages))
    if address is None or newsletter is None or interests is None or when is None:
        return faults
    choices = replace(when, interests=interests.interests)
    return Wanted(address=address, newsletter=newsletter, choices=choices)


def checked_again(
    typed: Typed, *, before: Choices, standard: Weights, languages: Collection[str]
) -> Choices | list[Fault]:
    """What a reader asks for who chose before, or everything that is wrong, in the order of the form."""
    faults: list[Fault] = []
    own = before.weights or standard
    followed = attempt(faults, "more", lambda: _some(topics=_topics(typed), categories=typed.categories))
    when = attempt(faults, "when", lambda: _when(typed, languages))
    authors = attempt(faults, "authors", lambda: _some(authors=listed(typed.authors)))
    mutes = attempt(faults, "mutes", lambda: _some(mutes=listed(typed.mutes)))
    examples = attempt(faults, "examples", lambda: _some(examples=_examples(typed)))
    weights = attempt(faults, "weights", lambda: _weights(typed, own))
    if not (followed and when and authors and mutes and examples and weights):
        return faults
    parts = (followed, authors, mutes, examples)
    interests = attempt(faults, "more", lambda: few_enough([one for part in parts for one in part.interests]))
    return faults or replace(
        when,
        interests=tuple(interests or ()),
        weights=None if weights == standard else weights,
        only_matches=typed.only_matches,
    )


def attempt(faults: list[Fault], field: str, check: Callable[[], T]) -> T | None:
    """What `check` returns; None where it raises InputError, which is then among the faults."""
    try:
        return check()
    except InputError as error:
        summary, _, _ = str(error).partition(". ")
        faults.append(Fault(field=field, summary=f"{summary.rstrip('.')}.", advice=str(error)))
        return None


def listed(text: str) -> list[str]:
    """What stands between commas; what holds a comma itself stands in double quotes."""
    return next(csv.reader([" ".join(text.split())], skipinitialspace=True), [])


def date_in(text: str) -> date:
    """The date that was typed. Raises InputError."""
    try:
        if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise InputError("That is not a date. Write it as 2026-06-17.")


_some = partial(choices_from, cadence=Cadence.DAILY, hour=0, timezone="UTC", max_papers=1)
"""Choices of which only what is named is asked for."""


def _published(slug: str, newsletters: Collection[str]) -> str:
    if slug not in newsletters:
        raise InputError("There is no such newsletter. Choose one from the list.")
    return slug


def _topics(typed: Typed) -> list[str]:
    return [*typed.topics, *listed(typed.more)]


def _examples(typed: Typed) -> list[str]:
    return [*typed.kept, *(example_named(name).alias for name in listed(typed.examples) if name.strip())]


def _when(typed: Typed, languages: Collection[str]) -> Choices:
    return choices_from(
        cadence=typed.cadence,
        hour=whole(typed.hour),
        timezone=typed.timezone,
        max_papers=whole(typed.papers),
        language=typed.language,
        languages=languages,
    )


def _weights(typed: Typed, before: Weights) -> Weights:
    weights = replace(
        before,
        relevance=weight(typed.relevance, before.relevance),
        trend=weight(typed.trend, before.trend),
        novelty=weight(typed.novelty, before.novelty),
    )
    _some(weights=weights)
    return weights


def _written(values: Iterable[str]) -> str:
    """Values as `listed` reads them."""
    return ", ".join('"{}"'.format(value.replace('"', '""')) if {*'",'} & {*value} else value for value in values)
