"""Cleaning stored papers anew, where an older cleaning made their texts and keys."""

from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from digest.store.backgrounds import forget_backgrounds
from digest.store.engine import IN_AT_ONCE, take_turns
from digest.store.features import forget_features
from digest.store.recording import stored_title_key
from digest.store.tables import papers
from digest.text import CLEANING, author_key, clean

_TEXTS = ("organisation", "summary")
_LISTS = ("authors", "categories", "keywords")
_KEYS = ("title", "abstract", "title_key", "author_key", "cleaning")


def clean_anew(connection: Connection) -> int:
    """Clean some hundreds of those papers, the newest first; how many those were: 0 where there is none left.

    What was counted in them is forgotten, and what was fitted to that.
    """
    take_turns(connection, "papers")
    order = papers.c.cleaning.desc(), papers.c.id.desc()
    query = select(papers).where(papers.c.cleaning < CLEANING).order_by(*order).limit(IN_AT_ONCE)
    rows = [_cleaned(row) for row in connection.execute(query)]
    if rows:
        values: dict[str, Any] = {name: bindparam(f"_{name}") for name in (*_KEYS, *_TEXTS, *_LISTS)}
        connection.execute(update(papers).where(papers.c.id == bindparam("_id")).values(values), rows)
        forget_features(connection, [row["_id"] for row in rows])
        forget_backgrounds(connection)
    return len(rows)


def _cleaned(row: Row[Any]) -> dict[str, Any]:
    """The row's values: title and abstract from their raw texts, or else, as all others, from what is stored."""
    stored = row._asdict()
    title, authors = clean(row.raw_title) or row.title, [clean(author) for author in row.authors]
    values = {
        "title": title,
        "abstract": clean(row.raw_abstract) or row.abstract,
        "title_key": stored_title_key(title),
        "author_key": author_key(authors),
        "cleaning": CLEANING,
        **{name: clean(stored[name]) for name in _TEXTS},
        **{name: [clean(one) for one in stored[name]] for name in _LISTS},
    }
    return {"_id": row.id, **{f"_{name}": value for name, value in values.items()}}
