"""Texts as vectors of meaning, by a small model in this process or by an endpoint."""

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from digest.errors import ConfigError, InferenceError
from digest.inference.endpoint import Endpoint

# Only where a model is used: the extra `semantic` brings it.
if TYPE_CHECKING:
    from model2vec import StaticModel

Vectors = NDArray[np.float32]

MOST_CHARACTERS = 8_000
"""Of a text, what is embedded: title and abstract fit."""
AT_ONCE = 64
MOST_DIMENSIONS = 8_192


class Embedder(Protocol):
    """Makes vectors. Those of two embedders can be compared only if their names are the same."""

    @property
    def name(self) -> str:
        """Which model it is, to be kept with its vectors."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """An array (n, d) of unit rows, one for each text; a row of zeros where the model knows no word of it.

        Raises InferenceError where the vectors cannot be had.
        """


class StaticEmbedder:
    """A Model2Vec model: a vector for each token, and their mean. A thousand abstracts take less than a second."""

    def __init__(self, model: "StaticModel") -> None:
        self._model = model
        content = blake2b(model.tokenizer.to_str().encode(), digest_size=8)
        for part in (model.embedding, model.weights, model.token_mapping):
            content.update(b"" if part is None else np.ascontiguousarray(part).tobytes())
        self.name = f"model2vec:{content.hexdigest()}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See Embedder; of no texts, an array (0, d)."""
        if not texts:
            return np.zeros((0, self._model.dim), dtype=np.float32)
        cut = [text[:MOST_CHARACTERS] for text in texts]
        return _unit_rows(self._model.encode(cut, normalize=False, use_multiprocessing=False))


def load_static(model: str) -> StaticEmbedder:
    """The Model2Vec model in a folder, or the one that the Hugging Face hub's client fetched under this name.

    Nothing is fetched here: the hub's client goes its own ways out. Raises ConfigError where the
    extra is not installed, or the model is not on this machine or is none.
    """
    try:
        from huggingface_hub import snapshot_download
        from model2vec import StaticModel
    except ImportError as error:
        raise ConfigError(
            "Model2Vec is not installed. Run `pip install '.[semantic]'` in Offprint's checkout."
        ) from error
    try:
        folder = model if Path(model).is_dir() else snapshot_download(model, local_files_only=True)
        return StaticEmbedder(StaticModel.from_pretrained(folder))
    except Exception as error:  # whatever a broken folder makes two libraries raise
        raise ConfigError(
            f"There is no Model2Vec model {model!r} on this machine. Name the folder of one, or fetch it once from the"
            " Hugging Face hub by `hf download`."
        ) from error


class EndpointEmbedder:
    """An endpoint's model, asked for 64 texts at a time; the first request that fails ends it."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self.name = f"{endpoint.url} {endpoint.model}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See Embedder; of no texts, an array (0, 0). None of them may be empty: some endpoints refuse those."""
        rows: list[Vectors] = []
        for first in range(0, len(texts), AT_ONCE):
            some = [text[:MOST_CHARACTERS] for text in texts[first : first + AT_ONCE]]
            rows.append(_vectors(self._endpoint.ask("embeddings", {"input": some}), count=len(some)))
        if len({block.shape[1] for block in rows}) > 1:
            raise InferenceError("The endpoint's vectors differ in length; it may not ask one model.")
        return np.concatenate(rows) if rows else np.zeros((0, 0), dtype=np.float32)


def _vectors(told: Any, *, count: int) -> Vectors:
    """The vectors of an answer, in the order in which they were asked for."""
    try:
        by_index = {item["index"]: item["embedding"] for item in told["data"]}
        vectors = np.array([by_index[index] for index in range(count)], dtype=np.float64)
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        raise InferenceError("The endpoint answered without a vector for each text; mend its address.") from error
    if vectors.ndim != 2 or not 0 < vectors.shape[1] <= MOST_DIMENSIONS:
        raise InferenceError("The endpoint answered with vectors of no length; mend its address or its model.")
    return _unit_rows(vectors)


def _unit_rows(vectors: NDArray[Any]) -> Vectors:
    rows = np.asarray(vectors, dtype=np.float64)
    with np.errstate(over="ignore"):
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not np.isfinite(lengths).all():
        raise InferenceError("The embedding model gave numbers that are none. Name another model.")
    return (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)
