"""The ledger: every message that was ever meant to leave, and what became of it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from json.encoder import encode_basestring_ascii as _in_json
from typing import Any, NamedTuple

from sqlalchemy import Connection, exists, func, literal_column, select, update

from digest.model import (
    DeliveryKind,
    DeliveryState,
    Outcome,
    Pick,
    Priority,
    Reason,
    ReasonKind,
    Selection,
)
from digest.store.bulk import insert_many
from digest.store.engine import ReadyJson, insert
from digest.store.jobs import Work, announce
from digest.store.spelling import any_of
from digest.store.tables import attempts, deliveries, subscribers
from digest.store.unwanted import WHY_UNWANTED

MISDATED = "dated by a clock that was ahead"
"""Why an edition was skipped, and has no date, that was made before the clock was set back."""

NOT_SENT = deliveries.c.state != literal_column(f"'{DeliveryState.SENT}'")
"""Whether the queue's index has a delivery, as SQLite recognises it: word for word, with no parameter in it."""

SENDING_ORDER = (deliveries.c.priority, deliveries.c.send_after_at, deliveries.c.id)
"""In which deliveries are sent."""

IS_QUEUED = (deliveries.c.state == DeliveryState.QUEUED) & NOT_SENT
"""Whether a delivery waits."""

IS_LEASED = deliveries.c.state == DeliveryState.LEASED
"""Whether a lease holds a delivery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """A message to be queued. `key` names it for ever: the same key is queued once.

    `reader` (JSON) is what the message says of its reader, as of now: it says the same whenever
    it is made again. `reached_from_at` is how far the subscription had been looked through before. It leaves at
    once, or not before `send_after_at`.
    """

    key: str
    kind: DeliveryKind
    priority: Priority
    newsletter: str
    subscriber_id: int
    dated_at: datetime
    send_before_at: datetime
    signed_with: str
    subscription_id: int | None = None
    confirm_id: int | None = None
    printing_id: int | None = None
    due_on: date | None = None
    selection: Selection | None = None
    reader: Mapping[str, Any] | None = None
    reached_from_at: datetime | None = None
    send_after_at: datetime | None = None


class Delivery(NamedTuple):
    """A message in the ledger. `address` is None once the subscriber was erased."""

    id: int
    key: str
    kind: DeliveryKind
    state: DeliveryState
    selection: Selection | None
    detail: str
    newsletter: str
    subscriber_id: int | None
    subscription_id: int | None
    confirm_id: int | None
    printing_id: int | None
    due_on: date | None
    dated_at: datetime
    send_before_at: datetime
    signed_with: str
    reader: Mapping[str, Any] | None
    attempts: int
    address: str | None


def queue(connection: Connection, new: NewDelivery) -> bool:
    """Queue a delivery; false where its key is there already."""
    statement = insert(connection, deliveries).values(_queued(new)).on_conflict_do_nothing()
    is_new = connection.execute(statement.returning(deliveries.c.id)).first() is not None
    if is_new:
        announce(connection, Work.DELIVER)
    return is_new


def queue_editions(connection: Connection, new: Sequence[NewDelivery]) -> set[str]:
    """Queue editions but those whose key or (subscription, date) is there already; the keys that were new.

    The caller holds their subscriptions, so nobody else queues any of them meanwhile.
    """
    if not new:
        return set()
    keys = {one.key for one in new}
    last = connection.execute(select(func.max(deliveries.c.id))).scalar() or 0
    count = insert_many(connection, deliveries, [_queued(one) for one in new])
    if count:
        announce(connection, Work.DELIVER)
    if count == len(new):
        return keys
    added = any_of(deliveries.c.key, sorted(keys)) & (deliveries.c.id > last)
    return set(connection.execute(select(deliveries.c.key).where(added)).scalars())


def _queued(new: NewDelivery) -> dict[str, Any]:
    return {
        "key": new.key,
        "kind": new.kind,
        "priority": new.priority,
        "state": DeliveryState.QUEUED,
        "newsletter": new.newsletter,
        "subscriber_id": new.subscriber_id,
        "subscription_id": new.subscription_id,
        "confirm_id": new.confirm_id,
        "printing_id": new.printing_id,
        "due_on": new.due_on,
        "dated_at": new.dated_at,
        "reached_from_at": new.reached_from_at,
        "send_after_at": new.send_after_at or new.dated_at,
        "send_before_at": new.send_before_at,
        "signed_with": new.signed_with,
        "selection": None if new.selection is None else _selection_to_json(new.selection),
        "reader": new.reader,
    }


def delivery_keyed(connection: Connection, key: str) -> int:
    """The number of the delivery with this key."""
    return int(connection.execute(select(deliveries.c.id).where(deliveries.c.key == key)).scalar_one())


def has_keyed_since(connection: Connection, keys: Collection[str], *, since: datetime, now: datetime) -> bool:
    """Whether a delivery with one of these keys was queued after that instant, by a clock that was not ahead of now."""
    keyed = deliveries.c.key.in_(keys) & (deliveries.c.dated_at > since) & (deliveries.c.dated_at <= now)
    return connection.execute(select(deliveries.c.id).where(keyed).limit(1)).first() is not None


def sender_refused_since(connection: Connection) -> datetime | None:
    """When the provider first refused us as the sender of a message that still waits."""
    joined = attempts.join(deliveries, attempts.c.delivery_id == deliveries.c.id)
    waits = (deliveries.c.state == DeliveryState.QUEUED) & (attempts.c.outcome == Outcome.SENDER_REFUSED)
    since: datetime | None = connection.execute(
        select(func.min(attempts.c.answered_at)).select_from(joined).where(waits)
    ).scalar()
    return since


def delivery_numbered(connection: Connection, number: int) -> Delivery | None:
    """The delivery with this number."""
    row = connection.execute(delivery_rows().where(deliveries.c.id == number)).first()
    return None if row is None else delivery_in(row)


def deliveries_queued(connection: Connection, *, now: datetime) -> list[Delivery]:
    """What could be sent now, in the order in which it would be."""
    return deliveries_numbered(connection, numbers_queued(connection, now=now))


def numbers_queued(connection: Connection, *, now: datetime, limit: int | None = None) -> list[int]:
    """The numbers of the same, at most so many."""
    waiting = IS_QUEUED & (deliveries.c.send_after_at <= now) & WHY_UNWANTED.is_(None)
    query = select(deliveries.c.id).where(waiting).order_by(*SENDING_ORDER).limit(limit)
    return list(connection.execute(query, {"now": now, "suppressed_as": ()}).scalars())


def deliveries_numbered(connection: Connection, numbers: Collection[int]) -> list[Delivery]:
    """The deliveries with these numbers, in the order in which they would be sent."""
    query = delivery_rows().where(any_of(deliveries.c.id, numbers)).order_by(*SENDING_ORDER)
    return [delivery_in(row) for row in connection.execute(query)]


def deliveries_of(connection: Connection, subscriber_id: int) -> list[Delivery]:
    """A subscriber's deliveries, newest first."""
    query = delivery_rows().where(deliveries.c.subscriber_id == subscriber_id).order_by(deliveries.c.id.desc())
    return [delivery_in(row) for row in connection.execute(query)]


