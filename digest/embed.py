"""Job: topics and papers' texts -> vectors in the store, by an embedding model where the operator named one.

Choosing reads what is there: a text without a vector goes by its words alone.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.errors import InferenceError
from digest.ranking.background import MOST_PAPERS
from digest.ranking.nearness import pack_vector
from digest.store import Store
from digest.store.vectors import NONE, add_vectors, forget_vectors, texts_without_vector

if TYPE_CHECKING:
    from digest.inference.embedding import Embedder

BLOCK = 256

FIRST = 2_000
"""Papers that come before topics: those of a day, and of every sample a hundred, which is enough to measure by. An
edition looks at a paper once, while a topic that is a day late is there for all others; all else comes afterwards."""

REFUSALS = frozenset({400, 413, 422})
"""How an endpoint answers to a text that is not to its taste; others are about itself, or about us."""

PLAIN = "A paper."
"""What any model takes: one that refuses this, too, does not do so for the texts' sake."""

MOST_SECONDS = 120.0
"""What one run may take, the block under way besides: the rest is left to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """What a run did: vectors made, texts that the model refused; `error` is why no more of them came."""

    made: int = 0
    refused: int = 0
    error: str = ""


def embed(
    store: Store,
    embedder: "Embedder | None",
    *,
    should_stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int], None] = lambda _: None,
    elapsed: Callable[[], float] = time.monotonic,
) -> Embedded:
    """Make vectors of the newest papers and of topics that have none; those of other models are deleted.

    Without an embedder, that is all. Each block is stored in one transaction, and none is open while
    the model is asked. Where it does not answer, it is left alone until the next run. A block that it refuses is
    halved, until those texts stand alone that it will not have: they are kept as such, and not asked about again.
    """
    model = "" if embedder is None else embedder.name
    with store.writing() as connection:
        forget_vectors(connection, but_of=model)
    if embedder is None:
        return Embedded()
    with store.reading() as connection:
        texts = texts_without_vector(connection, model=model, papers_at_most=MOST_PAPERS, papers_first=FIRST)
    waiting = [texts[at : at + BLOCK] for at in range(0, len(texts), BLOCK)][::-1]
    made, refused, ends_at = 0, 0, elapsed() + MOST_SECONDS
    while waiting and not should_stop() and elapsed() < ends_at:
        block = waiting.pop()
        try:
            contents = _vectors(embedder, block)
        except InferenceError as failure:
            error = f"Some papers and topics go by their words alone: {failure}"
            return Embedded(made=made, refused=refused, error=error)
        if not contents and len(block) > 1:
            waiting += [block[len(block) // 2 :], block[: len(block) // 2]]
            continue
        with store.writing() as connection:
            add_vectors(connection, contents or {block[0]: NONE}, model=model)
        made, refused = made + len(contents), refused + (not contents)
        progress(len(block))
    return Embedded(made=made, refused=refused)


def _vectors(embedder: "Embedder", texts: Sequence[str]) -> Mapping[str, bytes]:
    """The texts' vectors, packed; none where the model refuses them. Raises InferenceError where it does not answer."""
    try:
        rows = embedder.embed(texts)
    except InferenceError as failure:
        if failure.status not in REFUSALS:
            raise
        embedder.embed([PLAIN])
        return {}
    return {text: pack_vector(row) for text, row in zip(texts, rows, strict=True)}
