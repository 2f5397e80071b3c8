"""What the messages are filled with that are not editions: the confirm message and the test."""

from datetime import datetime, timedelta

from digest.model import Cadence, Choices, InterestKind
from digest.rendering import words
from digest.rendering.site import Site, colours
from digest.taxonomy import CATEGORIES

_HOW_OFTEN = {
    Cadence.DAILY: "Daily",
    Cadence.WEEKDAYS: "Weekdays",
    Cadence.WEEKLY: "Weekly, on Monday",
    Cadence.MONTHLY: "Monthly, on the first",
}


def confirm_context(
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
    arrival = words.arrival(first_due_at, asked_at=asked_at, timezone=choices.timezone)
    return _notice(site) | {
        "address": address,
        "arrival": arrival,
        "preheader": f"One click and the first edition arrives {arrival.partition(' (')[0]}. Not you? Do nothing.",
        "choices": _recognisable(choices),
        "confirm_url": confirm_url,
        "expires_in": words.counted(round(expires_after / timedelta(hours=1)), "hour"),
        "asked": words.moment(asked_at),
    }


def trial_context(*, site: Site, provider: str, sent_at: datetime) -> dict[str, object]:
    """All that `templates/test` asks for: the message that shows that a provider works."""
    return _notice(site) | {
        "preheader": f"{site.name} can send by {provider}. Nothing needs to be done.",
        "provider": provider,
        "sent": words.moment(sent_at),
    }


def _notice(site: Site) -> dict[str, object]:
    return {"lang": "en", "site": site, "colours": colours(site.accent)}


def _recognisable(choices: Choices) -> list[tuple[str, str]]:
    """The chosen facts by which a reader knows their own request, as label and value."""
    categories = [
        interest.value
        for interest in choices.interests
        if interest.kind is InterestKind.CATEGORY and interest.value in CATEGORIES
    ]
    examples = sum(interest.kind is InterestKind.EXAMPLE for interest in choices.interests)
    named = [("Papers like", f"the {words.spelled(examples)} that you named")] if examples else []
    how_often = f"{_HOW_OFTEN[choices.cadence]}, up to {words.counted(choices.max_papers, 'paper')}"
    arxiv = [("arXiv", ", ".join(categories))] if categories else []
    return [*arxiv, *named, ("How often", how_often), ("When", f"{choices.hour:02}:00 ({choices.timezone})")]
