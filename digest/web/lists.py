"""Which papers a trending page shows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import quote

from digest.model import Cadence, Paper
from digest.printings import card_of
from digest.ranking.trending import LONGEST, Window, by_trend
from digest.rendering.cards import Card
from digest.sources.names import ARXIV_ID
from digest.store import Connection
from digest.store.papers import Listed, lines_listed, listed_beside, papers_by_id, with_histories
from digest.store.query import Marker, Range
from digest.store.search import EXCERPT_CHARACTERS, marker_of, numbers_found
from digest.store.sources import last_collected_at, state_of_papers

DAY = timedelta(days=1)
REACH = {Window.DAY: DAY, Window.WEEK: timedelta(days=7), Window.MONTH: LONGEST}
"""How far a page reaches back."""

_CADENCE = {Window.DAY: Cadence.DAILY, Window.WEEK: Cadence.WEEKLY, Window.MONTH: Cadence.MONTHLY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A paper in a list: its card, the path of its page, and where its texts hold what was searched for."""

    card: Card
    path: str
    title_marks: tuple[Range, ...] = ()
    summary_marks: tuple[Range, ...] = ()


def path_of(paper: Paper) -> str:
    """The paper's page: by its arXiv id, which lasts, else by its number."""
    return f"/paper/{quote(paper.arxiv_id)}" if ARXIV_ID.fullmatch(paper.arxiv_id) else f"/paper/{paper.id}"


def shown(
    papers: Sequence[Paper], *, seen_at: datetime, cadence: Cadence = Cadence.DAILY, marker: Marker | None = None
) -> list[Shown]:
    """Papers with their histories, as a list shows them."""
    cards = [(paper, card_of(paper, seen_at=seen_at, cadence=cadence)) for paper in papers]
    if marker is None:
        return [Shown(card=card, path=path_of(paper)) for paper, card in cards]
    return [_marked(paper, card, marker) for paper, card in cards]


def _marked(paper: Paper, card: Card, marker: Marker) -> Shown:
    """What was searched for is marked in the summary, or else shown where it stands in the abstract."""
    marks = marker.marks(card.summary)
    excerpt = marker.excerpt(paper.abstract, limit=EXCERPT_CHARACTERS)
    if not marks and excerpt.marks:
        marks = excerpt.marks
        card = replace(card, summary=excerpt.text, summary_is_abstract=True, summary_is_generated=False)
    return Shown(card=card, path=path_of(paper), title_marks=marker.marks(card.title), summary_marks=marks)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendingList:
    """Papers in order. `on` is the last day (UTC) that the list covers, `seen_at` the time of its figures.

    Shown is what was known at `known_at`. `earlier` and `later` are the days of the lists beside it, if there are any.
    """

    window: Window
    on: date
    papers: Sequence[Listed]
    known_at: datetime
    seen_at: datetime
    earlier: date | None
    later: date | None

    def shown(self, connection: Connection, first: int, last: int, *, query: str = "") -> list[Shown]:
        """Some of the papers as they are shown, with what was searched for marked."""
        numbers = [paper.id for paper in self.papers[first:last]]
        known = papers_by_id(connection, numbers, now=self.known_at)
        papers = with_histories(connection, [known[number] for number in numbers], now=self.seen_at)
        marker = marker_of(connection, query) if query else None
        return shown(papers, seen_at=self.seen_at, cadence=_CADENCE[self.window], marker=marker)

    def narrowed(self, connection: Connection, *, query: str, category: str) -> "TrendingList":
        """The list of those papers only that are of the category and that the query finds; empty means all."""
        papers = [paper for paper in self.papers if not category or category in paper.categories]
        if query and papers:
            since = min(paper.listed_at for paper in papers)
            latest = max(paper.first_seen_at for paper in papers)
            found = numbers_found(connection, query, now=latest, since=since)
            papers = [paper for paper in papers if paper.id in found]
        return replace(self, papers=papers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One paper, and the day of the list that it heads."""

    card: Card
    on: date


class Lists:
    """Trending lists; those that end now are kept until what the store knows of papers changes."""

    def __init__(self) -> None:
        self._kept: dict[Window, tuple[object, TrendingList]] = {}

    def of(self, connection: Connection, window: Window, *, on: date | None, now: datetime) -> TrendingList:
        """The list of a window that ends on that day; without one, of the window that ends with the last collect."""
        as_of = min(last_collected_at(connection) or now, now)
        if on is not None:
            return _list(connection, window, on=on, as_of=as_of, now=now)
        # What is listed ahead of its day comes in with the day.
        state = (state_of_papers(connection), as_of, now.date())
        kept = self._kept.get(window)
        if kept is None or kept[0] != state:
            kept = self._kept[window] = state, _list(connection, window, on=None, as_of=as_of, now=now)
        return kept[1]

    def newest_card(self, connection: Connection, *, now: datetime) -> Sample | None:
        """The paper at the head of the newest day's list, or None while there is no paper."""
        newest = self.of(connection, Window.DAY, on=None, now=now)
        return Sample(card=newest.shown(connection, 0, 1)[0].card, on=newest.on) if newest.papers else None


def _list(connection: Connection, window: Window, *, on: date | None, as_of: datetime, now: datetime) -> TrendingList:
    end = as_of if on is None else min(_end_of(on), now)
    # A day's papers may have come in after it. An old list is taken as it was known then.
    known_at = now if now - end < LONGEST else end
    if window is Window.DAY:
        return _day_list(connection, on=on, end=end, known_at=known_at, as_of=as_of, now=now)
    listed = lines_listed(connection, since=end - REACH[window], until=end, now=known_at)
    last, step = end.date(), REACH[window]
    return TrendingList(
        window=window,
        on=last,
        papers=by_trend(listed, window, now=end),
        known_at=known_at,
        seen_at=min(known_at, as_of),
        earlier=last - step if listed else None,
        later=last + step if last + step <= now.date() else None,
    )


def _day_list(
    connection: Connection, *, on: date | None, end: datetime, known_at: datetime, as_of: datetime, now: datetime
) -> TrendingList:
    """A day's list, and when there were papers before it and after it; without a day, that of the newest with any."""
    newest, _ = listed_beside(connection, since=_start_of(end.date()) + DAY, until=now, now=now)
    shown = on or (newest.astimezone(UTC).date() if newest else end.date())
    since = _start_of(shown)
    listed = lines_listed(connection, since=since, until=min(_end_of(shown), now), now=known_at)
    before, after = listed_beside(connection, since=since, until=_end_of(shown), now=now)
    return TrendingList(
        window=Window.DAY,
        on=shown,
        papers=by_trend(listed, Window.DAY, now=end),
        known_at=known_at,
        seen_at=min(known_at, as_of),
        earlier=before and before.astimezone(UTC).date(),
        later=after and after.astimezone(UTC).date(),
    )


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time.max, UTC)
