"""More like a paper, or less: the link of a message asks, its button acts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from re import fullmatch
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from starlette.datastructures import FormData
from starlette.requests import Request

from digest import feedback
from digest.app import App
from digest.model import Paper, Subscription, Want
from digest.rendering import words
from digest.store import Connection
from digest.store.deliveries import Delivery, delivery_numbered
from digest.store.papers import papers_by_id, present_numbers
from digest.store.subscribers import subscription_numbered
from digest.tokens import Purpose
from digest.web.failures import kept_no_longer, no_such_page
from digest.web.links import ended, is_active
from digest.web.pages import READ, Button, Pages
from digest.web.security import posted

UNDO = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    """What a link says, of which paper, and for whom."""

    subscription: Subscription | None
    paper: Paper
    want: Want

    @property
    def name(self) -> str:
        return words.short_name(self.paper.title)

    @property
    def button(self) -> Button:
        return Button(text=f"{self.want.capitalize()} like this")


def router(app: App, pages: Pages, *, clock: Callable[[], datetime]) -> APIRouter:
    """`/feedback/TOKEN?paper=N&want=more|less`."""

    def ask(token: str, request: Request) -> Response:
        with app.store.reading() as connection:
            word = _word(app, connection, token, request.query_params, now=clock())
        if word is None or not is_active(word.subscription):
            return ended(pages, None if word is None else word.subscription)
        towards = "towards" if word.want is Want.MORE else "away from"
        return pages.notice(
            f"{word.want.capitalize()} like “{word.name}”?",
            lede=f"The next edition leans a little {towards} papers like it.",
            button=word.button,
        )

    def act(token: str, request: Request, fields: Annotated[FormData, Depends(posted)]) -> Response:
        now = clock()
        with app.store.writing() as connection:
            word = _word(app, connection, token, request.query_params, now=now)
            if word is None or not is_active(word.subscription):
                return ended(pages, None if word is None else word.subscription)
            if fields.get("do") == UNDO:
                feedback.take_back(connection, word.subscription, word.paper.id, now=now)
                return _forgotten(pages, word)
            feedback.say(connection, word.subscription, word.paper.id, word.want, now=now)
            return _noted(pages, word)

    routes = APIRouter()
    routes.add_api_route("/feedback/{token}", ask, methods=READ)
    routes.add_api_route("/feedback/{token}", act, methods=["POST"])
    return routes


def _word(app: App, connection: Connection, token: str, query: Mapping[str, str], *, now: datetime) -> _Word | None:
    """What the link says; None where its reader was erased.

    Raises HTTPException 404 where it is not ours, or its message holds no such paper; 410 where what it held is kept no
    longer.
    """
    number, want = app.keys.read(Purpose.FEEDBACK, token), query.get("want", "")
    if number is None or want not in set(Want):
        raise no_such_page()
    delivery = delivery_numbered(connection, number)
    if delivery is None:
        raise kept_no_longer()
    if delivery.subscription_id is None:
        return None
    if delivery.due_on is not None and delivery.selection is None:
        raise kept_no_longer()
    return _Word(
        subscription=subscription_numbered(connection, delivery.subscription_id),
        paper=_paper(connection, delivery, query.get("paper", ""), now=now),
        want=Want(want),
    )


def _paper(connection: Connection, delivery: Delivery, typed: str, *, now: datetime) -> Paper:
    """The paper at that place of the message, counted from 1, under the number that it has by now."""
    picks = () if delivery.selection is None else delivery.selection.picks
    place = int(typed) if fullmatch("[1-9][0-9]?", typed) else 0
    if not 1 <= place <= len(picks):
        raise no_such_page()
    number = picks[place - 1].paper_id
    number = present_numbers(connection, [number]).get(number, number)
    papers = papers_by_id(connection, [number], now=now)
    if number not in papers:
        raise no_such_page()
    return papers[number]


def _noted(pages: Pages, word: _Word) -> Response:
    return pages.notice(
        word.name,
        word="Noted:",
        done=f"{word.want} like “{word.name}”. It counts from the next edition.",
        button=Button(text="Undo", value=UNDO, quiet=True),
    )


def _forgotten(pages: Pages, word: _Word) -> Response:
    return pages.notice(
        word.name,
        word="Undone:",
        done=f"nothing is noted of “{word.name}” any more.",
        button=word.button,
    )
