"""What messages are filled with that are not editions: the confirm message, and notices of all kinds."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from digest.model import Choices, InterestKind
from digest.rendering import words
from digest.rendering.alarms import alarm_in, alarm_notice
from digest.rendering.arrangement import Arrangement, arrangement_in, examples, follows, rhythm
from digest.rendering.edition import Links
from digest.rendering.language import Language
from digest.rendering.notice import About, Notice, frame, notice_context
from digest.rendering.site import Site
from digest.taxonomy import CATEGORIES


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
    is_subscribed: bool,
) -> dict[str, object]:
    """All that `templates/confirm` asks for; `is_subscribed` is whether the address was when this was asked.

    Whoever asked may not be whoever reads it, so nothing of it was typed by a visitor but the
    address itself: of the choices only those from our own lists are named, and examples counted.
    """
    arrival = words.arrival(language, first_due_at, asked_at=asked_at, timezone=choices.timezone)
    hours = round(expires_after / timedelta(hours=1))
    return frame(site) | {
        "address": address,
        "arrival": f"{arrival} ({choices.timezone})",
        "preheader": language.gettext("One click, and its settings are replaced. Not you? Do nothing.")
        if is_subscribed
        else language.gettext(
            "One click and the first edition arrives %(arrival)s. Not you? Do nothing.", arrival=arrival
        ),
        "is_subscribed": is_subscribed,
        "choices": _recognisable(language, choices),
        "confirm_url": confirm_url,
        "expires_in": language.ngettext("%(count)s hour", "%(count)s hours", hours),
        "asked": language.moment(asked_at),
    }


def told_context(
    language: Language, told: Mapping[str, Any], *, site: Site, address: str, sent_at: datetime, links: Links | None
) -> dict[str, object]:
    """The notice that was kept as `alarm_facts`, or as what it is about and `arrangement_facts`."""
    about = About(told["about"])
    if about is About.MOVED:
        return notice_context(moved_notice(language, site=site, address=address, sent_at=sent_at), site=site)
    if about is About.ALARM or links is None:
        return notice_context(alarm_notice(language, alarm_in(told), site=site), site=site)
    arrangement = arrangement_in(told)
    notice = subscription_notice(language, about, arrangement, site=site, address=address, sent_at=sent_at, links=links)
    return notice_context(notice, site=site, links=links)


def subscription_notice(
    language: Language,
    about: About,
    arrangement: Arrangement,
    *,
    site: Site,
    address: str,
    sent_at: datetime,
    links: Links,
) -> Notice:
    """A reader is told what was done with their subscription, by them or by whoever else has its links."""
    arrival = arrangement.arrival(language, sent_at=sent_at)
    footer = why_you_get_this(language, arrangement, address=address)
    match about:
        case About.PAUSED:
            return _paused(language, arrangement, arrival=arrival, footer=footer, links=links)
        case About.RESUMED:
            return _resumed(language, arrangement, arrival=arrival, footer=footer, links=links)
        case _:
            return _changed(language, arrangement, site=site, arrival=arrival, footer=footer, links=links)


def why_you_get_this(language: Language, arrangement: Arrangement, *, address: str) -> str:
    """The sentence at the foot of what only subscribers get."""
    return language.gettext(
        "You get this because %(address)s has been subscribed since %(date)s.",
        address=address,
        date=language.full_date(arrangement.confirmed_on),
    )


def _changed(
    language: Language, arrangement: Arrangement, *, site: Site, arrival: str, footer: str, links: Links
) -> Notice:
    return Notice(
        subject=language.gettext("Your %(site)s preferences have changed", site=site.name),
        preheader=language.gettext(
            "The next edition arrives %(arrival)s, with these settings. Not you? Change them back.", arrival=arrival
        ),
        heading=language.gettext("Your preferences have changed"),
        paragraphs=(
            language.gettext(
                "The next edition arrives %(arrival)s. From then on, this holds:",
                arrival=arrangement.with_zone(arrival),
            ),
        ),
        facts=(*follows(language, arrangement), *rhythm(language, arrangement.choices)),
        button=(language.gettext("Adjust preferences"), links.preferences),
        closing=_not_you(language),
        footer=footer,
    )


def _paused(language: Language, arrangement: Arrangement, *, arrival: str, footer: str, links: Links) -> Notice:
    assert arrangement.paused_until is not None
    until = language.full_date(arrangement.paused_until)
    return Notice(
        subject=language.gettext("Paused until %(date)s", date=until),
        preheader=language.gettext(
            "No edition comes before then. Your settings stay, and you can resume whenever you like."
        ),
        heading=language.gettext("Paused until %(date)s", date=until),
        paragraphs=(
            language.gettext(
                "No edition comes before then. The next one arrives %(arrival)s, by your settings as they are.",
                arrival=arrangement.with_zone(arrival),
            ),
        ),
        button=(language.gettext("Resume"), links.pause),
        closing=_not_you(language),
        footer=footer,
    )


def _resumed(language: Language, arrangement: Arrangement, *, arrival: str, footer: str, links: Links) -> Notice:
    return Notice(
        subject=language.gettext("Resumed: next edition %(arrival)s", arrival=arrival),
        preheader=language.gettext("The break is over. Your settings are as they were before it."),
        heading=language.gettext("Resumed"),
        paragraphs=(
            language.gettext(
                "The break is over. The next edition arrives %(arrival)s, by your settings as they were.",
                arrival=arrangement.with_zone(arrival),
            ),
        ),
        button=(language.gettext("Adjust preferences"), links.preferences),
        closing=_not_you(language),
        footer=footer,
    )


def _not_you(language: Language) -> str:
    return language.gettext(
        "Was that not you? Whoever holds one of your editions can do this by its links, and so can whoever runs this"
        " site. Adjust your preferences, or unsubscribe."
    )


def move_context(
    language: Language, *, site: Site, address: str, asked_at: datetime, url: str, expires_after: timedelta
) -> dict[str, object]:
    """The message that asks an address whether a subscription may come there; nothing of it was typed by a visitor."""
    hours = round(expires_after / timedelta(hours=1))
    notice = Notice(
        subject=language.gettext("Confirm your new address for %(site)s", site=site.name),
        preheader=language.gettext("One click, and your editions come to this address. Not you? Do nothing."),
        heading=language.gettext("Confirm your new address"),
        paragraphs=(
            language.gettext(
                "Someone, we hope you, asked that the editions of %(site)s come to %(address)s instead of where they"
                " went until now. Confirm, and they do.",
                site=site.name,
                address=address,
            ),
        ),
        button=(language.gettext("Confirm new address"), url),
        closing=language.gettext(
            "Not you? Do nothing. No mail follows, and the address is deleted in %(hours)s, when this link expires.",
            hours=language.ngettext("%(count)s hour", "%(count)s hours", hours),
        ),
        footer=language.gettext(
            "Sent once, because this address was entered for %(host)s on %(date)s.",
            host=site.host,
            date=language.moment(asked_at),
        ),
    )
    return notice_context(notice, site=site)


def moved_notice(language: Language, *, site: Site, address: str, sent_at: datetime) -> Notice:
    """What the old address is told, which the new one is not named to."""
    return Notice(
        subject=language.gettext("Your %(site)s subscription has moved to another address", site=site.name),
        preheader=language.gettext(
            "Its editions go there from now on. Not you? The links of past editions still work."
        ),
        heading=language.gettext("Your subscription has moved"),
        paragraphs=(
            language.gettext(
                "From now on the editions that came to %(address)s go to another address: somebody asked for that by"
                " the links of an edition, and confirmed it there.",
                address=address,
            ),
        ),
        closing=language.gettext(
            "Was that not you? The links of the editions that you have still work: by them you can move the"
            " subscription back, or unsubscribe."
        ),
        footer=language.gettext(
            "Sent once, because the subscription of this address was moved at %(host)s on %(date)s.",
            host=site.host,
            date=language.moment(sent_at),
        ),
    )


def trial_notice(language: Language, *, site: Site, provider: str, sent_at: datetime) -> Notice:
    """The message that shows that a provider works."""
    return Notice(
        subject=language.gettext("Test message from %(site)s", site=site.name),
        preheader=language.gettext(
            "%(site)s can send by %(provider)s. Nothing needs to be done.", site=site.name, provider=provider
        ),
        heading=language.gettext("Sending works"),
        paragraphs=(
            language.gettext(
                "%(site)s handed this message to the provider “%(provider)s”, and it reached you."
                " Editions take the same way.",
                site=site.name,
                provider=provider,
            ),
        ),
        footer=language.gettext(
            "Sent once, because the operator of %(host)s asked for a test on %(date)s.",
            host=site.host,
            date=language.moment(sent_at),
        ),
    )


def _recognisable(language: Language, choices: Choices) -> list[tuple[str, str]]:
    """The chosen facts by which a reader knows their own request, as label and value."""
    categories = [
        interest.value
        for interest in choices.interests
        if interest.kind is InterestKind.CATEGORY and interest.value in CATEGORIES
    ]
    listed = [("arXiv", ", ".join(categories))] if categories else []
    return [*listed, *examples(language, choices), *rhythm(language, choices)]
