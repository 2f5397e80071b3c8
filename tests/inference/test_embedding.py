"""Texts become unit vectors, by a tiny model made here and by endpoints of every kind."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from models import DIMENSIONS, tiny_model
from places import ROOT
from pytest_httpserver import HTTPServer
from rude import Answer, cut, dripping, endless, serving
from werkzeug import Request, Response

from digest.errors import ConfigError, InferenceError
from digest.http import Client
from digest.inference.embedding import (
    AT_ONCE,
    MOST_CHARACTERS,
    Embedder,
    EndpointEmbedder,
    Vectors,
    load_static,
)
from digest.inference.endpoint import Endpoint

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_model(tmp_path / "tiny")


@pytest.fixture
def client() -> Iterator[Client]:
    allowed = {"localhost", "127.0.0.1"}
    with Client(
        base_url="https://papers.example.org", allowed_hosts=allowed, most_bytes=100_000, most_seconds=0.5
    ) as opened:
        yield opened


def endpoint(client: Client, url: str) -> EndpointEmbedder:
    return EndpointEmbedder(Endpoint(client=client, url=url.rstrip("/"), model="tiny", api_key="sk-secret"))


def lengths(vectors: Vectors) -> list[float]:
    return [round(float(length), 5) for length in np.linalg.norm(vectors, axis=1)]


def test_a_model_in_a_folder_makes_unit_rows(folder: Path) -> None:
    embedder: Embedder = load_static(str(folder))
    vectors = embedder.embed(["robot folds laundry", "robots folds laundry", "sharp images", "unheard of", ""])
    assert (vectors.shape, vectors.dtype.name) == ((5, DIMENSIONS), "float32")
    assert lengths(vectors) == [1, 1, 1, 0, 0]
    assert vectors[0] @ vectors[1] > 0.999 > vectors[0] @ vectors[2]
    assert embedder.embed([]).shape == (0, DIMENSIONS)


def test_a_long_text_is_cut(folder: Path) -> None:
    embedder = load_static(str(folder))
    long = "laundry " * (MOST_CHARACTERS // 8)
    assert np.array_equal(*embedder.embed([long, long + "speech " * 1_000_000]))


def test_a_model_s_name_says_what_is_in_it_wherever_it_is(folder: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(folder, tmp_path / "moved")
    other = tiny_model(tmp_path / "other", seed=1)
    assert load_static(str(folder)).name == load_static(str(moved)).name
    assert load_static(str(folder)).name != load_static(str(other)).name


def test_a_model_with_numbers_that_are_none_is_refused(tmp_path: Path) -> None:
    broken = load_static(str(tiny_model(tmp_path / "broken", broken=True)))
    with pytest.raises(InferenceError, match="numbers that are none"):
        broken.embed(["robot"])


@pytest.mark.parametrize("damage", ["", "model.safetensors", "tokenizer.json", "config.json"])
def test_a_folder_without_a_sound_model_is_named(folder: Path, damage: str) -> None:
    if damage:
        (folder / damage).write_bytes(b"\x00{")
    else:
        (folder / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match=r"There is no Model2Vec model .*tiny"):
        load_static(str(folder))


@pytest.mark.parametrize("name", ["", "nobody/nothing", "../up", "a/b/c", "/nowhere"])
def test_a_model_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(ConfigError, match=f"There is no Model2Vec model '{name}' on this machine"):
        load_static(name)


LOAD = "import sys; from digest.inference.embedding import load_static; print(load_static(sys.argv[1]).name)"


def load_elsewhere(name: str, *, code: str = LOAD, **environment: str) -> subprocess.CompletedProcess[str]:
    """Load the model in a process of its own: the hub's client reads the environment once."""
    command = [sys.executable, "-W", "error", "-c", code, name]
    return subprocess.run(command, env={"PYTHONPATH": str(ROOT), **environment}, capture_output=True, text=True)


def test_a_model_that_the_hub_s_client_fetched_is_found_by_its_name_and_none_is_fetched(
    folder: Path, tmp_path: Path, httpserver: HTTPServer
) -> None:
    kept = tmp_path / "home" / "hub" / "models--me--tiny"
    shutil.copytree(folder, kept / "snapshots" / "a1")
    (kept / "refs").mkdir()
    (kept / "refs" / "main").write_text("a1")
    hub = {"HF_HOME": str(tmp_path / "home"), "HF_ENDPOINT": httpserver.url_for("").rstrip("/")}
    assert load_elsewhere("me/tiny", **hub).stdout.strip() == load_static(str(folder)).name
    assert "There is no Model2Vec model 'me/other'" in load_elsewhere("me/other", **hub).stderr
    assert httpserver.log == []


