"""subscriber export, erase: all that is known of somebody, for them to have, or to be forgotten."""

from typing import Annotated

import typer

from digest.cli.context import answer, now_or, opened, say
from digest.cli.people import Typed

commands = typer.Typer()


@commands.command()
def export(context: typer.Context, address: Typed) -> None:
    """Everything that is stored of an address, in JSON: what its reader gets from the preferences page, too."""
    from digest.account import known_of, numbered
    from digest.address import parse_address

    app = opened(context)
    with app.store.reading() as connection:
        answer(known_of(connection, numbered(connection, parse_address(address)), now=now_or(None)))


@commands.command()
def erase(
    context: typer.Context,
    address: Typed,
    is_sure: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete an address and all that is stored of it, after asking; a suppression stays, as a keyed hash."""
    from digest.account import erase as forget
    from digest.account import numbered
    from digest.address import parse_address

    app = opened(context)
    with app.store.reading() as connection:
        number = numbered(connection, parse_address(address))
    if not is_sure:
        typer.confirm("Erase it for good?", abort=True)
    say("Erased." if forget(app.store, number, keys=app.keys) else "Nothing to do: it was erased meanwhile.")
