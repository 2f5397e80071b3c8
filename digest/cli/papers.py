"""paper search, paper show, trending, preview, why."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from digest.cli.context import PAPER, Json, Now, answer, now_or, opened, paper_in, say
from digest.errors import InputError
from digest.model import Paper

commands = typer.Typer()
paper = typer.Typer(no_args_is_help=True)


@paper.command()
def search(
    context: typer.Context,
    query: Annotated[str, typer.Argument(help='Words, "a phrase", -excluded, begin*; or an arXiv id.')],
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    as_json: Json = False,
) -> None:
    """Papers that hold every word, the best first."""
    from digest.store.search import search_papers

    app = opened(context)
    with app.store.reading() as connection:
        found = search_papers(connection, query, now=now_or(None), limit=limit)
    if as_json:
        answer([_told(one.paper) | {"title_marks": one.title_marks, "excerpt": asdict(one.excerpt)} for one in found])
        return
    for one in found:
        say(_line(one.paper, title=_in_bold(one.paper.title, one.title_marks)))
        if one.excerpt.marks:
            say(f"       {_in_bold(one.excerpt.text, one.excerpt.marks)}")
    if not found:
        say("No paper.")


@paper.command()
def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="ID", help=PAPER)],
    as_json: Json = False,
) -> None:
    """All that is known of a paper, and the papers nearest to it."""
    from digest.choose import similar_papers
    from digest.store.papers import alias_names, source_names, with_histories

    app, now = opened(context), now_or(None)
    with app.store.reading() as connection:
        [found] = with_histories(connection, [paper_in(connection, name, now=now)], now=now)
        told = _told(found) | {
            "aliases": alias_names(connection, found.id),
            "sources": source_names(connection, found.id),
            "abstract": found.abstract,
            "history": [
                {"seen_at": seen.seen_at.isoformat(), "upvotes": seen.signals.upvotes} for seen in found.history
            ],
            "similar": [
                {"id": one.id, "arxiv_id": one.arxiv_id or None, "title": one.title, "score": round(score, 2)}
                for one, score in similar_papers(connection, found, now=now)
            ],
        }
    if as_json:
        answer(told)
        return
    told["history"] = [f"{seen['upvotes']} at {seen['seen_at']}" for seen in told["history"]]
    told["similar"] = "".join(f"\n{'':16}{one['arxiv_id'] or one['id']}  {one['title']}" for one in told["similar"])
    for key, value in told.items():
        shown = ", ".join(str(one) for one in value) if isinstance(value, list) else value
        say(f"{key:>14}  {shown if shown is not None else 'unknown'}")


@commands.command()
def trending(
    context: typer.Context,
    window: Annotated[str, typer.Option(help="day, week or month.")] = "day",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """What is trending."""
    from digest.ranking.trending import LONGEST, Window, by_trend, listed_in
    from digest.store.papers import papers_listed

    if window not in list(Window):
        raise InputError(f"{window!r} is not a window. Write day, week or month.")
    app, instant = opened(context), now_or(now)
    with app.store.reading() as connection:
        papers = papers_listed(connection, since=instant - LONGEST, now=instant)
    listed = listed_in(papers, Window(window), now=instant)
    _list(by_trend(listed, Window(window), now=instant)[:limit], as_json=as_json)


@commands.command()
def preview(
    context: typer.Context,
    address: Annotated[str | None, typer.Argument(help="A subscriber's address.")] = None,
    all_messages: Annotated[
        bool, typer.Option("--all-messages", help="Instead, a message of every kind, of sample papers.")
    ] = False,
    language: Annotated[
        str | None, typer.Option(metavar="CODE", help="The language of --all-messages, such as de.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where to write the files.")] = Path("var/preview"),
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    send: Annotated[bool, typer.Option("--send", help="Send it, after asking.")] = False,
    now: Now = None,
) -> None:
    """The message that somebody would get now: .eml, .html and .txt."""
    from digest.address import parse_address
    from digest.cli.sending import send_now
    from digest.cli.specimens import show_every_message
    from digest.trial import preview_of, queue_preview, write_preview

    if all_messages:
        if address or open_it or send or now:
            raise InputError("--all-messages goes with --out and --language alone: leave out the rest.")
        show_every_message(context, out, language or "en")
        return
    if address is None or language is not None:
        raise InputError("Name a subscriber's address alone, or --all-messages with a --language.")
    app, instant = opened(context), now_or(now)
    shown = preview_of(app.store, app.press, parse_address(address), weights=app.weights, now=instant)
    for path in (written := write_preview(shown, out)):
        say(str(path))
    if open_it:
        typer.launch(str(written[1]))
    if send:
        typer.confirm(f"Send it by {app.config.mail.provider} now?", abort=True)
        send_now(app, queue_preview(app.store, shown), now=instant)


@commands.command()
def why(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="A subscriber's address.")],
    name: Annotated[str, typer.Argument(metavar="PAPER", help=PAPER)],
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Why somebody gets a paper, or does not: what bars it, its place, and its score for every interest."""
    from digest.address import parse_address
    from digest.explain import explain

    app, instant = opened(context), now_or(now)
    with app.store.reading() as connection:
        found = paper_in(connection, name, now=instant)
    told = explain(app.store, app.press, parse_address(address), found, weights=app.weights, now=instant)
    if as_json:
        answer(told.as_json())
        return
    for line in told.lines():
        say(line)


def _list(papers: list[Paper], *, as_json: bool) -> None:
    if as_json:
        answer([_told(one) for one in papers])
        return
    for one in papers:
        say(_line(one, title=one.title))
    if not papers:
        say("No paper.")


def _line(one: Paper, *, title: str) -> str:
    upvotes = "" if one.signals.upvotes is None else str(one.signals.upvotes)
    return f"{upvotes:>5}  {one.listed_at:%Y-%m-%d}  {one.arxiv_id or one.id!s:<12}  {title}"


def _in_bold(text: str, marks: Sequence[tuple[int, int]]) -> str:
    """The text with its marks in bold: on a terminal; `say` leaves that out elsewhere."""
    for start, end in reversed(marks):
        text = text[:start] + typer.style(text[start:end], bold=True) + text[end:]
    return text


def _told(one: Paper) -> dict[str, Any]:
    return {
        "id": one.id,
        "arxiv_id": one.arxiv_id or None,
        "title": one.title,
        "authors": list(one.authors),
        "organisation": one.organisation or None,
        "categories": list(one.categories),
        "keywords": list(one.keywords),
        "summary": one.summary or None,
        "listed_at": one.listed_at.isoformat(),
        "published_at": None if one.published_at is None else one.published_at.isoformat(),
        "withdrawn_at": None if one.withdrawn_at is None else one.withdrawn_at.isoformat(),
        "upvotes": one.signals.upvotes,
        "comments": one.signals.comments,
        "stars": one.signals.stars,
        "url": one.url or None,
        "pdf_url": one.pdf_url or None,
        "code_url": one.code_url or None,
        "project_url": one.project_url or None,
    }
