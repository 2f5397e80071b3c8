"""collect, publish, deliver, run, worker, serve, demo."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.context import Now, day, now_or, opened, say, steps, warn_of_future
from digest.errors import ConfigError, InputError

if TYPE_CHECKING:
    from collections import Counter

    from digest.app import App
    from digest.collect import Collected
    from digest.inference.embedding import Embedder

commands = typer.Typer()


@commands.command()
def collect(
    context: typer.Context,
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    file: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", exists=True, dir_okay=False, help="Read files instead of the sources."),
    ] = None,
    more: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]...", exists=True, dir_okay=False, help="More files, after --file."),
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="Read back to this day.")] = None,
    now: Now = None,
) -> None:
    """Bring papers from the sources into the store."""
    from digest.alarms import alarm_of_sources
    from digest.collect import LOOK_BACK
    from digest.collect import collect as bring
    from digest.refit import refit_background
    from digest.sources.files import Files

    if more and not file:
        raise InputError("Files of papers come after --file.")
    if file and since is not None:
        raise InputError("Files are read whole. Leave out --since, or --file.")
    app, instant = opened(context), now_or(now)
    embedder = app.embedder()
    look_back = LOOK_BACK if since is None else instant.date() - day(since)
    look_backs = app.look_backs if since is None else {}
    if look_back < timedelta(0):
        raise InputError(f"--since {since} has not come yet. Write a day that has.")
    sources = [Files([*file, *(more or [])])] if file else app.sources()
    if source is not None:
        sources = [known for known in sources if known.name == source]
    if not sources:
        named = f"no source {source!r}" if source else "no source switched on"
        raise InputError(f"There is {named}. The configuration's [sources] lists them.")
    with steps("collecting") as shown:
        collected = bring(
            app.store, sources, now=instant, look_back=look_back, look_backs=look_backs, progress=shown.named
        )
        if refit_background(app.store, now=instant):
            shown.named("the background was fitted anew")
    _say_collected(collected)
    failed = [one.source for one in collected if one.error]
    for name in alarm_of_sources(app.store, app.press, failed, to=app.config.mail.alarms, now=instant):
        say(f"The operator's alarm is queued: {name} has failed for a day.")
    _embed(app, embedder)
    _summarise(app, now=instant)
    _end([one.error for one in collected])


def _say_collected(collected: "Sequence[Collected]") -> None:
    for one in collected:
        recorded = one.recorded
        say(f"{one.source}: {recorded.read} listed, {recorded.new} new, {recorded.changed} changed.")
        for remark in one.remarks:
            typer.echo(f"digest: {remark}", err=True)


def _embed(app: "App", embedder: "Embedder | None") -> None:
    """Make vectors where a model is configured; that it fails is said, and changes nothing else."""
    from digest.embed import embed

    with steps("embedding") as shown:
        done = embed(app.store, embedder, progress=shown.counted)
    if embedder is not None:
        say(f"vectors: {done.made} made{f', {done.refused} refused by the model' if done.refused else ''}.")
    if done.error:
        typer.echo(f"digest: {done.error}", err=True)


def _summarise(app: "App", *, now: datetime) -> None:
    """Have papers summed up where a model is configured; that it fails is said, and changes nothing else."""
    from digest.summarise import summarise

    summariser = app.summariser()
    if summariser is None:
        return
    with steps("summarising") as shown:
        per_day = app.config.summary.per_day
        done = summarise(app.store, summariser.sentence, per_day=per_day, now=now, progress=shown.counted)
    say(f"summaries: {done.asked} asked for, {done.written} written.")
    if done.error:
        typer.echo(f"digest: {done.error}", err=True)


@commands.command()
def publish(
    context: typer.Context,
    newsletter: Annotated[str | None, typer.Option(metavar="SLUG", help="Only this newsletter.")] = None,
    now: Now = None,
) -> None:
    """Queue the editions that are due."""
    from digest.clock import mind_clock, note_rehearsal
    from digest.publish import publish as queue_due
    from digest.rendering.words import counted
    from digest.subscribe import forget_unconfirmed

    app, instant = opened(context), now_or(now)
    known = [one.slug for one in app.config.newsletter]
    if newsletter is not None and newsletter not in known:
        raise InputError(f"There is no newsletter {newsletter!r}. There are: {', '.join(known)}.")
    if now is not None:
        warn_of_future(instant)
        note_rehearsal(app.store, now=instant)
    elif (shown_at := mind_clock(app.store, now=instant)) is not None:
        say(f"The clock was set back from {shown_at:%Y-%m-%d %H:%M} UTC: what is due is reckoned anew.")
    for slug in known if newsletter is None else [newsletter]:
        with steps("publishing") as shown:
            published = queue_due(
                app.store,
                app.press,
                newsletter=slug,
                weights=app.weights,
                now=instant,
                departures=app.departures,
                progress=shown.counted,
            )
        say(
            f"{slug}: {counted(published.queued, 'edition')} queued, {counted(published.without_papers, 'reader')}"
            f" without a new paper, {published.merged} too late and merged into the next."
        )
    forget_unconfirmed(app.store, now=instant)


@commands.command()
def deliver(
    context: typer.Context,
    limit: Annotated[int | None, typer.Option(min=1, help="Send at most so many.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Make every message, send none.")] = False,
    now: Now = None,
) -> None:
    """Send what is queued."""
    from time import sleep

    from digest.alarms import alarm_of_pauses, alarm_of_refusal
    from digest.deliver import deliver as send
    from digest.deliver import rehearse
    from digest.rendering.words import counted
    from digest.store.pauses import pauses_now
    from digest.store.waiting import waiting_now

    app = opened(context)
    if dry_run:
        done = rehearse(app.store, app.press, now=now_or(now), limit=limit)
        say(f"{counted(done.made, 'message')} made, {done.size:,} bytes; {done.failed} cannot be made. None was sent.")
        return
    warn_of_future(now_or(now))
    with app.store.reading() as connection:
        found = waiting_now(connection, now=now_or(now))
    with steps("delivering", total=min(found.queued - found.later, limit or found.queued)) as shown:
        delivered = send(
            app.store,
            app.mailer(),
            app.press,
            terms=app.terms,
            clock=lambda: now_or(now),
            limit=limit,
            wait=sleep,
            progress=shown.counted,
        )
    with app.store.reading() as connection:
        halted, left = pauses_now(connection), waiting_now(connection, now=now_or(now))
    _say_sent(app, delivered.counts, otherwise="Nothing was sent" if left.queued else "Nothing was queued")
    for words, count in delivered.refusals.most_common():
        say(f"{count:>8}  {words}")
    if delivered.wait is not None:
        say(delivered.wait.told)
    elif left.next_at is not None:
        when = f"{left.next_at:%Y-%m-%d %H:%M} UTC or later"
        say(f"{counted(left.later, 'message')} queued until {when}; an edition that is too late by then is skipped.")
    if halted:
        say("Some or all sending is paused: `digest stats` says since when, and why.")
    for newsletter in alarm_of_pauses(app.store, app.press, to=app.config.mail.alarms, now=now_or(now)):
        say(f"The operator's alarm is queued: {newsletter} has stopped by itself.")
    if alarm_of_refusal(app.store, app.press, delivered.refused, to=app.config.mail.alarms, now=now_or(now)):
        say("The operator's alarm is queued; it waits until the provider takes mail again.")
    _end([delivered.error])


@commands.command()
def run(context: typer.Context) -> None:
    """The whole service in one process, website included."""
    from digest.cli.daemon import run_daemon

    run_daemon(opened(context), clock=lambda: datetime.now(UTC))


@commands.command()
def worker(
    context: typer.Context,
    concurrency: Annotated[int, typer.Option(min=1, max=32, help="How many deliver at a time; one publishes.")] = 1,
) -> None:
    """Help the daemon publish and deliver, whenever the queue's engine calls ([queue] engine)."""
    from digest.installation import has_workers

    app = opened(context)
    if not has_workers(app.config):
        raise ConfigError(
            'queue.engine is "local", which calls no worker. Set it to "procrastinate", on PostgreSQL, and run'
            " `digest store migrate`; `digest run` alone does all the work else."
        )
    from digest.cli.worker import run_worker

    run_worker(app, clock=lambda: datetime.now(UTC), concurrency=concurrency)


