"""Face: every job is a command. Errors are one sentence and a next step."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from digest import __version__
from digest.cli import account, adding, complaints, evaluating, jobs, papers, people, upkeep
from digest.cli.context import DEFAULT_CONFIG, Settings
from digest.errors import ConfigError, DigestError, InputError

cli = typer.Typer(
    name="digest",
    help="Offprint: trending papers in your inbox.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for commands in (upkeep.commands, jobs.commands, papers.commands, evaluating.commands):
    cli.registered_commands += commands.registered_commands
subscriber = typer.Typer(no_args_is_help=True)
for commands in (adding.commands, people.commands, account.commands, complaints.commands):
    subscriber.registered_commands += commands.registered_commands
cli.add_typer(
    subscriber,
    name="subscriber",
    help="People: add, list, show, like, dislike, take-back, pause, resume, unsubscribe, complained, lift, export,"
    " erase.",
)
cli.add_typer(papers.paper, name="paper", help="Papers: search, show.")
cli.add_typer(upkeep.mail, name="mail", help="The provider.")
cli.add_typer(upkeep.store, name="store", help="The store.")
# Without one of its own, a list of commands cuts each command's help where a line ends.
for commands in (cli, subscriber, papers.paper, upkeep.mail, upkeep.store):
    for one in commands.registered_commands:
        one.short_help = (one.callback.__doc__ or "").partition("\n")[0]
    for group in commands.registered_groups:
        group.short_help = group.help


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"offprint {__version__}")
        raise typer.Exit


@cli.callback()
def settings(
    context: typer.Context,
    config: Annotated[
        Path, typer.Option(help="The configuration file.", envvar="DIGEST_CONFIG", show_default=True)
    ] = DEFAULT_CONFIG,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and end.")
    ] = False,
) -> None:
    """Offprint: trending papers in your inbox."""
    del debug  # main() looks for it where errors end up
    context.obj = Settings(config=config)


# Typer would build it anew for each call.
command = typer.main.get_command(cli)


def main() -> None:
    """Run the command line; exit code 0 is fine, 1 a job that failed or was partial, 2 wrong use or configuration."""
    # What is written here holds addresses and tokens: it is for this user alone.
    os.umask(0o077)
    # More threads wait for one another where a core has anything else to do, and hardly help where not.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        command(prog_name="digest")
    except DigestError as error:
        if "--debug" in sys.argv:
            raise
        typer.echo(f"digest: {error}", err=True)
        sys.exit(2 if isinstance(error, ConfigError | InputError) else 1)
