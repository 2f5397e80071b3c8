"""Searching all papers."""

from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from digest.app import App
from digest.rendering import words
from digest.store import Connection
from digest.store.backgrounds import count_papers
from digest.store.papers import with_histories
from digest.store.search import count_found, marker_of, search_papers
from digest.store.sources import last_collected_at
from digest.text import shorten
from digest.web.lists import Shown, shown
from digest.web.pages import READ, Pages
from digest.web.paging import MOST_CHARACTERS, PAGE, SAID, page_in, turn, words_in


def router(app: App, pages: Pages, *, clock: Callable[[], datetime]) -> APIRouter:
    """`/search`."""

    def search(request: Request) -> Response:
        now, typed, page = clock(), words_in(request.query_params), page_in(request.query_params)
        with app.store.reading() as connection:
            count = count_found(connection, typed, now=now)
            turning = turn(page, of=count, path=lambda other: f"/search?{urlencode({'q': typed, 'page': other})}")
            papers = _found(connection, typed, offset=turning.first, now=now)
            lede = _lede(connection, typed, count)
        return pages.show(
            "search.html",
            heading="Search",
            here="/search",
            lede=lede,
            typed=typed,
            said=shorten(typed, SAID),
            most_characters=MOST_CHARACTERS,
            papers=papers,
            has_generated=any(one.card.summary_is_generated for one in papers),
            turning=turning,
        )

    routes = APIRouter()
    routes.add_api_route("/search", search, methods=READ)
    return routes


def _found(connection: Connection, typed: str, *, offset: int, now: datetime) -> list[Shown]:
    found = search_papers(connection, typed, now=now, limit=PAGE, offset=offset)
    papers = with_histories(connection, [one.paper for one in found], now=now)
    seen_at = min(last_collected_at(connection) or now, now)
    return shown(papers, seen_at=seen_at, marker=marker_of(connection, typed))


def _lede(connection: Connection, typed: str, count: int) -> str:
    if count:
        return f"{words.counted(count, 'paper')}, the best first."
    everything = words.counted(count_papers(connection), "paper")
    return f"{everything} in all." if typed else f"Titles, authors and abstracts of {everything}."
