"""What a welcome is filled with: how to read an edition, by a paper of the last one, and what its reader follows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from digest.model import InterestKind
from digest.rendering.arrangement import Arrangement, arrangement_in, follows, how_often
from digest.rendering.cards import Card, card_from_json, figures
from digest.rendering.edition import Links
from digest.rendering.language import Language
from digest.rendering.marks import mark
from digest.rendering.notices import why_you_get_this
from digest.rendering.site import Site, colours
from digest.rendering.words import N_

LEGEND = Card(
    title="", url="", upvotes=15, bars=(2, 4, 6, 8, 12, 15, 17, 20), rise=3, span="hours", comments=1, stars=6
)
"""A margin without a paper, for where there has been no edition yet."""

_BARS = {
    "hours": N_("counts upvotes. The bars are the last 24 hours, three hours each; the last bar is now."),
    "week": N_("counts upvotes. The bars are the last seven days, a day each; the last bar is now."),
    "month": N_("counts upvotes. The bars are the last thirty days, three days each; the last bar is now."),
}


def example_for(topics: Sequence[str], cards: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The printed card (JSON) to explain an edition by: of those with bars, one on a topic, else the most upvoted."""
    whole = [card for card in cards if card.get("bars") and card.get("url")]
    ranked = sorted(whole, key=lambda card: (mark(card["summary"], topics)[1], card["upvotes"]), reverse=True)
    return next(iter(ranked), None)


def welcome_context(
    language: Language,
    told: Mapping[str, Any],
    *,
    site: Site,
    address: str,
    sender: str,
    sent_at: datetime,
    links: Links,
) -> dict[str, object]:
    """All that `templates/welcome` asks for; `told` is `arrangement_facts`, with the card of `example_for`."""
    arrangement = arrangement_in(told)
    card = card_from_json(told["example"]) if told.get("example") else LEGEND
    summary, is_marked = mark(card.summary, arrangement.named(InterestKind.TOPIC))
    arrival = arrangement.arrival(language, sent_at=sent_at)
    heading, subject = _HEADINGS[arrangement.is_first]
    return {
        "site": site,
        "colours": colours(site.accent),
        "subject": language.gettext(subject, arrival=arrival),
        "preheader": language.gettext("How to read an edition, what you follow, and where all of it can be changed."),
        "heading": language.gettext(heading, arrival=arrival),
        "lede": _lede(language, arrangement),
        "card": card,
        "figures": figures(language, card),
        "margin": language.gettext(_BARS[card.span]),
        "marked": summary if is_marked else "",
        "topics": arrangement.named(InterestKind.TOPIC),
        "follows": _follows(language, arrangement),
        "links": links,
        "trending_url": f"{site.base_url}/trending",
        "sender": sender,
        "footer": why_you_get_this(language, arrangement, address=address),
    }


_HEADINGS = {
    True: (N_("You’re in. First edition %(arrival)s."), N_("You’re in: first edition %(arrival)s")),
    False: (N_("You’re in. Next edition %(arrival)s."), N_("You’re in: next edition %(arrival)s")),
}


def _lede(language: Language, arrangement: Arrangement) -> str:
    often = how_often(language, arrangement.choices)
    if arrangement.choices.only_matches:
        return language.gettext("%(often)s: only those that match what you follow.", often=often)
    if arrangement.choices.interests:
        return language.gettext(
            "%(often)s: those that match what you follow, and a few that the field is reading.", often=often
        )
    return language.gettext("%(often)s: those that the field is reading.", often=often)


def _follows(language: Language, arrangement: Arrangement) -> list[str]:
    """What is followed besides topics, a line each."""
    labelled = follows(language, arrangement)[1 if arrangement.named(InterestKind.TOPIC) else 0 :]
    if not arrangement.choices.interests:
        return [language.gettext("Nothing in particular: name a topic, and papers that match it come first.")]
    return [f"{label}: {value}" for label, value in labelled]
