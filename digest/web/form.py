"""The forms of subscribing and of preferences: what stands in them, and what is wrong with that."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from starlette.datastructures import FormData

from digest.address import Address
from digest.choices import LONGEST_MONTH, choices_from, few_enough
from digest.config.sections import Newsletter
from digest.errors import InputError
from digest.examples import examples_typed
from digest.model import Cadence, Choices, InterestKind, Weekday, Weights
from digest.rendering import words
from digest.rendering.language import ENGLISH, Language
from digest.taxonomy import CATEGORIES, COMMON
from digest.web.asking import personal
from digest.web.faults import Fault, attempt
from digest.web.written import listed, plainly, weight, whole, written
from digest.web.zones import zones_offered

TOPICS = (
    "diffusion models", "language models", "agents", "reinforcement learning", "world models",
    "vision-language", "robotics", "code generation", "distillation", "retrieval",
    "evaluation", "interpretability", "speech", "safety", "efficient inference",
)  # fmt: skip
"""What the forms offer to follow, where papers do not say what is."""

NUMBERS = (3, 5, 10, 15, 20)
LONGEST_NAME = 64

_RARE = sorted(CATEGORIES - COMMON.keys())


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
    weekday: str = Weekday.MONDAY
    month_day: str = "1"
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
class Wish:
    """What a form asks for that has nothing wrong with it, whoever asks."""

    newsletter: str
    choices: Choices


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an address asks for that has nothing wrong with it."""

    address: Address
    wish: Wish


def rhythm(chosen: Choices | Newsletter) -> str:
    """How often, and when: `Mondays at 07:00`."""
    match chosen.cadence:
        case Cadence.WEEKLY:
            often = f"{chosen.weekday.capitalize()}s"
        case Cadence.MONTHLY:
            day = {1: "first", LONGEST_MONTH: "last day"}.get(
                chosen.month_day, words.ordinal(ENGLISH, chosen.month_day)
            )
            often = f"on the {day} of each month"
        case _:
            often = chosen.cadence.value
    return f"{often} at {chosen.hour:02}:00"


def untouched(newsletter: Newsletter) -> Typed:
    """The form as a visitor finds it: with the newsletter's own defaults."""
    return Typed(
        newsletter=newsletter.slug,
        cadence=newsletter.cadence,
        weekday=newsletter.weekday,
        month_day=str(newsletter.month_day),
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
        weekday=choices.weekday,
        month_day=str(choices.month_day),
        hour=str(choices.hour),
        timezone=choices.timezone,
        papers=str(choices.max_papers),
        topics=tuple(topic for topic in topics if topic in TOPICS),
        more=written(topic for topic in topics if topic not in TOPICS),
        categories=tuple(followed[InterestKind.CATEGORY]),
        authors=written(followed[InterestKind.AUTHOR]),
        mutes=written(followed[InterestKind.MUTE]),
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
        topics=several("topic"),
        more=one("more", ""),
        categories=several("category"),
        cadence=one("cadence", blank.cadence)[:LONGEST_NAME],
        weekday=one("weekday", blank.weekday)[:LONGEST_NAME],
        month_day=one("month_day", blank.month_day),
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
    typed: Typed,
    faults: Sequence[Fault],
    *,
    languages: Mapping[str, Language],
    also: int,
    now: datetime,
    topics: Sequence[str] = TOPICS,
) -> dict[str, Any]:
    """What both forms show and let choose from; `also` is a number of papers that is among the others.

    What was ticked is offered again, though `topics` may be others by now.
    """
    how_many = words.spelled(ENGLISH, len(faults)).capitalize()
    return {
        "typed": typed,
        "faults": faults,
        "fault_count": f"{how_many} thing{'' if len(faults) == 1 else 's'}",
        "topics": tuple(dict.fromkeys([*topics, *typed.topics])),
        "common": COMMON,
        "rare": _RARE,
        "has_rare": not COMMON.keys() >= set(typed.categories),
        "cadences": [cadence.value for cadence in Cadence],
        "weekdays": [day.value for day in Weekday],
        "month_days": {day: words.ordinal(ENGLISH, day) for day in range(1, LONGEST_MONTH)}
        | {LONGEST_MONTH: "last day"},
        "zones": zones_offered(now=now, also=typed.timezone),
        "numbers": sorted({*NUMBERS, also}),
        "languages": {code: language.name for code, language in languages.items()},
    }


def checked(
    typed: Typed, newsletters: Collection[str], *, languages: Collection[str], own: Collection[str]
) -> Wanted | list[Fault]:
    """What is asked for, or everything that is wrong, in the order of the form; `own` are mailboxes of ours."""
    faults: list[Fault] = []
    address = attempt(faults, "address", lambda: personal(typed.address, own=own))
    wish = wished(typed, newsletters, languages=languages)
    if isinstance(wish, Wish):
        return Wanted(address=address, wish=wish) if address else faults
    return faults + wish


def wished(typed: Typed, newsletters: Collection[str], *, languages: Collection[str]) -> Wish | list[Fault]:
    """What is asked for, whoever asks, or everything that is wrong, in the order of the form."""
    faults: list[Fault] = []
    newsletter = attempt(faults, "newsletter", lambda: _published(typed.newsletter, newsletters))
    followed = attempt(faults, "more", lambda: _some(topics=_topics(typed), categories=typed.categories))
    examples = attempt(faults, "examples", lambda: _some(examples=_examples(typed)))
    when = attempt(faults, "when", lambda: _when(typed, languages))
    if newsletter is None or followed is None or examples is None or when is None:
        return faults
    interests = attempt(faults, "more", lambda: few_enough([*followed.interests, *examples.interests]))
    return faults or Wish(newsletter=newsletter, choices=replace(when, interests=tuple(interests or ())))


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


_some = partial(choices_from, cadence=Cadence.DAILY, hour=0, timezone="UTC", max_papers=1)
"""Choices of which only what is named is asked for."""


def _published(slug: str, newsletters: Collection[str]) -> str:
    if slug not in newsletters:
        raise InputError("There is no such newsletter. Choose one from the list.")
    return slug


def _topics(typed: Typed) -> list[str]:
    return [*typed.topics, *listed(typed.more)]


def _examples(typed: Typed) -> list[str]:
    return [*typed.kept, *(one.alias for one in examples_typed(typed.examples))]


def _when(typed: Typed, languages: Collection[str]) -> Choices:
    return choices_from(
        cadence=typed.cadence,
        weekday=typed.weekday,
        month_day=whole(typed.month_day),
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
