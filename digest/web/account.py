"""What is known of a reader: to be had as a file, and to be erased."""

import json
from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import Response

from digest.account import erase, known_of, opens_all
from digest.app import App
from digest.model import Subscription
from digest.store.subscribers import subscriptions_of
from digest.tokens import Purpose
from digest.web.links import AGAIN, ended, subscription_behind
from digest.web.pages import READ, Button, Pages

FILE = "offprint-export.json"


def router(app: App, pages: Pages, *, clock: Callable[[], datetime]) -> APIRouter:
    """`/preferences/TOKEN/export.json` and `/preferences/TOKEN/erase`: for whoever has left, too."""
    face = _Account(app, pages, clock)
    routes = APIRouter()
    routes.add_api_route("/preferences/{token}/export.json", face.export, methods=READ)
    routes.add_api_route("/preferences/{token}/erase", face.ask, methods=READ)
    routes.add_api_route("/preferences/{token}/erase", face.act, methods=["POST"])
    return routes


class _Account:
    def __init__(self, app: App, pages: Pages, clock: Callable[[], datetime]) -> None:
        self.app, self.pages, self.clock = app, pages, clock

    def export(self, token: str) -> Response:
        """The file."""
        with self.app.store.reading() as connection:
            subscription = subscription_behind(self.app, connection, Purpose.PREFERENCES, token)
            if subscription is None:
                return ended(self.pages, None)
            if not opens_all(connection, subscription):
                return _not_by_this(self.pages, subscription)
            known = known_of(connection, subscription.subscriber_id, now=self.clock())
        content = json.dumps(known, ensure_ascii=False, indent=2)
        headers = {"Content-Disposition": f'attachment; filename="{FILE}"'}
        return Response(content, media_type="application/json", headers=headers)

    def ask(self, token: str) -> Response:
        """What would go, and the button."""
        with self.app.store.reading() as connection:
            subscription = subscription_behind(self.app, connection, Purpose.PREFERENCES, token)
            if subscription is None:
                return _erased(self.pages, None)
            if not opens_all(connection, subscription):
                return _not_by_this(self.pages, subscription)
            count = len(subscriptions_of(connection, subscription.subscriber_id))
        every = "The subscription" if count == 1 else f"All {count} subscriptions of this address"
        return self.pages.notice(
            f"Erase {subscription.address}?",
            lede=f"{every}, what you chose and said of papers, and what your messages held are deleted. Mail stops at"
            " once. Nobody can bring it back.",
            button=Button(text="Erase everything"),
            more="If your mail provider ever refused or reported our mail, a fingerprint of the address stays that"
            " cannot be read, so that it is never written to again.",
        )

    def act(self, token: str) -> Response:
        """Erase."""
        with self.app.store.reading() as connection:
            subscription = subscription_behind(self.app, connection, Purpose.PREFERENCES, token)
            if subscription is not None and not opens_all(connection, subscription):
                return _not_by_this(self.pages, subscription)
        if subscription is not None:
            erase(self.app.store, subscription.subscriber_id, keys=self.app.keys)
        return _erased(self.pages, subscription)


def _not_by_this(pages: Pages, subscription: Subscription) -> Response:
    return pages.notice(
        "Not by this link",
        lede=f"This subscription came to {subscription.address} from another address, which knows this link too. What"
        " else is stored of the address is shown and erased by a link in a message of another subscription. Where there"
        " is none, answer any of our messages and ask for it.",
        status=409,
    )


def _erased(pages: Pages, subscription: Subscription | None) -> Response:
    who = "The address" if subscription is None else subscription.address
    return pages.notice("Erased", done=f"{who} and what was stored of it are gone. No mail follows.", link=AGAIN)
