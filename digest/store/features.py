"""What papers' texts are counted as, for choosing. A paper whose texts change has nothing until it is counted again.

What an older release counted is not read: its words may have other stems. Cleaning its paper anew forgets it.
"""

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Connection, delete, func, select

from digest.store.engine import IN_AT_ONCE, blocks, insert, take_turns
from digest.store.papers import NEVER
from digest.store.tables import features, papers
from digest.text import CLEANING

_IS_OF_TODAY = papers.c.cleaning >= CLEANING


def uncounted(connection: Connection) -> list[tuple[int, str, str]]:
    """(number, title, abstract) of some hundreds of papers without features, the newest first.

    Whoever records papers waits until the transaction ends: features of a text that changed meanwhile would stay.
    """
    take_turns(connection, "papers")
    joined = papers.outerjoin(features, features.c.paper_id == papers.c.id)
    query = select(papers.c.id, papers.c.title, papers.c.abstract).select_from(joined)
    wanted = query.where(features.c.paper_id.is_(None)).order_by(papers.c.id.desc()).limit(IN_AT_ONCE)
    return [(row.id, row.title, row.abstract) for row in connection.execute(wanted)]


def add_features(connection: Connection, counted: Mapping[int, bytes]) -> None:
    """Keep the features of papers; those that another process has counted meanwhile stay."""
    rows = [{"paper_id": number, "content": content} for number, content in counted.items()]
    if rows:
        connection.execute(insert(connection, features).on_conflict_do_nothing(), rows)


def forget_features(connection: Connection, paper_ids: Collection[int]) -> None:
    """The texts of these papers have changed."""
    for block in blocks(paper_ids):
        connection.execute(delete(features).where(features.c.paper_id.in_(block)))


def features_of(connection: Connection, paper_ids: Iterable[int]) -> dict[int, bytes]:
    """The features of those of the papers that have any."""
    found: dict[int, bytes] = {}
    for block in blocks(paper_ids):
        query = select(features).join(papers).where(_IS_OF_TODAY, features.c.paper_id.in_(block))
        found.update({row.paper_id: row.content for row in connection.execute(query)})
    return found


def newest_features(connection: Connection, *, limit: int) -> list[tuple[int, bytes]]:
    """(number, features) of the newest papers, of which examples are none: a reader's own would raise their floor."""
    query = select(features).join(papers).where(_IS_OF_TODAY, papers.c.first_seen_at < NEVER)
    query = query.order_by(features.c.paper_id.desc()).limit(limit)
    return [(row.paper_id, row.content) for row in connection.execute(query)]


def newest_counted(connection: Connection) -> int:
    """The number of the newest paper that has features, 0 where none has."""
    return int(connection.execute(select(func.coalesce(func.max(features.c.paper_id), 0))).scalar_one())
