"""The demo's outbox in the browser: what was sent, as a mail program would show it."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, PlainTextResponse, Response

from digest.rendering.language import ENGLISH
from digest.web.failures import no_such_page
from digest.web.pages import READ, Pages
from digest.web.security import FRAMING, SANDBOX, message_policy

MOST_SHOWN = 200

_LEDE = "What was sent, newest first. Nothing of it has left this machine. By the demo’s clock it is {now}."

_FOLLOWED = '<head><base target="_top">'
"""The head of a message in its frame: a link opens in place of the page around it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Letter:
    name: str
    to: str
    subject: str
    date: str


def router(folder: Path, pages: Pages, *, newsletters: Container[str], clock: Callable[[], datetime]) -> APIRouter:
    """`/outbox/` and its messages, but for what other installations put into the same folder."""

    def files() -> dict[str, Path]:
        return {name: path for name, path in _files(folder).items() if name.partition(".")[0] in newsletters}

    def index() -> Response:
        newest = sorted(files().items(), key=lambda item: (item[1].stat().st_mtime_ns, item[0]), reverse=True)
        letters = [_letter(name, _read(path)) for name, path in newest[:MOST_SHOWN]]
        lede = _LEDE.format(now=ENGLISH.moment(clock())) if letters else "No message yet."
        return pages.show("outbox.html", heading="Outbox", here="/outbox/", lede=lede, letters=letters)

    def show(name: str) -> Response:
        message = _message(files(), name)
        return pages.show(
            "letter.html",
            heading=message.get("Subject", "No subject"),
            here="/outbox/",
            headers={"Content-Security-Policy": FRAMING},
            letter=_letter(name, message),
            fields=message.items(),
            sandbox=SANDBOX,
        )

    def html(name: str) -> Response:
        page = _part(_message(files(), name), "html").replace("<head>", _FOLLOWED, 1)
        return HTMLResponse(page, headers={"Content-Security-Policy": message_policy(framed=True)})

    def text(name: str) -> Response:
        return PlainTextResponse(_part(_message(files(), name), "plain"))

    routes = APIRouter()
    routes.add_api_route("/outbox/", index, methods=READ)
    routes.add_api_route("/outbox/{name}", show, methods=READ)
    routes.add_api_route("/outbox/{name}/html", html, methods=READ)
    routes.add_api_route("/outbox/{name}/text", text, methods=READ)
    return routes


def _files(folder: Path) -> dict[str, Path]:
    """The Maildir's messages by name, without the flags that a mail program adds."""
    parts = [part for part in (folder / "new", folder / "cur") if part.is_dir()]
    return {path.name.partition(":")[0]: path for part in parts for path in part.iterdir() if path.is_file()}


def _message(files: Mapping[str, Path], name: str) -> EmailMessage:
    """The message of that name; a name is looked up among the files, never made into a path."""
    path = files.get(name)
    if path is None:
        raise no_such_page()
    return _read(path)


def _read(path: Path) -> EmailMessage:
    message = message_from_bytes(path.read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    return message


def _letter(name: str, message: EmailMessage) -> _Letter:
    sent_at = message["Date"].datetime if "Date" in message else None
    return _Letter(
        name=name,
        to=message.get("To", ""),
        subject=message.get("Subject", "No subject"),
        date="" if sent_at is None else ENGLISH.moment(sent_at),
    )


def _part(message: EmailMessage, subtype: str) -> str:
    body = message.get_body(preferencelist=(subtype,))
    if body is None:
        raise no_such_page()
    content: str = body.get_content()
    return content
