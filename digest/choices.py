"""What somebody typed of their choices -> choices, or what would be right; for every form and every command."""

from collections.abc import Collection, Iterable, Sequence

from digest.due import known_zones
from digest.errors import InputError
from digest.model import Cadence, Choices, Interest, InterestKind, Weekday, Weights
from digest.rendering.language import ENGLISH
from digest.taxonomy import CATEGORIES

MOST_INTERESTS = 100
LONGEST_INTEREST = 200
MOST_PAPERS = 20
MOST_WEIGHT = 5
LONGEST_MONTH = 31


def choices_from(
    *,
    topics: Sequence[str] = (),
    categories: Sequence[str] = (),
    authors: Sequence[str] = (),
    mutes: Sequence[str] = (),
    examples: Sequence[str] = (),
    cadence: str,
    hour: int,
    timezone: str,
    max_papers: int,
    weights: Weights | None = None,
    only_matches: bool = False,
    language: str = ENGLISH.code,
    languages: Collection[str] = (ENGLISH.code,),
    weekday: str = Weekday.MONDAY,
    month_day: int = 1,
) -> Choices:
    """What somebody typed, as choices; examples by their aliases, the language one of `languages`, by code.

    Raises InputError that says what would be right.
    """
    typed = [
        *((InterestKind.TOPIC, value) for value in topics),
        *((InterestKind.CATEGORY, value) for value in categories),
        *((InterestKind.AUTHOR, value) for value in authors),
        *((InterestKind.MUTE, value) for value in mutes),
        *((InterestKind.EXAMPLE, value) for value in examples),
    ]
    followed = few_enough(_interest(kind, value) for kind, value in typed if value.strip())
    if not 0 <= hour <= 23:
        raise InputError(f"There is no hour {hour}. Write one from 0 to 23.")
    if not 1 <= month_day <= LONGEST_MONTH:
        raise InputError(f"No month has a day {month_day}. Write one from 1 to {LONGEST_MONTH}.")
    if not 1 <= max_papers <= MOST_PAPERS:
        raise InputError(f"An edition has 1 to {MOST_PAPERS} papers. Write a number between them.")
    weighed = () if weights is None else (weights.relevance, weights.trend, weights.novelty)
    if not all(0 <= weight <= MOST_WEIGHT for weight in weighed):
        raise InputError(f"A weight is 0 to {MOST_WEIGHT}. Write a number between them.")
    if language not in languages:
        raise InputError(f"There are no editions in {language!r}. Write one of {', '.join(languages)}.")
    return Choices(
        cadence=_cadence(cadence),
        hour=hour,
        timezone=_zone(timezone),
        max_papers=max_papers,
        interests=followed,
        weights=weights,
        only_matches=only_matches,
        language=language,
        weekday=_weekday(weekday),
        month_day=month_day,
    )


def few_enough(interests: Iterable[Interest]) -> tuple[Interest, ...]:
    """The interests, each once. Raises InputError where they are more than anybody may have."""
    followed = tuple(dict.fromkeys(interests))
    if len(followed) > MOST_INTERESTS:
        raise InputError(f"That is more than {MOST_INTERESTS} interests, examples counted. Leave some out.")
    return followed


def _interest(kind: InterestKind, value: str) -> Interest:
    text = " ".join(value.split())
    if len(text) > LONGEST_INTEREST:
        raise InputError(f"An interest has more than {LONGEST_INTEREST} characters. Say it in a few words.")
    if not text.isprintable():
        raise InputError("An interest holds a character that cannot be shown. Type it again in plain words.")
    if kind is InterestKind.CATEGORY and text not in CATEGORIES:
        raise InputError(f"{text!r} is not an arXiv category. Write one such as cs.CL or stat.ML.")
    return Interest(kind=kind, value=text)


def _cadence(value: str) -> Cadence:
    try:
        return Cadence(value)
    except ValueError as error:
        raise InputError(f"{value!r} is not a cadence. Write daily, weekdays, weekly or monthly.") from error


def _weekday(value: str) -> Weekday:
    try:
        return Weekday(value)
    except ValueError as error:
        raise InputError(f"{value!r} is not a day of the week. Write one such as {Weekday.TUESDAY}.") from error


def _zone(value: str) -> str:
    if value not in known_zones():
        raise InputError(f"{value!r} is not a time zone. Write an IANA name such as Europe/Paris.")
    return value
