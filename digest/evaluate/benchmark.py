"""A benchmark folder: papers, and users of whom it is known what they wanted.

Papers and users are lines of JSON, in gzip or plain. A user is known by what they liked, or by a query,
and has candidates of which some are relevant. Texts are taken as they stand: cleaned as collect
does it, NDCG@10 moves by less than .001 (query only: .006).
"""

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digest.errors import InputError
from digest.ranking.features import Bag, paper_bag
from digest.text import one_line

PAPERS, USERS = "papers.jsonl.gz", "users.jsonl.gz"

MOST_UPVOTES = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody to be ranked for, by the papers `liked` or by a `query`.

    `liked` and (n,) `candidates` are positions among the papers; (n,) `relevant` and `ties`, by which
    equal scores are put into order, are the candidates'.
    """

    name: str
    kind: str
    query: str
    liked: tuple[int, ...]
    candidates: NDArray[np.intp]
    relevant: NDArray[np.bool_]
    ties: NDArray[np.uint64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """Papers (their features, texts, and upvotes where they are known), and users."""

    bags: Sequence[Bag]
    texts: Sequence[str]
    upvotes: Sequence[int | None]
    users: Sequence[User]


def read_benchmark(
    folder: Path,
    *,
    papers: str = PAPERS,
    users: str = USERS,
    liked: int = 10,
    query_only: bool = False,
    limit: int | None = None,
) -> Benchmark:
    """A folder's papers, and of each kind at most `limit` users.

    They are known by the first `liked` papers that they liked, or by their query only; who has none
    is left out. Raises InputError, with file and line, for what is no good.
    """
    paper_path, user_path = _found(folder, papers), _found(folder, users)
    numbers: dict[str, int] = {}
    bags: list[Bag] = []
    texts, upvotes = [], []
    for where, row in _rows(paper_path):
        name, title = _text(row, "id", where), _text(row, "title", where)
        abstract = _text(row, "abstract", where) if row.get("abstract") is not None else ""
        if numbers.setdefault(name, len(numbers)) != len(bags):
            raise InputError(f"{where}: the paper {name!r} stands there a second time. Remove one.")
        bags.append(paper_bag(title, abstract))
        texts.append(f"{title}\n{abstract}")
        upvotes.append(_count(row, "upvotes", where))
    judged: dict[str, list[User]] = {}
    for where, row in _rows(user_path):
        user = _user(row, numbers, where, named=paper_path.name)
        known = replace(user, liked=()) if query_only else replace(user, query="", liked=user.liked[:liked])
        if known.query or known.liked:
            judged.setdefault(user.kind, []).append(known)
    chosen = [user for kind in sorted(judged) for user in islice(judged[kind], limit)]
    if not chosen:
        what = "a query" if query_only else "papers that they liked"
        raise InputError(f"{user_path} holds no users with {what}. Name a file that does by --users.")
    return Benchmark(bags=bags, texts=texts, upvotes=upvotes, users=chosen)


def _user(row: Mapping[str, Any], numbers: Mapping[str, int], where: str, *, named: str) -> User:
    ids = {key: _texts(row, key, where) for key in ("liked", "relevant", "candidates")}
    for one in {one: None for some in ids.values() for one in some}:
        if one not in numbers:
            raise InputError(
                f"{where}: the paper {one!r} is not in {named}. Add it, or name the right file by --papers."
            )
    # Sampled candidates repeat themselves; a reader is offered a paper once.
    name, candidates = _text(row, "uid", where), list(dict.fromkeys(ids["candidates"]))
    if not set(ids["relevant"]) <= set(candidates):
        raise InputError(f"{where}: a relevant paper is not among the candidates. Add it to them.")
    if not ids["relevant"]:
        raise InputError(f"{where}: no paper is relevant, so no order is better than another. Remove that user.")
    return User(
        name=name,
        kind=one_line(_text(row, "kind", where)),
        query=_text(row, "query", where) if row.get("query") is not None else "",
        liked=tuple(numbers[one] for one in ids["liked"]),
        candidates=np.array([numbers[one] for one in candidates], dtype=np.intp),
        relevant=np.isin(candidates, ids["relevant"]),
        ties=np.array([_tie(name, one) for one in candidates], dtype=np.uint64),
    )


def _tie(user: str, paper: str) -> int:
    told = f"{user} {paper}".encode(errors="surrogatepass")
    return int.from_bytes(blake2b(told, digest_size=8).digest(), "little")


def _found(folder: Path, name: str) -> Path:
    """A file of the folder; without its ending where it is not packed."""
    path, plain = folder / name, folder / name.removesuffix(".gz")
    return plain if plain.exists() and not path.exists() else path


def _rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Where each record of a file stands, and the record. Raises InputError for a file that is no good."""
    line = 0
    try:
        with path.open("rb") as file:
            packed = file.peek(2)[:2] == b"\x1f\x8b"
            for line, content in enumerate(gzip.GzipFile(fileobj=file) if packed else file, 1):
                if content.strip():
                    where = f"{path}, line {line}"
                    yield where, _record(content, where)
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else f"it is damaged after line {line}"
        raise InputError(f"{path} cannot be read: {reason}. Mend the path or the file.") from error


def _record(content: bytes, where: str) -> Mapping[str, Any]:
    try:
        row = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: this is not whole JSON. Each line is to be one record.") from error
    if not isinstance(row, dict):
        raise InputError(f"{where}: this is no record. Each line is to be one, in braces.")
    return row


def _text(row: Mapping[str, Any], key: str, where: str) -> str:
    value = row.get(key)
    if not isinstance(value, str):
        raise InputError(f"{where}: {key!r} is missing, or is no text.")
    return value


def _texts(row: Mapping[str, Any], key: str, where: str) -> list[str]:
    value = row.get(key)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise InputError(f"{where}: {key!r} is missing, or is no list of papers' ids.")
    return value


def _count(row: Mapping[str, Any], key: str, where: str) -> int | None:
    value = row.get(key)
    if value is not None and not (type(value) is int and 0 <= value <= MOST_UPVOTES):
        raise InputError(f"{where}: {key!r} is no number of upvotes.")
    return value
