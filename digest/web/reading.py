"""Reading: what is trending, and a message in the browser."""

import re
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
from digest.store.deliveries import delivery_numbered
from digest.tokens import Purpose
from digest.web.failures import no_such_page
from digest.web.form import date_in
from digest.web.lists import TrendingList, trending_list
from digest.web.pages import READ, Pages
from digest.web.security import message_policy

PAGE = 10
EARLIEST = date(1991, 8, 14)
"""arXiv's first day."""


def router(app: App, pages: Pages, *, clock: Callable[[], datetime]) -> APIRouter:
    """`/trending` and `/view/TOKEN`."""

    def trending(request: Request) -> Response:
        now = clock()
        asked = _asked(request.query_params, today=now.date())
        with app.store.reading() as connection:
            shown = trending_list(connection, asked.window, on=asked.on, now=now)
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
    """The HTML of an edition. Raises HTTPException 404 where there is none, or nobody any more whose it was."""
    with app.store.reading() as connection:
        delivery = delivery_numbered(connection, number)
        if delivery is None or delivery.kind is not DeliveryKind.EDITION or delivery.address is None:
            raise no_such_page()
        try:
            return Composer(app.press).body(connection, delivery, whole=True).html
        except RenderingError as error:
            raise no_such_page() from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    window: Window
    on: date | None
    page: int

    def query(self, *, window: Window | None = None, on: date | None = None, page: int = 1) -> str:
        """The query for the same list, or another."""
        day = on or self.on
        parts = {
            "window": window or self.window,
            **({"date": day.isoformat()} if day else {}),
            **({"page": page} if page > 1 else {}),
        }
        return f"?{urlencode(parts)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """A link to another list. `current` is whether it is the one that is shown."""

    name: str
    query: str
    current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Empty:
    heading: str
    advice: str
    ways: tuple[_Way, ...]


def _asked(parameters: Mapping[str, str], *, today: date) -> _Asked:
    """What a query asks for. Raises InputError."""
    window, day, page = (parameters.get(name, "") for name in ("window", "date", "page"))
    if window not in {"", *Window}:
        raise InputError("A list covers a day, a week or a month. Choose one of them.")
    if not re.fullmatch("([1-9][0-9]{0,3})?", page):
        raise InputError("A page is a number from 1 on. Go back to the first page of the list.")
    return _Asked(
        window=Window(window or Window.DAY), on=_day(day, today=today) if day else None, page=int(page or "1")
    )


def _day(text: str, *, today: date) -> date:
    day = date_in(text)
    if not EARLIEST <= day <= today:
        raise InputError("There is no list of that day. Take one between arXiv’s first day and today.")
    return day


def _trending_page(connection: Connection, pages: Pages, asked: _Asked, shown: TrendingList) -> Response:
    count = len(shown.papers)
    last = max(1, -(-count // PAGE))
    if asked.page > last:
        raise InputError("The list does not go on that far. Go back to its first page.")
    first = (asked.page - 1) * PAGE
    papers = shown.shown(connection, first, first + PAGE)
    return pages.show(
        "trending.html",
        heading="Trending papers",
        here="/trending",
        lede=_lede(shown),
        tabs=[
            _Way(name=window.capitalize(), query=asked.query(window=window), current=window is shown.window)
            for window in Window
        ],
        earlier=_neighbour(asked, shown.earlier),
        later=_neighbour(asked, shown.later),
        papers=papers,
        has_generated=any(one.card.summary_is_generated for one in papers),
        back=_Way(name="Previous 10", query=asked.query(page=asked.page - 1)) if asked.page > 1 else None,
        forth=_Way(name=f"Next {min(PAGE, count - first - PAGE)} of {count}", query=asked.query(page=asked.page + 1))
        if asked.page < last
        else None,
        empty=_empty(asked, shown),
    )


def _lede(shown: TrendingList) -> str:
    day = ENGLISH.long_date(shown.on)
    new = words.counted(len(shown.papers), "new paper") if shown.papers else "No new papers"
    if shown.window is Window.DAY:
        return f"{day}. {new}{', most upvoted first' if shown.papers else ''}."
    return f"The {shown.window} to {day}. {new}{', by upvotes for their age' if shown.papers else ''}."


def _neighbour(asked: _Asked, day: date | None) -> _Way | None:
    if day is None:
        return None
    return _Way(name=ENGLISH.short_date(day), query=asked.query(on=day))


def _empty(asked: _Asked, shown: TrendingList) -> _Empty:
    rests = shown.window is Window.DAY and shown.on.weekday() >= SATURDAY
    when = f"on {ENGLISH.long_date(shown.on)}" if shown.window is Window.DAY else f"in this {shown.window}"
    wider = [window for window in Window if list(Window).index(window) > list(Window).index(shown.window)]
    return _Empty(
        heading=f"No papers {when}",
        advice="arXiv rests at weekends." if rests else "Nothing was listed then, or nothing has been collected yet.",
        ways=tuple(_Way(name=f"The {window}", query=asked.query(window=window)) for window in wider),
    )
