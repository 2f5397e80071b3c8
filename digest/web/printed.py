"""What anybody may see of an edition: what was printed for all its readers, and nothing of whoever got it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from digest.rendering import words
from digest.rendering.cards import Card, card_from_json
from digest.rendering.language import ENGLISH
from digest.store import Connection
from digest.store.editions import Printed, cards_of, printing_content_of
from digest.web.lists import Shown

ALSO = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicEdition:
    """An edition's most upvoted papers, as they were printed; `count` is of how many, `seen_at` when they were counted.

    `top` is the first of them, `most_upvotes` what any of them has; `also` follow them.
    """

    printed: Printed
    count: int
    seen_at: datetime
    leading: tuple[int, ...]
    top: Card
    most_upvotes: int
    also: tuple[Card, ...]

    @property
    def name(self) -> str:
        """`Wednesday 17 June 2026`."""
        return words.edition_date(ENGLISH, self.printed.cadence, self.printed.due_on)

    @property
    def path(self) -> str:
        """Its page."""
        return archive_path(self.printed.newsletter, self.printed.due_on)

    def papers(self, connection: Connection) -> list[Shown]:
        """Its most upvoted papers as they were printed."""
        cards = cards_of(connection, self.printed.printing_id, self.leading)
        return [
            Shown(card=card_from_json(cards[number]), path=f"/paper/{number}")
            for number in self.leading
            if number in cards
        ]


def archive_path(newsletter: str, due_on: date) -> str:
    """The public page of a newsletter's edition."""
    return f"/archive/{newsletter}/{due_on}"


def public_edition(connection: Connection, printed: Printed) -> PublicEdition | None:
    """What of a printing is for everybody; None where it was printed without that, or no paper was new."""
    content = printing_content_of(connection, printed.printing_id)
    facts, leading = content["facts"], tuple(content.get("leading", ()))
    if not leading:
        return None
    trending = [_card(one) for one in facts["trending"]]
    return PublicEdition(
        printed=printed,
        count=facts["count"],
        seen_at=datetime.fromisoformat(content["seen_at"]),
        leading=leading,
        top=trending[0],
        most_upvotes=max(one.upvotes for one in trending),
        also=tuple(trending[len(leading) : len(leading) + ALSO]),
    )


def _card(told: Mapping[str, Any]) -> Card:
    return Card(title=told["title"], url=told["url"], upvotes=told["upvotes"])
