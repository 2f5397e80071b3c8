"""One reader's edition, out of which the tests take what they look at."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from digest.model import Cadence, Layout, Paper, Reason, ReasonKind, Signals
from digest.rendering.assembly import edition_body
from digest.rendering.cards import Card
from digest.rendering.edition import Edition, Links, Reader, printed_facts, read_facts
from digest.rendering.filling import Body
from digest.rendering.language import ENGLISH, Language
from digest.rendering.printing import Printing
from digest.rendering.site import Site
from digest.rendering.templates import Library

SUMMARY = (
    "A time-conditional low-pass operator improves diffusion model efficiency by explicitly separating signal "
    "from noise in pixel-space models, with few-step sampling and without any further training of the network."
)
CARD = Card(
    title="Show the Signal, Hide the Noise: Spectral Forcing for Pixel-Space Diffusion",
    url="https://papers.example.org/abs/2606.15236",
    authors=("First Author", "Second Author", "Third Author"),
    more_authors=16,
    organisation="Institute for Examples",
    summary=SUMMARY,
    summary_is_generated=True,
    upvotes=1284,
    bars=(2, 4, 8, 12, 16, 20, 14, 6),
    rise=12,
    span="hours",
    comments=14,
    stars=12_840,
    pdf_url="https://papers.example.org/pdf/2606.15236",
    code_url="https://code.example.org/spectral-forcing",
)
TOPIC = Reason(kind=ReasonKind.TOPIC, interest="diffusion models", terms=("diffusion model", "few-step sampling"))
TRENDING = Reason(kind=ReasonKind.TRENDING)


PAPER = Paper(
    id=1,
    title="Spectral Forcing",
    abstract="An abstract. With a second sentence.",
    authors=("First Author",),
    organisation="Institute for Examples",
    categories=("cs.CV",),
    keywords=(),
    summary_is_generated=False,
    summary="One sentence.",
    published_at=None,
    listed_at=datetime(2026, 6, 17, 18, tzinfo=UTC),
    first_seen_at=datetime(2026, 6, 17, 18, tzinfo=UTC),
    url="https://papers.example.org/1",
    pdf_url="https://papers.example.org/1.pdf",
    code_url="",
    project_url="",
    arxiv_id="2606.15236",
    signals=Signals(upvotes=36, comments=1, stars=6),
)
SITE = Site(
    name="Offprint",
    base_url="https://papers.example.org",
    postal_address="12 Example Street, 1000 Exampleville",
    credits="Paper data from arXiv.",
)
READER = Reader(
    address="reader@example.org",
    cadence=Cadence.WEEKDAYS,
    hour=7,
    timezone="Europe/Paris",
    confirmed_at=datetime(2026, 3, 3, 9, tzinfo=UTC),
    considered=26,
    follows=True,
)
LINKS = Links(
    unsubscribe="https://papers.example.org/unsubscribe/12-abcdefghijklmnopqrstuvwxyz",
    view="https://papers.example.org/view/12-abcdefghijklmnopqrstuvwxyz",
    preferences="https://papers.example.org/preferences/12-abcdefghijklmnopqrstuvwxyz",
    pause="https://papers.example.org/preferences/12-abcdefghijklmnopqrstuvwxyz#pause",
    feedback="https://papers.example.org/feedback/12-abcdefghijklmnopqrstuvwxyz",
)


def numbered(number: int, card: Card = CARD) -> Card:
    return replace(
        card,
        title=f"{card.title}, part {number}",
        url=f"{card.url}.{number}",
        pdf_url=f"{card.pdf_url}.{number}",
        code_url=f"{card.code_url}.{number}",
    )


def ten_papers() -> list[tuple[Card, Reason]]:
    return [(numbered(number), TRENDING if number % 3 else TOPIC) for number in range(10)]


def facts(
    cadence: Cadence = Cadence.WEEKDAYS, due_on: date = date(2026, 6, 17), layout: Layout = Layout.BRIEF
) -> dict[str, Any]:
    return printed_facts(
        cadence=cadence,
        layout=layout,
        due_on=due_on,
        trending=[numbered(number) for number in range(8, 20)],
        day_count=26,
        trending_url="https://papers.example.org/trending?window=day&date=2026-06-17",
    )


LIBRARY = Library()


def render(
    cards: Sequence[tuple[Card, Reason]],
    *,
    site: Site = SITE,
    reader: Reader = READER,
    printed: dict[str, Any] | None = None,
    language: Language = ENGLISH,
    links: Links = LINKS,
    whole: bool = False,
    library: Library = LIBRARY,
) -> Body:
    told = read_facts(printed or facts())
    printing = Printing(library.compile("edition", language), language=language, site=site, printed=told)
    edition = Edition(language=language, printed=told, papers=cards, reader=reader, links=links)
    return edition_body(printing, edition, whole=whole)