@commands.command()
def serve(context: typer.Context) -> None:
    """The website alone."""
    from digest.cli.sending import say_paused
    from digest.web import create_site
    from digest.web.server import build_server, require_free

    app = opened(context)
    require_free(app.config.web.listen)
    site = create_site(app, clock=lambda: datetime.now(UTC))
    say(f"The site is at {app.config.web.base_url} (listening on {app.config.web.listen}).")
    say_paused(app)
    say("Nothing is sent from here: `digest run`, or `digest deliver`, sends what it queues.")
    build_server(site, app.config.web.listen).run()


@commands.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="End instead of serving the site.")] = False,
    papers: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Files of papers, not live ones."),
    ] = None,
    more: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", exists=True, dir_okay=False, help="More files, after --papers."),
    ] = None,
) -> None:
    """Show the whole service on example readers."""
    from digest.cli.demo import show_demo

    if more and not papers:
        raise InputError("Files of papers come after --papers.")
    show_demo([*(papers or []), *(more or [])], once=once)


def _say_sent(app: "App", counts: "Counter[str]", *, otherwise: str) -> None:
    """What became of how many messages, and where those are that were sent."""
    from digest.cli.sending import say_outbox

    told = [f"{count} {outcome}" for outcome, count in sorted(counts.items()) if count]
    say(f"{', '.join(told) or otherwise}.")
    if counts["sent"]:
        say_outbox(app)


def _end(errors: list[str]) -> None:
    """Say what failed, and end with exit code 1 if anything did."""
    failed = [error for error in errors if error]
    for error in failed:
        typer.echo(f"digest: {error}", err=True)
    if failed:
        raise typer.Exit(1)