def last_sent_at(connection: Connection, subscriber_id: int, *, now: datetime) -> datetime | None:
    """When a message of the subscriber's was last taken, by a clock that was not ahead of now."""
    taken = (deliveries.c.subscriber_id == subscriber_id) & (deliveries.c.state == DeliveryState.SENT)
    # What has been sent is not sent later any more: the column says when it was.
    was = taken & (deliveries.c.send_after_at <= now)
    last: datetime | None = connection.execute(select(func.max(deliveries.c.send_after_at)).where(was)).scalar()
    return last


def references_of(connection: Connection, subscriber_id: int) -> dict[int, str]:
    """What the provider said as it took each of a subscriber's deliveries: by that its log knows them."""
    taken = (deliveries.c.subscriber_id == subscriber_id) & (deliveries.c.provider_reference != "")
    rows = connection.execute(select(deliveries.c.id, deliveries.c.provider_reference).where(taken))
    return {row.id: row.provider_reference for row in rows}


def count_by_state(connection: Connection) -> dict[DeliveryState, int]:
    """How many deliveries are in each state that any is in."""
    query = select(deliveries.c.state, func.count()).where(NOT_SENT).group_by(deliveries.c.state)
    counts = {DeliveryState(state): count for state, count in connection.execute(query)}
    # Nearly all of them, which no index but that of the numbers has.
    total = connection.execute(select(func.count()).select_from(deliveries)).scalar_one()
    sent = total - sum(counts.values())
    return counts | ({DeliveryState.SENT: sent} if sent else {})


