"""Subscribing and confirming."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from starlette.datastructures import FormData
from starlette.requests import Request

from digest.address import EXAMPLE
from digest.app import App
from digest.config.sections import Newsletter
from digest.errors import BusyError
from digest.hindsight import Hindsight, PastEdition, Turns
from digest.limits import Looks
from digest.measure import Measures
from digest.model import Cadence, SubscriptionState
from digest.rendering import words
from digest.rendering.cards import Card, make_card
from digest.rendering.language import ENGLISH
from digest.rendering.marks import why
from digest.store import Connection
from digest.store.confirms import Confirm
from digest.store.sources import last_collected_at
from digest.store.subscribers import subscriptions_of
from digest.subscribe import Origin, ask, asked_for, confirm, is_active
from digest.tokens import Purpose
from digest.web.asking import LASTS, check_mail, own_mailboxes
from digest.web.clients import network_of
from digest.web.faults import Fault, fault_of
from digest.web.form import TOPICS, Typed, checked, filled_in, offered, rhythm, untouched, wished
from digest.web.lists import Lists
from digest.web.pages import READ, Button, Link, Pages
from digest.web.robots import TRAP, hold
from digest.web.security import posted
from digest.web.vocabulary import topics_offered

AGAIN = Link(text="Subscribe again", path="/")
LOOK = "look"
_LOOKED = (
    "Too many have looked at past editions from your network within the hour. Subscribe without, or press the button"
    " again in an hour."
)

_PERIOD = {Cadence.WEEKLY: "a week", Cadence.MONTHLY: "a month"}


def router(app: App, pages: Pages, *, measures: Measures, clock: Callable[[], datetime], turns: Turns) -> APIRouter:
    """`/` and `/confirm/TOKEN`."""
    face = _Subscribing(app, pages, Hindsight(measures, turns), clock)
    routes = APIRouter()
    routes.add_api_route("/", face.offer, methods=READ)
    routes.add_api_route("/", face.take, methods=["POST"])
    routes.add_api_route("/confirm/{token}", face.ask_back, methods=READ)
    routes.add_api_route("/confirm/{token}", face.confirm, methods=["POST"])
    return routes


class _Subscribing:
    def __init__(self, app: App, pages: Pages, hindsight: Hindsight, clock: Callable[[], datetime]) -> None:
        self.app, self.pages, self.clock = app, pages, clock
        self.default = app.config.newsletter[0]
        self.hindsight, self.looks, self.lists = hindsight, Looks(_LOOKED), Lists()
        self._offered: tuple[datetime | None, tuple[str, ...]] | None = None
        self.version = pages.version("subscribe.html", "fields.html")
        self.own = own_mailboxes(app.config.newsletter)

    def offer(self) -> Response:
        """The form."""
        return self._form(untouched(self.default), faults=(), status=200)

    def take(self, request: Request, fields: Annotated[FormData, Depends(posted)]) -> Response:
        """Whatever is known of the address, the same answer: it tells nobody who subscribes here."""
        typed = filled_in(fields, untouched(self.default))
        if fields.get("do") == LOOK:
            return self._look_back(typed, request)
        press = self.app.press
        wanted = checked(typed, press.newsletters, languages=press.library.languages, own=self.own)
        if isinstance(wanted, list):
            return self._form(typed, faults=wanted, status=422)
        token = fields.get("form")
        held = hold(token if isinstance(token, str) else "", fields.get(TRAP), keys=self.app.keys, now=self.clock())
        if held is not None:
            return self._form(typed, faults=[fault_of("address", held.error)], status=422, token=held.token)
        origin = Origin(network=network_of(request, trusted=self.app.config.web.trusted_proxies), form=self.version)
        try:
            ask(
                self.app.store,
                wanted.address,
                newsletter=wanted.wish.newsletter,
                choices=wanted.wish.choices,
                keys=self.app.keys,
                now=self.clock(),
                origin=origin,
            )
        except BusyError as error:
            return self._form(typed, faults=[fault_of("address", error)], status=429)
        return check_mail(self.pages, wanted.address)

    def _look_back(self, typed: Typed, request: Request) -> Response:
        """The form as it was sent, and below it the editions that its choices would have had; nothing is stored."""
        wish = wished(typed, self.app.press.newsletters, languages=self.app.press.library.languages)
        if isinstance(wish, list):
            return self._form(typed, faults=wish, status=422)
        now = self.clock()
        try:
            self.looks.take(network_of(request, trusted=self.app.config.web.trusted_proxies), now=now)
        except BusyError as error:
            return self._form(typed, faults=[fault_of("look", error)], status=429)
        try:
            with self.app.store.reading() as connection:
                editions = self.hindsight.editions(
                    connection,
                    wish.choices,
                    newsletter=wish.newsletter,
                    sources=self.app.press.newsletter(wish.newsletter).sources,
                    weights=self.app.weights,
                    now=now,
                )
        except BusyError as error:
            return self._form(typed, faults=[fault_of("look", error)], status=503)
        return self._form(typed, faults=(), status=200, past=[_shown(one, wish.choices.cadence) for one in editions])

    def ask_back(self, token: str) -> Response:
        """What the link would confirm, and the button that does."""
        with self.app.store.reading() as connection:
            asked = asked_for(connection, token, keys=self.app.keys, now=self.clock())
            if asked is not None and asked.used_at is not None:
                return self._welcome(connection, asked)
            is_known = asked is not None and is_active(connection, asked.subscriber_id, asked.newsletter)
        if asked is None:
            return self._expired()
        facts = f"{_facts(asked)}."
        if is_known:
            facts += " It is subscribed already: these settings replace the present ones."
        return self.pages.notice(f"Confirm {asked.address}", lede=facts, button=Button(text="Confirm subscription"))

    def confirm(self, token: str, request: Request) -> Response:
        """Subscribe."""
        network = network_of(request, trusted=self.app.config.web.trusted_proxies)
        asked = confirm(self.app.store, token, keys=self.app.keys, now=self.clock(), network=network)
        if asked is None:
            return self._expired()
        with self.app.store.reading() as connection:
            return self._welcome(connection, asked)

    def _welcome(self, connection: Connection, asked: Confirm) -> Response:
        theirs = [s for s in subscriptions_of(connection, asked.subscriber_id) if s.newsletter == asked.newsletter]
        if not theirs or theirs[0].state is not SubscriptionState.ACTIVE or theirs[0].next_due_at is None:
            return self._expired()
        subscription, due_at = theirs[0], theirs[0].next_due_at
        arrival = words.arrival(ENGLISH, due_at, asked_at=self.clock(), timezone=subscription.choices.timezone)
        which = "first" if subscription.reached_at is None else "next"
        token = self.app.keys.sign(Purpose.PREFERENCES, subscription.id)
        return self.pages.notice(
            "You are in",
            done=f"{subscription.address} is subscribed.",
            lede=f"The {which} edition comes {arrival} ({subscription.choices.timezone}).",
            link=Link(text="Your preferences", path=f"/preferences/{token}", quiet=True),
        )

    def _expired(self) -> Response:
        lede = f"Links last {LASTS}, and work until you unsubscribe."
        return self.pages.notice("This link has expired", lede=lede, link=AGAIN, status=404)

    def _form(
        self,
        typed: Typed,
        *,
        faults: Sequence[Fault],
        status: int,
        token: str = "",
        past: "Sequence[_Shown] | None" = None,
    ) -> Response:
        now = self.clock()
        with self.app.store.reading() as connection:
            sample, topics = self.lists.newest_card(connection, now=now), self._topics(connection, now=now)
        return self.pages.show(
            "subscribe.html",
            heading=_promise(self.default),
            here="/",
            status=status,
            headers={"Retry-After": "3600"} if status == 429 else None,
            token=token or self.app.keys.sign(Purpose.FORM, int(now.timestamp())),
            trap=TRAP,
            **offered(
                typed,
                faults,
                languages=self.app.press.library.languages,
                also=self.default.max_papers,
                now=now,
                topics=topics,
            ),
            example=EXAMPLE,
            rhythm=rhythm(self.default),
            newsletters=self.app.config.newsletter,
            asks_newsletter=len(self.app.config.newsletter) > 1 or typed.newsletter != self.default.slug,
            asks_language=len(self.app.press.library.languages) > 1,
            past=past,
            sample=None if sample is None else sample.card,
            sample_heading="From today’s list" if sample and sample.on == now.date() else "From the latest list",
        )

    def _topics(self, connection: Connection, *, now: datetime) -> tuple[str, ...]:
        """What there is to follow, counted anew after each collect."""
        collected_at, kept = last_collected_at(connection), self._offered
        if kept is None or kept[0] != collected_at:
            kept = self._offered = collected_at, topics_offered(connection, otherwise=TOPICS, now=now)
        return kept[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A past edition on the page: its day in words, and each paper with why it would have been in it."""

    day: str
    papers: Sequence[tuple[Card, str]]


def _shown(edition: PastEdition, cadence: Cadence) -> _Shown:
    papers = [
        (make_card(paper, seen_at=paper.first_seen_at, cadence=cadence), why(ENGLISH, reason, marked=True)[1])
        for paper, reason in edition.papers
    ]
    return _Shown(day=ENGLISH.long_date(edition.on), papers=papers)


def _promise(newsletter: Newsletter) -> str:
    number = words.spelled(ENGLISH, newsletter.max_papers).capitalize()
    papers = f"{number} paper{'' if newsletter.max_papers == 1 else 's'}"
    return f"{papers} {_PERIOD.get(newsletter.cadence, 'a day')}, chosen for you"


def _facts(asked: Confirm) -> str:
    """The choices that come from our own lists; what was typed is shown to nobody who may not have typed it."""
    choices = asked.choices
    when = rhythm(choices)
    papers = words.counted(choices.max_papers, "paper")
    return f"{when[:1].upper()}{when[1:]} ({choices.timezone}), up to {papers}"
