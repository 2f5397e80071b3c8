"""subscriber list, show, like, dislike, take-back, pause, resume, unsubscribe."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.context import PAPER, Json, Now, answer, day, now_or, opened, paper_in, say
from digest.errors import InputError
from digest.model import Want

if TYPE_CHECKING:
    from digest.app import App
    from digest.model import Subscription
    from digest.store.confirms import Confirm

commands = typer.Typer()

Typed = Annotated[str, typer.Argument(metavar="ADDRESS", help="An address, such as ada@example.org.")]
Named = Annotated[str, typer.Argument(metavar="PAPER", help=PAPER)]


@commands.command(name="list")
def list_all(context: typer.Context, as_json: Json = False, now: Now = None) -> None:
    """Everybody: who is subscribed, who has left, who has been asked, and to whom nothing is sent any more."""
    from digest.cli.showing import on_day_of, row_of
    from digest.feedback import names_of
    from digest.store.confirms import open_confirms
    from digest.store.subscribers import all_subscriptions
    from digest.store.suppressions import all_suppressions

    app, instant = opened(context), now_or(now)
    with app.store.reading() as connection:
        everybody: list[Subscription | Confirm] = [
            *all_subscriptions(connection),
            *open_confirms(connection, now=instant),
        ]
        suppressions = all_suppressions(connection)
    rows = []
    for one in everybody:
        names = names_of(app.keys, one.address.casefold()) if suppressions else ()
        suppressed = next((suppressions[name] for name in names if name in suppressions), None)
        rows.append(row_of(one, now=instant, suppressed=suppressed))
    if as_json:
        answer(rows)
        return
    for row in rows:
        told = f", paused until {row['paused_until']}" if row["paused_until"] else ""
        if row["suppressed"]:
            told += f", nothing is sent since {row['suppressed_at'][:10]}: {row['suppressed']}"
        say(
            f"{row['state']:<12}  {row['address']:<32}  {row['newsletter']}, {row['cadence']}{on_day_of(row)} at"
            f" {row['hour']:02}:00 ({row['timezone']}){told}"
        )
    if not rows:
        say("Nobody yet.")


@commands.command()
def show(context: typer.Context, address: Typed, as_json: Json = False) -> None:
    """One subscriber: choices, what was sent, what happened."""
    from digest.address import parse_address
    from digest.cli.showing import plain, subscriptions_told
    from digest.feedback import names_of
    from digest.store.deliveries import deliveries_of, references_of
    from digest.store.events import events_of
    from digest.store.subscribers import subscriber_named
    from digest.store.suppressions import suppression_of

    app, now, wanted = opened(context), now_or(None), parse_address(address)
    with app.store.reading() as connection:
        number = subscriber_named(connection, wanted)
        if number is None:
            raise InputError("That address is not known here. `digest subscriber list` shows those that are.")
        references = references_of(connection, number)
        suppressed = suppression_of(connection, names_of(app.keys, wanted.key))
        told = {
            "subscriptions": subscriptions_told(connection, number, suppressed=suppressed, now=now),
            "deliveries": [
                {
                    "key": d.key,
                    "state": d.state,
                    "detail": d.detail,
                    "dated_at": d.dated_at.isoformat(),
                    "provider_reference": references.get(d.id, ""),
                }
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
            say("  " + "; ".join(f"{key} {plain(value)}" for key, value in row.items() if value not in ("", None, [])))
        if not rows:
            say("  none")


@commands.command()
def like(context: typer.Context, address: Typed, paper: Named, now: Now = None) -> None:
    """More like this paper, from the next edition on."""
    _judge(context, address, paper, Want.MORE, now=now_or(now))


@commands.command()
def dislike(context: typer.Context, address: Typed, paper: Named, now: Now = None) -> None:
    """Less like this paper, from the next edition on."""
    _judge(context, address, paper, Want.LESS, now=now_or(now))


@commands.command(name="take-back")
def take_back(context: typer.Context, address: Typed, paper: Named, now: Now = None) -> None:
    """Neither like nor dislike the paper any more."""
    _judge(context, address, paper, None, now=now_or(now))


def _judge(context: typer.Context, address: str, paper: str, want: Want | None, *, now: datetime) -> None:
    from digest import feedback
    from digest.address import parse_address
    from digest.subscribe import active_subscription

    app = opened(context)
    with app.store.writing() as connection:
        subscription = active_subscription(connection, parse_address(address))
        found = paper_in(connection, paper, now=now)
        if want is None:
            changed = feedback.take_back(connection, subscription, found.id, now=now)
        else:
            changed = feedback.say(connection, subscription, found.id, want, now=now)
    done = "Forgotten" if want is None else f"Noted: {want} like it"
    nothing = "nothing was said of it" if want is None else "that was said already"
    say(f"{done}, “{found.title}”." if changed else f"Nothing to do: {nothing}.")


@commands.command()
def pause(
    context: typer.Context,
    address: Typed,
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="When editions come again; in two weeks if unsaid.")
    ] = None,
    now: Now = None,
) -> None:
    """No editions until a date, messages in the queue included."""
    from digest.change import BREAK, check_break
    from digest.change import pause as take_break
    from digest.due import due_on

    app, instant = opened(context), now_or(now)
    subscriptions = _active(app, address)
    ends = [day(until) if until else due_on(instant, timezone=s.choices.timezone) + BREAK for s in subscriptions]
    # Their zones differ: a date that one of them refuses changes none.
    for subscription, ends_on in zip(subscriptions, ends, strict=True):
        check_break(subscription, until=ends_on, now=instant)
    for subscription, ends_on in zip(subscriptions, ends, strict=True):
        take_break(app.store, subscription.id, until=ends_on, keys=app.keys, now=instant)
        say(f"{subscription.newsletter}: paused until {ends_on}.")


@commands.command()
def resume(context: typer.Context, address: Typed, now: Now = None) -> None:
    """End a break: the next edition comes at its hour."""
    from digest.change import resume as end_break

    app, instant = opened(context), now_or(now)
    for subscription in _active(app, address):
        ended = end_break(app.store, subscription.id, keys=app.keys, now=instant)
        say(f"{subscription.newsletter}: {'resumed' if ended else 'not paused'}.")


def _active(app: "App", address: str) -> "list[Subscription]":
    """The active subscriptions of an address. Raises InputError where there is none."""
    from digest.address import parse_address
    from digest.subscribe import active_subscriptions

    with app.store.reading() as connection:
        return active_subscriptions(connection, parse_address(address))


@commands.command()
def unsubscribe(context: typer.Context, address: Typed) -> None:
    """End every subscription of an address, messages in the queue included."""
    from digest.address import parse_address
    from digest.subscribe import unsubscribe_address

    app = opened(context)
    ended = unsubscribe_address(app.store, parse_address(address), now=now_or(None))
    say("Unsubscribed." if ended else "Nothing to do: there is no active subscription.")
