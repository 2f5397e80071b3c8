"""What the messages are filled with that are not editions: the confirm message and the test."""

from datetime import datetime, timedelta

from digest.model import Cadence, Choices, InterestKind
from digest.rendering import words
from digest.rendering.language import Language
from digest.rendering.site import Site, colours
from digest.rendering.words import NN_
from digest.taxonomy import CATEGORIES

_HOW_OFTEN = {
    Cadence.DAILY: NN_("Daily, up to %(count)s paper", "Daily, up to %(count)s papers"),
    Cadence.WEEKDAYS: NN_("Weekdays, up to %(count)s paper", "Weekdays, up to %(count)s papers"),
    Cadence.WEEKLY: NN_("Weekly, on Monday, up to %(count)s paper", "Weekly, on Monday, up to %(count)s papers"),
    Cadence.MONTHLY: NN_(
        "Monthly, on the first, up to %(count)s paper", "Monthly, on the first, up to %(count)s papers"
    ),
}


def confirm_context(
    language: Language,
    *,
    site: Site,
    address: str,
    choices: Choices,
    first_due_at: datetime,
    asked_at: datetime,
    confirm_url: str,
    expires_after: timedelta,
) -> dict[str, object]:
    """All that `templates/confirm` asks for.

    Whoever asked may not be whoever reads it, so nothing of it was typed by a visitor but the
    address itself: of the choices only those from our own lists are named, and examples counted.
    """
    arrival = words.arrival(language, first_due_at, asked_at=asked_at, timezone=choices.timezone)
    hours = round(expires_after / timedelta(hours=1))
    return _notice(site) | {
        "address": address,
        "arrival": f"{arrival} ({choices.timezone})",
        "preheader": language.gettext(
            "One click and the first edition arrives %(arrival)s. Not you? Do nothing.", arrival=arrival
        ),
        "choices": _recognisable(language, choices),
        "confirm_url": confirm_url,
        "expires_in": language.ngettext("%(count)s hour", "%(count)s hours", hours),
        "asked": language.moment(asked_at),
    }


def trial_context(language: Language, *, site: Site, provider: str, sent_at: datetime) -> dict[str, object]:
    """All that `templates/test` asks for: the message that shows that a provider works."""
    return _notice(site) | {
        "preheader": language.gettext(
            "%(site)s can send by %(provider)s. Nothing needs to be done.", site=site.name, provider=provider
        ),
        "provider": provider,
        "sent": language.moment(sent_at),
    }


def _notice(site: Site) -> dict[str, object]:
    return {"site": site, "colours": colours(site.accent)}


def _recognisable(language: Language, choices: Choices) -> list[tuple[str, str]]:
    """The chosen facts by which a reader knows their own request, as label and value."""
    categories = [
        interest.value
        for interest in choices.interests
        if interest.kind is InterestKind.CATEGORY and interest.value in CATEGORIES
    ]
    examples = sum(interest.kind is InterestKind.EXAMPLE for interest in choices.interests)
    facts = [
        (language.gettext("How often"), language.ngettext(*_HOW_OFTEN[choices.cadence], choices.max_papers)),
        (language.gettext("When"), f"{choices.hour:02}:00 ({choices.timezone})"),
    ]
    if examples:
        number = words.spelled(language, examples)
        named = language.ngettext("the one that you named", "the %(number)s that you named", examples, number=number)
        facts.insert(0, (language.gettext("Papers like"), named))
    if categories:
        facts.insert(0, ("arXiv", ", ".join(categories)))
    return facts
