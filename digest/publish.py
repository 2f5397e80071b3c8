"""Job: due subscriptions -> selections -> deliveries in the queue.

One block of subscriptions is one transaction: its deliveries, and the moving on of its due
instants. A run that is killed or repeated queues nothing twice.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from digest.compose import Press, card_of, printing_content, reader_facts
from digest.due import DEADLINE, LOOK_BACK, due_on, next_due_at
from digest.model import Cadence, DeliveryKind, Paper, Priority, Selection, Subscription
from digest.ranking.background import Background, fit, unpack
from digest.ranking.candidates import Candidates
from digest.ranking.selection import select
from digest.ranking.trending import WINDOW, by_trend, listed_in
from digest.rendering.cards import Card, card_to_json, make_card
from digest.store import Connection, Store
from digest.store.backgrounds import latest_background
from digest.store.deliveries import NewDelivery, Past, past_editions, queue
from digest.store.editions import add_pieces, edition_for, printing_for
from digest.store.papers import papers_listed, with_histories
from digest.store.sources import last_collected_at
from digest.store.subscribers import cadences_due, move_on, subscriptions_due

BLOCK = 2000

OVERLAP = timedelta(hours=1)
"""Papers seen this long before the last edition are looked at again: a collect that was under way
then may have stored them only afterwards."""

TRENDING_KEPT = 30
"""Five are shown under an edition, none of them among the reader's own, which are 20 at most."""


@dataclass(slots=True, kw_only=True)
class Published:
    """What a run did: editions queued, readers without any new paper, editions too late to send."""

    queued: int = 0
    without_papers: int = 0
    merged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A subscription whose hour has come, and what it gets: no selection where the hour is long past.

    `reached_from_at` is how far its papers had been looked through before.
    """

    subscription: Subscription
    due_at: datetime
    reached_from_at: datetime | None
    selection: Selection | None

    @property
    def due_on(self) -> date:
        """The reader's local date of the edition."""
        return due_on(self.due_at, timezone=self.subscription.choices.timezone)

    @property
    def key(self) -> str:
        """The delivery's key: one for a subscription and its local date."""
        return f"{self.subscription.newsletter}:edition:{self.subscription.id}:{self.due_on}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What a newsletter's editions are chosen from, as known at `as_of`, when papers last came in."""

    candidates: Candidates
    as_of: datetime
    papers: Mapping[int, Paper] = field(repr=False)


