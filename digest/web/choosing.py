"""How a reader's papers are chosen: what the next edition would hold, and why a paper is not in it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import Response
from starlette.requests import Request

from digest.app import App
from digest.change import break_of
from digest.errors import BusyError, InputError
from digest.examples import example_named, paper_meant
from digest.explain import Explanation, explain_to
from digest.hindsight import Turns
from digest.limits import MOST_CHOICES, Looks
from digest.model import Subscription
from digest.printings import card_of
from digest.rendering import words
from digest.rendering.cards import Card
from digest.rendering.language import ENGLISH
from digest.rendering.marks import why
from digest.store import Connection
from digest.tokens import Purpose
from digest.trial import chosen_now
from digest.web.failures import no_such_page
from digest.web.links import ended, is_active, subscription_behind
from digest.web.lists import path_of
from digest.web.pages import READ, Pages

LONGEST_NAME = 300
_LOOKED = "You have asked for this as often as anybody may within the hour. Come again in an hour."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Next:
    """An edition as it would be chosen now: papers with why, and out of how many."""

    papers: list[tuple[Card, str]]
    considered: int


def router(app: App, pages: Pages, *, clock: Callable[[], datetime], turns: Turns) -> APIRouter:
    """`/preferences/TOKEN/next` and `/preferences/TOKEN/why?paper=`."""
    face = _Choosing(app, pages, clock, turns)
    routes = APIRouter()
    routes.add_api_route("/preferences/{token}/next", face.next, methods=READ)
    routes.add_api_route("/preferences/{token}/why", face.why, methods=READ)
    return routes


class _Choosing:
    """Both pages prepare all the papers that an edition reaches back to, so readers take turns."""

    def __init__(self, app: App, pages: Pages, clock: Callable[[], datetime], turns: Turns) -> None:
        self.app, self.pages, self.clock, self.turns = app, pages, clock, turns
        self.looks = Looks(_LOOKED, most=MOST_CHOICES)

    def next(self, token: str) -> Response:
        """The papers that would come; nothing is stored."""
        now = self.clock()
        with self.app.store.reading() as connection:
            subscription = subscription_behind(self.app, connection, Purpose.PREFERENCES, token)
            if not is_active(subscription):
                return ended(self.pages, subscription)
        if self._has_asked_enough(subscription, now=now):
            return self._busy(_LOOKED, status=429, seconds=3600)
        try:
            with self.turns.one(), self.app.store.reading() as connection:
                found = self._chosen(connection, subscription, now=now)
        except BusyError as error:
            return self._busy(str(error))
        return self.pages.show(
            "next.html",
            heading="The next edition",
            lede=_coming(subscription, now=now),
            token=token,
            found=found,
        )

    def why(self, token: str, request: Request) -> Response:
        """Why a paper comes, or does not, once one is named."""
        typed, now = request.query_params.get("paper", "").strip()[:LONGEST_NAME], self.clock()
        with self.app.store.reading() as connection:
            subscription = subscription_behind(self.app, connection, Purpose.PREFERENCES, token)
            if not is_active(subscription):
                return ended(self.pages, subscription)
        if not typed:
            return self._why(token)
        if self._has_asked_enough(subscription, now=now):
            return self._busy(_LOOKED, status=429, seconds=3600)
        try:
            with self.turns.one(), self.app.store.reading() as connection:
                told = self._explained(connection, subscription, typed, now=now)
        except BusyError as error:
            return self._busy(str(error))
        except InputError as error:
            return self._why(token, typed=typed, fault=str(error))
        return self._why(token, typed=typed, told=told)

    def _chosen(self, connection: Connection, subscription: Subscription, *, now: datetime) -> _Next:
        cadence = subscription.choices.cadence
        stock, selection = chosen_now(connection, self.app.press, subscription, weights=self.app.weights, now=now)
        papers = [
            (
                card_of(stock.papers[pick.paper_id], seen_at=stock.as_of, cadence=cadence),
                why(ENGLISH, pick.reason, marked=True)[1],
            )
            for pick in selection.picks
        ]
        return _Next(papers=papers, considered=selection.considered)

    def _explained(
        self, connection: Connection, subscription: Subscription, typed: str, *, now: datetime
    ) -> Explanation:
        """Raises InputError for what names no paper, and for a paper that is not here."""
        paper = paper_meant(connection, typed.removeprefix(f"{self.app.press.base_url}/paper/"), now=now)
        if paper is None:
            example_named(typed)
            raise InputError("No source has brought that paper here, so no edition can hold it.")
        return explain_to(connection, self.app.press, subscription, paper, weights=self.app.weights, now=now)

    def _why(self, token: str, *, typed: str = "", fault: str = "", told: Explanation | None = None) -> Response:
        return self.pages.show(
            "why.html",
            heading="Why not this paper?",
            status=422 if fault else 200,
            token=token,
            typed=typed,
            fault=fault,
            told=told,
            path="" if told is None else path_of(told.paper),
            most_characters=LONGEST_NAME,
        )

    def _has_asked_enough(self, subscription: Subscription, *, now: datetime) -> bool:
        """Whether others are to have a turn: whoever asks on and on would take them all."""
        try:
            self.looks.take(str(subscription.id), now=now)
        except BusyError:
            return True
        return False

    def _busy(self, why: str, *, status: int = 503, seconds: int = 60) -> Response:
        return self.pages.notice("One moment", lede=why, status=status, headers={"Retry-After": str(seconds)})


def _coming(subscription: Subscription, *, now: datetime) -> str:
    """When what is shown would come."""
    choices, until = subscription.choices, break_of(subscription, now=now)
    if subscription.next_due_at is None:
        raise no_such_page()
    arrival = words.arrival(ENGLISH, max(subscription.next_due_at, now), asked_at=now, timezone=choices.timezone)
    paused = "" if until is None else f" You take a break until {ENGLISH.full_date(until)}."
    return f"It comes {arrival} ({choices.timezone}), and is chosen then: what comes in meanwhile counts.{paused}"
