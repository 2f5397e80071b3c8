"""What the operator is told of: kept as facts, and put into words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from digest.rendering.language import ENGLISH, Language
from digest.rendering.notice import About, Notice
from digest.rendering.site import Site
from digest.rendering.words import N_


class Cause(StrEnum):
    """What an alarm is about."""

    REFUSED = "refused"
    SOURCE = "source"
    BOUNCES = "bounces"
    COMPLAINTS = "complaints"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that the operator has to see to.

    `what` is a source's or newsletter's name, or a provider's with its answer.
    """

    cause: Cause
    what: str
    since_at: datetime
    queued: int


def alarm_facts(alarm: Alarm) -> dict[str, Any]:
    """An alarm as JSON knows it, beside what a notice is about."""
    return {
        "about": About.ALARM.value,
        "language": ENGLISH.code,
        "cause": alarm.cause.value,
        "what": alarm.what,
        "since_at": alarm.since_at.isoformat(),
        "queued": alarm.queued,
    }


def alarm_in(told: Mapping[str, Any]) -> Alarm:
    """What `alarm_facts` told."""
    return Alarm(
        cause=Cause(told["cause"]),
        what=told["what"],
        since_at=datetime.fromisoformat(told["since_at"]),
        queued=told["queued"],
    )


def alarm_notice(language: Language, alarm: Alarm, *, site: Site) -> Notice:
    """The operator is told what is wrong, since when, and what to do next; nobody's address is in it."""
    subject, said, remedy = (language.gettext(text) for text in _ALARMS[alarm.cause])
    return Notice(
        subject=subject,
        preheader=language.gettext(
            "Since %(date)s. This message says what it is, and what to do next.", date=language.moment(alarm.since_at)
        ),
        heading=subject,
        paragraphs=(said, remedy),
        facts=(
            (language.gettext("What"), alarm.what),
            (language.gettext("Since"), language.moment(alarm.since_at)),
            (language.gettext("Queued"), language.ngettext("%(count)s message", "%(count)s messages", alarm.queued)),
        ),
        footer=language.gettext(
            "Sent to the operator of %(host)s, at most once a day and cause: [mail] alarms names this address.",
            host=site.host,
        ),
    )


_ALARMS = {
    Cause.REFUSED: (
        N_("Sending has stopped: the provider refuses the sender"),
        N_(
            "What was not sent is queued, and goes out once the provider takes it; an edition that is too late by then"
            " is merged into the next."
        ),
        N_(
            "Mend the sender or the sign-in in the configuration’s [mail] and [[newsletter]], restart,"
            " then try it with “digest mail test ADDRESS”."
        ),
    ),
    Cause.SOURCE: (
        N_("A source of papers has failed for a day"),
        N_("Editions go out without what is new there. Once it answers again, it is read back as far as configured."),
        N_("“digest stats” shows its last answer; “digest collect --source NAME” tries it now."),
    ),
    Cause.BOUNCES: (
        N_("A newsletter has stopped: too many of its addresses do not exist"),
        N_(
            "More than one message in twenty found no mailbox. To go on would cost the sender the good name that it has"
            " with mail servers, so the newsletter’s editions wait; confirm messages still go out."
        ),
        N_(
            "Look where those addresses came from (“digest subscriber list”), then go on with"
            " “digest mail resume --newsletter NAME”."
        ),
    ),
    Cause.COMPLAINTS: (
        N_("A newsletter has stopped: too many of its readers complain"),
        N_(
            "More than one reader in a thousand called an edition spam. Mail servers turn away senders of whom that is"
            " said, so the newsletter’s editions wait; whoever complained gets nothing more."
        ),
        N_(
            "Ask yourself whether these readers knew what they had subscribed to, then go on with"
            " “digest mail resume --newsletter NAME”."
        ),
    ),
}
