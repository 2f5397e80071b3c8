"""Reading: what is trending, and a message in the browser."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response
from starlette.requests import Request

from digest.app import App
from digest.compose import Composer
from digest.due import SATURDAY
from digest.errors import InputError, RenderingError
from digest.model import DeliveryKind
from digest.ranking.trending import Window
from digest.rendering import words
from digest.rendering.language import ENGLISH
from digest.store import Connection
from digest.store.backgrounds import count_papers
from digest.store.deliveries import delivery_numbered
from digest.taxonomy import CATEGORIES
from digest.text import shorten
from digest.tokens import Purpose
from digest.web.failures import kept_no_longer, no_such_page
from digest.web.lists import Lists, TrendingList
from digest.web.pages import READ, Pages
from digest.web.paging import MOST_CHARACTERS, SAID, Way, page_in, turn, words_in
from digest.web.security import message_policy
from digest.web.written import date_in

EARLIEST = date(1991, 8, 14)
"""arXiv's first day."""


def router(app: App, pages: Pages, *, clock: Callable[[], datetime]) -> APIRouter:
    """`/trending` and `/view/TOKEN`."""
    lists = Lists()

    def trending(request: Request) -> Response:
        now = clock()
        asked = _asked(request.query_params, today=now.date())
        with app.store.reading() as connection:
            shown = lists.of(connection, asked.window, on=asked.on, now=now)
            return _trending_page(connection, pages, asked, shown)

    def view(token: str) -> Response:
        number = app.keys.read(Purpose.VIEW, token)
        if number is None:
            raise no_such_page()
        headers = {"Content-Security-Policy": message_policy(framed=False)}
        return HTMLResponse(_message(app, number), headers=headers)

    routes = APIRouter()
    routes.add_api_route("/trending", trending, methods=READ)
    routes.add_api_route("/view/{token}", view, methods=READ)
    return routes


def _message(app: App, number: int) -> str:
    """The HTML of an edition.

    Raises HTTPException 410 where it is kept no longer, 404 where it was none, or nobody is left whose it was.
    """
    with app.store.reading() as connection:
        delivery = delivery_numbered(connection, number)
        if delivery is None:
            raise kept_no_longer()
        if delivery.kind is not DeliveryKind.EDITION or delivery.address is None:
            raise no_such_page()
        if delivery.selection is None:
            raise kept_no_longer()
        try:
            return Composer(app.press).body(connection, delivery, whole=True).html
        except RenderingError as error:
            raise no_such_page() from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    window: Window
    on: date | None
    page: int
    words: str
    category: str

    def path(self, *, window: Window | None = None, on: date | None = None, page: int = 1) -> str:
        """The address of the same list, or another."""
        day = on or self.on
        parts = {
            "window": window or self.window,
            "date": day.isoformat() if day else "",
            "q": self.words,
            "category": self.category,
            "page": page if page > 1 else "",
        }
        return f"/trending?{urlencode({name: value for name, value in parts.items() if value})}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Empty:
    heading: str
    advice: str
    ways: tuple[Way, ...]


def _asked(parameters: Mapping[str, str], *, today: date) -> _Asked:
    """What a query asks for. Raises InputError."""
    window, day, category = (parameters.get(name, "") for name in ("window", "date", "category"))
    if window not in {"", *Window}:
        raise InputError("A list covers a day, a week or a month. Choose one of them.")
    if category not in {"", *CATEGORIES}:
        raise InputError("That is not a category of arXiv’s. Choose one from the list.")
    return _Asked(
        window=Window(window or Window.DAY),
        on=_day(day, today=today) if day else None,
        page=page_in(parameters),
        words=words_in(parameters),
        category=category,
    )


def _day(text: str, *, today: date) -> date:
    day = date_in(text)
    if not EARLIEST <= day <= today:
        raise InputError("There is no list of that day. Take one between arXiv’s first day and today.")
    return day


def _trending_page(connection: Connection, pages: Pages, asked: _Asked, whole: TrendingList) -> Response:
    shown = whole.narrowed(connection, query=asked.words, category=asked.category)
    turning = turn(asked.page, of=len(shown.papers), path=lambda page: asked.path(page=page))
    papers = shown.shown(connection, turning.first, turning.last, query=asked.words)
    return pages.show(
        "trending.html",
        heading="Trending papers",
        here="/trending",
        when=_when(shown),
        lede=_lede(shown, count=len(whole.papers)),
        asked=asked,
        categories=_categories(whole, chosen=asked.category),
        most_characters=MOST_CHARACTERS,
        tabs=[
            Way(name=window.capitalize(), path=asked.path(window=window), current=window is shown.window)
            for window in Window
        ],
        earlier=_neighbour(asked, shown.earlier),
        later=_neighbour(asked, shown.later),
        papers=papers,
        has_generated=any(one.card.summary_is_generated for one in papers),
        turning=turning,
        empty=_nothing_found(connection, asked, shown) if whole.papers else _empty(asked, shown),
    )


def _categories(shown: TrendingList, *, chosen: str) -> list[str]:
    """What the list can be narrowed to."""
    return sorted({category for paper in shown.papers for category in paper.categories} & CATEGORIES | {chosen} - {""})


def _when(shown: TrendingList) -> str:
    day = ENGLISH.long_date(shown.on)
    return day if shown.window is Window.DAY else f"the {shown.window} to {day}"


def _lede(shown: TrendingList, *, count: int) -> str:
    when = _when(shown)
    new = words.counted(count, "new paper") if count else "No new papers"
    if 0 < len(shown.papers) < count:
        new = f"{ENGLISH.number(len(shown.papers))} of {new}"
    order = "most upvoted first" if shown.window is Window.DAY else "by upvotes for their age"
    return f"{when[0].upper()}{when[1:]}. {new}{f', {order}' if shown.papers else ''}."


def _neighbour(asked: _Asked, day: date | None) -> Way | None:
    if day is None:
        return None
    return Way(name=ENGLISH.short_date(day), path=asked.path(on=day))


def _empty(asked: _Asked, shown: TrendingList) -> _Empty:
    rests = shown.window is Window.DAY and shown.on.weekday() >= SATURDAY
    when = f"on {ENGLISH.long_date(shown.on)}" if shown.window is Window.DAY else f"in this {shown.window}"
    return _Empty(
        heading=f"No papers {when}",
        advice="arXiv rests at weekends." if rests else "Nothing was listed then, or nothing has been collected yet.",
        ways=tuple(Way(name=f"The {window}", path=asked.path(window=window)) for window in _wider(shown.window)),
    )


def _nothing_found(connection: Connection, asked: _Asked, shown: TrendingList) -> _Empty:
    when = f"on {ENGLISH.short_date(shown.on)}" if shown.window is Window.DAY else f"in this {shown.window}"
    what = f"“{shorten(asked.words, SAID)}”" if asked.words else asked.category
    verb = "Search" if asked.words else "See"
    ways = [Way(name=f"{verb} the {window}", path=asked.path(window=window)) for window in _wider(shown.window)[-1:]]
    if asked.words:
        everything = words.counted(count_papers(connection), "paper")
        ways.append(Way(name=f"Search all {everything}", path=f"/search?{urlencode({'q': asked.words})}"))
    advice = "Try a shorter word, or look further back." if asked.words else "Look further back, or at every category."
    return _Empty(heading=f"Nothing for {what} {when}", advice=advice, ways=tuple(ways))


def _wider(window: Window) -> list[Window]:
    every = list(Window)
    return every[every.index(window) + 1 :]
