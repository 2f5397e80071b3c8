"""Papers and people that many tests speak of."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from digest.address import parse_address
from digest.app import App
from digest.collect import cleaned
from digest.model import Cadence, Choices, Interest, InterestKind, Listing, Signals, Weekday
from digest.store import Store
from digest.store.recording import Recorded, record_listings
from digest.subscribe import subscribe

NOON = datetime(2026, 6, 19, 12, tzinfo=UTC)
TODAY = date(2026, 6, 19)

DIFFUSION = Listing(
    title="Few-Step Sampling for Diffusion Models",
    abstract="We make diffusion models sample in four steps. The images stay as sharp as before.",
    aliases=("arxiv:2606.00001",),
    authors=("Ann Larch", "Ben Alder"),
    summary="A sampler that needs four steps.",
    summary_is_generated=True,
    listed_on=TODAY,
    url="https://papers.example.org/1",
    pdf_url="https://papers.example.org/1.pdf",
    signals=Signals(upvotes=12, comments=1),
)
ROBOTS = Listing(
    title="Folding Laundry with Two Arms",
    abstract="A robot folds laundry after twelve demonstrations.",
    aliases=("arxiv:2606.00002",),
    authors=("Cleo Birch",),
    listed_on=TODAY,
    url="https://papers.example.org/2",
    signals=Signals(upvotes=40, comments=3, stars=7),
)
SPEECH = Listing(
    title="Speech Recognition in Noise",
    abstract="Noise is what a recogniser hears most of the time.",
    aliases=("arxiv:2606.00003",),
    authors=("Dora Elm",),
    listed_on=TODAY,
    url="https://papers.example.org/3",
    signals=Signals(upvotes=3),
)
PAPERS = (DIFFUSION, ROBOTS, SPEECH)


def choices(
    *topics: str,
    cadence: Cadence = Cadence.DAILY,
    hour: int = 12,
    timezone: str = "UTC",
    weekday: Weekday = Weekday.MONDAY,
    month_day: int = 1,
) -> Choices:
    return Choices(
        cadence=cadence,
        hour=hour,
        timezone=timezone,
        max_papers=10,
        interests=tuple(Interest(kind=InterestKind.TOPIC, value=topic) for topic in topics),
        weekday=weekday,
        month_day=month_day,
    )


def papers_come_in(
    store: Store, listings: Sequence[Listing] = PAPERS, *, source: str = "test", now: datetime = NOON
) -> Recorded:
    with store.writing() as connection:
        return record_listings(connection, [cleaned(one) for one in listings], source=source, now=now)


def reader_joins(app: App, address: str, wanted: Choices, *, now: datetime = NOON - timedelta(days=1)) -> int:
    """The confirmed reader, who joined in time for the edition of NOON."""
    slug = app.config.newsletter[0].slug
    return subscribe(app.store, parse_address(address), newsletter=slug, choices=wanted, now=now).id