def publish(
    store: Store,
    press: Press,
    *,
    newsletter: str,
    trend_weight: float,
    now: datetime,
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
    while not should_stop():
        with store.writing() as connection:
            due = subscriptions_due(connection, newsletter=newsletter, cadences=cadences, now=now, limit=BLOCK)
            if not due:
                return published
            chosen = choose(connection, stock, due, trend_weight=trend_weight, now=now)
            queued = _queue(connection, press, stock, chosen, now=now)
            published.queued += len(queued)
            published.without_papers += sum(c.selection is not None and not c.selection.picks for c in chosen)
            published.merged += sum(c.selection is None for c in chosen)
            move_on(connection, [_moved(c, queued=queued, now=now) for c in chosen])
        progress(len(due))
    return published


def take_stock(connection: Connection, *, sources: Sequence[str], cadences: Iterable[Cadence], now: datetime) -> Stock:
    """The papers that any edition of these cadences could hold, prepared for choosing."""
    furthest = max(LOOK_BACK[cadence] for cadence in cadences)
    papers = papers_listed(connection, since=now - furthest, now=now, sources=sources)
    candidates = Candidates(papers, background=_background(connection, papers), now=now)
    as_of = min(last_collected_at(connection) or now, now)
    return Stock(candidates=candidates, as_of=as_of, papers={paper.id: paper for paper in papers})


def choose(
    connection: Connection, stock: Stock, due: Sequence[Subscription], *, trend_weight: float, now: datetime
) -> list[Chosen]:
    """What each subscription gets now."""
    pasts = pasts_of(connection, due, now=now)
    return [_chosen(stock, one, past=pasts[one.id], trend_weight=trend_weight, now=now) for one in due]


def pasts_of(connection: Connection, due: Sequence[Subscription], *, now: datetime) -> dict[int, Past]:
    """What each subscription was sent, as far back as its editions reach."""
    furthest = max(LOOK_BACK[subscription.choices.cadence] for subscription in due)
    numbers = [subscription.id for subscription in due]
    found = past_editions(connection, numbers, since_on=(now - furthest).date())
    return {number: found.get(number, Past()) for number in numbers}


def reached_from_at(subscription: Subscription, past: Past) -> datetime | None:
    """How far the papers have been looked through for editions that came to something."""
    return past.reached_from_at if past.is_given_back else subscription.reached_at


def select_for(
    stock: Stock, subscription: Subscription, *, past: Past, trend_weight: float, now: datetime
) -> Selection:
    """One reader's papers out of those that are new since their last edition that came to something."""
    reached_at = reached_from_at(subscription, past)
    return select(
        stock.candidates,
        subscription.choices.interests,
        limit=subscription.choices.max_papers,
        listed_since=now - LOOK_BACK[subscription.choices.cadence],
        seen_after=None if reached_at is None else reached_at - OVERLAP,
        already_sent=past.sent,
        trend_weight=trend_weight,
    )


def _chosen(stock: Stock, subscription: Subscription, *, past: Past, trend_weight: float, now: datetime) -> Chosen:
    due_at = _latest_due_at(subscription, now=now)
    is_late = now - due_at > DEADLINE[subscription.choices.cadence]
    chosen = None if is_late else select_for(stock, subscription, past=past, trend_weight=trend_weight, now=now)
    reached_at = reached_from_at(subscription, past)
    return Chosen(subscription=subscription, due_at=due_at, reached_from_at=reached_at, selection=chosen)


def edition_content(press: Press, stock: Stock, *, newsletter: str, cadence: Cadence, day: date) -> dict[str, object]:
    """What the printing of an edition keeps, as of the last collect."""
    listed = listed_in(stock.candidates.papers, WINDOW[cadence], now=stock.as_of)
    trending = [
        make_card(paper, seen_at=stock.as_of, cadence=cadence)
        for paper in by_trend(listed, WINDOW[cadence], now=stock.as_of)[:TRENDING_KEPT]
    ]
    return printing_content(
        press, newsletter=newsletter, cadence=cadence, due_on=day, trending=trending, day_count=len(listed)
    )


def cards_for(connection: Connection, stock: Stock, paper_ids: Iterable[int], *, cadence: Cadence) -> dict[int, Card]:
    """The papers as an edition shows them, as of the last collect."""
    papers = with_histories(connection, [stock.papers[number] for number in paper_ids], now=stock.as_of)
    return {paper.id: card_of(paper, seen_at=stock.as_of, cadence=cadence) for paper in papers}


def _background(connection: Connection, papers: Sequence[Paper]) -> Background:
    stored = latest_background(connection)
    if stored is None:
        return fit([(paper.title, paper.abstract) for paper in papers], version=0)
    return unpack(stored.content, version=stored.version, papers=stored.papers)


def _latest_due_at(subscription: Subscription, *, now: datetime) -> datetime:
    """The last due instant that has passed: those before it were missed, and are merged into it."""
    choices = subscription.choices
    due_at = subscription.next_due_at
    assert due_at is not None
    while True:
        following = next_due_at(due_at, cadence=choices.cadence, hour=choices.hour, timezone=choices.timezone)
        if following > now:
            return due_at
        due_at = following


def _queue(connection: Connection, press: Press, stock: Stock, chosen: Sequence[Chosen], *, now: datetime) -> set[str]:
    """Queue the deliveries of a block, printing what they need; the keys that were new."""
    editions: dict[tuple[Cadence, date], list[Chosen]] = {}
    for choice in chosen:
        if choice.selection is not None and choice.selection.picks:
            editions.setdefault((choice.subscription.choices.cadence, choice.due_on), []).append(choice)
    queued: set[str] = set()
    for (cadence, day), choices in editions.items():
        newsletter = choices[0].subscription.newsletter
        edition_id = edition_for(connection, newsletter=newsletter, cadence=cadence, due_on=day)
        content = edition_content(press, stock, newsletter=newsletter, cadence=cadence, day=day)
        printing_id = printing_for(connection, edition_id, content)
        papers = {pick.paper_id for c in choices if c.selection is not None for pick in c.selection.picks}
        cards = cards_for(connection, stock, sorted(papers), cadence=cadence)
        add_pieces(connection, printing_id, {number: card_to_json(card) for number, card in cards.items()})
        signed_with = press.keys.newest
        new = [_delivery(c, printing_id=printing_id, signed_with=signed_with, now=now) for c in choices]
        queued |= queue(connection, new)
    return queued


def _delivery(chosen: Chosen, *, printing_id: int, signed_with: str, now: datetime) -> NewDelivery:
    subscription = chosen.subscription
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
        reader=reader_facts(subscription),
        reached_from_at=chosen.reached_from_at,
        dated_at=now,
        send_before_at=chosen.due_at + DEADLINE[subscription.choices.cadence],
        signed_with=signed_with,
    )


def _moved(chosen: Chosen, *, queued: Set[str], now: datetime) -> tuple[int, datetime, datetime | None]:
    """Where the subscription stands: what came too late, or had that date's edition before, looked through nothing."""
    subscription, choices = chosen.subscription, chosen.subscription.choices
    following = next_due_at(now, cadence=choices.cadence, hour=choices.hour, timezone=choices.timezone)
    looked_through = chosen.selection is not None and (not chosen.selection.picks or chosen.key in queued)
    return subscription.id, following, now if looked_through else chosen.reached_from_at
