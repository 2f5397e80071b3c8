"""Every kind of message that the product sends, by name: whatever looks at messages looks at these.

They are made by the product's own code out of the sample papers that the project carries. A new
kind is one line in KINDS.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from email.message import EmailMessage
from functools import cache, cached_property, partial
from types import MappingProxyType
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
from built import parsed
from desk import SENT_AT, SETTINGS, Desk
from places import ROOT

from digest.app import press_of
from digest.collect import cleaned
from digest.config import parse_config
from digest.mail.dkim import Signer
from digest.model import (
    Cadence,
    DeliveryKind,
    Layout,
    Listing,
    Paper,
    Pick,
    Reason,
    ReasonKind,
    SeenSignals,
    Selection,
    Signals,
)
from digest.printings import card_of, printing_content
from digest.sources.files import read_papers
from digest.sources.sample import PATH
from digest.specimens import KEYS, specimens

Maker = Callable[[Desk], bytes]
Chosen = Sequence[tuple[Paper, Reason]]

TOPIC = Reason(kind=ReasonKind.TOPIC, interest="entropy", terms=("entropy", "prediction", "compression"))
TRENDING = Reason(kind=ReasonKind.TRENDING)
DUE_ON = {Cadence.DAILY: date(2026, 6, 17), Cadence.WEEKLY: date(2026, 6, 15), Cadence.MONTHLY: date(2026, 6, 1)}
SEEN_EVERY = {Cadence.DAILY: timedelta(hours=3), Cadence.WEEKLY: timedelta(days=1), Cadence.MONTHLY: timedelta(days=3)}
LONG_TITLE = "Learned Compression of Very Long Titles & Their Subtitles, Which No Mail Program Should Have to Cut: " * 3
ESCAPED = "<&> “quoted” " * 200
"""Far more than is shown of anything, much of which takes five bytes a character."""


_CONDITION = re.compile(r"<!--\[if [^\]]*\]>(?:<!-->)?|(?:<!--)?<!\[endif\]-->")


@dataclass(frozen=True)
class Message:
    """A message as it leaves, and as a mail program reads it."""

    kind: str
    raw: bytes

    @cached_property
    def parsed(self) -> EmailMessage:
        return parsed(self.raw)

    @cached_property
    def text(self) -> str:
        return self._part("plain")

    @cached_property
    def html(self) -> str:
        return self._part("html")

    @cached_property
    def page(self) -> Element:
        """The HTML as a browser parses it."""
        return _parsed(self.html)

    @cached_property
    def everything(self) -> Element:
        """The HTML with what is only for Outlook, which stands in comments."""
        return _parsed(_CONDITION.sub("", self.html))

    @property
    def is_edition(self) -> bool:
        return KINDS[self.kind][0] == "edition"

    def _part(self, subtype: str) -> str:
        part = self.parsed.get_body((subtype,))
        assert isinstance(part, EmailMessage)
        return str(part.get_content()).replace("\r\n", "\n")


def _parsed(html: str) -> Element:
    page: Element = html5lib.parse(html, namespaceHTMLElements=False)
    return page


def messages_at(desk: Desk) -> dict[str, Message]:
    """A message of every kind."""
    return {kind: Message(kind, make(desk)) for kind, (_, make) in KINDS.items()}


def edition(
    papers: Callable[[], Chosen],
    *,
    cadence: Cadence = Cadence.DAILY,
    layout: Layout = Layout.BRIEF,
    language: str = "en",
    follows: bool = True,
) -> tuple[str, Maker]:
    """An edition of these papers, for their reasons."""

    def make(desk: Desk) -> bytes:
        reader = {"cadence": cadence, "language": language, "follows": follows}
        return make_edition(desk, papers(), reader=reader, cadence=cadence, layout=layout)

    return "edition", make


def notice(kind: DeliveryKind) -> tuple[str, Maker]:
    """A message that is no edition; its templates are in the folder of the same name."""
    return kind.value, lambda desk: desk.notice(kind)


def specimen(name: str, template: str = "notice", *, language: str = "en") -> tuple[str, Maker]:
    """One of the messages that `digest preview --all-messages` shows."""
    return template, lambda _: _specimens(language)[name]


@cache
def _specimens(language: str) -> Mapping[str, bytes]:
    press = press_of(parse_config(SETTINGS, folder=ROOT), keys=KEYS, signer=Signer())
    return specimens(press, press.library.language(language))


def make_edition(
    desk: Desk,
    papers: Chosen,
    *,
    reader: Mapping[str, Any] = MappingProxyType({}),
    cadence: Cadence = Cadence.DAILY,
    layout: Layout = Layout.BRIEF,
) -> bytes:
    """An edition as it leaves, of any papers; what trends besides is the sample. `reader`: see reader_facts."""
    cards = {paper.id: card_of(paper, seen_at=SENT_AT, cadence=cadence) for paper, _ in papers}
    trending = [card_of(paper, seen_at=SENT_AT, cadence=cadence) for paper in sample(cadence)[:20]]
    content = printing_content(
        desk.app.press,
        newsletter="papers",
        cadence=cadence,
        due_on=DUE_ON[cadence],
        trending=trending,
        listed_until=DUE_ON[cadence],
        day_count=42,
    )
    content["facts"]["layout"] = layout
    picks = tuple(Pick(paper_id=paper.id, score=1.0, reason=reason) for paper, reason in papers)
    selection = Selection(considered=max(42, len(picks)), picks=picks)
    return desk.edition(content, cards, selection, reader={"cadence": cadence, "follows": True, **reader})


@cache
def sample(cadence: Cadence = Cadence.DAILY) -> tuple[Paper, ...]:
    """The project's sample papers, most upvoted first, with a PDF each and seen often enough to have bars."""
    listings = sorted(map(cleaned, read_papers(PATH)), key=lambda one: -(one.signals.upvotes or 0))
    return tuple(
        paper_of(replace(one, pdf_url=f"{one.url}.pdf"), number, cadence=cadence)
        for number, one in enumerate(listings, 1)
    )


