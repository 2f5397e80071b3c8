"""The demo on a terminal: set up, tell what came from where, show who got what and why."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import typer

from digest.app import App
from digest.cli.context import say, steps
from digest.collect import Collected
from digest.config import DEMO, Config, parse_config
from digest.demo import Demonstrated, bring_papers, demonstrate
from digest.errors import DeliveryError, InputError
from digest.installation import set_up
from digest.model import Reason, ReasonKind
from digest.rendering.language import ENGLISH
from digest.rendering.marks import why
from digest.rendering.words import counted
from digest.sources import Page
from digest.sources.files import Files, newest_noon
from digest.sources.huggingface import ADDRESS
from digest.sources.sample import sample
from digest.web.server import require_free

FOLDER = Path("var/demo")
OUTBOX = Path("var/outbox")


@contextmanager
def _alone() -> Iterator[None]:
    """While it lasts, no other demo begins in the current folder. Raises InputError where one is running there."""
    where = OUTBOX.absolute()
    with ExitStack() as held:
        try:
            where.mkdir(parents=True, exist_ok=True)
            outbox = os.open(where, os.O_RDONLY)
            held.callback(os.close, outbox)
            fcntl.flock(outbox, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                f"Another demo is running with its messages in {where}. Stop it by Ctrl-C where it runs, or start this"
                " one in another folder and at an address of its own: DIGEST_WEB__LISTEN=127.0.0.1:8080."
            ) from error
        except OSError as error:
            raise InputError(f"{where} cannot be used: {error.strerror}. Start it in a folder of yours.") from error
        yield


def show_demo(papers: list[Path], *, once: bool) -> None:
    """Run the demo in the current folder, and serve it unless it is to end.

    What could go wrong is tried first: only then is what an earlier demo left removed.
    """
    config = _config(live=not papers)
    files = Files(papers)
    if papers:
        _read(files)
    with _alone():
        if not once:
            require_free(config.web.listen)
        _clear()
        app, _, _ = set_up(config)
        now = datetime.now(UTC)
        collected, starts_at = _bring_dated(app, files, now=now) if papers else _bring_live(app, now=now)
        shown = demonstrate(app.store, app.press, app.mailer(), collected=collected, terms=app.terms, now=starts_at)
        _tell(shown)
        if shown.delivered.error:
            raise DeliveryError(shown.delivered.error)
        if once:
            say(f"They are in the folder {config.folder / OUTBOX}; the demo without --once shows them in the browser.")
            return
        from digest.cli.daemon import run_daemon

        started_at = datetime.now(UTC)
        say(f"They are at {config.web.base_url}/outbox/")
        run_daemon(app, clock=lambda: starts_at + (datetime.now(UTC) - started_at), outbox=config.folder / OUTBOX)


def _config(*, live: bool) -> Config:
    """The demo's own. Of the environment only these two count: none may choose a mailer that reaches anybody."""
    listen = os.environ.get("DIGEST_WEB__LISTEN", "127.0.0.1:8000")
    url = os.environ.get("DIGEST_SOURCES__HUGGINGFACE__URL", ADDRESS)
    values = {
        "store": {"url": f"sqlite:///{FOLDER}/offprint.db"},
        "keys": {"file": str(FOLDER / "keys")},
        "web": {"listen": listen},
        "newsletter": [{"slug": DEMO, "postal_address": "12 Example Street, 1000 Exampleville"}],
        "sources": {"huggingface": {"enabled": live, "url": url}},
        "mail": {"outbox": {"path": str(OUTBOX)}},
        "schedule": {"publish_seconds": 2, "deliver_seconds": 2},
    }
    return parse_config(values, folder=Path.cwd(), where="the demo's configuration")


def _clear() -> None:
    """Remove what an earlier demo left, and nothing else. Raises InputError where it cannot be removed."""
    try:
        if FOLDER.exists():
            shutil.rmtree(FOLDER)
        for part in ("new", "cur", "tmp"):
            for message in (OUTBOX / part).glob(f"{DEMO}.*"):
                message.unlink()
    except OSError as error:
        raise InputError(
            f"What an earlier demo left cannot be removed: {error.filename}: {error.strerror}. Remove var/demo and"
            f" var/outbox/*/{DEMO}.* as the user who made them."
        ) from error


def _bring_live(app: App, *, now: datetime) -> tuple[list[Collected], datetime]:
    """Papers from the live sources, or else the sample; and the moment that the demo's clock starts at."""
    with steps("collecting") as shown:
        collected = bring_papers(app.store, app.sources(), now=now, progress=shown.named)
    if any(one.recorded.read for one in collected):
        return collected, now
    for one in collected:
        say(f"No live source answered ({one.error or one.source + ' lists nothing'})")
    say("Here is the sample that the project carries: its papers are fictional.")
    return _bring_dated(app, sample(), now=now)


def _bring_dated(app: App, files: Files, *, now: datetime) -> tuple[list[Collected], datetime]:
    """Papers from files: the demo's clock starts at noon after the newest dated one."""
    pages = _read(files)
    noon = newest_noon([listing for page in pages for listing in page.listings], now=now)
    starts_at = noon or now
    collected = bring_papers(app.store, [files], now=starts_at, progress=lambda _: None)
    for page in pages:
        say(f"{len(page.listings):>5} papers from {page.label}")
        if page.remark:
            say(page.remark)
    if noon:
        say(f"The demo's clock starts at noon after the newest of them: {ENGLISH.moment(noon)}.")
    return collected, starts_at


def _read(files: Files) -> list[Page]:
    """The files' papers. Raises SourceError for one that is no good."""
    now = datetime.now(UTC)
    return list(files.listings(since=now.date(), now=now))


def _tell(shown: Demonstrated) -> None:
    for one in shown.collected:
        recorded = one.recorded
        say(f"{recorded.read} listed by {one.source}, {recorded.new} papers after merging.")
    for reader in shown.readers:
        follows = f"follows {', '.join(reader.topics)}" if reader.topics else "follows nothing in particular"
        say(f"\n{typer.style(reader.address, bold=True)} {follows}")
        if reader.selection is None:
            say("  got no message: there is nothing new for this reader.")
            continue
        for pick in reader.selection.picks:
            paper = shown.papers[pick.paper_id]
            say(f"  - {paper.title}\n      {_reason(pick.reason)}{_upvotes(paper.signals.upvotes)}")
    sent = shown.delivered.counts["sent"]
    say(f"\n{counted(sent, 'message')} delivered.")


def _reason(reason: Reason) -> str:
    _, text = why(ENGLISH, reason, marked=False)
    found = ", ".join(f"“{term}”" for term in reason.terms)
    return f"{text}: {found}" if found and reason.kind is ReasonKind.TOPIC else text


def _upvotes(upvotes: int | None) -> str:
    return f" · {counted(upvotes, 'upvote')}" if upvotes else ""
