"""subscriber add, list, show, unsubscribe."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.context import Json, Now, answer, now_or, opened, say
from digest.errors import InputError
from digest.model import Choices, InterestKind

if TYPE_CHECKING:
    from digest.address import Address
    from digest.app import App
    from digest.config import Newsletter

commands = typer.Typer(no_args_is_help=True)

Typed = Annotated[str, typer.Argument(metavar="ADDRESS", help="An address, such as ada@example.org.")]


@commands.command()
def add(
    context: typer.Context,
    address: Typed,
    topic: Annotated[
        list[str] | None, typer.Option(metavar="WORDS", help="A topic in words; may be given again.")
    ] = None,
    mute: Annotated[
        list[str] | None, typer.Option(metavar="WORDS", help="Words of papers that are not wanted.")
    ] = None,
    category: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="An arXiv category, such as cs.CL.")
    ] = None,
    author: Annotated[list[str] | None, typer.Option(metavar="NAME", help="An author to follow.")] = None,
    cadence: Annotated[str | None, typer.Option(help="daily, weekdays, weekly or monthly.")] = None,
    hour: Annotated[int | None, typer.Option(help="The local hour, 0 to 23.")] = None,
    timezone: Annotated[str | None, typer.Option(help="An IANA time zone, such as Europe/Paris.")] = None,
    max_papers: Annotated[int | None, typer.Option("--max", help="The most papers in an edition.")] = None,
    newsletter: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Which newsletter; the first if unsaid.")
    ] = None,
    confirmed: Annotated[bool, typer.Option("--confirmed", help="Subscribe at once: you vouch for it.")] = False,
    now: Now = None,
) -> None:
    """Subscribe an address: it gets a confirm message, unless you vouch for it."""
    from digest.address import parse_address
    from digest.subscribe import choices_from

    app, parsed = opened(context), parse_address(address)
    wanted = _newsletter(app, newsletter)
    choices = choices_from(
        topics=topic or (),
        categories=category or (),
        authors=author or (),
        mutes=mute or (),
        cadence=cadence or wanted.cadence,
        hour=wanted.hour if hour is None else hour,
        timezone=timezone or wanted.timezone,
        max_papers=wanted.max_papers if max_papers is None else max_papers,
    )
    say(_added(app, parsed, wanted.slug, choices, confirmed=confirmed, now=now_or(now)))


def _newsletter(app: "App", slug: str | None) -> "Newsletter":
    """The newsletter with that slug, or the first."""
    known = app.press.newsletters
    wanted = known.get(slug or next(iter(known)))
    if wanted is None:
        raise InputError(f"There is no newsletter {slug!r}. There are: {', '.join(known)}.")
    return wanted


def _added(app: "App", address: "Address", newsletter: str, choices: Choices, *, confirmed: bool, now: datetime) -> str:
    from digest.subscribe import ask, subscribe

    if confirmed:
        subscribe(app.store, address, newsletter=newsletter, choices=choices, now=now)
        return "Subscribed; if it was before, with these choices instead."
    asked = ask(app.store, address, newsletter=newsletter, choices=choices, keys=app.keys, now=now)
    return "A confirm message is queued." if asked.queued else "A confirm message was queued within the last hour."


@commands.command(name="list")
def list_all(context: typer.Context, as_json: Json = False) -> None:
    """Everybody: who is subscribed, who has left, who has been asked."""
    from digest.store.subscribers import all_subscriptions, open_confirms

    app, now = opened(context), now_or(None)
    with app.store.reading() as connection:
        rows = [_row(s.address, s.newsletter, s.state, s.choices, s.next_due_at) for s in all_subscriptions(connection)]
        rows += [_row(c.address, c.newsletter, "pending", c.choices, None) for c in open_confirms(connection, now=now)]
    if as_json:
        answer(rows)
        return
    for row in rows:
        say(
            f"{row['state']:<12}  {row['address']:<32}  {row['newsletter']}, {row['cadence']} at {row['hour']:02}:00"
            f" ({row['timezone']})"
        )
    if not rows:
        say("Nobody yet.")


@commands.command()
def show(context: typer.Context, address: Typed, as_json: Json = False) -> None:
    """One subscriber: choices, what was sent, what happened."""
    from digest.address import parse_address
    from digest.store.deliveries import deliveries_of
    from digest.store.events import events_of
    from digest.store.subscribers import subscriber_named, subscriptions_of

    app = opened(context)
    with app.store.reading() as connection:
        number = subscriber_named(connection, parse_address(address))
        if number is None:
            raise InputError("That address is not known here. `digest subscriber list` shows those that are.")
        told = {
            "subscriptions": [
                _row(s.address, s.newsletter, s.state, s.choices, s.next_due_at) | _followed(s.choices)
                for s in subscriptions_of(connection, number)
            ],
            "deliveries": [
                {"key": d.key, "state": d.state, "detail": d.detail, "dated_at": d.dated_at.isoformat()}
                for d in deliveries_of(connection, number)
            ],
            "events": [
                {"kind": event.kind, "happened_at": event.happened_at.isoformat(), **event.detail}
                for event in events_of(connection, number)
            ],
        }
    if as_json:
        answer(told)
        return
    for name, rows in told.items():
        say(f"{name}:")
        for row in rows:
            say("  " + "; ".join(f"{key} {_plain(value)}" for key, value in row.items() if value not in ("", None, [])))
        if not rows:
            say("  none")


@commands.command()
def unsubscribe(context: typer.Context, address: Typed) -> None:
    """End every subscription of an address, messages in the queue included."""
    from digest.address import parse_address
    from digest.subscribe import unsubscribe_address

    app = opened(context)
    ended = unsubscribe_address(app.store, parse_address(address), now=now_or(None))
    say("Unsubscribed." if ended else "Nothing to do: there is no active subscription.")


def _row(address: str, newsletter: str, state: str, choices: Choices, next_due_at: datetime | None) -> dict[str, Any]:
    return {
        "address": address,
        "newsletter": newsletter,
        "state": str(state),
        "cadence": choices.cadence,
        "hour": choices.hour,
        "timezone": choices.timezone,
        "max_papers": choices.max_papers,
        "next_due_at": None if next_due_at is None else next_due_at.isoformat(),
    }


def _plain(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _followed(choices: Choices) -> dict[str, list[str]]:
    return {kind: [i.value for i in choices.interests if i.kind is kind] for kind in InterestKind}
