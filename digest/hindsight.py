"""Job: the editions that choices would have had, chosen by the code that chooses, as of each past date.

Nothing is stored. The papers are prepared once for all readers and dates: what a text is like does not change
from day to day, so at each date only what was seen by then, and the upvotes of then, differ. Texts are measured
against the papers of today.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from threading import BoundedSemaphore, Lock

import numpy as np
from numpy.typing import NDArray

from digest.choose import Stock, choose, stock_of
from digest.due import LOOK_BACK, due_at, due_before, due_on
from digest.errors import BusyError
from digest.measure import Measures
from digest.model import Choices, Paper, Reason, Selection, Subscription, SubscriptionState, Weights
from digest.store import Connection
from digest.store.papers import began_at, papers_by_id, papers_listed, upvotes_seen
from digest.store.past import Past
from digest.store.sources import state_of_papers

EDITIONS = 5
FURTHEST = max(LOOK_BACK.values()) + EDITIONS * timedelta(days=31)
"""How far any of the editions reaches back."""

AT_FIRST = timedelta(hours=1)
"""How long papers are first collected: what came in until then counts from when it was listed."""

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
    """Lets one do what takes a whole stock of papers, such as looking back, and a few wait."""

    def __init__(self) -> None:
        self._places = BoundedSemaphore(1 + MOST_WAITING)
        self._turn = Lock()

    @contextmanager
    def one(self) -> Iterator[None]:
        """A turn of one's own. Raises BusyError where too many wait already."""
        if not self._places.acquire(blocking=False):
            raise BusyError("Several people are asking for as much just now. Try again in a minute.")
        try:
            with self._turn:
                yield
        finally:
            self._places.release()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Papers, ready to be chosen from as of any date, and all that was seen of their upvotes.

    (sightings,) are `places` of papers, when they were seen in seconds since 1970, in order, and with how many
    `upvotes`. Of what was listed before `told` not all papers are here.
    """

    stock: Stock
    told: datetime
    places: NDArray[np.intp]
    seen_at: NDArray[np.float64]
    upvotes: NDArray[np.float64]

    def upvotes_at(self, moment: datetime) -> NDArray[np.float64]:
        """(papers,) the upvotes last seen by then, NaN where none were."""
        upvotes = np.full(len(self.stock.papers), np.nan)
        known = np.searchsorted(self.seen_at, moment.timestamp(), side="right")
        # Of several sightings of a paper the last one stays.
        upvotes[self.places[:known]] = self.upvotes[:known]
        return upvotes


class Hindsight:
    """Keeps the papers that were prepared last, until what the store knows of papers changes."""

    def __init__(self, measures: Measures, turns: Turns) -> None:
        self.measures, self.turns = measures, turns
        self._kept: tuple[object, Prepared] | None = None

    def editions(
        self,
        connection: Connection,
        choices: Choices,
        *,
        newsletter: str,
        sources: Sequence[str],
        weights: Weights,
        now: datetime,
    ) -> list[PastEdition]:
        """The editions that choices would have had; see `past_editions`. Raises BusyError where too many wait."""
        with self.turns.one():
            state = (tuple(sources), state_of_papers(connection))
            if self._kept is None or self._kept[0] != state:
                # First let go of what is kept: both at once would be twice the memory.
                self._kept = None
                self._kept = state, prepare(connection, sources=sources, now=now, measures=self.measures)
            return past_editions(connection, self._kept[1], choices, newsletter=newsletter, weights=weights, now=now)


def prepare(
    connection: Connection,
    *,
    sources: Sequence[str],
    now: datetime,
    most: int = MOST_PAPERS,
    measures: Measures | None = None,
) -> Prepared:
    """The `most` newest papers that any past edition could hold."""
    papers = papers_listed(connection, since=now - FURTHEST, now=now, sources=sources, most=most)
    stock = stock_of(connection, papers, now=now, measures=measures)
    known, began = stock.candidates, began_at(connection) or now
    # Else whoever looks at the page of a new installation would see that nothing was new for days.
    at_first = known.first_seen_at <= (began + AT_FIRST).timestamp()
    known.first_seen_at = np.where(at_first, np.fmin(known.first_seen_at, known.listed_at), known.first_seen_at)
    places = known.positions
    seen = np.array([one for block in upvotes_seen(connection, places) for one in block]).reshape(-1, 3)
    seen = seen[np.argsort(seen[:, 1], kind="stable")]
    return Prepared(
        stock=stock,
        told=papers[-1].listed_at if len(papers) == most else datetime.min.replace(tzinfo=UTC),
        places=np.array([places[int(number)] for number in seen[:, 0]], dtype=np.intp),
        seen_at=seen[:, 1],
        upvotes=seen[:, 2],
    )


def past_editions(
    connection: Connection,
    prepared: Prepared,
    choices: Choices,
    *,
    newsletter: str,
    weights: Weights,
    now: datetime,
) -> list[PastEdition]:
    """The editions before `now`, newest first, at most EDITIONS of them, no paper twice among them.

    The oldest begins where the one before it would have ended.
    """
    stock, sent, editions = prepared.stock, frozenset[int](), list[PastEdition]()
    known = stock.candidates
    for before, moment in pairwise(_moments(choices, now=now)):
        if before < prepared.told:
            continue
        stock = _stock_at(prepared, stock, choices, now=moment)
        unseen = frozenset(known.numbers[known.first_seen_at > moment.timestamp()].tolist())
        past = {NOBODY: Past(sent=sent | unseen)}
        reader = _reader(choices, newsletter=newsletter, reached_at=before)
        [selection] = choose(connection, stock, [reader], pasts=past, weights=weights, now=moment)
        editions.append(_edition(connection, selection, choices, moment))
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


def _stock_at(prepared: Prepared, stock: Stock, choices: Choices, *, now: datetime) -> Stock:
    """The papers as they were known then, when only some of them had been seen; it costs little."""
    known, since = stock.candidates, now - LOOK_BACK[choices.cadence]
    seen = (known.listed_at >= since.timestamp()) & (known.first_seen_at <= now.timestamp())
    upvotes = np.where(seen, prepared.upvotes_at(now), np.nan)
    return replace(stock, candidates=known.known_at(now, upvotes), as_of=now)


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


def _edition(connection: Connection, selection: Selection, choices: Choices, moment: datetime) -> PastEdition:
    papers = papers_by_id(connection, [pick.paper_id for pick in selection.picks], now=moment)
    return PastEdition(
        on=due_on(moment, timezone=choices.timezone),
        papers=tuple((papers[pick.paper_id], pick.reason) for pick in selection.picks),
    )
