import email
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.policy import default
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from dialects import app_on_sqlite
from furnished import Furnish
from personas import NOON, choices, papers_come_in, reader_joins
from sqlalchemy import Connection, event, update
from sqlalchemy.exc import OperationalError
from works import once_at

from digest.account import erase
from digest.address import parse_address
from digest.app import App
from digest.deliver import deliver, deliver_one, rehearse
from digest.errors import DeliveryError, InputError
from digest.feedback import require_sendable
from digest.mail import Mailer, Messages, in_their_time
from digest.mail.outbox import Outbox
from digest.model import Answer, DeliveryState, Outcome, Outgoing, Weights
from digest.publish import publish
from digest.store import waiting
from digest.store.deliveries import count_by_state, deliveries_of, delivery_numbered
from digest.store.impasses import Impasse, impasses_now
from digest.store.leases import begin_attempts, take_queued
from digest.store.pauses import EVERYTHING, pause_sending, resume_sending
from digest.store.subscribers import count_subscriptions
from digest.store.suppressions import Suppression, all_suppressions
from digest.store.tables import deliveries, leases
from digest.subscribe import ask, unsubscribe
from digest.terms import Delivered, Terms
from digest.trial import queue_test

TERMS = Terms(lease_seconds=60, window=2)


class Scripted:
    """A mailer that answers as it is told, by the recipient's local part."""

    name = "scripted"
    repeatable = False
    signs = False

    def __init__(self, answer: Callable[[str], Answer | None] = lambda _: None, *, breaks_after: int = -1) -> None:
        self.answer, self.breaks_after = answer, breaks_after
        self.taken: list[Outgoing] = []

    def send(self, messages: Messages, **_: object) -> Iterator[Answer]:
        for message in in_their_time(messages):
            if len(self.taken) == self.breaks_after:
                raise DeliveryError("The line is cut. Mend it.")
            self.taken.append(message)
            told = self.answer(message.recipient.partition("@")[0])
            outcome = Outcome.ACCEPTED if told is None else told.outcome
            code, pause = ("", None) if told is None else (told.code, told.retry_after)
            yield Answer(delivery_id=message.delivery_id, outcome=outcome, code=code, retry_after=pause)


@pytest.fixture
def queued(app: App, furnish: Furnish) -> App:
    """Five readers' editions wait in the queue."""

    def fill() -> None:
        papers_come_in(app.store)
        for name in "abcde":
            reader_joins(app, f"{name}@example.org", choices("quasars"))
        assert publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON).queued == 5

    furnish(fill, app.store)
    return app


def sent(app: App, mailer: Mailer, *, terms: Terms = TERMS, minutes: float = 0, limit: int | None = None) -> Delivered:
    now = NOON + timedelta(minutes=minutes)
    return deliver(app.store, mailer, app.press, terms=terms, clock=lambda: now, limit=limit)


def states(app: App) -> dict[DeliveryState, int]:
    with app.store.reading() as connection:
        return count_by_state(connection)


def impasses(app: App) -> list[Impasse]:
    with app.store.reading() as connection:
        return impasses_now(connection)


@app_on_sqlite
def test_every_message_is_sent_once_and_accounted_for(queued: App) -> None:
    mailer = Scripted()
    assert sent(queued, mailer).counts == Counter(sent=5, skipped=0)
    assert sent(queued, mailer).counts == Counter()
    assert sorted(message.recipient for message in mailer.taken) == [f"{name}@example.org" for name in "abcde"]
    assert states(queued) == {DeliveryState.SENT: 5}


@app_on_sqlite
def test_a_refusal_of_somebody_who_was_erased_meanwhile_leaves_the_others_accounted_for(queued: App) -> None:
    def erased_and_refused(name: str) -> Answer | None:
        if name != "b":
            return None
        assert erase(queued.store, 2, keys=queued.keys)
        return Answer(delivery_id=0, outcome=Outcome.RECIPIENT_REFUSED, code="550 5.1.1")

    assert sent(queued, Scripted(erased_and_refused)).counts == Counter(sent=4, bounced=1, skipped=0)
    assert states(queued) == {DeliveryState.SENT: 4, DeliveryState.BOUNCED: 1}


@app_on_sqlite
def test_a_limit_is_kept(queued: App) -> None:
    assert sent(queued, Scripted(), limit=3).counts["sent"] == 3
    assert states(queued) == {DeliveryState.SENT: 3, DeliveryState.QUEUED: 2}


