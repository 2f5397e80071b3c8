"""Job: topics and papers' texts -> vectors in the store, by an embedding model where the operator named one.

Choosing reads what is there: a text without a vector goes by its words alone.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
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

MOST_REFUSED = 30
"""Texts refused in a row: then it is not for their sake, and they are left to the next run."""

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
    the model is asked. Where it does not answer, it is left alone until the next run. Texts that it will not have are
    kept as such, and not asked about again.
    """
    model = "" if embedder is None else embedder.name
    with store.writing() as connection:
        forget_vectors(connection, but_of=model)
    if embedder is None:
        return Embedded()
    with store.reading() as connection:
        texts = texts_without_vector(connection, model=model, papers_at_most=MOST_PAPERS, papers_first=FIRST)
    made, refused, ends_at = 0, 0, elapsed() + MOST_SECONDS
    try:
        for vectors in vectors_by(embedder, texts, goes_on=lambda: not should_stop() and elapsed() < ends_at):
            with store.writing() as connection:
                add_vectors(connection, vectors, model=model)
            nothing = sum(content == NONE for content in vectors.values())
            made, refused = made + len(vectors) - nothing, refused + nothing
            progress(len(vectors))
    except InferenceError as failure:
        error = f"Some papers and topics go by their words alone: {failure}"
        return Embedded(made=made, refused=refused, error=error)
    return Embedded(made=made, refused=refused)


def vectors_by(
    embedder: "Embedder", texts: Sequence[str], *, goes_on: Callable[[], bool] = lambda: True
) -> Iterator[Mapping[str, bytes]]:
    """The texts' packed vectors, some at a time; NONE for a text that the model refuses.

    A block that it refuses is halved, until such texts stand alone; later ones are no larger than the largest that it
    took. Raises InferenceError where it does not answer, or refuses what is not at fault.
    """
    asking, at, size = _Asking(embedder), 0, BLOCK
    while at < len(texts):
        waiting = [texts[at : at + size]]
        at += size
        while waiting:
            if not goes_on():
                return
            block = waiting.pop()
            vectors = asking.vectors(block)
            if vectors is None:
                waiting += [block[len(block) // 2 :], block[: len(block) // 2]]
            elif vectors:
                yield vectors
        size = asking.size(size)
    if asking.refused:
        yield asking.refused


class _Asking:
    """What a run knows of its model: the largest block that it took, the texts that it has refused since the last."""

    def __init__(self, embedder: "Embedder") -> None:
        self._embedder = embedder
        self._took, self._has_refused = 0, False
        self.refused: dict[str, bytes] = {}

    def size(self, before: int) -> int:
        """How large a block should be from now on."""
        return self._took if self._has_refused and self._took else before

    def vectors(self, texts: Sequence[str]) -> Mapping[str, bytes] | None:
        """The texts' vectors and those that were refused before; none of a refused text, None of texts to be halved."""
        try:
            rows = self._embedder.embed(texts)
        except InferenceError as failure:
            self._believe(failure)
            if len(texts) > 1:
                return None
            self.refused[texts[0]] = NONE
            if len(self.refused) == MOST_REFUSED:
                raise
            return {}
        refused, self.refused, self._took = self.refused, {}, max(self._took, len(texts))
        return refused | {text: pack_vector(row) for text, row in zip(texts, rows, strict=True)}

    def _believe(self, failure: InferenceError) -> None:
        """Raises the failure, or another, unless it is about the texts."""
        if failure.status not in REFUSALS:
            raise failure
        if not self._has_refused:
            self._embedder.embed([PLAIN])
            self._has_refused = True
