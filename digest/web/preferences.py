"""What a reader chose, to be chosen anew; a break, and the way out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import Response
from starlette.datastructures import FormData
from starlette.requests import Request

from digest.address import Address, parse_address
from digest.app import App
from digest.change import BREAK, LONGEST_BREAK, break_of, change, pause, resume
from digest.choices import MOST_WEIGHT
from digest.due import due_on
from digest.errors import BusyError, InputError
from digest.model import InterestKind, Subscription, Want
from digest.rendering import words
from digest.rendering.language import ENGLISH
from digest.store import Connection
from digest.store.feedback import feedback_of
from digest.store.papers import papers_by_id, papers_named
from digest.subscribe import Origin, ask
from digest.tokens import Purpose
from digest.web.asking import check_mail, own_mailboxes, personal
from digest.web.clients import network_of
from digest.web.faults import Fault, attempt, fault_of
from digest.web.form import Typed, checked_again, filled_in, offered, rhythm, standing
from digest.web.links import ended, is_active, subscription_behind
from digest.web.pages import READ, Pages
from digest.web.security import posted
from digest.web.written import date_in

MOST_LEARNED = 12

_WEIGHTS = {"relevance": "What matches", "trend": "What is trending", "novelty": "What is new"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ticked:
    """A paper with a box: an example that was named, or one that was judged."""

    value: str
    before: str
    title: str


def router(app: App, pages: Pages, *, clock: Callable[[], datetime]) -> APIRouter:
    """`/preferences/TOKEN`."""
    face = _Preferences(app, pages, clock)
    routes = APIRouter()
    routes.add_api_route("/preferences/{token}", face.show, methods=READ)
    routes.add_api_route("/preferences/{token}", face.act, methods=["POST"])
    return routes


class _Preferences:
    def __init__(self, app: App, pages: Pages, clock: Callable[[], datetime]) -> None:
        self.app, self.pages, self.clock = app, pages, clock
        self.version = pages.version("preferences.html")
        self.own = own_mailboxes(app.config.newsletter)

    def show(self, token: str) -> Response:
        """The form as it stands."""
        return self._page(token)

    def act(self, token: str, request: Request, fields: Annotated[FormData, Depends(posted)]) -> Response:
        """Save, pause, resume, or ask a new address: what else is sent is not from this page, and changes nothing."""
        with self.app.store.reading() as connection:
            subscription = subscription_behind(self.app, connection, Purpose.PREFERENCES, token)
            if not is_active(subscription):
                return ended(self.pages, subscription, preferences=token)
            blank = self._standing(connection, subscription)
        match fields.get("do"):
            # A page sends its texts, empty ones too: without them, this is not one, and says nothing of topics.
            case "save" if "more" in fields:
                typed = filled_in(fields, blank)
                # What was said meanwhile was not on the page, and is not forgotten.
                shown = fields.getlist("shown")
                unticked = [int(one) for one in blank.learned if one in shown and one not in typed.learned]
                return self._save(token, subscription, typed, forget=unticked)
            case "pause":
                return self._pause(token, subscription, fields.get("until"))
            case "resume":
                ended_break = resume(self.app.store, subscription.id, keys=self.app.keys, now=self.clock())
                return self._page(token, note=("Resumed.", "Your settings are as they were.") if ended_break else None)
            case "move":
                return self._ask_to_move(token, subscription, str(fields.get("address", "")), request)
        raise HTTPException(400)

    def _ask_to_move(self, token: str, subscription: Subscription, typed: str, request: Request) -> Response:
        """Whatever is known of the new address, the same answer; nothing changes before it has confirmed."""
        network = network_of(request, trusted=self.app.config.web.trusted_proxies)
        try:
            address = _another(personal(typed, own=self.own), subscription)
            ask(
                self.app.store,
                address,
                newsletter=subscription.newsletter,
                choices=subscription.choices,
                keys=self.app.keys,
                now=self.clock(),
                origin=Origin(network=network, form=self.version),
                moving=subscription.id,
            )
        except BusyError as error:
            return self._page(token, faults=[fault_of("address", error)], address=typed, status=429)
        except InputError as error:
            return self._page(token, faults=[fault_of("address", error)], address=typed)
        return check_mail(self.pages, address)

    def _save(self, token: str, subscription: Subscription, typed: Typed, *, forget: Sequence[int]) -> Response:
        wanted = checked_again(
            typed, before=subscription.choices, standard=self.app.weights, languages=self.app.press.library.languages
        )
        if isinstance(wanted, list):
            return self._page(token, typed=typed, faults=wanted)
        change(
            self.app.store,
            subscription.id,
            choose=lambda _: wanted,
            forget=forget,
            keys=self.app.keys,
            now=self.clock(),
        )
        return self._page(token, note=("Saved.", "The next edition uses these settings."))

    def _pause(self, token: str, subscription: Subscription, typed: object) -> Response:
        faults: list[Fault] = []
        now = self.clock()
        until = attempt(faults, "until", lambda: date_in(str(typed or "")))
        if until is not None:
            attempt(
                faults,
                "until",
                lambda: pause(self.app.store, subscription.id, until=until, keys=self.app.keys, now=now),
            )
        if faults or until is None:
            # A field for a date holds a date or nothing.
            return self._page(token, faults=faults, until="" if until is None else until.isoformat())
        return self._page(token, note=(f"Paused until {ENGLISH.full_date(until)}.", "Your settings stay."))

    def _standing(self, connection: Connection, subscription: Subscription) -> Typed:
        said = feedback_of(connection, [subscription.id]).get(subscription.id, [])
        return standing(
            subscription.newsletter,
            subscription.choices,
            standard=self.app.weights,
            languages=self.app.press.library.languages,
            learned=[one.paper_id for one in said],
        )

    def _page(
        self,
        token: str,
        *,
        typed: Typed | None = None,
        faults: Sequence[Fault] = (),
        until: str | None = None,
        address: str = "",
        status: int = 422,
        note: tuple[str, str] | None = None,
    ) -> Response:
        """The page of the subscription as it is now, with what was typed where that has faults."""
        now = self.clock()
        with self.app.store.reading() as connection:
            subscription = subscription_behind(self.app, connection, Purpose.PREFERENCES, token)
            if not is_active(subscription):
                return ended(self.pages, subscription, preferences=token)
            typed = typed or self._standing(connection, subscription)
            examples = _examples(connection, subscription, now=now)
            learned = _learned(connection, subscription, now=now)
        today, paused_until = due_on(now, timezone=subscription.choices.timezone), break_of(subscription, now=now)
        return self.pages.show(
            "preferences.html",
            heading="Your preferences",
            status=status if faults else 200,
            headers={"Retry-After": "3600"} if status == 429 else None,
            **offered(
                typed, faults, languages=self.app.press.library.languages, also=subscription.choices.max_papers, now=now
            ),
            asks_language=len(self.app.press.library.languages) > 1,
            saved=note,
            lede=self._lede(subscription, now=now),
            weights=_WEIGHTS,
            most_weight=MOST_WEIGHT,
            examples=examples,
            learned=learned,
            most_learned=words.spelled(ENGLISH, MOST_LEARNED),
            paused="" if paused_until is None else ENGLISH.full_date(paused_until),
            until=(paused_until or today + BREAK).isoformat() if until is None else until,
            earliest=(today + timedelta(days=1)).isoformat(),
            latest=(today + LONGEST_BREAK).isoformat(),
            address=address,
            token=token,
            feed_token=self.app.keys.sign(Purpose.FEED, subscription.id),
            unsubscribe_token=self.app.keys.sign(Purpose.UNSUBSCRIBE, subscription.id),
        )

    def _lede(self, subscription: Subscription, *, now: datetime) -> str:
        choices, known = subscription.choices, self.app.press.newsletters
        titled = subscription.newsletter in known and len(known) > 1
        newsletter = f", {known[subscription.newsletter].title}" if titled else ""
        told = f"{subscription.address}{newsletter}, {rhythm(choices)}."
        if (until := break_of(subscription, now=now)) is not None:
            told += f" Paused until {ENGLISH.full_date(until)}."
        if subscription.next_due_at is None:
            return told
        arrival = words.arrival(ENGLISH, max(subscription.next_due_at, now), asked_at=now, timezone=choices.timezone)
        return f"{told} Next edition: {arrival} ({choices.timezone})."


def _another(address: Address, subscription: Subscription) -> Address:
    if address.key == parse_address(subscription.address).key:
        raise InputError("The editions come to that address already. Enter another.")
    return address


def _examples(connection: Connection, subscription: Subscription, *, now: datetime) -> list[_Ticked]:
    """The examples that were named; one that is not known here goes by its name."""
    named = [one.value for one in subscription.choices.interests if one.kind is InterestKind.EXAMPLE]
    numbers = papers_named(connection, named)
    papers = papers_by_id(connection, numbers.values(), now=now)
    titles = {alias: papers[number].title for alias, number in numbers.items() if number in papers}
    return [_Ticked(value=alias, before="", title=titles.get(alias, alias.partition(":")[2])) for alias in named]


def _learned(connection: Connection, subscription: Subscription, *, now: datetime) -> list[_Ticked]:
    said = feedback_of(connection, [subscription.id]).get(subscription.id, [])[:MOST_LEARNED]
    papers = papers_by_id(connection, [one.paper_id for one in said], now=now)
    return [
        _Ticked(
            value=str(one.paper_id),
            before="More like" if one.want is Want.MORE else "Less like",
            title=papers[one.paper_id].title,
        )
        for one in said
        if one.paper_id in papers
    ]