def test_a_refused_recipient_bounces_and_one_that_does_not_exist_is_suppressed(queued: App) -> None:
    codes = {"a": "550 5.1.1", "b": "552 5.2.2"}

    def answer(name: str) -> Answer | None:
        refused = Outcome.RECIPIENT_REFUSED
        return Answer(delivery_id=0, outcome=refused, code=codes[name]) if name in codes else None

    assert sent(queued, Scripted(answer)).counts == Counter(sent=3, bounced=2, skipped=0)
    with queued.store.reading() as connection:
        assert all_suppressions(connection) == {
            "a@example.org": Suppression(reason="bounced: 550 5.1.1", since_at=NOON)
        }
        assert count_subscriptions(connection) == {"active": 4, "suppressed": 1}
        with pytest.raises(InputError, match=r"was refused by its server \(550 5\.1\.1\) on 2026-06-19, and nothing"):
            require_sendable(connection, parse_address("a@example.org"), keys=queued.keys)


@pytest.mark.slow
@app_on_sqlite
def test_a_message_refused_for_now_waits_as_long_as_it_is_told_and_then_longer_each_time(queued: App) -> None:
    def later(name: str) -> Answer | None:
        return {
            "a": Answer(delivery_id=0, outcome=Outcome.DEFERRED, code="HTTP 429", retry_after=600),
            "b": Answer(delivery_id=0, outcome=Outcome.DEFERRED, code="451"),
        }.get(name)

    assert sent(queued, Scripted(later)).counts == Counter(sent=3, deferred=2, skipped=0)
    assert sent(queued, Scripted(later), minutes=1).counts == Counter()
    assert sent(queued, Scripted(later), minutes=2).counts == Counter(deferred=1, skipped=0)
    assert sent(queued, Scripted(later), minutes=5).counts == Counter()
    assert sent(queued, Scripted(), minutes=10).counts == Counter(sent=2, skipped=0)


@pytest.mark.slow
def test_a_server_that_was_down_lengthens_no_wait_after_it(queued: App) -> None:
    for _ in range(6):
        sent(queued, Scripted(breaks_after=0))
    deferring = Scripted(lambda _: Answer(delivery_id=0, outcome=Outcome.DEFERRED, code="451"))
    assert sent(queued, deferring).counts == Counter(deferred=5, skipped=0)
    assert sent(queued, Scripted(), minutes=2).counts["sent"] == 5


def test_whoever_waits_for_a_message_does_not_wait_for_the_rest_of_a_block(queued: App) -> None:
    def ask_for_a_test(name: str) -> None:
        if name == "a":
            address = parse_address("waiting@example.org")
            queue_test(queued.store, queued.press, address, newsletter="papers", now=NOON)

    mailer = Scripted(ask_for_a_test)
    sent(queued, mailer)
    assert [message.recipient[0] for message in mailer.taken] == ["a", "b", "w", "c", "d", "e"]


