"""subscriber complained, lift: who called a message spam, as the operator was told; and that it was a mistake."""

from typing import Annotated

import typer

from digest.cli.addresses import addresses_in
from digest.cli.context import Now, now_or, opened, say
from digest.cli.people import Typed

commands = typer.Typer()


@commands.command()
def complained(
    context: typer.Context,
    address: Annotated[
        list[str], typer.Argument(metavar="ADDRESS...", help="Who complained; `-` reads them, a line each.")
    ],
    now: Now = None,
) -> None:
    """Somebody called a message spam: they get nothing more, and too many of them stop their newsletter."""
    from digest.feedback import complained_by
    from digest.rendering.words import counted

    app, instant, told = opened(context), now_or(now), addresses_in(address)
    heard: list[str | None] = []
    for one in told.values():
        with app.store.writing() as connection:
            heard.append(complained_by(connection, one, now=instant))
    known = [stopped for stopped in heard if stopped is not None]
    readers, strangers = counted(len(known), "reader"), len(told) - len(known)
    say(f"Noted: {readers} complained, and nothing more is sent there; {strangers} not known here.")
    for newsletter in filter(None, known):
        say(f"{newsletter} has stopped: too many complained. `digest mail resume --newsletter {newsletter}` goes on.")


@commands.command()
def lift(context: typer.Context, address: Typed, now: Now = None) -> None:
    """A complaint was a mistake, or an address that was refused is there again: send to it again."""
    from digest.address import parse_address
    from digest.feedback import lift as end_suppression

    app, parsed = opened(context), parse_address(address)
    with app.store.writing() as connection:
        lifted = end_suppression(connection, parsed, keys=app.keys, now=now_or(now))
    if lifted:
        say(
            "Lifted: that address is sent to again. Whoever complained has no subscription any more:"
            " `digest subscriber add` makes one."
        )
    else:
        say("Nothing to do: messages are sent to that address.")
