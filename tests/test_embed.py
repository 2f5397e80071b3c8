"""Meaning counts beside words where a model was named, is asked for once a text, and nothing depends on it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from dialects import app_on_sqlite
from logged import lines_logged
from model2vec import StaticModel
from personas import DIFFUSION, NOON, PAPERS, ROBOTS, SPEECH, TODAY, choices, papers_come_in, reader_joins
from pytest_httpserver import HTTPServer
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from werkzeug import Request, Response

from digest.app import App
from digest.choose import choose, pasts_of, readers_of, take_stock
from digest.collect import count_features
from digest.embed import BLOCK, MOST_SECONDS, Embedded, embed
from digest.errors import ConfigError, InferenceError
from digest.inference.embedding import Embedder, Vectors, load_static
from digest.model import Cadence, Listing, Pick, ReasonKind, Selection, Weights
from digest.publish import publish
from digest.ranking.relevance import FEWEST_ASKED_AMONG
from digest.refit import refit_background
from digest.scheduler import Ticker
from digest.store import Store
from digest.store.papers import papers_listed
from digest.store.subscribers import subscription_numbered
from digest.store.vectors import stored_model, texts_without_vector, vectors_of
from digest.subscribe import unsubscribe

pytestmark = pytest.mark.slow

SECRET = "sk-correct-horse"
WORDS = ["[UNK]", "laundry", "garments", *(f"word{number}" for number in range(60))]


def model_in(folder: Path, *, seed: int = 20261120) -> Path:
    """A model to which garments and laundry are one, and sixty other words something else each."""
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    vectors = np.random.default_rng(seed).normal(size=(len(WORDS), 64)).astype(np.float32)
    vectors[2] = vectors[1]
    StaticModel(vectors, tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture
def embedder(tmp_path: Path) -> Embedder:
    return load_static(str(model_in(tmp_path / "model")))


class Watched:
    """A model that keeps what it was asked about, does something first, refuses texts with a word of these and more
    than so many at once, and fails after so many blocks."""

    name = "watched"

    def __init__(
        self,
        *,
        first: Callable[[], object] = lambda: None,
        refused: Sequence[str] = (),
        at_most: int = 999,
        blocks: int = 999,
    ) -> None:
        self.first, self.refused, self.at_most, self.blocks = first, refused, at_most, blocks
        self.asked: list[str] = []
        self.requests = 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.first()
        self.blocks -= 1
        self.requests += 1
        if self.blocks < 0:
            raise InferenceError("localhost cannot be reached.")
        if len(texts) > self.at_most or any(word in text for word in self.refused for text in texts):
            raise InferenceError("localhost answered HTTP 400.", status=400)
        self.asked += texts
        return np.full((len(texts), 4), 0.5, np.float32)


def text(listing: Listing) -> str:
    return f"{listing.title}\n{listing.abstract}"


def old_papers(count: int) -> list[Listing]:
    """Papers of a month ago, of the words that the model knows."""
    random = np.random.default_rng(1)
    texts = [" ".join(random.choice(WORDS[3:], size=8)) for _ in range(count)]
    listed_on = TODAY - timedelta(days=40)
    return [replace(SPEECH, title=f"{n} {one}", aliases=(), listed_on=listed_on) for n, one in enumerate(texts)]


def missing(store: Store, *texts: str) -> list[str]:
    """Which of the texts have no vector."""
    with store.reading() as connection:
        return [
            one for one, content in vectors_of(connection, texts, model=stored_model(connection)).items() if not content
        ]


def chosen(app: App) -> Selection:
    """What the first reader would get."""
    with app.store.reading() as connection:
        reader = subscription_numbered(connection, 1)
        assert reader is not None
        stock = take_stock(connection, sources=(), cadences=[Cadence.DAILY], now=NOON)
        pasts = pasts_of(connection, [reader], now=NOON)
        [selection] = choose(connection, stock, [reader], pasts=pasts, weights=Weights(), now=NOON)
    return selection


def matches(selection: Selection) -> list[Pick]:
    return [pick for pick in selection.picks if pick.reason.kind is not ReasonKind.TRENDING]


# Choosing.


@pytest.fixture
def large(app: App) -> App:
    """An installation with enough papers to measure by, three of today's, and a reader who follows garments."""
    papers_come_in(app.store, [*old_papers(FEWEST_ASKED_AMONG), *PAPERS])
    count_features(app.store)
    refit_background(app.store, now=NOON)
    reader_joins(app, "reader@example.org", choices("garments"))
    return app


