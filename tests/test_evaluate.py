"""Ways of ranking are told apart by what users wanted, and a way that knows nothing comes out at chance."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from folders import benchmark_folder, paper_rows, user_rows, write_lines
from models import tiny_model
from places import SHARED_DATA, needs_data

from digest.errors import InferenceError, InputError
from digest.evaluate import Result, evaluate
from digest.evaluate.benchmark import User, read_benchmark
from digest.evaluate.scorers import Scorers
from digest.inference.embedding import Vectors, load_static
from digest.ranking.documents import Floats
from digest.ranking.quality import chance_ndcg

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return benchmark_folder(tmp_path_factory.mktemp("benchmark"))


def nothing(users: Sequence[User]) -> Iterator[Floats]:
    return (np.zeros(len(user.candidates), np.float32) for user in users)


def ignored(_: str) -> None: ...


def ndcg(results: Sequence[Result], method: str) -> list[float]:
    return [one.measures["ndcg@10"].mean for one in results if one.method == method]


def assert_at_chance(users: Sequence[User]) -> None:
    for result in evaluate(users, {"nothing": nothing}, progress=ignored):
        expected = np.mean([chance_ndcg(user.relevant) for user in users if user.kind == result.kind])
        assert result.measures["ndcg@10"].low <= expected <= result.measures["ndcg@10"].high


def test_every_way_finds_what_is_told_by_words_and_none_is_better_than_perfect(folder: Path) -> None:
    for query_only in (False, True):
        benchmark = read_benchmark(folder, query_only=query_only)
        scorers = Scorers(benchmark)
        ways = {"lexical": scorers.lexical, "tfidf": scorers.tfidf, "bm25": scorers.bm25, "nothing": nothing}
        results = evaluate(benchmark.users, ways, progress=ignored)
        for way in ("lexical", "tfidf", "bm25"):
            assert ndcg(results, way) == pytest.approx([1, 1])
        behind = [one.difference for one in results if one.method == "nothing"]
        assert all(one is not None and one.high < 0 for one in behind)


def test_a_constant_comes_out_at_chance_though_what_is_wanted_stands_first(tmp_path: Path) -> None:
    write_lines(tmp_path / "papers.jsonl", paper_rows())
    write_lines(tmp_path / "users.jsonl", user_rows(each=150))
    assert_at_chance(read_benchmark(tmp_path).users)


def test_the_first_method_is_what_the_others_differ_from(folder: Path) -> None:
    benchmark = read_benchmark(folder)
    scorers = Scorers(benchmark)
    results = evaluate(benchmark.users, {"nothing": nothing, "tfidf": scorers.tfidf}, progress=ignored)
    assert [(one.kind, one.method, one.users) for one in results] == [
        ("folder", "nothing", 5),
        ("folder", "tfidf", 5),
        ("listener", "nothing", 10),
        ("listener", "tfidf", 10),
    ]
    for first, other in (results[:2], results[2:]):
        assert first.difference is None
        assert other.difference is not None
        gained = other.measures["ndcg@10"].mean - first.measures["ndcg@10"].mean
        assert other.difference.mean == pytest.approx(gained)


def test_users_are_known_by_the_first_papers_that_they_liked_or_by_their_query(folder: Path) -> None:
    liking, asking = read_benchmark(folder, liked=3), read_benchmark(folder, query_only=True)
    assert {(len(user.liked), user.query) for user in liking.users} == {(3, "")}
    assert {user.liked for user in asking.users} == {()}
    assert len(asking.users) == 12  # one of each theme has no query
    assert all(user.query for user in asking.users)


def test_a_limit_counts_for_each_kind_alone(folder: Path) -> None:
    assert [user.kind for user in read_benchmark(folder, limit=2).users] == ["folder"] * 2 + ["listener"] * 2


def test_a_candidate_that_is_named_twice_is_offered_once(tmp_path: Path) -> None:
    write_lines(tmp_path / "papers.jsonl", paper_rows())
    rows = user_rows(each=1)
    write_lines(tmp_path / "users.jsonl", [row | {"candidates": row["candidates"] * 2} for row in rows])
    assert [len(user.candidates) for user in read_benchmark(tmp_path).users] == [65] * 3


def test_titles_alone_will_do_packed_or_plain(tmp_path: Path) -> None:
    titled = [{"id": row["id"], "title": f"{row['title']} {row['abstract']}"} for row in paper_rows()]
    write_lines(tmp_path / "titles.jsonl", titled)
    write_lines(tmp_path / "users.jsonl.gz", user_rows(each=2))
    benchmark = read_benchmark(tmp_path, papers="titles.jsonl")
    lexical = evaluate(benchmark.users, {"lexical": Scorers(benchmark).lexical}, progress=ignored)
    assert ndcg(lexical, "lexical") == pytest.approx([1, 1])


def test_a_single_paper_and_empty_texts_are_ranked_without_complaint(tmp_path: Path) -> None:
    write_lines(tmp_path / "papers.jsonl", [{"id": "a", "title": "", "abstract": None}])
    one = {"uid": "u", "kind": "k", "liked": ["a"], "relevant": ["a"], "candidates": ["a"], "query": "robots"}
    write_lines(tmp_path / "users.jsonl", [one])
    for query_only in (False, True):
        benchmark = read_benchmark(tmp_path, query_only=query_only)
        scorers = Scorers(benchmark)
        ways = {"lexical": scorers.lexical, "tfidf": scorers.tfidf, "bm25": scorers.bm25}
        assert {ndcg(evaluate(benchmark.users, ways, progress=ignored), way)[0] for way in ways} == {1}


def test_what_is_trending_goes_by_upvotes_and_needs_some(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(InputError, match="no `upvotes`"):
        Scorers(read_benchmark(folder)).trending([])
    voted = [row | {"upvotes": number} for number, row in enumerate(paper_rows())]
    del voted[-1]["upvotes"]
    write_lines(tmp_path / "papers.jsonl", voted)
    write_lines(tmp_path / "users.jsonl", user_rows(each=1))
    benchmark = read_benchmark(tmp_path)
    for user, scores in zip(benchmark.users, Scorers(benchmark).trending(benchmark.users), strict=True):
        assert scores.tolist() == user.candidates.tolist()


def test_an_embedding_is_added_to_the_words(folder: Path, tmp_path: Path) -> None:
    embedder = load_static(str(tiny_model(tmp_path / "tiny")))
    for query_only in (False, True):
        benchmark = read_benchmark(folder, query_only=query_only)
        scorers = Scorers(benchmark)
        results = evaluate(benchmark.users, {"semantic": scorers.semantic(embedder)}, progress=ignored)
        assert min(ndcg(results, "semantic")) > 0.95  # of random vectors
        user = benchmark.users[0]
        [lexical], [both] = scorers.lexical([user]), scorers.semantic(embedder)([user])
        assert np.abs(both - lexical).max() > 1


def test_a_text_that_the_embedding_refuses_goes_by_its_words(folder: Path, tmp_path: Path) -> None:
    class Picky:
        """Refuses the first paper, whatever else it is asked with."""

        name = "picky"

        def embed(self, texts: Sequence[str]) -> Vectors:
            if benchmark.texts[0] in texts:
                raise InferenceError("It is too long.", status=413)
            return embedder.embed(texts)

    embedder, benchmark = load_static(str(tiny_model(tmp_path / "tiny"))), read_benchmark(folder)
    results = evaluate(benchmark.users, {"semantic": Scorers(benchmark).semantic(Picky())}, progress=ignored)
    assert min(ndcg(results, "semantic")) > 0.95


def test_an_embedding_adds_what_it_would_add_in_an_edition_whatever_else_there_is_to_choose_from(
    folder: Path, tmp_path: Path
) -> None:
    benchmark = read_benchmark(folder)
    ways = Scorers(benchmark)
    semantic = ways.semantic(load_static(str(tiny_model(tmp_path / "tiny"))))
    user = benchmark.users[0]
    fewer = replace(user, candidates=user.candidates[::3], relevant=user.relevant[::3], ties=user.ties[::3])
    [among_all], [among_fewer] = semantic([user]), semantic([fewer])
    assert among_fewer == pytest.approx(among_all[::3], abs=1e-3)


@needs_data
@pytest.mark.slow
def test_real_readers_are_served_better_than_by_tfidf_and_by_a_constant_at_chance() -> None:
    benchmark = read_benchmark(SHARED_DATA / "ranking")
    assert_at_chance(benchmark.users)
    scorers = Scorers(benchmark)
    results = evaluate(benchmark.users, {"tfidf": scorers.tfidf, "lexical": scorers.lexical}, progress=ignored)
    author, curated = ndcg(results, "lexical")
    assert author >= 0.295
    assert curated >= 0.785
    assert all(one.difference.low > 0 for one in results if one.difference is not None)
