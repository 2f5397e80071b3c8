"""The same editions for others to send: some of our readers' papers as JSON, and templates that hold them.

The MJML is compiled here, once: neither Django nor node takes any time for that.
"""

import json
from pathlib import Path
from typing import Any

from mjml import mjml2html

from digest.app import App
from digest.store import Connection
from digest.store.deliveries import Delivery
from digest.store.editions import cards_of
from digest.tokens import Purpose

HERE = Path(__file__).parent
SITE = "https://papers.example.org"


def write_editions(app: App, connection: Connection, some: list[Delivery], folder: Path) -> None:
    """Put editions of queued deliveries into a folder, with the templates of them."""
    readers = [reader(app, connection, delivery) for delivery in some]
    (folder / "readers.json").write_text(json.dumps(readers))
    (folder / "edition.txt").write_text((HERE / "edition.txt").read_text())
    (folder / "edition.html").write_text(mjml2html((HERE / "edition.mjml").read_text(), fonts={}))


def reader(app: App, connection: Connection, delivery: Delivery) -> dict[str, Any]:
    """What a template is told of one reader."""
    assert delivery.selection is not None
    assert delivery.printing_id is not None
    picks = delivery.selection.picks
    cards = cards_of(connection, delivery.printing_id, [pick.paper_id for pick in picks])
    token = app.press.keys.sign(Purpose.UNSUBSCRIBE, delivery.id)
    shown = [(pick, cards[pick.paper_id]) for pick in picks]
    return {
        "address": delivery.address,
        "subject": f"{shown[0][1]['title'][:60]}, and {len(shown) - 1} more" if shown else "Papers",
        "unsubscribe": f"{SITE}/unsubscribe/{token}",
        "preferences": f"{SITE}/preferences/{token}",
        "feedback": f"{SITE}/feedback/{token}",
        "filling": "",
        "papers": [
            {
                "number": pick.paper_id,
                "url": card["url"],
                "title": card["title"],
                "authors": ", ".join(card["authors"]),
                "upvotes": card["upvotes"],
                "summary": card["summary"],
                "why": f"{pick.reason.interest}: {', '.join(pick.reason.terms)}",
            }
            for pick, card in shown
        ],
    }