@app_on_sqlite
def test_a_paper_that_means_a_topic_in_other_words_is_found_and_without_a_model_all_is_as_before(
    large: App, embedder: Embedder
) -> None:
    before = chosen(large)
    assert matches(before) == []
    assert embed(large.store, embedder) == Embedded(made=FEWEST_ASKED_AMONG + len(PAPERS) + 1)
    [pick] = matches(chosen(large))
    assert pick.paper_id == FEWEST_ASKED_AMONG + 1 + PAPERS.index(ROBOTS)
    assert (pick.reason.interest, pick.reason.terms) == ("garments", ())
    assert embed(large.store, None) == Embedded()
    assert chosen(large) == before


@app_on_sqlite
def test_a_topic_that_no_vector_was_made_of_yet_goes_by_its_words(large: App, embedder: Embedder) -> None:
    embed(large.store, embedder)
    late = reader_joins(large, "late@example.org", choices("clothes", "laundry"))
    with large.store.reading() as connection:
        reader = subscription_numbered(connection, late)
        assert reader is not None
        stock = take_stock(connection, sources=(), cadences=[Cadence.DAILY], now=NOON)
        pasts = pasts_of(connection, [reader], now=NOON)
        [selection] = choose(connection, stock, [reader], pasts=pasts, weights=Weights(), now=NOON)
    assert [pick.reason.interest for pick in matches(selection)] == ["laundry"]


@app_on_sqlite
def test_a_run_reads_the_vectors_of_one_model_though_another_takes_its_place_meanwhile(
    large: App, embedder: Embedder, tmp_path: Path
) -> None:
    """What the topic's vector by one model is near to among papers' by another is chance."""
    embed(large.store, embedder)
    with large.store.reading() as connection:
        stock = take_stock(connection, sources=(), cadences=[Cadence.DAILY], now=NOON)
    embed(large.store, load_static(str(model_in(tmp_path / "other", seed=1))))
    with large.store.reading() as connection:
        reader = subscription_numbered(connection, 1)
        assert reader is not None
        pasts = pasts_of(connection, [reader], now=NOON)
        readers_of(connection, stock, [reader], pasts=pasts, weights=Weights(), now=NOON)
    nearness = stock.candidates.relevance.nearness
    assert nearness is not None
    assert not nearness.near([["garments"]]).any()


def test_editions_are_published_without_asking_the_model(install: Callable[..., App], httpserver: HTTPServer) -> None:
    app = install(semantic={"url": httpserver.url_for("/v1"), "model": "small"})
    papers_come_in(app.store)
    reader_joins(app, "reader@example.org", choices("garments"))
    assert publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON).queued == 1
    assert httpserver.log == []


# The job.


def test_every_text_is_made_a_vector_once(app: App) -> None:
    papers_come_in(app.store)
    for address, topic in (("ada", "garments"), ("ben", "sails"), ("eve", "garments")):
        reader_joins(app, f"{address}@example.org", choices(topic))
    gone = reader_joins(app, "gone@example.org", choices("pottery"))
    unsubscribe(app.store, gone, now=NOON)
    model = Watched()
    assert embed(app.store, model) == Embedded(made=5)
    assert model.asked == [text(SPEECH), text(ROBOTS), text(DIFFUSION), "garments", "sails"]
    assert embed(app.store, model) == Embedded()
    newer = replace(SPEECH, abstract="Noise is all that a recogniser hears.", version=2)
    papers_come_in(app.store, [newer])
    assert embed(app.store, model) == Embedded(made=1)
    assert model.asked[5:] == [text(newer)]


def test_what_the_next_edition_needs_comes_first(app: App) -> None:
    """The papers that it is chosen from, then the topics of those whose edition is next, then older papers."""
    papers_come_in(app.store)
    for hour, topics in ((15, ("garments", "sails")), (14, ("robots",)), (13, ("sails", "zithers"))):
        reader_joins(app, f"reader{hour}@example.org", choices(*topics, hour=hour))
    with app.store.reading() as connection:
        wanted = texts_without_vector(connection, model="any", papers_at_most=3, papers_first=1)
        assert wanted == [text(SPEECH), "sails", "zithers", "robots", "garments", text(ROBOTS), text(DIFFUSION)]
        fewer = texts_without_vector(connection, model="any", papers_at_most=2, papers_first=2)
        assert fewer == [text(SPEECH), text(ROBOTS), "sails", "zithers", "robots", "garments"]


