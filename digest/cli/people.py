"""subscriber add, list, show, like, dislike, take-back, pause, resume, unsubscribe."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.context import PAPER, Json, Now, answer, day, day_wanted, now_or, opened, paper_in, say
from digest.errors import InputError
from digest.model import Choices, SubscriptionState, Want, Weights

if TYPE_CHECKING:
    from digest.address import Address
    from digest.app import App
    from digest.config.sections import Newsletter
    from digest.model import Subscription

commands = typer.Typer(no_args_is_help=True)

Typed = Annotated[str, typer.Argument(metavar="ADDRESS", help="An address, such as ada@example.org.")]
Named = Annotated[str, typer.Argument(metavar="PAPER", help=PAPER)]


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
    example: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A paper to be like: an arXiv id, a DOI, or its address.")
    ] = None,
    bibtex: Annotated[Path | None, typer.Option(metavar="FILE", help="Papers to be like, as BibTeX.")] = None,
    cadence: Annotated[str | None, typer.Option(help="daily, weekdays, weekly or monthly.")] = None,
    on_day: Annotated[
        str | None,
        typer.Option("--day", metavar="DAY", help="Of the week where weekly (tuesday), of the month where monthly."),
    ] = None,
    hour: Annotated[int | None, typer.Option(help="The local hour, 0 to 23.")] = None,
    timezone: Annotated[str | None, typer.Option(help="An IANA time zone, such as Europe/Paris.")] = None,
    max_papers: Annotated[int | None, typer.Option("--max", help="The most papers in an edition.")] = None,
    relevance: Annotated[float | None, typer.Option(help="How much counts what matches, 0 to 5.")] = None,
    trend: Annotated[float | None, typer.Option(help="How much counts what is trending, 0 to 5.")] = None,
    novelty: Annotated[float | None, typer.Option(help="How much counts what is new, 0 to 5.")] = None,
    only_matches: Annotated[bool, typer.Option("--only-matches", help="Nothing that only trends.")] = False,
    language: Annotated[str, typer.Option(metavar="CODE", help="The language of the messages, such as en.")] = "en",
    newsletter: Annotated[
        str | None, typer.Option(metavar="SLUG", help="Which newsletter; the first if unsaid.")
    ] = None,
    confirmed: Annotated[bool, typer.Option("--confirmed", help="Subscribe at once: you vouch for it.")] = False,
    now: Now = None,
) -> None:
    """Subscribe an address: it gets a confirm message, unless you vouch for it."""
    from digest.address import parse_address
    from digest.examples import bring_examples, example_named, examples_in
    from digest.subscribe import choices_from

    app, parsed, instant = opened(context), parse_address(address), now_or(now)
    wanted = _newsletter(app, newsletter)
    examples = [*map(example_named, example or ()), *(examples_in(bibtex) if bibtex else ())]
    choices = choices_from(
        topics=topic or (),
        categories=category or (),
        authors=author or (),
        mutes=mute or (),
        examples=[one.alias for one in examples],
        cadence=cadence or wanted.cadence,
        **{"weekday": wanted.weekday, "month_day": wanted.month_day, **day_wanted(on_day, cadence or wanted.cadence)},
        hour=wanted.hour if hour is None else hour,
        timezone=timezone or wanted.timezone,
        max_papers=wanted.max_papers if max_papers is None else max_papers,
        weights=_weights(app, relevance=relevance, trend=trend, novelty=novelty),
        only_matches=only_matches,
        language=language,
        languages=app.press.library.languages,
    )
    bring_examples(app.store, examples, fetch=lambda ids: app.arxiv().named(ids), now=instant)
    say(_added(app, parsed, wanted.slug, choices, confirmed=confirmed, now=instant))


def _weights(app: "App", **told: float | None) -> Weights | None:
    """The operator's with what was typed in their place; none where nothing was."""
    typed = {name: value for name, value in told.items() if value is not None}
    return replace(app.weights, **typed) if typed else None


def _newsletter(app: "App", slug: str | None) -> "Newsletter":
    """The newsletter with that slug, or the first."""
    known = app.press.newsletters
    wanted = known.get(slug or next(iter(known)))
    if wanted is None:
        raise InputError(f"There is no newsletter {slug!r}. There are: {', '.join(known)}.")
    return wanted


_DONE = {
    None: "Subscribed.",
    SubscriptionState.ACTIVE: "Changed: it was subscribed already, and has these choices now.",
    SubscriptionState.UNSUBSCRIBED: "Brought back: its subscription had ended, and goes on with these choices.",
}


def _added(app: "App", address: "Address", newsletter: str, choices: Choices, *, confirmed: bool, now: datetime) -> str:
    from digest.feedback import require_sendable
    from digest.subscribe import ask, subscribe

    with app.store.reading() as connection:
        require_sendable(connection, address, keys=app.keys)
    if confirmed:
        return _DONE[subscribe(app.store, address, newsletter=newsletter, choices=choices, now=now).before]
    asked = ask(app.store, address, newsletter=newsletter, choices=choices, keys=app.keys, now=now)
    return "A confirm message is queued." if asked.queued else "A confirm message was queued within the last hour."


@commands.command(name="list")
def list_all(context: typer.Context, as_json: Json = False, now: Now = None) -> None:
    """Everybody: who is subscribed, who has left, who has been asked."""
    from digest.cli.showing import on_day_of, row_of
    from digest.store.subscribers import all_subscriptions, open_confirms

    app, instant = opened(context), now_or(now)
    with app.store.reading() as connection:
        rows = [
            row_of(s.address, s.newsletter, s.state, s.choices, now=instant, subscription=s)
            for s in all_subscriptions(connection)
        ]
        rows += [
            row_of(c.address, c.newsletter, "pending", c.choices, now=instant)
            for c in open_confirms(connection, now=instant)
        ]
    if as_json:
        answer(rows)
        return
    for row in rows:
        break_told = f", paused until {row['paused_until']}" if row["paused_until"] else ""
        say(
            f"{row['state']:<12}  {row['address']:<32}  {row['newsletter']}, {row['cadence']}{on_day_of(row)} at"
            f" {row['hour']:02}:00 ({row['timezone']}){break_told}"
        )
    if not rows:
        say("Nobody yet.")


@commands.command()
def show(context: typer.Context, address: Typed, as_json: Json = False) -> None:
    """One subscriber: choices, what was sent, what happened."""
    from digest.address import parse_address
    from digest.cli.showing import followed, judged, plain, row_of
    from digest.store.deliveries import deliveries_of, references_of
    from digest.store.events import events_of
    from digest.store.subscribers import subscriber_named, subscriptions_of

    app, now = opened(context), now_or(None)
    with app.store.reading() as connection:
        number = subscriber_named(connection, parse_address(address))
        if number is None:
            raise InputError("That address is not known here. `digest subscriber list` shows those that are.")
        references = references_of(connection, number)
        told = {
            "subscriptions": [
                row_of(s.address, s.newsletter, s.state, s.choices, now=now, subscription=s)
                | followed(connection, s.choices, now=now)
                | judged(connection, s.id, now=now)
                for s in subscriptions_of(connection, number)
            ],
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
