"""A reader's own editions as an Atom feed, behind a link that is good for nothing else.

An entry is an edition: its papers as they were printed, each with why it was chosen. Nothing in it leads to the
reader's preferences: feed readers keep what they fetch, and some show it to others.
"""

from urllib.parse import urlsplit

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response
from lxml import etree
from markupsafe import Markup
from starlette.requests import Request

from digest.app import App
from digest.model import Cadence, Pick
from digest.press import Press
from digest.rendering import words
from digest.rendering.cards import Card, card_from_json
from digest.rendering.language import ENGLISH
from digest.rendering.marks import why
from digest.store import Connection
from digest.store.deliveries import Delivery
from digest.store.editions import cards_of
from digest.store.past import editions_sent
from digest.tokens import Purpose
from digest.web.atom import NOTHING_YET, add, document, lawful, link, new_feed, unless_known, written
from digest.web.links import is_active, subscription_behind
from digest.web.pages import READ
from digest.web.printed import archive_path

EDITIONS = 20
ENDED = "This feed has ended: nobody is subscribed by it any more. Take it out of your feed reader.\n"


def router(app: App) -> APIRouter:
    """`/feed/private/TOKEN.atom`."""

    def feed(token: str, request: Request) -> Response:
        with app.store.reading() as connection:
            subscription = subscription_behind(app, connection, Purpose.FEED, token)
            if not is_active(subscription):
                return PlainTextResponse(ENDED, status_code=410)
            sent = editions_sent(connection, subscription.id, limit=EDITIONS)
            changed_at = max((one.dated_at for one in sent), default=NOTHING_YET)
            known = app.press.newsletters.get(subscription.newsletter)
            made = new_feed(
                app.press,
                app.press.link(f"/feed/private/{token}.atom"),
                title=f"{known.title if known else app.press.site_name}: your editions",
                subtitle="The papers that were chosen for you.",
                changed_at=changed_at,
            )
            for one in sent:
                _add_edition(connection, made, app.press, one)
        return unless_known(request, document(made), changed_at=changed_at)

    routes = APIRouter()
    routes.add_api_route("/feed/private/{token}.atom", feed, methods=READ)
    return routes


def _add_edition(connection: Connection, feed: etree._Element, press: Press, sent: Delivery) -> None:
    picks = () if sent.selection is None else sent.selection.picks
    if not picks or sent.printing_id is None or sent.due_on is None or sent.reader is None:
        return
    cards = cards_of(connection, sent.printing_id, [pick.paper_id for pick in picks])
    printed = [(pick, card_from_json(cards[pick.paper_id])) for pick in picks if pick.paper_id in cards]
    entry = add(feed, "entry")
    add(entry, "id", f"tag:{urlsplit(press.base_url).hostname},{sent.due_on}:your-edition/{sent.id}")
    add(entry, "title", words.edition_date(ENGLISH, Cadence(sent.reader["cadence"]), sent.due_on))
    add(entry, "published", written(sent.dated_at))
    add(entry, "updated", written(sent.dated_at))
    # What anybody may see of it: a link that is good for whoever the entry is passed on to.
    link(entry, "alternate", press.link(archive_path(sent.newsletter, sent.due_on)), type="text/html")
    items = Markup().join(_item(press, pick, card) for pick, card in printed)
    content = add(entry, "content", lawful(str(Markup("<ol>{}</ol>").format(items))))
    content.set("type", "html")


def _item(press: Press, pick: Pick, card: Card) -> Markup:
    reason = why(ENGLISH, pick.reason, marked=True)[1]
    summary = Markup("<p>{}</p>").format(card.summary) if card.summary else Markup()
    title = Markup('<a href="{}">{}</a>').format(press.link(f"/paper/{pick.paper_id}"), card.title)
    return Markup("<li>{}{}<p><em>{}</em></p></li>").format(title, summary, reason)
