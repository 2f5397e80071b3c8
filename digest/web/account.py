"""What is known of a reader: to be had as a file, and to be erased."""

import json
from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import Response

from digest.account import erase, known_of
from digest.app import App
from digest.model import Subscription
from digest.store.subscribers import subscriptions_of
from digest.tokens import Purpose
from digest.web.links import AGAIN, ended, subscription_behind
from digest.web.pages import READ, Button, Pages

FILE = "offprint-export.json"


def router(app: App, pages: Pages, *, clock: Callable[[], datetime]) -> APIRouter:
    """`/preferences/TOKEN/export.json` and `/preferences/TOKEN/erase`: for whoever has left, too."""

    def export(token: str) -> Response:
        with app.store.reading() as connection:
            subscription = subscription_behind(app, connection, Purpose.PREFERENCES, token)
            if subscription is None:
                return ended(pages, None)
            known = known_of(connection, subscription.subscriber_id, now=clock())
        content = json.dumps(known, ensure_ascii=False, indent=2)
        headers = {"Content-Disposition": f'attachment; filename="{FILE}"'}
        return Response(content, media_type="application/json", headers=headers)

    def ask(token: str) -> Response:
        with app.store.reading() as connection:
            subscription = subscription_behind(app, connection, Purpose.PREFERENCES, token)
            if subscription is None:
                return _erased(pages, None)
            count = len(subscriptions_of(connection, subscription.subscriber_id))
        every = "The subscription" if count == 1 else f"All {count} subscriptions of this address"
        return pages.notice(
            f"Erase {subscription.address}?",
            lede=f"{every}, what you chose and said of papers, and what your messages held are deleted. Mail stops at"
            " once. Nobody can bring it back.",
            button=Button(text="Erase everything"),
            more="If your mail provider ever refused or reported our mail, a fingerprint of the address stays that"
            " cannot be read, so that it is never written to again.",
        )

    def act(token: str) -> Response:
        with app.store.reading() as connection:
            subscription = subscription_behind(app, connection, Purpose.PREFERENCES, token)
        if subscription is not None:
            erase(app.store, subscription.subscriber_id, keys=app.keys)
        return _erased(pages, subscription)

    routes = APIRouter()
    routes.add_api_route("/preferences/{token}/export.json", export, methods=READ)
    routes.add_api_route("/preferences/{token}/erase", ask, methods=READ)
    routes.add_api_route("/preferences/{token}/erase", act, methods=["POST"])
    return routes


def _erased(pages: Pages, subscription: Subscription | None) -> Response:
    who = "The address" if subscription is None else subscription.address
    return pages.notice("Erased", done=f"{who} and what was stored of it are gone. No mail follows.", link=AGAIN)
