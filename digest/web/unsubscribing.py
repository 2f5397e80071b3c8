"""Leaving: the page asks, its button and the mail program's (RFC 8058) act; or fewer mails instead."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import PlainTextResponse, Response
from starlette.datastructures import FormData

from digest.app import App
from digest.change import break_of, change, pause
from digest.due import due_on
from digest.model import Cadence, Subscription
from digest.rendering import words
from digest.rendering.language import ENGLISH
from digest.store.subscribers import subscription_numbered
from digest.subscribe import unsubscribe
from digest.tokens import Purpose
from digest.web.links import AGAIN, is_active, subscription_behind
from digest.web.pages import READ, Button, Pages
from digest.web.security import posted_or_nothing

MONTH = timedelta(days=30)

_RARER = {
    Cadence.DAILY: (Cadence.WEEKLY, Cadence.MONTHLY),
    Cadence.WEEKDAYS: (Cadence.WEEKLY, Cadence.MONTHLY),
    Cadence.WEEKLY: (Cadence.MONTHLY,),
    Cadence.MONTHLY: (),
}


def router(app: App, pages: Pages, *, clock: Callable[[], datetime]) -> APIRouter:
    """`/unsubscribe/TOKEN`."""

    def ask(token: str) -> Response:
        subscription = _subscription(app, token)
        if app.keys.is_retired(Purpose.UNSUBSCRIBE, token):
            return pages.notice("Unsubscribe?", lede="Mail stops at once.", button=Button(text="Unsubscribe"))
        if not is_active(subscription):
            return _left(pages, subscription)
        return pages.notice(
            f"Unsubscribe {subscription.address}?",
            lede="Mail stops at once; what is already queued is not sent.",
            button=Button(text="Unsubscribe"),
            instead=("Or fewer mails", _fewer(subscription)),
        )

    def act(token: str, fields: Annotated[FormData, Depends(posted_or_nothing)]) -> Response:
        subscription, now = _subscription(app, token), clock()
        # Whoever has a key that was retired is told nothing, and can do nobody but this harm.
        is_retired = app.keys.is_retired(Purpose.UNSUBSCRIBE, token)
        is_one_click = fields.get("List-Unsubscribe") == "One-Click"
        if is_active(subscription):
            if "do" in fields and not is_one_click and not is_retired:
                return _lessen(app, pages, subscription, fields["do"], now=now)
            unsubscribe(app.store, subscription.id, now=now)
        if is_one_click:
            return PlainTextResponse("Unsubscribed.")
        return _left(pages, None if is_retired else subscription)

    routes = APIRouter()
    routes.add_api_route("/unsubscribe/{token}", ask, methods=READ)
    routes.add_api_route("/unsubscribe/{token}", act, methods=["POST"])
    return routes


def _subscription(app: App, token: str) -> Subscription | None:
    with app.store.reading() as connection:
        return subscription_behind(app, connection, Purpose.UNSUBSCRIBE, token)


def _fewer(subscription: Subscription) -> list[Button]:
    rarer = [
        Button(text=f"{cadence.capitalize()} instead", value=cadence, quiet=True)
        for cadence in _RARER[subscription.choices.cadence]
    ]
    return [*rarer, Button(text="Pause for a month", value="pause", quiet=True)]


def _lessen(app: App, pages: Pages, subscription: Subscription, wish: object, *, now: datetime) -> Response:
    """Grant a wish for fewer mails; what is so already stays. Raises HTTPException 400 for what is not offered."""
    choices = subscription.choices
    if wish == "pause":
        ends_on = due_on(now, timezone=choices.timezone) + MONTH
        if (break_of(subscription, now=now) or date.min) < ends_on:
            pause(app.store, subscription.id, until=ends_on, keys=app.keys, now=now)
    elif wish in _RARER[choices.cadence]:
        rarer = Cadence(str(wish))
        # Whatever else was saved since stays, and nothing comes more often.
        change(
            app.store,
            subscription.id,
            choose=lambda held: replace(held, cadence=rarer) if rarer in _RARER[held.cadence] else held,
            keys=app.keys,
            now=now,
        )
    elif wish != choices.cadence:
        raise HTTPException(400)
    with app.store.reading() as connection:
        lessened = subscription_numbered(connection, subscription.id)
    if not is_active(lessened) or lessened.next_due_at is None:
        return _left(pages, lessened)
    until, choices = break_of(lessened, now=now), lessened.choices
    arrival = words.arrival(ENGLISH, max(lessened.next_due_at, now), asked_at=now, timezone=choices.timezone)
    slower = f"{choices.cadence.capitalize()} from now on"
    return pages.notice(
        f"Paused until {ENGLISH.full_date(until)}" if until and wish == "pause" else slower,
        done=f"{lessened.address} stays subscribed.",
        lede=f"The next edition comes {arrival} ({choices.timezone}).",
    )


def _left(pages: Pages, subscription: Subscription | None) -> Response:
    who = "This address" if subscription is None else subscription.address
    return pages.notice("You have left", done=f"{who} is unsubscribed. No goodbye mail follows.", link=AGAIN)
