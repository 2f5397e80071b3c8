"""Texts' vectors by an embedding model, each under its text's hash: of a text that changes there is none yet.

There are those of one model, but for the moments in which one takes another's place.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import chain

from sqlalchemy import Connection, delete, func, select

from digest.model import InterestKind, SubscriptionState
from digest.store.engine import blocks, insert
from digest.store.tables import interests, papers, subscriptions, vectors

NONE = b""
"""The vector of a text that the model will not make one of, kept so that it is not asked again."""


def texts_without_vector(connection: Connection, *, model: str, papers_at_most: int, papers_first: int) -> list[str]:
    """Title and abstract of the newest papers, newest first, and the topics that are followed, that lack the model's.

    The topics stand behind the first papers, those before others whose readers' editions come before others'. What the
    model refuses lacks none.
    """
    newest = select(papers.c.id).order_by(papers.c.id.desc()).limit(papers_at_most)
    numbers = connection.execute(newest).scalars().all()
    first, later = (_texts(connection, some) for some in (numbers[:papers_first], numbers[papers_first:]))
    found: list[str] = []
    for block in blocks(chain(first, _topics(connection), later)):
        known = _found(connection, block, model=model)
        found += [text for text in dict.fromkeys(block) if text not in known]
    return found


def texts_of(connection: Connection, paper_ids: Iterable[int]) -> dict[int, str]:
    """What of papers is made a vector, the newest first in every 500."""
    found: dict[int, str] = {}
    for block in blocks(paper_ids):
        query = select(papers.c.id, papers.c.title, papers.c.abstract).where(papers.c.id.in_(block))
        rows = connection.execute(query.order_by(papers.c.id.desc()))
        found.update({row.id: f"{row.title}\n{row.abstract}" for row in rows})
    return found


def stored_model(connection: Connection) -> str:
    """The model whose vectors there are, one of two where two meet; empty where there are none."""
    return connection.execute(select(func.min(vectors.c.model))).scalar() or ""


def vectors_of(connection: Connection, texts: Iterable[str], *, model: str) -> dict[str, bytes]:
    """The texts' vectors by a model; NONE where there is none."""
    wanted = list(texts)
    return dict.fromkeys(wanted, NONE) | _found(connection, wanted, model=model)


def add_vectors(connection: Connection, contents: Mapping[str, bytes], *, model: str) -> None:
    """Keep the texts' vectors; those that another process has made meanwhile stay."""
    rows = [{"model": model, "key": _key(text), "content": content} for text, content in contents.items()]
    connection.execute(insert(connection, vectors).on_conflict_do_nothing(), rows)


def forget_vectors(connection: Connection, *, but_of: str) -> None:
    """Delete those of every other model."""
    connection.execute(delete(vectors).where(vectors.c.model != but_of))


def _found(connection: Connection, texts: Iterable[str], *, model: str) -> dict[str, bytes]:
    by_key = {_key(text): text for text in texts}
    found: dict[str, bytes] = {}
    for block in blocks(by_key):
        query = select(vectors.c.key, vectors.c.content).where(vectors.c.model == model, vectors.c.key.in_(block))
        found.update({by_key[bytes(row.key)]: row.content for row in connection.execute(query)})
    return found


def _texts(connection: Connection, numbers: Iterable[int]) -> Iterator[str]:
    return (text for block in blocks(numbers) for text in texts_of(connection, block).values())


def _topics(connection: Connection) -> Iterable[str]:
    followed = interests.join(subscriptions, interests.c.subscription_id == subscriptions.c.id)
    wanted = (interests.c.kind == InterestKind.TOPIC, subscriptions.c.state == SubscriptionState.ACTIVE)
    soonest = func.min(subscriptions.c.next_due_at)
    query = select(interests.c.value).select_from(followed).where(*wanted).group_by(interests.c.value)
    query = query.order_by(soonest, interests.c.value)
    return connection.execute(query).scalars().all()


def _key(text: str) -> bytes:
    return sha256(text.encode()).digest()
