"""How a subscription stands, as the messages tell that are not editions: kept with them, and put into words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from digest.model import Cadence, Choices, Interest, InterestKind, Subscription, Weekday
from digest.rendering import words
from digest.rendering.language import Language
from digest.rendering.words import NN_


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """What somebody chose, and when what comes. `is_first` is whether no edition has come yet."""

    choices: Choices
    confirmed_at: datetime
    next_due_at: datetime
    paused_until: date | None = None
    is_first: bool = False

    @property
    def confirmed_on(self) -> date:
        """The reader's date on which they confirmed."""
        return self.confirmed_at.astimezone(ZoneInfo(self.choices.timezone)).date()

    def arrival(self, language: Language, *, sent_at: datetime) -> str:
        """When the next edition comes, as said at `sent_at`: `tomorrow at 07:00`."""
        return words.arrival(language, self.next_due_at, asked_at=sent_at, timezone=self.choices.timezone)

    def with_zone(self, arrival: str) -> str:
        """`tomorrow at 07:00 (Europe/Paris)`."""
        return f"{arrival} ({self.choices.timezone})"

    def named(self, kind: InterestKind) -> list[str]:
        """What they follow of that kind."""
        return [one.value for one in self.choices.interests if one.kind is kind]


def arrangement_facts(subscription: Subscription) -> dict[str, Any]:
    """How a subscription that is active stands now, as JSON knows it."""
    choices = subscription.choices
    assert subscription.next_due_at is not None
    return {
        "language": choices.language,
        "cadence": choices.cadence.value,
        "weekday": choices.weekday.value,
        "month_day": choices.month_day,
        "hour": choices.hour,
        "timezone": choices.timezone,
        "max_papers": choices.max_papers,
        "only_matches": choices.only_matches,
        "interests": [[one.kind.value, one.value] for one in choices.interests],
        "confirmed_at": subscription.confirmed_at.isoformat(),
        "next_due_at": subscription.next_due_at.isoformat(),
        "paused_until": None if subscription.paused_until is None else subscription.paused_until.isoformat(),
        "is_first": subscription.reached_at is None,
    }


def arrangement_in(told: Mapping[str, Any]) -> Arrangement:
    """What `arrangement_facts` told."""
    until = told["paused_until"]
    return Arrangement(
        choices=Choices(
            cadence=Cadence(told["cadence"]),
            # What was queued before an upgrade does not say.
            weekday=Weekday(told.get("weekday", Weekday.MONDAY)),
            month_day=told.get("month_day", 1),
            hour=told["hour"],
            timezone=told["timezone"],
            max_papers=told["max_papers"],
            interests=tuple(Interest(kind=InterestKind(kind), value=value) for kind, value in told["interests"]),
            only_matches=told["only_matches"],
            language=told["language"],
        ),
        confirmed_at=datetime.fromisoformat(told["confirmed_at"]),
        next_due_at=datetime.fromisoformat(told["next_due_at"]),
        paused_until=None if until is None else date.fromisoformat(until),
        is_first=told["is_first"],
    )


_HOW_OFTEN = {
    Cadence.DAILY: NN_("Daily, up to %(count)s paper", "Daily, up to %(count)s papers"),
    Cadence.WEEKDAYS: NN_("Weekdays, up to %(count)s paper", "Weekdays, up to %(count)s papers"),
    Cadence.WEEKLY: NN_(
        "Weekly, on %(weekday)s, up to %(count)s paper", "Weekly, on %(weekday)s, up to %(count)s papers"
    ),
    Cadence.MONTHLY: NN_(
        "Monthly, on the %(day)s, up to %(count)s paper", "Monthly, on the %(day)s, up to %(count)s papers"
    ),
}
_ON_THE_FIRST = NN_("Monthly, on the first, up to %(count)s paper", "Monthly, on the first, up to %(count)s papers")
_ON_THE_LAST = NN_(
    "Monthly, on the last day, up to %(count)s paper", "Monthly, on the last day, up to %(count)s papers"
)


def how_often(language: Language, choices: Choices) -> str:
    """`Weekdays, up to 10 papers`."""
    often = _HOW_OFTEN[choices.cadence]
    if choices.cadence is Cadence.MONTHLY:
        often = {1: _ON_THE_FIRST, 31: _ON_THE_LAST}.get(choices.month_day, often)
    weekday, day = words.weekday(language, choices.weekday), words.ordinal(language, choices.month_day)
    return language.ngettext(*often, choices.max_papers, weekday=weekday, day=day)


def rhythm(language: Language, choices: Choices) -> list[tuple[str, str]]:
    """How often something comes, and when, as labels and values."""
    return [
        (language.gettext("How often"), how_often(language, choices)),
        (language.gettext("When"), f"{choices.hour:02}:00 ({choices.timezone})"),
    ]


def examples(language: Language, choices: Choices) -> list[tuple[str, str]]:
    """How many papers somebody named to get more like them, as a label and a value; none without any."""
    count = sum(one.kind is InterestKind.EXAMPLE for one in choices.interests)
    if not count:
        return []
    number = words.spelled(language, count)
    named = language.ngettext("the one that you named", "the %(number)s that you named", count, number=number)
    return [(language.gettext("Papers like"), named)]


def follows(language: Language, arrangement: Arrangement) -> list[tuple[str, str]]:
    """What somebody follows and does not want, as labels and values; a kind of which there is nothing is left out."""
    listed = {
        kind: ", ".join(arrangement.named(kind))
        for kind in (InterestKind.TOPIC, InterestKind.CATEGORY, InterestKind.AUTHOR, InterestKind.MUTE)
    }
    labelled = [
        (language.gettext("Topics"), listed[InterestKind.TOPIC]),
        ("arXiv", listed[InterestKind.CATEGORY]),
        (language.gettext("Authors"), listed[InterestKind.AUTHOR]),
        *examples(language, arrangement.choices),
        (language.gettext("Not wanted"), listed[InterestKind.MUTE]),
    ]
    return [(label, value) for label, value in labelled if value]