def test_without_the_extra_the_sentence_says_what_to_install() -> None:
    code = f"import sys; sys.modules['model2vec'] = None\n{LOAD}"
    assert "pip install '.[semantic]'" in load_elsewhere("me/tiny", code=code).stderr


# Endpoints.


def answered(vectors: Sequence[Any]) -> dict[str, Any]:
    return {"data": [{"index": index, "embedding": vector} for index, vector in enumerate(vectors)]}


def test_an_endpoint_is_asked_in_blocks_and_answers_in_any_order(client: Client, httpserver: HTTPServer) -> None:
    def answer(request: Request) -> Response:
        told = answered([[len(text), 1.0] for text in request.get_json()["input"]])
        return Response(json.dumps({"data": told["data"][::-1]}))

    httpserver.expect_request("/v1/embeddings", method="POST").respond_with_handler(answer)
    embedder: Embedder = endpoint(client, httpserver.url_for("/v1"))
    texts = ["a" * (1 + n % 7) for n in range(AT_ONCE + 6)] + ["a" * 50_000]
    vectors = embedder.embed(texts)
    assert (vectors.shape, vectors.dtype.name) == ((AT_ONCE + 7, 2), "float32")
    assert set(lengths(vectors)) == {1}
    told = [min(len(text), MOST_CHARACTERS) for text in texts]
    assert np.allclose(vectors[:, 0] / vectors[:, 1], told)
    assert [len(request.get_json()["input"]) for request, _ in httpserver.log] == [AT_ONCE, 7]
    assert httpserver.log[0][0].headers["Authorization"] == "Bearer sk-secret"
    assert httpserver.log[0][0].get_json()["model"] == "tiny"


def test_no_texts_cost_no_request(client: Client, httpserver: HTTPServer) -> None:
    assert len(endpoint(client, httpserver.url_for("/")).embed([])) == 0
    assert httpserver.log == []


def test_an_endpoint_s_name_says_where_and_which_but_no_key(client: Client) -> None:
    assert endpoint(client, "https://models.example.org/v1").name == "https://models.example.org/v1 tiny"


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        {},
        {"data": {}},
        {"data": []},
        {"data": [{"embedding": [1.0]}]},
        {"data": [{"index": [], "embedding": [1.0]}]},
        answered([[1.0]]),
        answered([[1.0, 2.0], [1.0]]),
        answered([[], []]),
        answered([1.0, 2.0]),
        answered([["one"], ["two"]]),
        answered([[{}], [{}]]),
        answered([[None], [None]]),
        answered([[float("nan")], [1.0]]),
        answered([[float("inf")], [1.0]]),
        answered([[1e300, 1e300], [1.0, 1.0]]),
        answered([[10**400], [1]]),
        answered([[0.5] * 9_000, [0.5] * 9_000]),
    ],
    ids=range(19),
)
def test_what_holds_no_vector_for_each_text_is_refused(client: Client, httpserver: HTTPServer, told: Any) -> None:
    httpserver.expect_request("/embeddings").respond_with_data(json.dumps(told))
    with pytest.raises(InferenceError):
        endpoint(client, httpserver.url_for("/")).embed(["robot", "laundry"])


def test_vectors_that_change_their_length_are_refused(client: Client, httpserver: HTTPServer) -> None:
    def answer(request: Request) -> Response:
        count = len(request.get_json()["input"])
        return Response(json.dumps(answered([[1.0] * count] * count)))

    httpserver.expect_request("/embeddings").respond_with_handler(answer)
    with pytest.raises(InferenceError, match="differ in length"):
        endpoint(client, httpserver.url_for("/")).embed(["robot"] * (AT_ONCE + 1))


@pytest.mark.parametrize(
    ("answer", "said"),
    [(cut, "broke off"), (dripping, "in time"), (endless, "sent more than 100,000 bytes")],
    ids=["a cut connection", "a slow drip", "a body without end"],
)
def test_an_endpoint_that_fails_is_asked_once(client: Client, answer: Answer, said: str) -> None:
    asked: list[bytes] = []

    def counting(connection: Any, request: bytes, stopping: Any) -> None:
        asked.append(request)
        answer(connection, request, stopping)

    with serving(counting) as url, pytest.raises(InferenceError, match=said):
        endpoint(client, url).embed(["robot"] * 10 * AT_ONCE)
    assert len(asked) == 1
