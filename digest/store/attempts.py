"""What becomes of deliveries while a lease holds them: looked at, answered, or given back."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import BigInteger, Connection, bindparam, cast, select, update

from digest.model import MOVES, Answer, DeliveryState, Outcome
from digest.store.deliveries import IS_LEASED, SENDING_ORDER, Delivery, delivery_in, delivery_rows
from digest.store.spelling import any_of, many, pairs
from digest.store.tables import attempts, deliveries
from digest.store.unwanted import WHY_UNWANTED

LEASED_AMONG = any_of(deliveries.c.id, many("numbers", deliveries.c.id)) & IS_LEASED
"""Whether a delivery is one of these `numbers`, and leased."""

# Made once: each of these is asked for every window of messages.
_HELD = IS_LEASED & (deliveries.c.lease_id == bindparam("lease"))
_ALL_HELD = delivery_rows().where(_HELD).order_by(*SENDING_ORDER)
_NUMBERS_HELD = select(deliveries.c.id).where(_HELD)
_SKIP = (
    update(deliveries)
    .where(LEASED_AMONG, WHY_UNWANTED.is_not(None))
    .values(state=DeliveryState.SKIPPED, detail=WHY_UNWANTED, lease_id=None)
    .returning(deliveries.c.id, deliveries.c.detail)
)


def deliveries_leased(connection: Connection, lease_id: int) -> list[Delivery]:
    """What a lease still holds, in the order of sending."""
    return [delivery_in(row) for row in connection.execute(_ALL_HELD, {"lease": lease_id})]


def numbers_held(connection: Connection, lease_id: int) -> set[int]:
    """The numbers of what a lease still holds."""
    return set(connection.execute(_NUMBERS_HELD, {"lease": lease_id}).scalars().all())


def skip_unwanted(
    connection: Connection, numbers: Sequence[int], *, now: datetime, suppressed_as: Collection[int] = ()
) -> dict[int, str]:
    """Skip those of these leased deliveries that must not leave any more; which they are, and why.

    That is: unsubscribed, paused, suppressed, erased, or past their deadline. `suppressed_as` are those whose address
    is suppressed under a hash alone.
    """
    told = {"numbers": numbers, "now": now, "suppressed_as": suppressed_as}
    return {row.id: row.detail for row in connection.execute(_SKIP, told)}


_STATE_AFTER = {
    Outcome.ACCEPTED: DeliveryState.SENT,
    Outcome.DEFERRED: DeliveryState.QUEUED,
    Outcome.RECIPIENT_REFUSED: DeliveryState.BOUNCED,
    Outcome.MESSAGE_REFUSED: DeliveryState.FAILED,
    Outcome.SENDER_REFUSED: DeliveryState.QUEUED,
    Outcome.UNKNOWN: DeliveryState.UNKNOWN,
}
assert MOVES[DeliveryState.LEASED].issuperset(_STATE_AFTER.values())

_REFERENCES = pairs("references")
_MARK_SENT = (
    update(deliveries)
    # Not by the index of leases, which SQLite would take: each of a lease's would be looked for among all references.
    .where(
        IS_LEASED,
        deliveries.c.lease_id + 0 == bindparam("lease"),
        deliveries.c.id == cast(_REFERENCES.c.key, BigInteger),
    )
    .values(state=DeliveryState.SENT, detail="", send_after_at=bindparam("now"), lease_id=None)
    .values(attempts=deliveries.c.attempts + 1, provider_reference=_REFERENCES.c.value)
)
"""Of what was accepted, by the provider's reference: a row at a time takes ten times as long."""


def record_answers(
    connection: Connection, answers: Sequence[tuple[Answer, datetime]], *, lease_id: int, provider: str, now: datetime
) -> set[int]:
    """Move a lease's deliveries to where the provider's answers put them, each with the time to try again.

    A delivery that the lease does not hold any more stays where it is. An answer that was not plainly
    "accepted" is kept with its words: which of those moved is returned.
    """
    accepted = {one.delivery_id: one.detail[:200] for one, _ in answers if one.outcome is Outcome.ACCEPTED}
    if accepted:
        connection.execute(_MARK_SENT, {"references": accepted, "lease": lease_id, "now": now})
    moved = set[int]()
    for answer, again_at in answers:
        if answer.outcome is Outcome.ACCEPTED:
            continue
        held = (deliveries.c.id == answer.delivery_id) & IS_LEASED & (deliveries.c.lease_id == lease_id)
        told = {"state": _STATE_AFTER[answer.outcome], "detail": answer.told, "send_after_at": again_at}
        settled = update(deliveries).where(held).values(**told, attempts=deliveries.c.attempts + 1, lease_id=None)
        if connection.execute(settled).rowcount:
            moved.add(answer.delivery_id)
            _keep_words(connection, answer, provider=provider, now=now)
    return moved


def give_back(connection: Connection, lease_id: int, *, only: Collection[int] | None = None) -> set[int]:
    """Queue again what a lease still holds and was never handed over, or `only` these of it; which."""
    held = _HELD if only is None else _HELD & any_of(deliveries.c.id, only)
    told = {"state": DeliveryState.QUEUED, "lease_id": None}
    given = update(deliveries).where(held).values(told).returning(deliveries.c.id)
    return set(connection.execute(given, {"lease": lease_id}).scalars())


def queue_unsent(connection: Connection, numbers: Sequence[int]) -> None:
    """Queue what is unknown, by the word of the process that was thought dead: it never handed them over."""
    unknown = any_of(deliveries.c.id, numbers) & (deliveries.c.state == DeliveryState.UNKNOWN)
    told = {"state": DeliveryState.QUEUED, "detail": "", "attempts": deliveries.c.attempts - 1}
    connection.execute(update(deliveries).where(unknown).values(told))


def fail(connection: Connection, number: int, *, detail: str) -> bool:
    """A leased delivery whose message cannot be made; false where it is not leased any more."""
    held = (deliveries.c.id == number) & IS_LEASED
    told = {"state": DeliveryState.FAILED, "detail": detail, "lease_id": None}
    return connection.execute(update(deliveries).where(held).values(told)).rowcount == 1


def _keep_words(connection: Connection, answer: Answer, *, provider: str, now: datetime) -> None:
    number = select(deliveries.c.attempts).where(deliveries.c.id == answer.delivery_id).scalar_subquery()
    row = {
        "delivery_id": answer.delivery_id,
        "number": number,
        "provider": provider,
        "answered_at": now,
        "outcome": answer.outcome,
        "code": answer.code,
        "detail": answer.detail,
    }
    connection.execute(attempts.insert().values(row))
