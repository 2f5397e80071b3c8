"""The lease is the queue: who holds it may send, and nobody else."""

from datetime import timedelta
from typing import Any

import pytest
from personas import NOON
from sqlalchemy import event

from digest.address import parse_address
from digest.model import Answer, DeliveryKind, DeliveryState, Outcome, Priority
from digest.store import Connection, Store
from digest.store.attempts import deliveries_leased, record_answers, skip_unwanted
from digest.store.deliveries import (
    NewDelivery,
    count_by_state,
    deliveries_queued,
    delivery_numbered,
    queue,
    queue_editions,
    references_of,
)
from digest.store.leases import (
    Lease,
    LeaseLostError,
    begin_attempts,
    hold,
    numbers_begun,
    release,
    soonest_expiry,
    take_expired,
    take_queued,
)
from digest.store.subscribers import subscriber_for
from digest.store.suppressions import Suppression, lift_suppressions, suppress, suppression_of


def new(connection: Connection, key: str, *, priority: Priority = Priority.EDITION) -> NewDelivery:
    return NewDelivery(
        key=key,
        kind=DeliveryKind.TEST,
        priority=priority,
        newsletter="papers",
        subscriber_id=subscriber_for(connection, parse_address("reader@example.org"), now=NOON),
        dated_at=NOON,
        send_before_at=NOON + timedelta(hours=1),
        signed_with="k",
    )


def queued(store: Store, *keys: str) -> None:
    with store.writing() as connection:
        assert queue_editions(connection, [new(connection, key) for key in keys]) == set(keys)


def taken(store: Store, *, limit: int = 10, seconds: float = 60) -> Lease | None:
    with store.writing() as connection:
        return take_queued(connection, holder="one", seconds=seconds, limit=limit, now=NOON)


def test_the_same_key_is_queued_once(store: Store) -> None:
    queued(store, "a", "b")
    with store.writing() as connection:
        assert queue_editions(connection, [new(connection, "a"), new(connection, "c")]) == {"c"}
        assert count_by_state(connection) == {DeliveryState.QUEUED: 3}


def test_a_delivery_is_claimed_once(store: Store) -> None:
    queued(store, "a", "b", "c")
    first, second, third = taken(store, limit=2), taken(store), taken(store)
    assert first is not None
    assert second is not None
    assert third is None
    with store.reading() as connection:
        assert [d.key for d in deliveries_leased(connection, first.id)] == ["a", "b"]
        assert [d.key for d in deliveries_leased(connection, second.id)] == ["c"]


def test_a_lease_says_what_its_holder_hands_over_to_whoever_takes_it_over(store: Store) -> None:
    queued(store, "a", "b", "c")
    lost = taken(store, seconds=-1)
    assert lost is not None
    with store.writing() as connection:
        assert numbers_begun(connection, lost) == set()
        begin_attempts(connection, lost, [1, 2])
        begin_attempts(connection, lost, [2, 3])
        lease = take_expired(connection, holder="two", seconds=60)
        assert lease is not None
        assert numbers_begun(connection, lease) == {2, 3}
        with pytest.raises(LeaseLostError):
            begin_attempts(connection, lost, [1])
        assert numbers_begun(connection, lease) == {2, 3}


def test_whoever_waits_goes_first(store: Store) -> None:
    queued(store, "edition")
    with store.writing() as connection:
        assert queue(connection, new(connection, "confirm", priority=Priority.AWAITED))
        assert [d.key for d in deliveries_queued(connection, now=NOON)] == ["confirm", "edition"]


def test_a_lease_that_is_held_on_to_cannot_be_taken_over(store: Store) -> None:
    queued(store, "a")
    lease = taken(store)
    assert lease is not None
    with store.writing() as connection:
        assert take_expired(connection, holder="two", seconds=60) is None
        assert 50 < (soonest_expiry(connection) or 0) <= 60


def test_a_process_believed_dead_does_nothing_more(store: Store) -> None:
    queued(store, "a")
    lost = taken(store, seconds=-1)
    assert lost is not None
    with store.writing() as connection:
        lease = take_expired(connection, holder="two", seconds=60)
        assert lease is not None
        assert (lease.id, lease.generation) == (lost.id, 2)
        with pytest.raises(LeaseLostError):
            hold(connection, lost)
        release(connection, lost)
        hold(connection, lease)


def test_what_was_accepted_keeps_the_provider_s_reference(store: Store) -> None:
    queued(store, "a", "b", "c")
    assert taken(store) is not None
    told = {1: "250 2.0.0 Ok: queued as 4AF", 2: 'a "quoted" \\ \u00e9', 3: ""}
    answers = [Answer(delivery_id=n, outcome=Outcome.ACCEPTED, detail=detail) for n, detail in told.items()]
    with store.writing() as connection:
        record_answers(connection, [(one, NOON) for one in answers], lease_id=1, provider="smtp", now=NOON)
        assert references_of(connection, subscriber_id=1) == {number: word for number, word in told.items() if word}


