"""Editions, and their printings: what a message was made from, kept so that it can be made again."""

import json
import zlib
from collections.abc import Iterable, Mapping
from datetime import date
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, select

from digest.model import Cadence
from digest.store.engine import blocks, insert
from digest.store.tables import editions, pieces, printings


def edition_for(connection: Connection, *, newsletter: str, cadence: Cadence, due_on: date) -> int:
    """The edition's number; it is made if there is none."""
    row = {"newsletter": newsletter, "cadence": cadence, "due_on": due_on}
    connection.execute(insert(connection, editions).values(row).on_conflict_do_nothing())
    return int(connection.execute(select(editions.c.id).filter_by(**row)).scalar_one())


def printing_for(connection: Connection, edition_id: int, content: Mapping[str, Any]) -> int:
    """The number of the edition's printing with exactly this content (JSON); it is made if there is none."""
    packed = json.dumps(content, sort_keys=True, ensure_ascii=False).encode()
    version = sha256(packed).hexdigest()
    row = {"edition_id": edition_id, "version": version, "content": zlib.compress(packed)}
    connection.execute(insert(connection, printings).values(row).on_conflict_do_nothing())
    return int(
        connection.execute(select(printings.c.id).filter_by(edition_id=edition_id, version=version)).scalar_one()
    )


def add_pieces(connection: Connection, printing_id: int, cards: Mapping[int, Any]) -> None:
    """Keep each paper's card (JSON, by paper number) with the printing; one that is there stays."""
    rows = [{"printing_id": printing_id, "paper_id": number, "content": card} for number, card in cards.items()]
    if rows:
        connection.execute(insert(connection, pieces).on_conflict_do_nothing(), rows)


def printing_content_of(connection: Connection, number: int) -> Mapping[str, Any]:
    """The content (JSON) of the printing with this number."""
    packed = connection.execute(select(printings.c.content).where(printings.c.id == number)).scalar_one()
    content: Mapping[str, Any] = json.loads(zlib.decompress(packed))
    return content


def newest_cards(connection: Connection, *, newsletter: str) -> list[Any]:
    """The cards (JSON) of the newsletter's newest printing; none before its first edition."""
    joined = printings.join(editions, printings.c.edition_id == editions.c.id)
    newest = select(printings.c.id).select_from(joined).where(editions.c.newsletter == newsletter)
    number = newest.order_by(printings.c.id.desc()).limit(1).scalar_subquery()
    query = select(pieces.c.content).where(pieces.c.printing_id == number).order_by(pieces.c.paper_id)
    return list(connection.execute(query).scalars())


def cards_of(connection: Connection, printing_id: int, paper_ids: Iterable[int]) -> dict[int, Any]:
    """The cards (JSON, by paper number) that were printed for these papers."""
    found: dict[int, Any] = {}
    for block in blocks(sorted(set(paper_ids))):
        wanted = (pieces.c.printing_id == printing_id) & pieces.c.paper_id.in_(block)
        found.update((row.paper_id, row.content) for row in connection.execute(select(pieces).where(wanted)))
    return found
