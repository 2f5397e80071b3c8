"""Job: due subscriptions -> selections -> deliveries in the queue.

One block of subscriptions is one transaction: its deliveries, and the moving on of its due
instants. A run that is killed or repeated queues nothing twice.
"""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import itemgetter

from digest.choose import Stock, choose, pasts_of, reached_from_at, take_stock
from digest.compose import reader_facts
from digest.departures import AT_ONCE, CANARY_WAIT, Departures, LeavesAt
from digest.due import DEADLINE, LOOK_BACK, due_before, due_on, next_due_at
from digest.model import Cadence, DeliveryKind, Priority, Selection, Subscription, Weights
from digest.press import Press
from digest.printings import Printings
from digest.store import Connection, Store
from digest.store.clock import last_set_back
from digest.store.deliveries import NewDelivery, queue_editions
from digest.store.events import MERGED, Event, add_events, event_about
from digest.store.subscribers import cadences_due, count_due, move_on, subscriptions_due
from digest.store.waiting import are_held_back

BLOCK = 2000
BLOCK_WEIGHED = 1_000_000
"""Subscriptions to a transaction, and those times the papers that are weighed for them: others wait meanwhile."""


@dataclass(slots=True, kw_only=True)
class Published:
    """What a run did: readers who were due, editions queued, readers without any new paper, editions too late to send,
    and readers whose date had an edition already."""

    due: int = 0
    queued: int = 0
    without_papers: int = 0
    merged: int = 0
    repeated: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A subscription whose hour has come, and what it gets: no selection where the hour is long past.

    `due_on` is the reader's local date of the edition, `key` its delivery's. `reached_from_at` is how far its papers
    had been looked through before, `missed` the local dates of the editions that came too late to be sent, and are
    merged into the next.
    """

    subscription: Subscription
    due_at: datetime
    due_on: date
    key: str
    reached_from_at: datetime | None
    selection: Selection | None
    missed: tuple[date, ...] = ()

    def since_on(self, *, now: datetime) -> date | None:
        """The local date from which on papers were looked through, where an edition was missed in between."""
        choices = self.subscription.choices
        if self.reached_from_at is None:
            return None
        reached_at = max(self.reached_from_at, now - LOOK_BACK[choices.cadence])
        reached_on = due_on(reached_at, timezone=choices.timezone)
        return reached_on if reached_on < due_before(self.due_on, choices) else None

    @property
    def is_edition(self) -> bool:
        """Whether there is anything to send."""
        return self.selection is not None and bool(self.selection.picks)


def is_due(store: Store, *, newsletter: str, now: datetime) -> bool:
    """Whether any subscription of the newsletter is."""
    with store.reading() as connection:
        return bool(cadences_due(connection, newsletter=newsletter, now=now))


def publish(
    store: Store,
    press: Press,
    *,
    newsletter: str,
    weights: Weights,
    now: datetime,
    departures: Departures = AT_ONCE,
    should_stop: Callable[[], bool] = lambda: False,
    progress: Callable[[int], None] = lambda _: None,
) -> Published:
    """Queue the editions of every subscription of the newsletter that is due, until `should_stop` says so."""
    published = Published()
    with store.reading() as connection:
        cadences = cadences_due(connection, newsletter=newsletter, now=now)
        if not cadences:
            return published
        sources = press.newsletter(newsletter).sources
        stock = take_stock(connection, sources=sources, cadences=cadences, now=now)
        begun = are_held_back(connection, newsletter=newsletter, since=now - CANARY_WAIT, now=now)
        leaves_at = departures.of(count_due(connection, newsletter=newsletter, now=now), now=now, is_rest=begun)
    block = max(min(BLOCK, BLOCK_WEIGHED // max(len(stock.papers), 1)), 1)
    printings = Printings(press, stock, newsletter=newsletter)
    while not should_stop():
        with store.writing() as connection:
            due = subscriptions_due(connection, newsletter=newsletter, cadences=cadences, now=now, limit=block)
            if not due:
                return published
            chosen = _chosen(connection, stock, due, weights=weights, now=now)
            queued = _queue(connection, printings, chosen, signed_with=press.keys.newest, leaves_at=leaves_at, now=now)
            published.due += len(chosen)
            published.queued += len(queued)
            published.repeated += sum(c.is_edition and c.key not in queued for c in chosen)
            published.without_papers += sum(c.selection is not None and not c.selection.picks for c in chosen)
            published.merged += sum(len(c.missed) for c in chosen)
            add_events(connection, [_merged(late, now=now) for late in chosen if late.missed])
            move_on(connection, [_moved(c, queued=queued, now=now) for c in chosen])
        progress(len(due))
    return published


def _chosen(
    connection: Connection, stock: Stock, due: Sequence[Subscription], *, weights: Weights, now: datetime
) -> list[Chosen]:
    """What each subscription gets now: nothing where its hour is long past."""
    pasts, instants = pasts_of(connection, due, now=now), {one.id: _due_instants(one, now=now) for one in due}
    in_time = [one for one in due if now - instants[one.id][-1] <= DEADLINE[one.choices.cadence]]
    chosen = choose(connection, stock, in_time, pasts=pasts, weights=weights, now=now)
    selections = {one.id: selection for one, selection in zip(in_time, chosen, strict=True)}
    set_back_at = last_set_back(connection)
    days = {one.id: due_on(instants[one.id][-1], timezone=one.choices.timezone) for one in due}
    return [
        Chosen(
            subscription=one,
            due_at=instants[one.id][-1],
            due_on=days[one.id],
            key=_key(one, days[one.id], set_back_at=set_back_at),
            reached_from_at=reached_from_at(one, pasts[one.id]),
            selection=selections.get(one.id),
            missed=_missed(one, instants[one.id], is_in_time=one.id in selections),
        )
        for one in due
    ]


def _key(subscription: Subscription, day: date, *, set_back_at: datetime | None) -> str:
    """The delivery's key: one for a subscription and its local date.

    What a clock that was ahead had sent keeps its key, and a provider may know it: nothing else is sent by it.
    """
    since = "" if set_back_at is None else f":{set_back_at:%Y%m%dT%H%M}"
    return f"{subscription.newsletter}:edition:{subscription.id}:{day}{since}"


def _due_instants(subscription: Subscription, *, now: datetime) -> list[datetime]:
    """The due instants that have passed: those before the last were missed, and are merged into it."""
    assert subscription.next_due_at is not None
    found = [subscription.next_due_at]
    while (following := next_due_at(found[-1], subscription.choices)) <= now:
        found.append(following)
    return found


def _missed(subscription: Subscription, instants: Sequence[datetime], *, is_in_time: bool) -> tuple[date, ...]:
    late = instants[:-1] if is_in_time else instants
    return tuple(due_on(one, timezone=subscription.choices.timezone) for one in late)


def _merged(chosen: Chosen, *, now: datetime) -> Event:
    """Why a reader has no edition of a date: what came of it is in the next."""
    return event_about(
        chosen.subscription,
        MERGED,
        now=now,
        first_on=chosen.missed[0].isoformat(),
        last_on=chosen.missed[-1].isoformat(),
        editions=len(chosen.missed),
        reason="published past its deadline",
    )


def _queue(
    connection: Connection,
    printings: Printings,
    chosen: Sequence[Chosen],
    *,
    signed_with: str,
    leaves_at: LeavesAt,
    now: datetime,
) -> set[str]:
    """Queue the deliveries of a block, printing what they need; the keys that were new."""
    editions: dict[tuple[Cadence, date], list[Chosen]] = {}
    for choice in chosen:
        if choice.is_edition:
            editions.setdefault((choice.subscription.choices.cadence, choice.due_on), []).append(choice)
    queued: set[str] = set()
    # In one order for all: two processes would wait for each other without end.
    for (cadence, day), choices in sorted(editions.items(), key=itemgetter(0)):
        papers = {pick.paper_id for c in choices if c.selection is not None for pick in c.selection.picks}
        printing_id = printings.of(connection, cadence, day, papers)
        new = [
            _delivery(c, printing_id=printing_id, signed_with=signed_with, leaves_at=leaves_at, now=now)
            for c in choices
        ]
        queued |= queue_editions(connection, new)
    return queued


def _delivery(chosen: Chosen, *, printing_id: int, signed_with: str, leaves_at: LeavesAt, now: datetime) -> NewDelivery:
    subscription = chosen.subscription
    deadline_at = chosen.due_at + DEADLINE[subscription.choices.cadence]
    return NewDelivery(
        key=chosen.key,
        kind=DeliveryKind.EDITION,
        priority=Priority.EDITION,
        newsletter=subscription.newsletter,
        subscriber_id=subscription.subscriber_id,
        subscription_id=subscription.id,
        printing_id=printing_id,
        due_on=chosen.due_on,
        selection=chosen.selection,
        reader=reader_facts(subscription, since_on=chosen.since_on(now=now)),
        reached_from_at=chosen.reached_from_at,
        dated_at=now,
        send_after_at=leaves_at(deadline_at),
        send_before_at=deadline_at,
        signed_with=signed_with,
    )


def _moved(chosen: Chosen, *, queued: Set[str], now: datetime) -> tuple[int, datetime, datetime | None]:
    """Where the subscription stands: what came too late, or had that date's edition before, looked through nothing."""
    subscription, choices = chosen.subscription, chosen.subscription.choices
    # Another hour may still come on the edition's own date, where it was published late.
    free_on = chosen.due_on + timedelta(days=1) if chosen.is_edition else date.min
    following = next_due_at(now, choices, not_before=free_on)
    looked_through = chosen.selection is not None and (not chosen.is_edition or chosen.key in queued)
    return subscription.id, following, now if looked_through else chosen.reached_from_at