def test_another_model_makes_all_vectors_anew(store: Store, tmp_path: Path, embedder: Embedder) -> None:
    papers_come_in(store)
    assert embed(store, embedder).made == 3
    with store.reading() as connection:
        first = vectors_of(connection, [text(ROBOTS)], model=embedder.name)
    other = load_static(str(model_in(tmp_path / "other", seed=1)))
    assert embed(store, other).made == 3
    with store.reading() as connection:
        second = vectors_of(connection, [text(ROBOTS)], model=other.name)
    assert first != second
    assert embed(store, embedder).made == 3
    embed(store, None)
    with store.reading() as connection:
        assert stored_model(connection) == ""


def test_no_transaction_is_open_while_the_model_is_asked(store: Store) -> None:
    papers_come_in(store, old_papers(3))
    model = Watched(first=lambda: papers_come_in(store, PAPERS))
    assert embed(store, model) == Embedded(made=3)
    assert embed(store, model) == Embedded(made=3)


def test_two_runs_at_once_are_no_harm(store: Store) -> None:
    papers_come_in(store)
    inner = Watched()
    assert embed(store, Watched(first=lambda: embed(store, inner))) == Embedded(made=3)
    assert len(inner.asked) == 3
    assert missing(store, *inner.asked) == []


def test_a_model_that_fails_is_left_alone_and_what_it_made_is_kept(store: Store) -> None:
    papers_come_in(store, old_papers(2 * BLOCK + 1))
    failing = Watched(blocks=1)
    done = embed(store, failing)
    said = "Some papers and topics go by their words alone: localhost cannot be reached."
    assert done == Embedded(made=BLOCK, error=said)
    assert (failing.blocks, missing(store, *failing.asked)) == (-1, [])
    assert embed(store, Watched()) == Embedded(made=BLOCK + 1)


def test_a_text_that_the_model_refuses_keeps_no_other_from_its_vector_and_is_not_asked_about_again(
    store: Store,
) -> None:
    spoilt = [replace(SPEECH, title=f"Spoilt {n}", aliases=(f"arxiv:2606.9{n:04}",)) for n in (1, 2)]
    papers = old_papers(BLOCK + 40)
    papers_come_in(store, [*papers[:100], spoilt[0], *papers[100:], spoilt[1]])
    model = Watched(refused=["Spoilt"])
    assert embed(store, model) == Embedded(made=len(papers), refused=2)
    assert missing(store, *map(text, papers)) == []
    assert missing(store, *map(text, spoilt)) == list(map(text, spoilt))
    asked = model.requests
    assert embed(store, model) == Embedded()
    assert model.requests == asked < 80
    papers_come_in(store, [replace(spoilt[0], title="Mended", version=2)])
    assert embed(store, model) == Embedded(made=1)


def test_a_model_that_refuses_everything_is_left_alone_and_asked_again_in_the_next_run(store: Store) -> None:
    papers_come_in(store)
    wrong = Watched(refused=[""])
    said = "Some papers and topics go by their words alone: localhost answered HTTP 400."
    assert embed(store, wrong) == Embedded(error=said)
    assert wrong.requests == 2
    assert embed(store, Watched()) == Embedded(made=3)


