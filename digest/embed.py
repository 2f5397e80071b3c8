"""Job: topics and papers' texts -> vectors in the store, by an embedding model where the operator named one.

Choosing reads what is there: a text without a vector goes by its words alone.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digest.errors import InferenceError
from digest.ranking.background import MOST_PAPERS
from digest.ranking.nearness import pack_vector
from digest.store import Store
from digest.store.vectors import add_vectors, forget_vectors, texts_without_vector

if TYPE_CHECKING:
    from digest.inference.embedding import Embedder

BLOCK = 256
MOST_SECONDS = 120.0
"""What one run may take, the block under way besides: the rest is left to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """What a run did: vectors made; `error` is why no more of them came."""

    made: int = 0
    error: str = ""


def embed(
    store: Store,
    embedder: "Embedder | None",
    *,
    should_stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int], None] = lambda _: None,
    elapsed: Callable[[], float] = time.monotonic,
) -> Embedded:
    """Make vectors of topics and of the newest papers that have none; those of other models are deleted.

    Without an embedder, that is all. Each block is stored in one transaction, and none is open while
    the model is asked. Where it does not answer, it is left alone until the next run.
    """
    model = "" if embedder is None else embedder.name
    with store.writing() as connection:
        forget_vectors(connection, but_of=model)
    if embedder is None:
        return Embedded()
    with store.reading() as connection:
        texts = texts_without_vector(connection, model=model, papers_at_most=MOST_PAPERS)
    made, ends_at = 0, elapsed() + MOST_SECONDS
    while made < len(texts) and not should_stop() and elapsed() < ends_at:
        block = texts[made : made + BLOCK]
        try:
            rows = embedder.embed(block)
        except InferenceError as failure:
            return Embedded(made=made, error=f"Some papers and topics go by their words alone: {failure}")
        with store.writing() as connection:
            contents = {text: pack_vector(row) for text, row in zip(block, rows, strict=True)}
            add_vectors(connection, contents, model=model)
        made += len(block)
        progress(len(block))
    return Embedded(made=made)
