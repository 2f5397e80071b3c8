"""subscriber add: one address, or a whole list of them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.addresses import addresses_in, are_several
from digest.cli.context import Now, day_wanted, now_or, opened, say, steps
from digest.errors import InputError
from digest.model import Choices, SubscriptionState, Weights

if TYPE_CHECKING:
    from digest.address import Address
    from digest.app import App
    from digest.config.sections import Newsletter
    from digest.subscribe import Subscribed

commands = typer.Typer()


@commands.command()
def add(
    context: typer.Context,
    address: Annotated[
        list[str], typer.Argument(metavar="ADDRESS...", help="Whom; `-` reads them from standard input, a line each.")
    ],
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
    bibtex: Annotated[
        Path | None,
        typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Papers to be like, as BibTeX."),
    ] = None,
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
    """Subscribe addresses: each gets a confirm message, unless you vouch for them.

    Whoever is subscribed already stays as they are: alone, `--confirmed` gives them these choices. Of several, those
    who have left are left out.
    """
    from digest.choices import choices_from
    from digest.examples import bring_examples, example_named, examples_in

    app, people, instant = opened(context), addresses_in(address), now_or(now)
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
    if remark := bring_examples(app.store, examples, fetch=lambda ids: app.arxiv().named(ids), now=instant):
        typer.echo(f"digest: {remark}", err=True)
    are_listed = are_several(address)
    order = _Order(newsletter=wanted.slug, choices=choices, confirmed=confirmed, are_listed=are_listed, now=instant)
    if are_listed:
        say(_several_added(app, people, order))
    else:
        [one] = people.values()
        say(_added(app, one, order).told)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """What is to be done with each address.

    One that is listed among others changes nobody who is subscribed, and brings back nobody who has left.
    """

    newsletter: str
    choices: Choices
    confirmed: bool
    are_listed: bool
    now: datetime


@dataclass(frozen=True, slots=True)
class _Added:
    """What was done with an address: as it is counted, and as it is told of one."""

    counted: str
    told: str


_DONE = {
    None: _Added("subscribed", "Subscribed."),
    SubscriptionState.ACTIVE: _Added(
        "changed", "Changed: it was subscribed already, and has these choices in place of its own."
    ),
    SubscriptionState.UNSUBSCRIBED: _Added(
        "brought back", "Brought back: its subscription had ended, and goes on with these choices."
    ),
}
_AS_BEFORE = _Added(
    "already subscribed",
    "It is subscribed already, and stays as it is: `--confirmed` gives it these choices in place of its own.",
)
_ASKED = {
    True: _Added("asked to confirm", "A confirm message is queued."),
    False: _Added("asked within the last hour", "A confirm message was queued within the last hour."),
}


def _several_added(app: "App", people: "Mapping[str, Address]", order: _Order) -> str:
    """Add them, and count; of whoever has left, or gets nothing any more, is told where they stand in the list."""
    counts = Counter({one.counted: 0 for one in (*_DONE.values(), _AS_BEFORE, *_ASKED.values())})
    with steps("subscribing", total=len(people)) as shown:
        for place, address in people.items():
            try:
                counts[_added(app, address, order).counted] += 1
            except InputError as error:
                counts["left out"] += 1
                typer.echo(f"digest: {place}: {error}", err=True)
            shown.counted(1)
    return f"{', '.join(f'{count:,} {what}' for what, count in counts.items() if count) or 'Nobody was named'}."


def _added(app: "App", address: "Address", order: _Order) -> _Added:
    """Add one address. Raises InputError where nothing is sent to it any more, or it has left and is one of a list."""
    from digest.feedback import require_sendable
    from digest.subscribe import ask, subscribe

    newsletter, choices, now, only_new = order.newsletter, order.choices, order.now, order.are_listed
    with app.store.reading() as connection:
        require_sendable(connection, address, keys=app.keys)
    if order.confirmed:
        done = subscribe(app.store, address, newsletter=newsletter, choices=choices, now=now, only_new=only_new)
        if only_new and done.before:
            return _left_as_it_is(done.before)
        added = _DONE[done.before]
        return replace(added, told=f"{added.told} {_coming(done, choices, now=now)}")
    settled = frozenset(SubscriptionState) if only_new else frozenset({SubscriptionState.ACTIVE})
    asked = ask(app.store, address, newsletter=newsletter, choices=choices, keys=app.keys, now=now, settled=settled)
    return _left_as_it_is(asked.before) if asked.before in settled else _ASKED[asked.queued]


def _left_as_it_is(before: SubscriptionState | None) -> _Added:
    """Who has a subscription that is not to change. Raises InputError for one of a list who has left."""
    if before is SubscriptionState.UNSUBSCRIBED:
        raise InputError("That address has unsubscribed. Who wants it back adds it by itself.")
    return _AS_BEFORE


def _coming(done: "Subscribed", choices: Choices, *, now: datetime) -> str:
    """When an edition comes, by the reader's clock."""
    from digest.rendering import words
    from digest.rendering.language import ENGLISH

    assert done.next_due_at is not None
    which = "first" if done.before is None else "next"
    arrival = words.arrival(ENGLISH, done.next_due_at, asked_at=now, timezone=choices.timezone)
    return f"The {which} edition comes {arrival} ({choices.timezone})."
