"""init, mail test, mail pause, mail resume, mail dkim, stats, store migrate, check, copy, tidy, reindex."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.context import Json, Now, answer, now_or, opened, say, steps
from digest.errors import ConfigError, InputError, StoreError

if TYPE_CHECKING:
    from digest.app import App
    from digest.store.sources import Health
    from digest.store.waiting import Waiting

commands = typer.Typer()
mail = typer.Typer(no_args_is_help=True)
store = typer.Typer(no_args_is_help=True)


@commands.command()
def init(context: typer.Context) -> None:
    """Write config.toml, and create or migrate the store."""
    from digest.config import load_config
    from digest.installation import has_workers, set_up

    path: Path = context.obj.config
    if not path.exists():
        _write_example(path)
        say(f"Wrote {path}: it works as it stands, and sends to nobody.")
    config = load_config(path)
    app, before, after = set_up(config)
    app.store.close()
    say(_migrated(before, after))
    if has_workers(config):
        say("The tables of the queue's engine are there, too.")
    say("Next: `digest collect`, `digest subscriber add`, then `digest run`.")


@mail.callback()
def _mail() -> None:
    """The provider."""


@mail.command()
def test(
    context: typer.Context, address: Annotated[str, typer.Argument(help="Where to send the test message.")]
) -> None:
    """Send one test message by the configured provider."""
    from digest.address import parse_address
    from digest.cli.sending import send_now
    from digest.trial import queue_test

    app, now = opened(context), now_or(None)
    newsletter = app.config.newsletter[0].slug
    number = queue_test(app.store, app.press, parse_address(address), newsletter=newsletter, now=now)
    send_now(app, number, now=now)


Slug = Annotated[str | None, typer.Option("--newsletter", metavar="SLUG", help="Only this newsletter's editions.")]


@mail.command()
def pause(context: typer.Context, newsletter: Slug = None) -> None:
    """Stop all sending, by every process, until `digest mail resume`; what is queued waits."""
    from digest.store.pauses import pause_sending

    app, now = opened(context), now_or(None)
    scope = _scope(app, newsletter)
    with app.store.writing() as connection:
        stopped = pause_sending(connection, scope, why="by the operator", now=now)
    told = "Paused: nothing more leaves" if stopped else "It was paused already"
    say(f"{told}. `digest mail resume` goes on; an edition that is too late by then is merged into the next.")


@mail.command()
def resume(context: typer.Context, newsletter: Slug = None) -> None:
    """Go on sending."""
    from digest.store.pauses import resume_sending

    app = opened(context)
    with app.store.writing() as connection:
        went_on = resume_sending(connection, _scope(app, newsletter))
    say("Sending goes on." if went_on else "That was not paused. `digest stats` shows what is.")


def _scope(app: "App", newsletter: str | None) -> str:
    from digest.store.pauses import EVERYTHING

    known = [one.slug for one in app.config.newsletter]
    if newsletter is not None and newsletter not in known:
        raise InputError(f"There is no newsletter {newsletter!r}. There are: {', '.join(known)}.")
    return newsletter or EVERYTHING


@mail.command()
def dkim(
    context: typer.Context,
    rsa: Annotated[str | None, typer.Option(metavar="SELECTOR", help="Make this selector's key first.")] = None,
    ed25519: Annotated[str | None, typer.Option(metavar="SELECTOR", help="The same, a second key of Ed25519.")] = None,
    as_json: Json = False,
) -> None:
    """Show the DNS records of the keys that sign messages ([[mail.dkim.keys]]), as lines of a zone file."""
    from digest.app import key_files
    from digest.config import load_config
    from digest.locator import domain_of
    from digest.mail.dkim import record_name, zone_line
    from digest.mail.signing_keys import make_key, read_key

    config = load_config(context.obj.config)
    files = {file.selector: file for file in key_files(config)}
    for selector in filter(None, (rsa, ed25519)):
        if selector not in files:
            raise InputError(f"There is no selector {selector!r}. Put it and its file into [[mail.dkim.keys]] first.")
        make_key(files[selector], ed25519=selector == ed25519)
        typer.echo(f"Made {files[selector].path}.", err=True)
    domains = sorted({config.mail.dkim.domain or domain_of(one.sender) for one in config.newsletter})
    records = [(read_key(file), domain) for file in files.values() for domain in domains]
    if as_json:
        answer([{"name": record_name(key, domain=domain), "text": key.record} for key, domain in records])
        return
    for key, domain in records:
        say(zone_line(key, domain=domain))
    if not records:
        say("No key signs messages: name one in [[mail.dkim.keys]].")


@commands.command()
def stats(context: typer.Context, as_json: Json = False) -> None:
    """What is paused or waits, subscriptions and deliveries by state, refusals, who is due, how the sources are."""
    from dataclasses import asdict

    from digest.cli.sending import impasse_told, pause_told
    from digest.pace import Pace
    from digest.store.clock import last_tick_at
    from digest.store.deliveries import count_by_state, count_skipped
    from digest.store.impasses import impasses_now
    from digest.store.pauses import pauses_now
    from digest.store.sources import health
    from digest.store.subscribers import count_subscriptions, next_due
    from digest.store.tallies import count_refusals
    from digest.store.waiting import waiting_now

    app, now = opened(context), now_or(None)
    with app.store.reading() as connection:
        waiting, refused = waiting_now(connection, now=now), count_refusals(connection)
        troubles, stuck = Pace(app.limits).troubles(connection, now=now), impasses_now(connection)
        deliveries, sources, halted = count_by_state(connection), health(connection), pauses_now(connection)
        skipped, ticked_at, due = count_skipped(connection), last_tick_at(connection), next_due(connection)
        subscribed = count_subscriptions(connection)
    if as_json:
        told = {
            "subscriptions": subscribed,
            "deliveries": deliveries,
            "skipped": skipped,
            "refused": refused,
            "ticked_at": ticked_at,
            "next_due_at": due and due[0],
            "waiting": asdict(waiting),
            "troubles": troubles,
        }
        told |= {"paused": [asdict(one) for one in halted.values()], "impasses": [asdict(one) for one in stuck]}
        answer(told | {"sources": [asdict(one) for one in sources]})
        return
    lines = [
        *(f"{count:>8}  subscriptions: {state}" for state, count in subscribed.items()),
        *(f"{count:>8}  {state}" for state, count in deliveries.items()),
        *(f"{count:>8}  skipped: {reason}" for reason, count in skipped.items()),
        *(f"{count:>8}  {words}" for words, count in refused.items()),
        *_waiting_told(waiting),
        *_ticks_told(ticked_at, due),
        *map(_source_told, sources),
    ]
    for line in [*map(pause_told, halted.values()), *map(impasse_told, stuck), *troubles, *(lines or ["Nothing yet."])]:
        say(line)


def _waiting_told(waiting: "Waiting") -> Iterator[str]:
    if waiting.next_at is not None:
        yield f"{waiting.later:>8}  queued until a time of their own, the first {waiting.next_at:%Y-%m-%d %H:%M} UTC"


def _ticks_told(ticked_at: datetime | None, due: tuple[datetime, int] | None) -> Iterator[str]:
    from digest.rendering.words import counted

    if ticked_at is not None:
        yield f"last looked for who is due at {ticked_at:%Y-%m-%d %H:%M} UTC, give or take ten minutes"
    if due is not None:
        yield f"next due at {due[0]:%Y-%m-%d %H:%M} UTC: {counted(due[1], 'reader')}"


def _source_told(source: "Health") -> str:
    from digest.rendering.words import counted

    if source.failures:
        return f"failed {counted(source.failures, 'time')}: {source.error}"
    return f"{source.name}: read at {source.succeeded_at:%Y-%m-%d %H:%M} UTC"


@store.command()
def migrate(context: typer.Context) -> None:
    """Bring the store to this program's revision."""
    from digest.config import load_config
    from digest.installation import migrate_store

    before, after, makes_jobs = migrate_store(load_config(context.obj.config))
    if makes_jobs:
        say("The tables of the queue's engine were made, or brought to its revision.")
    if before != after or not makes_jobs:
        say(_migrated(before, after))


