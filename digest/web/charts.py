"""How a paper's upvotes came, as shapes in a square of 100 by 100 and the words around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from digest.model import Paper, SeenSignals
from digest.rendering import words
from digest.rendering.language import ENGLISH

MOST_POINTS = 60
"""Above so many observations the last of each day stands for it."""

MOST_LINES = 3
MOST_DATES = 4
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A grid line: its height from the top, 0 to 100, and its label."""

    y: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Upvotes against time. `line` and `area` are SVG points, empty where there is nothing to draw yet.

    `rows` are (moment, upvotes), oldest first.
    """

    heading: str
    told: str
    lines: tuple[Line, ...]
    dates: tuple[str, ...]
    line: str
    area: str
    rows: tuple[tuple[str, str], ...]


def upvote_chart(paper: Paper, *, now: datetime) -> Chart | None:
    """The chart of a paper with its history as of `now`; None where nobody has given an upvote."""
    seen = _thinned([one for one in paper.history if one.signals.upvotes is not None])
    if not any(one.signals.upvotes for one in seen):
        return None
    points = [(one.seen_at, one.signals.upvotes or 0) for one in seen]
    # What was seen last holds until now.
    drawn = [*points, (now, points[-1][1])] if now > points[-1][0] else points
    step = _step(max(count for _, count in drawn))
    top = step * MOST_LINES
    begin, end = drawn[0][0], drawn[-1][0]
    line = _svg(drawn, begin=begin, end=end, top=top) if len(points) > 1 else ""
    return Chart(
        heading=f"Upvotes since {ENGLISH.short_date(begin)}",
        told=_told(paper, points),
        lines=tuple(Line(y=_rounded(100 - 100 * n / MOST_LINES), label=ENGLISH.number(n * step)) for n in range(4)),
        dates=_dates(begin, end),
        line=line,
        area=f"0,100 {line} 100,100" if line else "",
        rows=tuple((ENGLISH.moment(moment), ENGLISH.number(count)) for moment, count in points),
    )


def _thinned(history: Sequence[SeenSignals]) -> Sequence[SeenSignals]:
    if len(history) <= MOST_POINTS:
        return history
    return [history[0], *{one.seen_at.date(): one for one in history[1:]}.values()]


def _step(highest: int) -> int:
    """What lies between two grid lines: 1, 2 or 5 times a power of ten."""
    scale = 1
    while True:
        for step in (scale, 2 * scale, 5 * scale):
            if step * MOST_LINES >= highest:
                return step
        scale *= 10


def _svg(points: Sequence[tuple[datetime, int]], *, begin: datetime, end: datetime, top: int) -> str:
    places = ((100 * ((moment - begin) / (end - begin)), 100 - 100 * count / top) for moment, count in points)
    return " ".join(f"{_rounded(x):g},{_rounded(y):g}" for x, y in places)


def _rounded(value: float) -> float:
    return round(value, 2)


def _told(paper: Paper, points: Sequence[tuple[datetime, int]]) -> str:
    begin, total = points[0][0], points[-1][1]
    first_day = max((count for moment, count in points if moment <= begin + DAY), default=0)
    said = [f"{ENGLISH.number(total)} in all"]
    if points[-1][0] > begin + DAY:
        said.append(f", {ENGLISH.number(first_day)} of them on the first day")
    comments = paper.signals.comments
    return "".join([*said, f"; {words.counted(comments, 'comment')}" if comments else "", "."])


def _dates(begin: datetime, end: datetime) -> tuple[str, ...]:
    """At most four dates, as far apart from each other as their places are; two times of one day."""
    if end - begin < DAY:
        return tuple(f"{ENGLISH.short_date(at)}, {at.astimezone(UTC):%H:%M}" for at in dict.fromkeys((begin, end)))
    steps = min(MOST_DATES - 1, (end - begin) // DAY)
    return tuple(ENGLISH.short_date(begin + (end - begin) * n / steps) for n in range(steps + 1))
