"""What every command shares: the configuration that was named, moments, and ways to say things."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.errors import InputError

if TYPE_CHECKING:
    from digest.app import App
    from digest.model import Paper
    from digest.store import Connection

YEARS = range(1991, 2200)
PAPER = "An arXiv id, another alias, the paper's number, or its page's address at arXiv or Hugging Face."
DEFAULT_CONFIG = Path("config.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What stands before the command."""

    config: Path


def moment(text: str) -> datetime:
    """A typed date or time, in UTC unless it says otherwise."""
    try:
        told = datetime.fromisoformat(text)
        instant = told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InputError(f"{text!r} is not a moment. Write one such as 2026-06-19T12:00.") from error
    if instant.year not in YEARS:
        raise InputError(f"{text!r} is before arXiv or too far off. Write a moment such as 2026-06-19T12:00.")
    return instant


def day(text: str) -> date:
    """A typed date."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text!r} is not a date. Write one such as 2026-06-19.") from error


def day_wanted(text: str | None, cadence: str) -> dict[str, Any]:
    """The day that was typed for an edition of that cadence, as a choice. Raises InputError where it has none."""
    match text, cadence:
        case None, _:
            return {}
        case str(), "weekly":
            return {"weekday": text.lower()}
        case str(), "monthly" if text.isdecimal():
            return {"month_day": int(text)}
    raise InputError(
        f"--day {text} says nothing of {cadence} editions. Weekly ones have a weekday, monthly ones 1 to 31."
    )


def now_or(text: str | None) -> datetime:
    """The moment that was typed, or now."""
    return datetime.now(UTC) if text is None else moment(text)


def paper_in(connection: "Connection", name: str, *, now: datetime) -> "Paper":
    """The paper that was typed, as PAPER says. Raises InputError where there is none."""
    from digest.choose import require_papers
    from digest.examples import paper_meant

    found = paper_meant(connection, name, now=now)
    if found is None:
        require_papers(connection)
        raise InputError(f"There is no paper {name!r} here. `digest paper search` finds papers by their words.")
    return found


def warn_of_future(instant: datetime) -> None:
    """Say on standard error where the moment that was typed has not come: what is done by it is not undone."""
    if instant > datetime.now(UTC):
        typer.echo(
            "digest: Warning: it is done as of a moment that has not come, and in earnest: whoever gets an edition by"
            " it does not get that one again. To rehearse, name a configuration with another store (`--config FILE`).",
            err=True,
        )


Now = Annotated[str | None, typer.Option("--now", metavar="ISO", help="Do it as of this moment, for a rehearsal.")]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def opened(context: typer.Context) -> "App":
    """The installation that the configuration describes, until the command ends."""
    from digest.config import load_config
    from digest.installation import open_app

    app = open_app(load_config(context.obj.config))
    context.call_on_close(app.store.close)
    return app


def say(text: str = "") -> None:
    """One line on standard output."""
    typer.echo(text)


def answer(value: Any) -> None:
    """A value as JSON on standard output; moments in ISO."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


TOLD_EVERY = 5.0
"""Seconds between two lines that say how many are done, where there is no terminal."""


@contextmanager
def steps(title: str, *, total: int | None = None) -> Iterator["Steps"]:
    """Long work: a progress bar on a terminal, with its rate and what is left; elsewhere a line per step."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed or 0:,.0f}/s")

    console = Console(stderr=True)
    if not console.is_terminal:
        yield Steps(None)
        return
    left = () if total is None else (Rate(), TimeRemainingColumn())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), *left)
    with Progress(*columns, console=console, transient=True) as bar:
        yield Steps((bar, bar.add_task(title, total=total)))


class Steps:
    """Tells how far the work has come."""

    def __init__(self, shown: tuple[Any, Any] | None) -> None:
        self._shown = shown
        self._done, self._told_at = 0, time.monotonic()

    def named(self, name: str) -> None:
        """One step, by name."""
        if self._shown is None:
            typer.echo(f"  {name}", err=True)
        else:
            bar, task = self._shown
            bar.update(task, advance=1, description=name)

    def counted(self, count: int) -> None:
        """So many more are done."""
        self._done += count
        if self._shown is not None:
            bar, task = self._shown
            bar.update(task, advance=count)
        elif time.monotonic() - self._told_at > TOLD_EVERY:
            self._told_at = time.monotonic()
            typer.echo(f"  {self._done:,} done", err=True)
