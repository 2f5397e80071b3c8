"""Job: due subscriptions -> selections -> deliveries in the queue.

One block of subscriptions is one transaction: its deliveries, and the moving on of its due
instants. A run that is killed or repeated queues nothing twice.
"""

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from typing import Any

from digest.choose import Stock, choose, pasts_of, reached_from_at, take_stock
from digest.compose import card_of, printing_content, reader_facts
from digest.departures import AT_ONCE, CANARY_WAIT, Departures, LeavesAt
from digest.due import DEADLINE, LOOK_BACK, due_before, due_on, next_due_at
from digest.model import Cadence, DeliveryKind, Priority, Selection, Subscription, Weights
from digest.press import Press
from digest.ranking.trending import WINDOW, by_trend, listed_in
from digest.rendering.cards import Card, card_to_json, make_card
from digest.store import Connection, Store
from digest.store.clock import last_set_back
from digest.store.deliveries import NewDelivery, queue_editions
from digest.store.editions import LEADING, add_pieces, edition_for, printing_for
from digest.store.events import MERGED, Event, add_events, event_about
from digest.store.papers import with_histories
from digest.store.subscribers import cadences_due, count_due, move_on, subscriptions_due
from digest.store.waiting import are_held_back

BLOCK = 2000
BLOCK_WEIGHED = 1_000_000
"""Subscriptions to a transaction, and those times the papers that are weighed for them: others wait meanwhile."""

TRENDING_KEPT = 30
"""Five are shown under an edition, none of them among the reader's own, which are 20 at most."""


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
    sheets = _Sheets(press, stock, newsletter=newsletter)
    while not should_stop():
        with store.writing() as connection:
            due = subscriptions_due(connection, newsletter=newsletter, cadences=cadences, now=now, limit=block)
            if not due:
                return published
            chosen = _chosen(connection, stock, due, weights=weights, now=now)
            queued = _queue(connection, sheets, chosen, signed_with=press.keys.newest, leaves_at=leaves_at, now=now)
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


def edition_content(press: Press, stock: Stock, *, newsletter: str, cadence: Cadence, day: date) -> dict[str, Any]:
    """What the printing of an edition keeps, as of the last collect."""
    listed = listed_in(stock.candidates.papers, WINDOW[cadence], now=stock.as_of)
    trending = by_trend(listed, WINDOW[cadence], now=stock.as_of)[:TRENDING_KEPT]
    until = max((paper.listed_at for paper in listed), default=stock.as_of)
    return printing_content(
        press,
        newsletter=newsletter,
        cadence=cadence,
        due_on=day,
        trending=[make_card(paper, seen_at=stock.as_of, cadence=cadence) for paper in trending],
        listed_until=until.astimezone(UTC).date(),
        day_count=len(listed),
        leading=[paper.id for paper in trending[:LEADING]],
        seen_at=stock.as_of,
    )


def cards_for(connection: Connection, stock: Stock, paper_ids: Iterable[int], *, cadence: Cadence) -> dict[int, Card]:
    """The papers as an edition shows them, as of the last collect."""
    papers = with_histories(connection, [stock.papers[number] for number in paper_ids], now=stock.as_of)
    return {paper.id: card_of(paper, seen_at=stock.as_of, cadence=cadence) for paper in papers}


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


class _Sheets:
    """What a run prints: an edition once, and a paper's card once for each cadence, however many blocks share them.

    What it knows to be stored is so only if every transaction of the run was committed: one that fails ends the run.
    """

    def __init__(self, press: Press, stock: Stock, *, newsletter: str) -> None:
        self._press, self._stock, self._newsletter = press, stock, newsletter
        self._printings: dict[tuple[Cadence, date], int] = {}
        self._cards: dict[Cadence, dict[int, Any]] = {}
        self._printed: dict[int, set[int]] = {}

    def printing(self, connection: Connection, cadence: Cadence, day: date, papers: Set[int]) -> int:
        """The number of the edition's printing, with the pieces of these papers."""
        known = self._printings.get((cadence, day))
        if known is None:
            known = self._printings[cadence, day] = self._print(connection, cadence, day)
        self._add_pieces(connection, known, papers, cadence=cadence)
        return known

    def _print(self, connection: Connection, cadence: Cadence, day: date) -> int:
        newsletter = self._newsletter
        edition_id = edition_for(connection, newsletter=newsletter, cadence=cadence, due_on=day)
        content = edition_content(self._press, self._stock, newsletter=newsletter, cadence=cadence, day=day)
        printing_id = printing_for(connection, edition_id, content)
        self._add_pieces(connection, printing_id, set(content["leading"]), cadence=cadence)
        return printing_id

    def _add_pieces(self, connection: Connection, printing_id: int, papers: Set[int], *, cadence: Cadence) -> None:
        cards, printed = self._cards.setdefault(cadence, {}), self._printed.setdefault(printing_id, set())
        new = sorted(papers - cards.keys())
        made = cards_for(connection, self._stock, new, cadence=cadence) if new else {}
        cards |= {number: card_to_json(card) for number, card in made.items()}
        add_pieces(connection, printing_id, {number: cards[number] for number in sorted(papers - printed)})
        printed |= papers


def _queue(
    connection: Connection,
    sheets: _Sheets,
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
        printing_id = sheets.printing(connection, cadence, day, papers)
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
