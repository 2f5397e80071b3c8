"""A subscription goes to another address: the link that was sent there asks, its button acts."""

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from digest.app import App
from digest.move import Move, asked_to_move, move
from digest.web.asking import LASTS
from digest.web.clients import network_of
from digest.web.pages import READ, Button, Pages


def router(app: App, pages: Pages, *, clock: Callable[[], datetime]) -> APIRouter:
    """`/move/TOKEN`."""

    def ask(token: str) -> Response:
        with app.store.reading() as connection:
            asked = asked_to_move(connection, token, keys=app.keys, now=clock())
        if asked is None or asked.is_done or asked.is_taken:
            return _page(app, pages, asked)
        return pages.notice(
            f"Send the editions to {asked.asked.address}?",
            lede=f"{_title(app, asked)} comes here from then on, by the settings that it has.",
            button=Button(text="Confirm new address"),
        )

    def act(token: str, request: Request) -> Response:
        network = network_of(request, trusted=app.config.web.trusted_proxies)
        return _page(app, pages, move(app.store, token, keys=app.keys, now=clock(), network=network))

    routes = APIRouter()
    routes.add_api_route("/move/{token}", ask, methods=READ)
    routes.add_api_route("/move/{token}", act, methods=["POST"])
    return routes


def _page(app: App, pages: Pages, found: Move | None) -> Response:
    """What a link has come to."""
    if found is None:
        lede = f"Links last {LASTS}, and work until the subscription moves or ends. Ask for another in the preferences."
        return pages.notice("This link has expired", lede=lede, status=404)
    if found.is_taken:
        lede = f"{found.asked.address} has a subscription of its own to {_title(app, found)}, so nothing was changed."
        return pages.notice("Nothing to move", lede=lede, status=409)
    return pages.notice("Moved", done=f"{_title(app, found)} comes to {found.asked.address} from now on.")


def _title(app: App, found: Move) -> str:
    known = app.press.newsletters
    return known[found.asked.newsletter].title if found.asked.newsletter in known else "The newsletter"
