"""Editions, and their printings: what a message was made from, kept so that it can be made again."""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, func, select

from digest.model import Cadence
from digest.store.engine import blocks, insert
from digest.store.tables import editions, pieces, printings

LEADING = 10
"""So many papers does an edition's public page show, whoever reads which of them."""

_PERIODS = list(Cadence)
"""From the shortest period to the longest."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """An edition, and the newest of its printings."""

    newsletter: str
    cadence: Cadence
    due_on: date
    printing_id: int


def editions_printed(
    connection: Connection, newsletters: Sequence[str], *, since: date, until: date, limit: int | None = None
) -> list[Printed]:
    """The newsletters' editions of these dates, newest first: of several of one date the one of the shortest period."""
    wanted = editions.c.newsletter.in_(newsletters) & editions.c.due_on.between(since, until)
    named = (editions.c.newsletter, editions.c.cadence, editions.c.due_on)
    query = select(*named, func.max(printings.c.id).label("printing_id")).join(printings).where(wanted).group_by(*named)
    query = query.order_by(editions.c.due_on.desc(), editions.c.newsletter)
    if limit is not None:
        query = query.limit(limit * len(Cadence))
    found: dict[tuple[date, str], Printed] = {}
    for row in connection.execute(query):
        cadence = Cadence(row.cadence)
        one = Printed(newsletter=row.newsletter, cadence=cadence, due_on=row.due_on, printing_id=row.printing_id)
        shortest = found.setdefault((one.due_on, one.newsletter), one)
        if _PERIODS.index(cadence) < _PERIODS.index(shortest.cadence):
            found[one.due_on, one.newsletter] = one
    return list(found.values())[:limit]


def editions_beside(
    connection: Connection, newsletters: Sequence[str], *, since: date, until: date
) -> tuple[date | None, date | None]:
    """The last date of an edition before these dates, and the first after them."""
    ours = editions.c.newsletter.in_(newsletters)
    before = select(func.max(editions.c.due_on)).where(ours, editions.c.due_on < since)
    after = select(func.min(editions.c.due_on)).where(ours, editions.c.due_on > until)
    return connection.execute(before).scalar_one(), connection.execute(after).scalar_one()


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