@app_on_sqlite
def test_a_refused_sender_stops_everything_and_loses_nothing(queued: App) -> None:
    def refused(_: str) -> Answer:
        return Answer(delivery_id=0, outcome=Outcome.SENDER_REFUSED, code="550 5.7.1")

    mailer, windows = Scripted(refused), list[str]()

    def look(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("UPDATE leases SET begun"):
            windows.append(statement)

    event.listen(queued.store.engine, "before_cursor_execute", look)
    delivered = sent(queued, mailer)
    assert "refused us as a sender" in delivered.error
    assert (len(mailer.taken), len(windows)) == (1, 1)
    assert states(queued) == {DeliveryState.QUEUED: 5}


@app_on_sqlite
def test_a_mailer_that_breaks_half_way_keeps_what_it_sent_and_the_rest_waits(queued: App) -> None:
    delivered = sent(queued, Scripted(breaks_after=3))
    assert delivered.error == "The line is cut. Mend it."
    assert states(queued) == {DeliveryState.SENT: 3, DeliveryState.QUEUED: 2}
    assert sent(queued, Scripted()).counts["sent"] == 2


@pytest.mark.slow
def test_that_nothing_can_be_handed_over_is_known_until_a_message_is_taken(queued: App) -> None:
    refused = Answer(delivery_id=0, outcome=Outcome.SENDER_REFUSED, code="535 5.7.8")
    sent(queued, Scripted(breaks_after=0))
    sent(queued, Scripted(lambda _: refused), minutes=10)
    [known] = impasses(queued)
    assert (known.provider, known.since_at, known.tried_at) == ("scripted", NOON, NOON + timedelta(minutes=10))
    assert "535 5.7.8" in known.why
    sent(queued, Scripted(breaks_after=2), minutes=20)
    [known] = impasses(queued)
    assert (known.since_at, known.why) == (NOON + timedelta(minutes=20), "The line is cut. Mend it.")
    sent(queued, Scripted(), minutes=30)
    assert impasses(queued) == []


@app_on_sqlite
@pytest.mark.parametrize("outcome", [Outcome.ACCEPTED, Outcome.RECIPIENT_REFUSED])
def test_it_is_over_while_the_rest_is_still_sent_and_where_a_server_refuses_readers_alone(
    queued: App, outcome: Outcome
) -> None:
    sent(queued, Scripted(breaks_after=0))
    found: list[int] = []

    def looking(_: str) -> Answer:
        found.append(len(impasses(queued)))
        return Answer(delivery_id=0, outcome=outcome, code="550 5.1.1")

    sent(queued, Scripted(looking), minutes=10)
    assert (found[0], found[-1], impasses(queued)) == (1, 0, [])


@app_on_sqlite
def test_what_is_too_late_is_skipped_while_nobody_answers_so_that_the_next_edition_has_its_papers(queued: App) -> None:
    class Away(Scripted):
        def send(self, messages: Messages, **_: object) -> Iterator[Answer]:
            raise DeliveryError("Nobody answers.")

    delivered = sent(queued, Away(), minutes=7 * 60)
    assert delivered.counts["skipped"] == 5
    assert states(queued) == {DeliveryState.SKIPPED: 5}


def test_a_test_message_that_fails_is_told_to_whoever_sent_it_alone(queued: App) -> None:
    number = queue_test(queued.store, queued.press, parse_address("op@example.org"), newsletter="papers", now=NOON)
    mailer = Scripted(breaks_after=0)
    assert deliver_one(queued.store, mailer, queued.press, number, terms=TERMS, clock=lambda: NOON).error
    assert impasses(queued) == []


@app_on_sqlite
def test_what_a_run_came_to_is_told_though_the_store_is_closed_to_writing_by_then(queued: App) -> None:
    def refuse(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO impasses"):
            raise OperationalError(statement, (), Exception("attempt to write a readonly database"))

    event.listen(queued.store.engine, "before_cursor_execute", refuse)
    assert sent(queued, Scripted(breaks_after=2)).counts["sent"] == 2


@pytest.mark.parametrize("app", ["postgresql"], indirect=True)
def test_a_commit_whose_answer_was_lost_hands_over_nothing_that_left_the_queue_by_it(queued: App) -> None:
    is_armed: list[bool] = []

    def lose_the_answer(connection: Any) -> None:
        if is_armed:
            is_armed.clear()
            connection.connection.driver_connection.commit()
            connection.connection.driver_connection.close()

    event.listen(queued.store.engine, "commit", lose_the_answer)
    unsubscribe(queued.store, 2, now=NOON)
    with queued.store.writing() as connection:
        # As it stands where somebody unsubscribes between the lease and the last look.
        connection.execute(update(deliveries).values(state=DeliveryState.QUEUED))
    once_at(queued.store, "UPDATE leases SET begun=", lambda: is_armed.append(True))
    mailer = Scripted()
    sent(queued, mailer, terms=Terms(lease_seconds=60, window=5))
    assert sorted(message.recipient[0] for message in mailer.taken) == ["a", "c", "d", "e"]
    assert states(queued) == {DeliveryState.SENT: 4, DeliveryState.SKIPPED: 1}


def dies_meanwhile(connection: Connection) -> None:
    """A process leases three deliveries, notes that it hands two of them over, and is gone."""
    lease = take_queued(connection, holder="dead", seconds=-1, limit=3, now=NOON)
    assert lease is not None
    begin_attempts(connection, lease, [1, 2])


@app_on_sqlite
def test_what_was_under_way_when_its_process_died_is_unknown_and_not_sent_again(queued: App) -> None:
    with queued.store.writing() as connection:
        dies_meanwhile(connection)
    mailer = Scripted()
    assert sent(queued, mailer).counts == Counter(unknown=2, sent=3, skipped=0)
    assert {message.delivery_id for message in mailer.taken} == {3, 4, 5}
    assert states(queued) == {DeliveryState.SENT: 3, DeliveryState.UNKNOWN: 2}


def test_an_attempt_is_on_the_disk_before_its_message_leaves_and_little_else_waits_for_the_disk(
    install: Callable[..., App],
) -> None:
    app, levels = install(), list[tuple[bool, int]]()
    papers_come_in(app.store)
    reader_joins(app, "a@example.org", choices("quasars"))
    publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON)

    def look(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(("UPDATE leases SET begun", "INSERT INTO leases")):
            levels.append(("begun" in statement, level(connection)))

    event.listen(app.store.engine, "before_cursor_execute", look)
    assert sent(app, Scripted()).counts["sent"] == 1
    assert levels == [(False, NORMAL), (True, FULL)]
    with app.store.writing() as connection:
        assert level(connection) == NORMAL


NORMAL, FULL = 1, 2


def level(connection: Connection) -> int:
    driven: Any = connection.connection.driver_connection
    return int(driven.execute("PRAGMA synchronous").fetchone()[0])


@app_on_sqlite
def test_an_operator_may_choose_to_send_again_what_is_unknown(queued: App) -> None:
    with queued.store.writing() as connection:
        dies_meanwhile(connection)
    assert sent(queued, Scripted(), terms=Terms(lease_seconds=60, window=2, after_unknown="resend")).counts["sent"] == 5


@app_on_sqlite
def test_a_mailer_that_may_be_asked_again_is_asked_again(queued: App, tmp_path: Path) -> None:
    with queued.store.writing() as connection:
        dies_meanwhile(connection)
    assert sent(queued, Outbox(tmp_path / "box")).counts["sent"] == 5
    assert len(list((tmp_path / "box" / "new").iterdir())) == 5


@pytest.mark.slow
@app_on_sqlite
def test_a_lease_left_behind_is_waited_for_as_long_as_it_lasts(queued: App) -> None:
    with queued.store.writing() as connection:
        take_queued(connection, holder="dead", seconds=0.2, limit=5, now=NOON)
    waited: list[float] = []

    def wait(seconds: float) -> None:
        import time

        waited.append(seconds)
        time.sleep(seconds)

    delivered = deliver(queued.store, Scripted(), queued.press, terms=TERMS, clock=lambda: NOON, wait=wait)
    assert delivered.counts["sent"] == 5
    assert len(waited) == 1
    assert waited[0] < 0.3


@app_on_sqlite
def test_unsubscribing_wins_even_when_the_message_is_leased_already(queued: App) -> None:
    class LeavesMeanwhile(Scripted):
        def send(self, messages: Messages, **_: object) -> Iterator[Answer]:
            unsubscribe(queued.store, 5, now=NOON)
            yield from super().send(messages)

    mailer = LeavesMeanwhile()
    assert sent(queued, mailer).counts == Counter(sent=4, skipped=1)
    assert "e@example.org" not in [message.recipient for message in mailer.taken]
    with queued.store.reading() as connection:
        [left] = deliveries_of(connection, 5)
    assert (left.state, left.detail) == (DeliveryState.SKIPPED, "unsubscribed")


@app_on_sqlite
def test_past_its_deadline_nothing_is_sent(queued: App) -> None:
    assert sent(queued, Scripted(), minutes=6 * 60 + 1).counts == Counter(skipped=5)


@pytest.mark.slow
@app_on_sqlite
def test_the_same_delivery_makes_the_same_bytes_on_every_try(queued: App) -> None:
    def later(_: str) -> Answer:
        return Answer(delivery_id=0, outcome=Outcome.DEFERRED, code="451")

    first, second = Scripted(later), Scripted()
    sent(queued, first)
    sent(queued, second, minutes=30)
    assert [m.content for m in first.taken] == [m.content for m in second.taken]
    parsed = email.message_from_bytes(first.taken[0].content, policy=default)
    assert parsed["To"] == first.taken[0].recipient
    assert parsed["Subject"] == "Folding Laundry with Two Arms, and 2 more papers on a quiet day"


@pytest.mark.slow
def test_a_provider_that_says_now_is_not_asked_again_at_once(queued: App) -> None:
    def at_once(_: str) -> Answer:
        return Answer(delivery_id=0, outcome=Outcome.DEFERRED, code="HTTP 429", retry_after=0)

    assert sent(queued, Scripted(at_once)).counts == Counter(deferred=5)


def test_a_worker_whose_lease_was_taken_over_gives_nothing_back(queued: App) -> None:
    theirs = Scripted()

    class TakenOver(Scripted):
        def send(self, messages: Messages, **_: object) -> Iterator[Answer]:
            noted = iter(messages)
            first = next(noted)
            with queued.store.writing() as connection:
                connection.execute(leases.update().values(expires=0))
            sent(queued, theirs)
            yield from super().send(chain([first], noted))

    ours = TakenOver()
    sent(queued, ours, terms=Terms(lease_seconds=60, window=2, after_unknown="drop"))
    numbers = [message.delivery_id for message in [*ours.taken, *theirs.taken]]
    assert sorted(numbers) == [1, 2, 3, 4, 5]
    assert states(queued) == {DeliveryState.SENT: 3, DeliveryState.UNKNOWN: 2}


def test_a_lease_is_held_on_to_while_a_server_takes_its_time(queued: App) -> None:
    class Slow(Scripted):
        def send(self, messages: Messages, **_: object) -> Iterator[Answer]:
            before = expiry(queued)
            while expiry(queued) == before:
                pass
            yield from super().send(messages)

    assert sent(queued, Slow(), terms=Terms(lease_seconds=0.3, window=5)).counts["sent"] == 5


def expiry(app: App) -> float:
    with app.store.reading() as connection:
        return float(connection.execute(leases.select()).one().expires)


@app_on_sqlite
def test_a_limit_holds_for_what_a_killed_process_left_too(queued: App) -> None:
    with queued.store.writing() as connection:
        take_queued(connection, holder="dead", seconds=-1, limit=5, now=NOON)
    assert sent(queued, Scripted(), limit=1).counts["sent"] == 1
    assert states(queued) == {DeliveryState.SENT: 1, DeliveryState.QUEUED: 4}


def test_what_a_killed_process_held_comes_before_the_rest_of_ones_own_block(queued: App) -> None:
    def due(**when: float) -> None:
        with queued.store.writing() as connection:
            then = {"send_after_at": NOON + timedelta(**when)}
            connection.execute(deliveries.update().where(deliveries.c.id == 5).values(then))

    class Beside(Scripted):
        """Meanwhile another process takes the last one, and is killed."""

        def send(self, messages: Messages, **_: object) -> Iterator[Answer]:
            for answer in super().send(messages):
                if len(self.taken) == 1:
                    due(minutes=0)
                    with queued.store.writing() as connection:
                        take_queued(connection, holder="dead", seconds=-1, limit=5, now=NOON)
                yield answer

    due(minutes=1)
    mailer = Beside()
    sent(queued, mailer, terms=Terms(lease_seconds=60, window=2))
    assert [message.delivery_id for message in mailer.taken] == [1, 2, 5, 3, 4]


@app_on_sqlite
def test_an_operator_may_choose_to_send_again_what_got_no_answer(queued: App) -> None:
    def lost(_: str) -> Answer:
        return Answer(delivery_id=0, outcome=Outcome.UNKNOWN, code="cut")

    again = Terms(lease_seconds=60, window=2, after_unknown="resend")
    assert sent(queued, Scripted(lost), terms=again).counts == Counter(deferred=5)
    assert sent(queued, Scripted(), terms=again, minutes=5).counts["sent"] == 5


def test_one_delivery_can_be_sent_alone(queued: App) -> None:
    mailer = Scripted()
    deliver_one(queued.store, mailer, queued.press, 4, terms=TERMS, clock=lambda: NOON)
    assert [message.delivery_id for message in mailer.taken] == [4]
    assert states(queued) == {DeliveryState.SENT: 1, DeliveryState.QUEUED: 4}


def test_a_rehearsal_makes_every_message_and_changes_nothing(queued: App) -> None:
    assert rehearse(queued.store, queued.press, now=NOON).made == 5
    assert rehearse(queued.store, queued.press, now=NOON, limit=3).made == 3
    # Nor is made what would be skipped.
    assert rehearse(queued.store, queued.press, now=NOON + timedelta(days=2)).made == 0
    assert states(queued) == {DeliveryState.QUEUED: 5}


@app_on_sqlite
def test_whoever_asks_to_stop_is_heard_between_two_windows(queued: App) -> None:
    mailer = Scripted()
    deliver(
        queued.store,
        mailer,
        queued.press,
        terms=TERMS,
        clock=lambda: NOON,
        should_stop=lambda: len(mailer.taken) >= 2,
    )
    assert states(queued) == {DeliveryState.SENT: 2, DeliveryState.QUEUED: 3}


def test_a_message_that_cannot_be_made_fails_alone(queued: App, install: Callable[..., App]) -> None:
    with queued.store.writing() as connection:
        from digest.store.tables import deliveries

        connection.execute(deliveries.update().where(deliveries.c.id == 2).values(printing_id=None))
    assert sent(queued, Scripted()).counts == Counter(sent=4, failed=1, skipped=0)
    with queued.store.reading() as connection:
        failed = delivery_numbered(connection, 2)
    assert failed is not None
    assert "printing" in failed.detail


# Pauses: by the operator, and by the program itself.


def test_nothing_leaves_while_sending_is_paused_but_a_test_of_the_provider(queued: App) -> None:
    with queued.store.writing() as connection:
        assert pause_sending(connection, EVERYTHING, why="by the operator", now=NOON)
        assert not pause_sending(connection, EVERYTHING, why="again", now=NOON)
    test = queue_test(queued.store, queued.press, parse_address("op@example.org"), newsletter="papers", now=NOON)
    mailer = Scripted()
    sent(queued, mailer)
    assert [message.delivery_id for message in mailer.taken] == [test]
    with queued.store.writing() as connection:
        assert resume_sending(connection, EVERYTHING)
        assert not resume_sending(connection, EVERYTHING)
    assert sent(queued, mailer).counts["sent"] == 5


@app_on_sqlite
def test_what_is_paused_past_its_deadline_is_given_up_and_its_papers_are_in_the_next_edition(queued: App) -> None:
    with queued.store.writing() as connection:
        pause_sending(connection, "papers", why="by the operator", now=NOON)
    delivered = sent(queued, Scripted(), minutes=6 * 60 + 1)
    assert (delivered.counts, delivered.skipped) == (Counter(skipped=5), Counter({"past its deadline": 5}))
    publish(queued.store, queued.press, newsletter="papers", weights=Weights(), now=NOON + timedelta(days=1))
    with queued.store.reading() as connection:
        late, in_time = (delivery_numbered(connection, number) for number in (1, 6))
    assert late is not None
    assert late.selection is not None
    assert in_time is not None
    assert in_time.selection is not None
    assert [pick.paper_id for pick in in_time.selection.picks] == [pick.paper_id for pick in late.selection.picks]


def test_what_is_late_is_skipped_a_block_at_a_time_so_that_nobody_waits_long_to_write(
    queued: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LATE_AT_ONCE", 2)
    with queued.store.writing() as connection:
        pause_sending(connection, EVERYTHING, why="", now=NOON)
    skipped = [sent(queued, Scripted(), minutes=24 * 60).counts["skipped"] for _ in range(4)]
    assert skipped == [2, 2, 1, 0]
    assert states(queued) == {DeliveryState.SKIPPED: 5}


@app_on_sqlite
def test_a_pause_is_heard_between_two_windows(queued: App) -> None:
    def pausing(_: str) -> None:
        with queued.store.writing() as connection:
            pause_sending(connection, "papers", why="by the operator", now=NOON)

    mailer = Scripted(pausing)
    sent(queued, mailer)
    assert len(mailer.taken) == 2
    assert states(queued) == {DeliveryState.SENT: 2, DeliveryState.QUEUED: 3}


@pytest.mark.slow
@app_on_sqlite
def test_a_newsletter_of_which_too_many_addresses_do_not_exist_is_stopped_and_nothing_else(app: App) -> None:
    papers_come_in(app.store)
    for number in range(30):
        reader_joins(app, f"reader{number}@example.org", choices("quasars"))
    publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON)
    mailer = Scripted(lambda _: Answer(delivery_id=0, outcome=Outcome.RECIPIENT_REFUSED, code="550 5.1.1"))
    assert sent(app, mailer).paused == ["papers"]
    assert len(mailer.taken) == 10
    assert states(app) == {DeliveryState.BOUNCED: 10, DeliveryState.QUEUED: 20}
    assert sent(app, mailer).paused == []
    new = parse_address("new@example.org")
    ask(app.store, new, newsletter="papers", choices=choices("quasars"), keys=app.keys, now=NOON)
    assert sent(app, Scripted()).counts["sent"] == 1


@pytest.mark.slow
@app_on_sqlite
def test_a_list_with_a_few_dead_addresses_is_not_stopped(app: App) -> None:
    papers_come_in(app.store)
    for number in range(30):
        reader_joins(app, f"reader{number}@example.org", choices("quasars"))
    publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON)
    dead = {f"reader{number}" for number in range(9)}
    gone = Answer(delivery_id=0, outcome=Outcome.RECIPIENT_REFUSED, code="550 5.1.1")
    delivered = sent(app, Scripted(lambda name: gone if name in dead else None))
    assert delivered.paused == []
    assert delivered.counts["sent"] == 21