def count_skipped(connection: Connection) -> dict[str, int]:
    """How many deliveries were skipped, by the reason."""
    skipped = (deliveries.c.state == DeliveryState.SKIPPED) & NOT_SENT
    query = select(deliveries.c.detail, func.count()).where(skipped).group_by(deliveries.c.detail)
    return {row[0]: row[1] for row in connection.execute(query.order_by(deliveries.c.detail))}


def skip_queued(
    connection: Connection,
    subscription_ids: Sequence[int],
    *,
    detail: str,
    kinds: Iterable[DeliveryKind] = DeliveryKind,
) -> int:
    """Take back what is queued for these subscriptions, of these kinds; how many messages that were."""
    of_theirs = deliveries.c.subscription_id.in_(subscription_ids) & deliveries.c.kind.in_(list(kinds))
    queued = of_theirs & (deliveries.c.state == DeliveryState.QUEUED)
    told = {"state": DeliveryState.SKIPPED, "detail": detail}
    return connection.execute(update(deliveries).where(queued).values(told)).rowcount


def take_back(connection: Connection, number: int, *, detail: str) -> None:
    """Skip the delivery with this number, where it still waits."""
    queued = (deliveries.c.id == number) & (deliveries.c.state == DeliveryState.QUEUED)
    connection.execute(update(deliveries).where(queued).values(state=DeliveryState.SKIPPED, detail=detail))


def queue_again(connection: Connection, subscription_id: int, *, detail: str, now: datetime) -> None:
    """Queue the subscription's last edition again, where it was skipped for that reason and is still worth sending.

    An earlier one is not: its papers may be in the last.
    """
    later = deliveries.alias()
    is_last = ~exists().where(
        later.c.subscription_id == deliveries.c.subscription_id, later.c.due_on > deliveries.c.due_on
    )
    skipped = (deliveries.c.state == DeliveryState.SKIPPED) & (deliveries.c.detail == detail)
    edition = (deliveries.c.subscription_id == subscription_id) & deliveries.c.due_on.is_not(None)
    wanted = edition & skipped & (deliveries.c.send_before_at >= now) & is_last
    told = {"state": DeliveryState.QUEUED, "detail": ""}
    connection.execute(update(deliveries).where(wanted).values(told))


def delivery_rows() -> Any:
    """The query of all deliveries with their subscribers' addresses, to be narrowed down."""
    joined = deliveries.outerjoin(subscribers, deliveries.c.subscriber_id == subscribers.c.id)
    return select(*(deliveries.c[name] for name in Delivery._fields[:-1]), subscribers.c.address).select_from(joined)


def delivery_in(row: Sequence[Any]) -> Delivery:
    """The delivery that a row of `delivery_rows` says."""
    number, key, kind, state, selection, *others = row
    chosen = None if selection is None else _selection_from_json(selection)
    return Delivery(number, key, _KINDS[kind], _STATES[state], chosen, *others)


_KINDS = {kind.value: kind for kind in DeliveryKind}
_STATES = {state.value: state for state in DeliveryState}
_REASONS = {kind.value: kind for kind in ReasonKind}


def _selection_to_json(selection: Selection) -> ReadyJson:
    """Piece by piece: the encoder takes twice as long for so many small lists."""
    picks = [
        f'[{number},{score:.4f},"{kind}",{_in_json(interest)},[{",".join(map(_in_json, terms))}]]'
        for number, score, (kind, interest, terms) in selection.picks
    ]
    return ReadyJson(f'{{"considered":{selection.considered},"picks":[{",".join(picks)}]}}')


def _selection_from_json(told: dict[str, Any]) -> Selection:
    picks = [
        Pick(paper_id, score, Reason(_REASONS[kind], interest, tuple(terms)))
        for paper_id, score, kind, interest, terms in told["picks"]
    ]
    return Selection(considered=told["considered"], picks=tuple(picks))
