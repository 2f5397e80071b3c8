"""What an edition says before its papers: its subject, the line that an inbox shows, its first sentence."""

import re
from datetime import date
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from digest.model import Cadence, ReasonKind
from digest.rendering import words
from digest.rendering.edition import Edition, Gist
from digest.rendering.language import Language
from digest.rendering.words import N_, NN_
from digest.text import shorten

TOPIC = 60


def subject(edition: Edition, gist: Gist) -> str:
    """The line that says what is in the edition."""
    top = max((card for card, _ in edition.papers), key=attrgetter("upvotes"))
    titles = [card.title for card, _ in edition.papers]
    return words.subject(
        edition.language,
        edition.printed.cadence,
        titles,
        due_on=edition.printed.due_on,
        top=(top.title, top.upvotes),
        quiet=gist.is_quiet,
    )


class Opening(NamedTuple):
    """An edition's first sentence: its texts, and what each is: `count`, `topic`, or nothing in particular."""

    texts: list[str]
    kinds: tuple[str, ...]


_COUNT, _TOPIC = "\x02", "\x03"
_HOLES = re.compile(f"([{_COUNT}{_TOPIC}])")


def opening(edition: Edition, gist: Gist) -> Opening:
    """How many papers there are, out of how many, and what most of them are about."""
    texts, kinds = _parts(
        edition.language,
        edition.printed.period,
        gist.kind,
        matched=gist.matched,
        papers=len(edition.papers),
        considered=edition.reader.considered,
        since_on=edition.reader.since_on,
        is_quiet=gist.is_quiet,
        brings_missed=gist.brings_missed,
    )
    named = shorten(gist.interest, TOPIC)
    return Opening([named if text == _TOPIC else text for text in texts], kinds)


# Readers are many, and what is said to them but for their topic is little.
@lru_cache(maxsize=4096)
def _parts(
    language: Language,
    period: str,
    kind: ReasonKind,
    *,
    matched: int,
    papers: int,
    considered: int,
    since_on: date | None,
    is_quiet: bool,
    brings_missed: bool,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The texts of the sentence, with _TOPIC in the place of the topic, and what each is."""
    said = {"papers": _COUNT, "new": _new(language, papers=papers, considered=considered, since_on=since_on)}
    if is_quiet:
        sentence = language.gettext(_QUIET[period], **said)
    elif brings_missed and not matched:
        sentence = language.gettext("%(papers)s%(new)s.", **said)
    elif matched:
        matches = language.ngettext(*_MATCHES[kind], matched, interest=_TOPIC)
        sentence = language.gettext("%(papers)s%(new)s; %(matches)s.", matches=matches, **said)
    else:
        sentence = language.gettext("%(papers)s%(new)s: those that are trending.", **said)
    count = language.ngettext("%(count)s paper for you", "%(count)s papers for you", papers)
    texts = [part for part in _HOLES.split(sentence) if part]
    kinds = {_COUNT: "count", _TOPIC: "topic"}
    return tuple(count if text == _COUNT else text for text in texts), tuple(kinds.get(text, "") for text in texts)


def _new(language: Language, *, papers: int, considered: int, since_on: date | None) -> str:
    """Out of how many the papers were chosen, where that says anything, and since when."""
    number, tells = language.number(considered), considered > papers
    if since_on is None:
        return language.gettext(" out of %(number)s new", number=number) if tells else ""
    since = language.short_date(since_on)
    if tells:
        return language.gettext(" out of %(number)s new since %(date)s", number=number, date=since)
    return language.gettext(", since %(date)s", date=since)


_QUIET = {
    "day": N_("%(papers)s%(new)s. A quiet day: none matched what you follow, so these are the trending ones."),
    "week": N_("%(papers)s%(new)s. A quiet week: none matched what you follow, so these are the trending ones."),
    "month": N_("%(papers)s%(new)s. A quiet month: none matched what you follow, so these are the trending ones."),
}

_MATCHES = {
    ReasonKind.TOPIC: NN_("%(count)s follows your topic %(interest)s", "%(count)s follow your topic %(interest)s"),
    ReasonKind.LIKED: NN_("%(count)s is like %(interest)s", "%(count)s are like %(interest)s"),
    ReasonKind.AUTHOR: NN_(
        "%(count)s is by %(interest)s, whom you follow", "%(count)s are by %(interest)s, whom you follow"
    ),
    ReasonKind.CATEGORY: NN_(
        "%(count)s is new in %(interest)s, which you follow", "%(count)s are new in %(interest)s, which you follow"
    ),
}


def preheader(edition: Edition, gist: Gist) -> str:
    """What an inbox shows beside the subject: how many match, who leads, how long it takes; 40 to 90 characters."""
    time = words.reading_time(edition.language, len(edition.papers))
    return words.preheader([*_matched(edition.language, gist), *_leads(edition), time])


def _matched(language: Language, gist: Gist) -> list[str]:
    if gist.matched:
        # Only a reader's own words may be too long.
        shown = gist.interest if gist.kind is ReasonKind.LIKED else shorten(gist.interest, TOPIC // 2)
        return [language.gettext(_ON[gist.kind], number=language.number(gist.matched), interest=shown)]
    return [language.gettext("None matched what you follow.")] if gist.is_quiet else []


_ON = {
    ReasonKind.TOPIC: N_("%(number)s on %(interest)s."),
    ReasonKind.LIKED: N_("%(number)s like %(interest)s."),
    ReasonKind.AUTHOR: N_("%(number)s by %(interest)s."),
    ReasonKind.CATEGORY: N_("%(number)s in %(interest)s."),
}


def _leads(edition: Edition) -> list[str]:
    top = edition.printed.top
    # A month's subject names the first of the reader's papers: two leaders side by side would contradict each other.
    if not top.get("upvotes") or edition.printed.cadence is Cadence.MONTHLY:
        return [_chosen(edition.language, edition.reader.considered)]
    return [_leader(edition.language, edition.printed.period, top["title"], top["upvotes"])]


@lru_cache(maxsize=4096)
def _chosen(language: Language, considered: int) -> str:
    return language.ngettext(*_CHOSEN, considered)


@lru_cache(maxsize=64)
def _leader(language: Language, period: str, title: str, upvotes: int) -> str:
    return language.ngettext(*_LEADS[period], upvotes, name=words.short_name(title, TOPIC // 2))


_CHOSEN = NN_("Chosen for you out of %(count)s new paper.", "Chosen for you out of %(count)s new papers.")

_LEADS = {
    "day": NN_("%(name)s leads the day with %(count)s upvote.", "%(name)s leads the day with %(count)s upvotes."),
    "week": NN_("%(name)s leads the week with %(count)s upvote.", "%(name)s leads the week with %(count)s upvotes."),
}
