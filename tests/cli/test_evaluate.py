"""`digest evaluate` tells how well papers are ranked, and in one sentence what is wrong with a file."""

import gzip
import json
from pathlib import Path

import pytest
from commands import Digest
from folders import benchmark_folder, paper_rows, user_rows, write_lines
from models import tiny_model

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return benchmark_folder(tmp_path / "bench")


def test_all_plain_methods_are_told_kind_by_kind(digest: Digest, folder: Path) -> None:
    ended = digest("evaluate", str(folder))
    assert ended.code == 0
    folders, listeners = ended.out.split("\n\n")
    for told, head in ((folders, "folder, 5 users"), (listeners, "listener, 10 users")):
        assert told.splitlines()[0].startswith(head)
        assert [line.split()[0] for line in told.splitlines()[1:]] == ["lexical", "tfidf", "bm25"]
    assert ended.err.split("\n")[-4:-1] == ["  lexical", "  tfidf", "  bm25"]


def test_json_has_every_measure_with_its_interval(digest: Digest, folder: Path) -> None:
    ended = digest("evaluate", str(folder), "--method", "tfidf", "--method", "bm25", "--limit", "2", "--json")
    first, second, *_ = json.loads(ended.out)
    assert (first["kind"], first["users"], first["method"], first["difference"]) == ("folder", 2, "tfidf", None)
    assert set(first["measures"]) == {"ndcg@10", "recall@10", "recall@50", "mrr"}
    assert set(first["measures"]["mrr"]) == {"mean", "low", "high"}
    assert (second["method"], second["difference"]["less"]) == ("bm25", "tfidf")


def test_queries_alone_and_an_embedding_can_be_measured(digest: Digest, folder: Path, tmp_path: Path) -> None:
    model = str(tiny_model(tmp_path / "tiny"))
    ended = digest("evaluate", str(folder), "--query-only", "--method", "semantic", "--model", model)
    assert ended.code == 0
    assert "folder, 4 users" in ended.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--method", "guessing"], "'guessing' is not a method"),
        (["--method", "semantic"], "--method semantic and --model NAME go together"),
        (["--model", "x"], "--method semantic and --model NAME go together"),
        (["--method", "semantic", "--model", "no/such"], "There is no Model2Vec model 'no/such' on this machine"),
        (["--method", "trending"], "These papers have no `upvotes`"),
        (["--papers", "other.jsonl"], "other.jsonl cannot be read: No such file"),
        (["--users", "papers.jsonl.gz"], "papers.jsonl.gz, line 1: 'liked' is missing"),
    ],
)
def test_what_cannot_be_measured_is_said(digest: Digest, folder: Path, arguments: list[str], said: str) -> None:
    ended = digest("evaluate", str(folder), *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert "Traceback" not in ended.err


USER = user_rows(each=1)[0]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("papers.jsonl.gz", b"these are notes", "papers.jsonl.gz, line 1: this is not whole JSON"),
        ("papers.jsonl.gz", gzip.compress(b"\n" * 9)[:-6], "papers.jsonl.gz cannot be read: it is damaged"),
        ("papers.jsonl.gz", b'{"id": "a", "title": "b"}\n[1]\n', "papers.jsonl.gz, line 2: this is no record"),
        ("papers.jsonl.gz", b'{"id": "a"}\n', "papers.jsonl.gz, line 1: 'title' is missing"),
        ("papers.jsonl.gz", b'{"id": 7, "title": "b"}\n', "papers.jsonl.gz, line 1: 'id' is missing, or is no text"),
        (
            "papers.jsonl.gz",
            b'{"id": "a", "title": "b"}\n\n' * 2,
            "papers.jsonl.gz, line 3: the paper 'a' stands there",
        ),
        ("papers.jsonl.gz", b'{"id": "a", "title": "b", "upvotes": -1}\n', "line 1: 'upvotes' is no number"),
        ("papers.jsonl.gz", b"[" * 100_000, "papers.jsonl.gz, line 1: this is not whole JSON"),
        ("papers.jsonl.gz", b"\xff\xfe\x00", "papers.jsonl.gz, line 1: this is not whole JSON"),
        ("users.jsonl.gz", b"", "users.jsonl.gz holds no users with papers that they liked"),
        ("users.jsonl.gz", USER | {"liked": []}, "users.jsonl.gz holds no users with papers that they liked"),
        ("users.jsonl.gz", USER | {"liked": ["gone"]}, "line 1: the paper 'gone' is not in papers.jsonl.gz"),
        ("users.jsonl.gz", USER | {"candidates": "robots-1"}, "line 1: 'candidates' is missing, or is no list"),
        ("users.jsonl.gz", USER | {"relevant": []}, "line 1: no paper is relevant"),
        ("users.jsonl.gz", USER | {"relevant": ["robots-59"]}, "line 1: a relevant paper is not among the candidates"),
        ("users.jsonl.gz", USER | {"kind": None}, "line 1: 'kind' is missing, or is no text"),
        ("users.jsonl.gz", USER | {"query": 3}, "line 1: 'query' is missing, or is no text"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_file_is_named_with_the_line(
    digest: Digest, folder: Path, name: str, content: bytes | dict[str, object], said: str
) -> None:
    (folder / name).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    ended = digest("evaluate", str(folder))
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err.splitlines()[-1]
    assert "Traceback" not in ended.err


def test_plain_files_stand_in_for_packed_ones(digest: Digest, tmp_path: Path) -> None:
    write_lines(tmp_path / "papers.jsonl", paper_rows())
    write_lines(tmp_path / "users.jsonl", user_rows(each=1))
    assert digest("evaluate", str(tmp_path), "--method", "bm25").code == 0