def test_a_block_that_is_too_large_is_asked_for_no_more_in_that_run(store: Store) -> None:
    papers_come_in(store, old_papers(6 * BLOCK))
    small = Watched(at_most=BLOCK // 8)
    assert embed(store, small) == Embedded(made=6 * BLOCK)
    # Of the first block seven were too large, and once it was asked about what any model takes.
    assert small.requests == 6 * 8 + 7 + 1


def test_one_refused_text_does_not_make_all_other_blocks_small(store: Store) -> None:
    papers_come_in(store, [*old_papers(6 * BLOCK), replace(SPEECH, title="Spoilt")])
    model = Watched(refused=["Spoilt"])
    assert embed(store, model) == Embedded(made=6 * BLOCK, refused=1)
    assert model.requests < 40


def test_a_model_that_refuses_one_text_after_the_other_is_left_alone_and_none_is_kept_as_refused(store: Store) -> None:
    papers_come_in(store, old_papers(2 * BLOCK))
    picky = Watched(refused=["word"])
    done = embed(store, picky)
    assert (done.made, done.refused) == (0, 0)
    assert done.error.endswith("localhost answered HTTP 400.")
    assert picky.requests < 80
    assert embed(store, Watched()) == Embedded(made=2 * BLOCK)


def test_a_run_ends_when_its_time_is_up_or_it_is_stopped(store: Store) -> None:
    papers_come_in(store, old_papers(3 * BLOCK))
    moments = iter(n * MOST_SECONDS / 2 for n in range(99))
    assert embed(store, Watched(), elapsed=lambda: next(moments)).made == BLOCK
    assert embed(store, Watched(), should_stop=lambda: True) == Embedded()


# The whole of it.


def test_the_daemon_makes_vectors_before_the_first_edition(install: Callable[..., App], tmp_path: Path) -> None:
    model_in(tmp_path / "models" / "mine")
    app = install(sources={"huggingface": {"enabled": False}}, semantic={"model": "models/mine"})
    papers_come_in(app.store)
    with lines_logged() as logged:
        Ticker(app, clock=lambda: NOON).collect()
    assert missing(app.store, *map(text, PAPERS)) == []
    assert [line["made"] for line in logged if line["event"] == "embedded"] == [3]


def test_how_many_texts_the_model_refused_is_told(install: Callable[..., App], httpserver: HTTPServer) -> None:
    def answer(request: Request) -> Response:
        texts = request.get_json()["input"]
        if text(ROBOTS) in texts:
            return Response("too long", status=400)
        return Response(json.dumps({"data": [{"index": n, "embedding": [1.0, n]} for n, _ in enumerate(texts)]}))

    httpserver.expect_request("/v1/embeddings").respond_with_handler(answer)
    semantic = {"url": httpserver.url_for("/v1"), "model": "small"}
    app = install(sources={"huggingface": {"enabled": False}}, semantic=semantic)
    papers_come_in(app.store)
    with lines_logged() as logged:
        Ticker(app, clock=lambda: NOON).collect()
    assert [(line["made"], line["refused"]) for line in logged if line["event"] == "embedded"] == [(2, 1)]


def test_an_endpoint_makes_them_too(install: Callable[..., App], httpserver: HTTPServer) -> None:
    def answer(request: Request) -> Response:
        told = [{"index": n, "embedding": [1.0, n]} for n, _ in enumerate(request.get_json()["input"])]
        return Response(json.dumps({"data": told}))

    httpserver.expect_request("/v1/embeddings").respond_with_handler(answer)
    app = install(semantic={"url": httpserver.url_for("/v1"), "model": "small", "api_key": SECRET})
    papers_come_in(app.store)
    assert embed(app.store, app.embedder()) == Embedded(made=3)
    assert httpserver.log[0][0].headers["Authorization"] == f"Bearer {SECRET}"


def test_an_endpoint_that_is_down_is_named_and_collecting_goes_on(
    install: Callable[..., App], httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/v1/embeddings").respond_with_data(f"No such key: {SECRET}", status=401)
    semantic = {"url": httpserver.url_for("/v1"), "model": "small", "api_key": SECRET}
    app = install(sources={"huggingface": {"enabled": False}}, semantic=semantic)
    papers_come_in(app.store)
    with lines_logged() as logged:
        Ticker(app, clock=lambda: NOON).collect()
    said = str(logged)
    assert "words alone: localhost answered HTTP 401: the API key is not the one; mend it." in said
    assert SECRET not in said
    assert len(httpserver.log) == 1
    with app.store.reading() as connection:
        assert len(papers_listed(connection, since=NOON - timedelta(days=9), now=NOON)) == len(PAPERS)


def test_a_model_that_is_not_there_ends_the_start(install: Callable[..., App]) -> None:
    app = install(semantic={"model": "models/none"})
    with pytest.raises(ConfigError, match="There is no Model2Vec model 'models/none' on this machine"):
        Ticker(app, clock=lambda: NOON)


def test_unless_one_is_named_there_is_no_model(install: Callable[..., App]) -> None:
    assert install(semantic={"api_key": SECRET}).embedder() is None
