"""Answers to commands that come by mail: the list of commands, how a subscription stands, and what was no command."""

from collections.abc import Sequence
from datetime import datetime

from digest.rendering.arrangement import Arrangement, follows, rhythm
from digest.rendering.edition import Links
from digest.rendering.language import Language
from digest.rendering.notice import Notice
from digest.rendering.notices import why_you_get_this
from digest.rendering.site import Site
from digest.rendering.words import N_

COMMANDS: Sequence[tuple[str, str]] = (
    ("subscribe", N_("subscribe; topics may follow, with commas between them; a message asks you to confirm")),
    ("unsubscribe", N_("end the subscription at once")),
    ("topics speech, robots", N_("follow these topics instead of those before")),
    ("mute survey", N_("no more papers with these words")),
    ("weekly", N_("an edition a week; likewise daily, weekdays, monthly")),
    ("pause 14 days", N_("no edition for so long")),
    ("resume", N_("end the pause")),
    ("more like 3", N_("more papers like number 3 of the last edition")),
    ("less like 3", N_("fewer papers like number 3 of the last edition")),
    ("status", N_("what you get, and when the next edition comes")),
    ("help", N_("this list")),
)
"""Examples of what can be written, as it is written in any language, and what each does."""


def help_answer(language: Language, *, site: Site, written_at: datetime) -> Notice:
    """The commands."""
    return Notice(
        subject=language.gettext("What you can write to %(site)s", site=site.name),
        preheader=language.gettext(
            "Eleven commands, each by an example. One to a message, in the subject or the text."
        ),
        heading=language.gettext("What you can write"),
        paragraphs=(_how(language),),
        facts=_commands(language),
        footer=_footer(language, site=site, written_at=written_at),
    )


def unknown_answer(language: Language, *, site: Site, written_at: datetime) -> Notice:
    """Nothing in a message was a command; what it said is not repeated."""
    return Notice(
        subject=language.gettext("%(site)s found no command in your message", site=site.name),
        preheader=language.gettext("Nothing was changed. These are the commands, each by an example."),
        heading=language.gettext("No command found"),
        paragraphs=(language.gettext("Nothing was changed."), _how(language)),
        facts=_commands(language),
        footer=_footer(language, site=site, written_at=written_at),
    )


def status_answer(
    language: Language, arrangement: Arrangement, *, site: Site, address: str, sent_at: datetime, links: Links
) -> Notice:
    """How a subscription stands."""
    arrival = arrangement.arrival(language, sent_at=sent_at)
    until = arrangement.paused_until
    paused = [(language.gettext("Paused until"), language.full_date(until))] if until else []
    return Notice(
        subject=language.gettext(
            "Your %(site)s subscription: next edition %(arrival)s", site=site.name, arrival=arrival
        ),
        preheader=language.gettext("What you follow, how often it comes and when, and where all of it can be changed."),
        heading=language.gettext("Your subscription"),
        facts=(
            *follows(language, arrangement),
            *rhythm(language, arrangement.choices),
            *paused,
            (language.gettext("Next edition"), arrangement.with_zone(arrival)),
        ),
        button=(language.gettext("Adjust preferences"), links.preferences),
        footer=why_you_get_this(language, arrangement, address=address),
    )


def _how(language: Language) -> str:
    return language.gettext(
        "Write one command as the subject, or as the first line of the message. Each is shown by an example."
    )


def _commands(language: Language) -> tuple[tuple[str, str], ...]:
    return tuple((written, language.gettext(does)) for written, does in COMMANDS)


def _footer(language: Language, *, site: Site, written_at: datetime) -> str:
    return language.gettext(
        "Sent once, in answer to a message from this address to %(site)s on %(date)s.",
        site=site.name,
        date=language.moment(written_at),
    )
