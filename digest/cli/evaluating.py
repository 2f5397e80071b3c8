"""evaluate."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.context import Json, answer, say, steps
from digest.errors import InputError

if TYPE_CHECKING:
    from digest.evaluate import Estimate, Result
    from digest.evaluate.scorers import Scorer, Scorers

commands = typer.Typer()

PLAIN = ("lexical", "tfidf", "bm25")
SEMANTIC = "semantic"
METHODS = (*PLAIN, "trending", SEMANTIC)


@commands.command()
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder with papers and users.")],
    papers: Annotated[str, typer.Option(metavar="FILE", help="The papers' file in it.")] = "papers.jsonl.gz",
    users: Annotated[str, typer.Option(metavar="FILE", help="The users' file in it.")] = "users.jsonl.gz",
    method: Annotated[
        list[str] | None,
        typer.Option(help=f"{', '.join(METHODS[:-1])} or {SEMANTIC}; can be repeated. The first is compared with."),
    ] = None,
    liked: Annotated[int, typer.Option(min=1, metavar="K", help="Of the papers that a user liked, the first K.")] = 10,
    query_only: Annotated[bool, typer.Option("--query-only", help="Go by the users' queries alone.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", help="The first N users of each kind.")] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help=f"For {SEMANTIC}: a Model2Vec model, or its folder.")
    ] = None,
    as_json: Json = False,
) -> None:
    """How well papers are ranked, on a folder of papers and users of whom it is known what they wanted."""
    from digest.evaluate import evaluate as measure
    from digest.evaluate.benchmark import read_benchmark
    from digest.evaluate.scorers import Scorers

    wanted = _methods(method, model)
    with steps("evaluating") as shown:
        shown.named("papers and users")
        benchmark = read_benchmark(folder, papers=papers, users=users, liked=liked, query_only=query_only, limit=limit)
        shown.named("fitting the background")
        scorers = Scorers(benchmark)
        chosen = {name: _scorer(scorers, name, model) for name in wanted}
        results = measure(benchmark.users, chosen, progress=shown.named)
    if as_json:
        answer([_told(one, first=wanted[0]) for one in results])
        return
    for line in _table(results, first=wanted[0]):
        say(line)


def _methods(wanted: Sequence[str] | None, model: str | None) -> list[str]:
    """Which are to be measured, each once."""
    chosen = list(dict.fromkeys(wanted or PLAIN))
    for name in chosen:
        if name not in METHODS:
            raise InputError(f"{name!r} is not a method. Write {', '.join(METHODS[:-1])} or {SEMANTIC}.")
    if (SEMANTIC in chosen) != (model is not None):
        raise InputError(f"--method {SEMANTIC} and --model NAME go together. Write both, or neither.")
    return chosen


def _scorer(scorers: "Scorers", name: str, model: str | None) -> "Scorer":
    from digest.inference.embedding import load_static

    if name == SEMANTIC and model is not None:
        return scorers.semantic(load_static(model))
    known: dict[str, Scorer] = {
        "lexical": scorers.lexical,
        "tfidf": scorers.tfidf,
        "bm25": scorers.bm25,
        "trending": scorers.trending,
    }
    return known[name]


def _table(results: Sequence["Result"], *, first: str) -> Iterator[str]:
    for at, one in enumerate(results):
        if one.method == first:
            yield from [""] * (at > 0)
            compared = f"  NDCG@10 less that of {first}" if len(results) > at + 1 else ""
            yield f"{f'{one.kind}, {one.users} users':<24} {'NDCG@10':<22} rec@10 rec@50   MRR{compared}"
        ndcg, *others = one.measures.values()
        means = " ".join(f"{other.mean:6.3f}" for other in others)
        difference = "" if one.difference is None else f"  {_shown(one.difference, sign='+')}"
        yield f"{one.method:<24} {_shown(ndcg):<22} {means}{difference}"


def _shown(estimate: "Estimate", *, sign: str = "") -> str:
    return f"{estimate.mean:{sign}.3f} ({estimate.low:{sign}.3f} to {estimate.high:{sign}.3f})"


def _told(one: "Result", *, first: str) -> dict[str, Any]:
    difference = None if one.difference is None else {"less": first} | asdict(one.difference)
    return asdict(one) | {"difference": difference}