@store.command()
def check(context: typer.Context) -> None:
    """Find damage in the store."""
    from digest.config import load_config
    from digest.store import open_store
    from digest.store.check import damage

    config = load_config(context.obj.config)
    with closing(open_store(config.store.url, folder=config.folder)) as store:
        found = damage(store)
    for sentence in found:
        typer.echo(f"digest: {sentence}", err=True)
    if found:
        raise StoreError("The store is not sound: each line above says what is wrong, and what to do.")
    say(f"The store {store.where} is sound.")


@store.command()
def copy(
    context: typer.Context,
    to: Annotated[str, typer.Option("--to", metavar="URL", help="An empty database, as store.url would name it.")],
) -> None:
    """Copy everything into another store and compare every row. Stop the daemon, the site and all else before."""
    from digest.copying import copy_store
    from digest.rendering.words import counted
    from digest.store import open_store

    app, now = opened(context), now_or(None)
    target = open_store(to, folder=app.config.folder, create=True, key="--to")
    with closing(target), steps("copying") as shown:
        copied = copy_store(app.store, target, now=now, progress=shown.named)
    rows = counted(sum(copied.values()), "row")
    say(f"Copied {rows} in {counted(len(copied), 'table')} to {target.where}: each is there as it was.")
    say("The old store sends nothing any more. Name the new one in store.url, then start `digest run`.")


@store.command()
def tidy(context: typer.Context, now: Now = None) -> None:
    """Delete what is older than [retention] says, as the daemon does once a day."""
    from digest.rendering.words import counted
    from digest.tidy import tidy as delete_old

    app = opened(context)
    with steps("tidying") as shown:
        gone = delete_old(app.store, keeping=app.keeping, now=now_or(now), progress=shown.counted)
    say(
        f"Deleted: what {counted(gone.editions, 'edition')} held, {counted(gone.printings, 'row')} of printings,"
        f" {counted(gone.messages, 'message')}, {counted(gone.events, 'event')}."
    )


@store.command()
def reindex(context: typer.Context) -> None:
    """Make the search index anew from the papers."""
    from digest.store.search import rebuild_index

    app = opened(context)
    with app.store.writing() as connection:
        rebuild_index(connection)
    say("The search index is made anew.")


def _write_example(path: Path) -> None:
    package = Path(__file__).parents[1]
    example = next(p for p in (package / "config.example.toml", package.parent / "config.example.toml") if p.exists())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(example.read_text(encoding="utf-8"), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}. Choose another place by --config.") from error


def _migrated(before: str | None, after: str) -> str:
    if before == after:
        return f"The store is at revision {after} already."
    return (
        f"The store is set up, at revision {after}." if before is None else f"The store went from {before} to {after}."
    )
