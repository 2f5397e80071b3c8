"""Job: the editions that choices would have had, chosen by the code that chooses, as of each past date.

Nothing is stored. The papers are prepared once for all the dates, as of the last of them: what a text
is like does not change from day to day, so at each date only what was seen by then, and the upvotes of then, differ.
Texts are measured against the papers of today.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from threading import BoundedSemaphore, Lock

from digest.choose import Stock, choose, stock_known_at, stock_of
from digest.due import LOOK_BACK, due_at, due_before, due_on
from digest.errors import BusyError
from digest.model import Choices, Paper, Reason, Selection, Subscription, SubscriptionState, Weights
from digest.store import Connection
from digest.store.papers import papers_listed
from digest.store.past import Past

EDITIONS = 5
MOST_PAPERS = 10_000
"""An edition with new papers beyond these is left out: it cannot be told."""

MOST_WAITING = 3
"""One looks back at a time, and so many wait for it."""

NOBODY = 0
"""The number of the subscription that there is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastEdition:
    """An edition that choices would have had on a local date: papers with their reasons, perhaps none."""

    on: date
    papers: tuple[tuple[Paper, Reason], ...]


class Turns:
    """Lets one look back at a time, and a few wait."""

    def __init__(self) -> None:
        self._places = BoundedSemaphore(1 + MOST_WAITING)
        self._turn = Lock()

    @contextmanager
    def one(self) -> Iterator[None]:
        """A turn of one's own. Raises BusyError where too many wait already."""
        if not self._places.acquire(blocking=False):
            raise BusyError("Several people are looking back just now. Press the button again in a minute.")
        try:
            with self._turn:
                yield
        finally:
            self._places.release()


def past_editions(
    connection: Connection,
    choices: Choices,
    *,
    newsletter: str,
    sources: Sequence[str],
    weights: Weights,
    now: datetime,
    most: int = MOST_PAPERS,
) -> list[PastEdition]:
    """The editions before `now`, newest first, at most EDITIONS of them, no paper twice among them.

    The oldest begins where the one before it would have ended. Only the `most` newest papers are read.
    """
    moments = _moments(choices, now=now)
    listed_since = moments[1] - LOOK_BACK[choices.cadence]
    papers = papers_listed(connection, since=listed_since, now=moments[-1], sources=sources, most=most)
    told = papers[-1].listed_at if len(papers) == most else listed_since
    stock, sent, editions = stock_of(connection, papers, now=moments[-1]), frozenset[int](), list[PastEdition]()
    for before, moment in pairwise(moments):
        if before < told:
            continue
        stock = _stock_at(connection, stock, choices, now=moment)
        unseen = frozenset(paper.id for paper in papers if paper.first_seen_at > moment)
        past = {NOBODY: Past(sent=sent | unseen)}
        reader = _reader(choices, newsletter=newsletter, reached_at=before)
        [selection] = choose(connection, stock, [reader], pasts=past, weights=weights, now=moment)
        editions.append(_edition(selection, stock, choices, moment))
        sent |= {pick.paper_id for pick in selection.picks}
    return editions[::-1]


def _moments(choices: Choices, *, now: datetime) -> list[datetime]:
    """The due instants up to now, oldest first: of the editions, and of the one before them."""
    moments: list[datetime] = []
    day = due_on(now, timezone=choices.timezone) + timedelta(days=1)
    while len(moments) <= EDITIONS:
        day = due_before(day, choices)
        moment = due_at(day, hour=choices.hour, timezone=choices.timezone)
        if moment <= now:
            moments.append(moment)
    return moments[::-1]


def _stock_at(connection: Connection, stock: Stock, choices: Choices, *, now: datetime) -> Stock:
    since = now - LOOK_BACK[choices.cadence]
    papers = stock.candidates.papers
    seen = [paper.id for paper in papers if paper.listed_at >= since and paper.first_seen_at <= now]
    return stock_known_at(connection, stock, seen, now=now)


def _reader(choices: Choices, *, newsletter: str, reached_at: datetime) -> Subscription:
    return Subscription(
        id=NOBODY,
        subscriber_id=NOBODY,
        address="",
        newsletter=newsletter,
        state=SubscriptionState.ACTIVE,
        choices=choices,
        next_due_at=None,
        reached_at=reached_at,
        confirmed_at=reached_at,
    )


def _edition(selection: Selection, stock: Stock, choices: Choices, moment: datetime) -> PastEdition:
    papers = {paper.id: paper for paper in stock.candidates.papers}
    return PastEdition(
        on=due_on(moment, timezone=choices.timezone),
        papers=tuple((papers[pick.paper_id], pick.reason) for pick in selection.picks),
    )