def paper_of(listing: Listing, number: int, *, cadence: Cadence = Cadence.DAILY) -> Paper:
    """The paper that a cleaned listing becomes in the store, with the upvotes of ten sightings."""
    shared = {field.name for field in fields(Listing)} & {field.name for field in fields(Paper)}
    return Paper(
        **{name: getattr(listing, name) for name in shared},
        id=number,
        listed_at=SENT_AT,
        first_seen_at=SENT_AT,
        arxiv_id="",
        history=_grown(listing.signals.upvotes or 0, step=SEEN_EVERY[cadence]),
    )


def _grown(upvotes: int, *, step: timedelta) -> tuple[SeenSignals, ...]:
    shares = (0, 0.05, 0.1, 0.2, 0.35, 0.6, 0.8, 0.9, 0.95, 1)
    return tuple(
        SeenSignals(seen_at=SENT_AT - step * back, signals=Signals(upvotes=round(upvotes * share)))
        for back, share in enumerate(reversed(shares))
    )


def chosen(papers: Sequence[Paper]) -> Chosen:
    """Papers with a reason of every kind that is true of them, those that say the topic's words first."""
    matching = [paper for paper in papers if any(term in paper.abstract.lower() for term in TOPIC.terms)]
    others = [paper for paper in papers if paper not in matching]
    told = [(paper, reasons_for(paper)[place % 5]) for place, paper in enumerate(others)]
    return [(paper, TOPIC) for paper in matching] + told


def reasons_for(paper: Paper) -> Sequence[Reason]:
    return (
        Reason(kind=ReasonKind.CATEGORY, interest=paper.categories[0]),
        Reason(kind=ReasonKind.AUTHOR, interest=paper.authors[0]),
        Reason(kind=ReasonKind.LIKED, terms=("models",)),
        Reason(kind=ReasonKind.MISSED, interest=paper.keywords[0]),
        TRENDING,
    )


def ten(cadence: Cadence = Cadence.DAILY) -> Chosen:
    return chosen(sample(cadence)[:10])


def quiet() -> Chosen:
    return [(paper, TRENDING) for paper in sample()[:4]]


def long_titles() -> Chosen:
    return [(replace(paper, title=LONG_TITLE + paper.title), reason) for paper, reason in ten()]


def bare() -> Chosen:
    """Papers of which nothing is known but their titles."""
    return [(paper_of(Listing(title=paper.title), paper.id), reason) for paper, reason in ten()]


def worst() -> Chosen:
    """As many papers as an edition may have, each of them as long as it can be in every way."""
    papers = [
        replace(
            paper,
            title=ESCAPED,
            summary=ESCAPED,
            authors=(ESCAPED,) * 1000,
            organisation=ESCAPED,
            url=f"{paper.url}/{'&' * 900}",
            pdf_url=f"{paper.url}/pdf/{'&' * 900}",
            code_url=f"{paper.url}/code/{'&' * 900}",
            signals=Signals(upvotes=123_456, comments=1_234, stars=1_234_567),
        )
        for paper in sample()[:20]
    ]
    return [(paper, Reason(kind=ReasonKind.TOPIC, interest=ESCAPED[:200], terms=("quoted",))) for paper in papers]


KINDS: Mapping[str, tuple[str, Maker]] = {
    "daily": edition(ten),
    "weekly": edition(partial(ten, Cadence.WEEKLY), cadence=Cadence.WEEKLY),
    "monthly": edition(partial(ten, Cadence.MONTHLY), cadence=Cadence.MONTHLY),
    "quiet": edition(quiet),
    "trending only": edition(quiet, follows=False),
    "full": edition(ten, layout=Layout.FULL),
    "German": edition(ten, language="de"),
    "one paper": edition(lambda: ten()[:1]),
    "long titles": edition(long_titles),
    "bare": edition(bare),
    "worst case": edition(worst),
    "confirm": notice(DeliveryKind.CONFIRM),
    "test": ("notice", notice(DeliveryKind.TEST)[1]),
    "welcome": specimen("welcome", "welcome"),
    "German welcome": specimen("welcome", "welcome", language="de"),
    **{name: specimen(name) for name in ("changed", "paused", "resumed", "help", "status", "unknown")},
    **{name: specimen(name) for name in ("alarm-bounces", "alarm-complaints", "alarm-refused", "alarm-source")},
}
"""By name: the folder of templates, and how such a message is made."""
