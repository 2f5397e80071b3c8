"""Leaving: the page asks, its button and the mail program's (RFC 8058) act."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import PlainTextResponse, Response
from starlette.datastructures import FormData

from digest.app import App
from digest.model import Subscription, SubscriptionState
from digest.store.subscribers import subscription_numbered
from digest.subscribe import unsubscribe
from digest.tokens import Purpose
from digest.web.failures import no_such_page
from digest.web.pages import READ, Link, Pages
from digest.web.security import posted_or_nothing

AGAIN = Link(text="Subscribe again", path="/", quiet=True)


def router(app: App, pages: Pages, *, clock: Callable[[], datetime]) -> APIRouter:
    """`/unsubscribe/TOKEN`."""

    def ask(token: str) -> Response:
        subscription = _subscription(app, token)
        if subscription is None or subscription.state is not SubscriptionState.ACTIVE:
            return _left(pages, subscription)
        return pages.notice(
            f"Unsubscribe {subscription.address}?",
            lede="Mail stops at once; what is already queued is not sent.",
            button="Unsubscribe",
        )

    def act(token: str, fields: Annotated[FormData, Depends(posted_or_nothing)]) -> Response:
        subscription = _subscription(app, token)
        if subscription is not None:
            unsubscribe(app.store, subscription.id, now=clock())
        if fields.get("List-Unsubscribe") == "One-Click":
            return PlainTextResponse("Unsubscribed.")
        return _left(pages, subscription)

    routes = APIRouter()
    routes.add_api_route("/unsubscribe/{token}", ask, methods=READ)
    routes.add_api_route("/unsubscribe/{token}", act, methods=["POST"])
    return routes


def _subscription(app: App, token: str) -> Subscription | None:
    """The token's subscription, or None where it was erased. Raises HTTPException 404 for a token that is not ours."""
    number = app.keys.read(Purpose.UNSUBSCRIBE, token)
    if number is None:
        raise no_such_page()
    with app.store.reading() as connection:
        return subscription_numbered(connection, number)


def _left(pages: Pages, subscription: Subscription | None) -> Response:
    who = "This address" if subscription is None else subscription.address
    return pages.notice("You have left", done=f"{who} is unsubscribed. No goodbye mail follows.", link=AGAIN)