def test_answers_move_deliveries_and_only_unplain_ones_are_kept(store: Store) -> None:
    queued(store, "a", "b", "c")
    lease = taken(store)
    assert lease is not None
    outcomes = [Outcome.ACCEPTED, Outcome.DEFERRED, Outcome.RECIPIENT_REFUSED]
    with store.writing() as connection:
        begin_attempts(connection, lease, [1, 2, 3])
        answers = [Answer(delivery_id=n, outcome=outcome, code="450") for n, outcome in enumerate(outcomes, 1)]
        timed = [(answer, NOON + timedelta(minutes=5)) for answer in answers]
        assert record_answers(connection, timed, lease_id=1, provider="smtp", now=NOON) == {2, 3}
        states = [delivery_numbered(connection, number) for number in (1, 2, 3)]
        assert [d.state for d in states if d] == [DeliveryState.SENT, DeliveryState.QUEUED, DeliveryState.BOUNCED]
        assert [d.attempts for d in states if d] == [1, 1, 1]
        assert deliveries_queued(connection, now=NOON) == []
        assert [d.key for d in deliveries_queued(connection, now=NOON + timedelta(minutes=5))] == ["b"]
        assert (
            record_answers(connection, [(replay, NOON) for replay in answers], lease_id=1, provider="smtp", now=NOON)
            == set()
        )
        late = [Answer(delivery_id=n, outcome=Outcome.ACCEPTED) for n in (1, 2, 3)]
        record_answers(connection, [(one, NOON) for one in late], lease_id=1, provider="smtp", now=NOON)
        assert [delivery_numbered(connection, number) for number in (1, 2, 3)] == states


def test_an_answer_that_is_recorded_again_moves_nothing_that_another_lease_holds_by_then(store: Store) -> None:
    queued(store, "a")
    first = taken(store)
    assert first is not None
    refused = [(Answer(delivery_id=1, outcome=Outcome.SENDER_REFUSED, code="535"), NOON)]
    with store.writing() as connection:
        assert record_answers(connection, refused, lease_id=first.id, provider="smtp", now=NOON) == {1}
    second = taken(store)
    assert second is not None
    accepted = [(Answer(delivery_id=1, outcome=Outcome.ACCEPTED), NOON)]
    with store.writing() as connection:
        assert record_answers(connection, refused, lease_id=first.id, provider="smtp", now=NOON) == set()
        record_answers(connection, accepted, lease_id=first.id, provider="smtp", now=NOON)
        assert count_by_state(connection) == {DeliveryState.LEASED: 1}
        record_answers(connection, accepted, lease_id=second.id, provider="smtp", now=NOON)
        assert count_by_state(connection) == {DeliveryState.SENT: 1}


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_sqlite_finds_what_was_accepted_by_its_number(store: Store) -> None:
    queued(store, "a")
    lease = taken(store)
    assert lease is not None
    plans = list[str]()

    def look(connection: Connection, _cursor: object, statement: str, values: tuple[Any, ...], *_: object) -> None:
        if statement.startswith("UPDATE deliveries SET state"):
            told = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            plans.append(" ".join(row.detail for row in told))

    event.listen(store.engine, "before_cursor_execute", look)
    with store.writing() as connection:
        accepted = [(Answer(delivery_id=1, outcome=Outcome.ACCEPTED), NOON)]
        record_answers(connection, accepted, lease_id=lease.id, provider="smtp", now=NOON)
    [plan] = plans
    # By the lease's index, each of its deliveries would be looked for among all answers.
    assert "SEARCH deliveries USING INTEGER PRIMARY KEY" in plan


def test_what_must_not_leave_is_skipped_with_the_reason(store: Store) -> None:
    queued(store, "a")
    assert taken(store) is not None
    with store.writing() as connection:
        assert skip_unwanted(connection, [1], now=NOON) == {}
        assert skip_unwanted(connection, [1], now=NOON + timedelta(hours=2)) == {1: "past its deadline"}
        late = delivery_numbered(connection, 1)
    assert late is not None
    assert (late.state, late.detail) == (DeliveryState.SKIPPED, "past its deadline")


def test_a_suppressed_address_gets_nothing(store: Store) -> None:
    queued(store, "a")
    assert taken(store) is not None
    with store.writing() as connection:
        suppress(connection, 1, reason="bounced: 550 5.1.1", now=NOON)
        suppress(connection, 1, reason="another", now=NOON)
        assert skip_unwanted(connection, [1], now=NOON) == {1: "suppressed"}
        skipped = delivery_numbered(connection, 1)
    assert skipped is not None
    assert skipped.detail == "suppressed"


def test_a_suppression_is_known_by_any_of_its_keys_until_it_is_lifted(store: Store) -> None:
    with store.writing() as connection:
        subscriber = subscriber_for(connection, parse_address("Ada@example.org"), now=NOON)
        suppress(connection, subscriber, reason="complained", now=NOON)
        known = ["a mark", "ada@example.org"]
        assert suppression_of(connection, known) == Suppression(reason="complained", since_at=NOON)
        assert lift_suppressions(connection, known)
        assert suppression_of(connection, known) is None
        assert not lift_suppressions(connection, known)
