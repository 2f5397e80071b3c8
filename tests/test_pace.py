"""Permits: what may leave now, in all, by the provider, to a domain; what refusals teach; who is heard meanwhile."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import store_url
from personas import NOON, choices, papers_come_in, reader_joins
from smtp_server import OK, SmtpServer
from sqlalchemy import text, update

from digest.address import parse_address
from digest.app import App
from digest.budgets import Budget, WarmUp
from digest.deliver import deliver
from digest.errors import DeliveryError
from digest.mail import Mailer, Messages, in_their_time
from digest.mail.smtp import Server, Smtp
from digest.model import Answer, DeliveryState, Outcome, Weights
from digest.pace import Pace
from digest.publish import publish
from digest.scopes import EVERYTHING, Limits
from digest.sending import LOOKED_WITHIN
from digest.store.budgets import hold_budgets, spent_of_all
from digest.store.deliveries import count_by_state, count_skipped, deliveries_queued
from digest.store.pauses import pause_sending
from digest.store.tables import deliveries
from digest.subscribe import ask, unsubscribe
from digest.terms import Delivered, Terms
from digest.trial import preview_of, queue_preview, queue_test

HOUR = timedelta(hours=1)


@pytest.fixture
def sqlite_app(install: Callable[..., App]) -> App:
    return install()


class Scripted:
    """A mailer that answers as it is told, by the recipient; `heard` is when which message came."""

    name = "scripted"
    repeatable = False
    signs = False

    def __init__(
        self,
        answer: Callable[[str], tuple[Outcome, str] | None] = lambda _: None,
    ) -> None:
        self.answer = answer
        self.heard: list[tuple[float, str]] = []

    @property
    def recipients(self) -> list[str]:
        return [recipient for _, recipient in self.heard]

    def send(self, messages: Messages, **_: object) -> Iterator[Answer]:
        for message in in_their_time(messages):
            self.heard.append((time.monotonic(), message.recipient))
            outcome, code = self.answer(message.recipient) or (Outcome.ACCEPTED, "")
            yield Answer(delivery_id=message.delivery_id, outcome=outcome, code=code)


def queued(app: App, *addresses: str) -> App:
    """These readers' editions wait."""
    papers_come_in(app.store)
    for address in addresses:
        reader_joins(app, address, choices("quasars"))
    assert publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON).queued == len(addresses)
    return app


def at(domain: str, count: int) -> list[str]:
    return [f"{domain[0]}{number}@{domain}" for number in range(count)]


def sent(
    app: App,
    mailer: Mailer,
    limits: Limits,
    *,
    hours: float = 0,
    window: int = 256,
    should_stop: Callable[[], bool] = lambda: False,
) -> Delivered:
    now, terms = NOON + hours * HOUR, Terms(lease_seconds=60, window=window, limits=limits)
    return deliver(app.store, mailer, app.press, terms=terms, clock=lambda: now, should_stop=should_stop)


def states(app: App) -> dict[DeliveryState, int]:
    with app.store.reading() as connection:
        return count_by_state(connection)


@pytest.mark.slow
def test_beyond_a_day_s_budget_everything_waits_and_it_is_said_until_when(app: App) -> None:
    queued(app, *at("example.org", 7))
    limits = Limits(everything=Budget(per_day=3), provider=Budget(per_day=5), provider_name="smtp.example.org")
    first = sent(app, Scripted(), limits)
    assert first.counts["sent"] == 3
    assert first.wait is not None
    assert (first.wait.scope, first.wait.until, first.wait.is_refused) == ("", NOON + 24 * HOUR, False)
    assert states(app) == {DeliveryState.SENT: 3, DeliveryState.QUEUED: 4}
    assert sent(app, Scripted(), limits, hours=5).counts == Counter(skipped=0)
    limits = Limits(provider=Budget(per_day=5), provider_name="smtp.example.org")
    second = sent(app, Scripted(), limits, hours=5)
    assert (second.counts["sent"], second.wait and second.wait.scope) == (2, "by smtp.example.org")


@pytest.mark.slow
def test_a_server_that_is_down_costs_nothing_of_a_day_s_budget(app: App) -> None:
    class Down(Scripted):
        def send(self, messages: Messages, **_: object) -> Iterator[Answer]:
            next(iter(messages))
            raise DeliveryError("Nobody is there.")

    queued(app, *at("example.org", 5))
    limits = Limits(everything=Budget(per_day=4), warm_up=WarmUp(first_day=4, growth=1.0), provider_name="p")
    for _ in range(3):
        assert sent(app, Down(), limits, window=2).error
    with app.store.reading() as connection:
        assert {(not spent.hours, spent.since_on) for spent in spent_of_all(connection).values()} == {(True, None)}
    assert sent(app, Scripted(), limits).counts["sent"] == 4


@pytest.mark.slow
def test_of_a_budget_of_few_messages_a_minute_it_is_not_said_that_the_day_s_is_spent(sqlite_app: App) -> None:
    queued(sqlite_app, *at("example.org", 2))
    slow = sent(sqlite_app, Scripted(), Limits(everything=Budget(per_second=1 / 30, per_day=500)))
    assert slow.counts["sent"] == 1
    assert slow.wait is not None
    assert "[mail.budget] allows a message every 30 s, the rest is queued" in slow.wait.told


@pytest.mark.parametrize("kind", ["postgresql"])
def test_whoever_only_looks_at_what_waits_holds_up_no_sender(
    install: Callable[..., App], kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    app = install(store={"url": store_url(kind, request, tmp_path)})
    with app.store.writing() as sender, app.store.reading() as connection:
        hold_budgets(sender)
        connection.execute(text("SET LOCAL lock_timeout = '1s'"))
        assert Pace(Limits(everything=Budget(per_day=1))).troubles(connection, now=NOON) == []


@pytest.mark.slow
def test_what_a_provider_refused_that_is_not_used_any_more_is_not_told_for_ever(sqlite_app: App) -> None:
    queued(sqlite_app, *at("one.example", 2), *at("two.example", 2), *at("three.example", 2))
    refusing = Scripted(lambda _: (Outcome.DEFERRED, "451 4.7.0"))
    sent(sqlite_app, refusing, Limits(provider_name="smtp.one.example"))
    with sqlite_app.store.reading() as connection:
        assert Pace(Limits(provider_name="smtp.one.example")).troubles(connection, now=NOON) != []
        assert Pace(Limits(provider_name="smtp.two.example")).troubles(connection, now=NOON) == []


@pytest.mark.slow
def test_what_is_past_its_deadline_meanwhile_is_skipped_and_the_next_day_goes_on(app: App) -> None:
    queued(app, *at("example.org", 3))
    limits = Limits(everything=Budget(per_day=1))
    assert sent(app, Scripted(), limits).counts["sent"] == 1
    late = sent(app, Scripted(), limits, hours=7)
    assert (late.counts, late.skipped) == (Counter(skipped=2), Counter({"past its deadline": 2}))
    assert late.wait is None, "nothing waits any more"
    with app.store.reading() as connection:
        assert count_skipped(connection) == {"past its deadline": 2}


@pytest.mark.slow
def test_an_edition_leaves_a_twentieth_of_the_day_to_whoever_waits_for_a_confirm_message(sqlite_app: App) -> None:
    queued(sqlite_app, *at("example.org", 22))
    limits = Limits(everything=Budget(per_day=20))
    first = sent(sqlite_app, Scripted(), limits)
    assert (first.counts["sent"], first.wait and first.wait.is_for_editions) == (19, True)
    new = parse_address("new@example.org")
    ask(sqlite_app.store, new, newsletter="papers", choices=choices("quasars"), keys=sqlite_app.keys, now=NOON)
    mailer = Scripted()
    assert sent(sqlite_app, mailer, limits).counts["sent"] == 1
    assert mailer.recipients == ["new@example.org"]


def asked_at_most(times: int) -> Callable[[], bool]:
    """Stops a run that would go on without end."""
    left = iter(range(times))
    return lambda: next(left, None) is None


def preview_waits(app: App) -> None:
    reader_joins(app, "new@example.org", choices("quasars"), now=NOON)
    shown = preview_of(app.store, app.press, parse_address("new@example.org"), weights=Weights(), now=NOON)
    queue_preview(app.store, shown)


@pytest.mark.slow
def test_a_preview_leaves_like_a_confirm_message_where_the_day_of_editions_is_spent(sqlite_app: App) -> None:
    queued(sqlite_app, *at("example.org", 22))
    limits, mailer = Limits(everything=Budget(per_day=20)), Scripted()
    assert sent(sqlite_app, mailer, limits).counts["sent"] == 19
    preview_waits(sqlite_app)
    assert sent(sqlite_app, mailer, limits, should_stop=asked_at_most(50)).counts["sent"] == 1
    assert mailer.recipients[19:] == ["new@example.org"]


@pytest.mark.slow
def test_a_preview_of_a_newsletter_that_stands_still_holds_up_no_other(install: Callable[..., App]) -> None:
    app = queued(install(newsletter=[{"slug": "papers"}, {"slug": "other"}]), *at("example.org", 2))
    preview_waits(app)
    with app.store.writing() as connection:
        pause_sending(connection, "papers", why="by hand", now=NOON)
        connection.execute(update(deliveries).where(deliveries.c.id == 1).values(newsletter="other"))
    mailer = Scripted()
    sent(app, mailer, Limits(everything=Budget(per_day=20)), should_stop=asked_at_most(50))
    assert mailer.recipients == ["e0@example.org"]


@pytest.mark.slow
def test_while_a_slow_server_takes_a_window_whoever_leaves_gets_nothing_and_a_pause_is_heard(sqlite_app: App) -> None:
    def answer(command: str, address: str) -> str:
        if command == "DATA" and address == "e0@example.org":
            assert unsubscribe(app.store, 4, now=NOON)
        if command == "DATA" and address == "e2@example.org":
            with app.store.writing() as connection:
                pause_sending(connection, EVERYTHING, why="by hand", now=NOON)
        if command == "DATA":
            # A server's own time.
            time.sleep(0.7 * LOOKED_WITHIN)
        return OK

    app = queued(sqlite_app, *at("example.org", 8))
    with SmtpServer(answer) as server:
        mailer = Smtp(Server(host=server.host, port=server.port, tls="none", connections=1))
        delivered = sent(app, mailer, Limits(everything=Budget(per_day=100)))
    assert delivered.skipped == Counter({"unsubscribed": 1})
    assert ("e3@example.org",) not in [one.recipients for one in server.taken]
    counts, left = states(app), len(server.taken)
    assert counts == {DeliveryState.SENT: left, DeliveryState.QUEUED: 7 - left, DeliveryState.SKIPPED: 1}
    assert left < 7
    with app.store.reading() as connection:
        [spent] = spent_of_all(connection).values()
        waiting = deliveries_queued(connection, now=NOON)
    assert (sum(spent.hours.values()), {one.attempts for one in waiting}) == (left, {0})


@pytest.mark.slow
def test_a_test_of_the_provider_waits_for_no_budget(sqlite_app: App) -> None:
    queued(sqlite_app, *at("example.org", 2))
    limits = Limits(everything=Budget(per_day=1))
    sent(sqlite_app, Scripted(), limits)
    queue_test(sqlite_app.store, sqlite_app.press, parse_address("op@example.org"), newsletter="papers", now=NOON)
    mailer = Scripted()
    from digest.deliver import deliver_one

    terms = Terms(lease_seconds=60, window=2, limits=limits)
    deliver_one(sqlite_app.store, mailer, sqlite_app.press, 3, terms=terms, clock=lambda: NOON)
    assert mailer.recipients == ["op@example.org"]


@pytest.mark.slow
def test_a_domain_s_budget_holds_up_no_other_domain(sqlite_app: App) -> None:
    queued(sqlite_app, *at("gmail.example", 6), *at("example.org", 4))
    limits = Limits(domains={"gmail.example": Budget(per_day=2)})
    mailer = Scripted()
    first = sent(sqlite_app, mailer, limits)
    assert (first.counts["sent"], first.wait) == (6, None)
    assert Counter(one.partition("@")[2] for one in mailer.recipients) == {"gmail.example": 2, "example.org": 4}
    assert states(sqlite_app) == {DeliveryState.SENT: 6, DeliveryState.QUEUED: 4}
    assert sent(sqlite_app, Scripted(), limits, hours=1).counts == Counter()


@pytest.mark.slow
def test_what_is_put_off_does_not_count_among_as_many_as_are_to_be_sent(sqlite_app: App) -> None:
    app = queued(sqlite_app, *at("full.example", 3), *at("open.example", 2))
    mailer, terms = (
        Scripted(),
        Terms(lease_seconds=60, window=8, limits=Limits(domains={"full.example": Budget(per_day=1)})),
    )
    for _ in range(2):
        deliver(app.store, mailer, app.press, terms=terms, clock=lambda: NOON, limit=2)
    assert mailer.recipients == ["f0@full.example", *at("open.example", 2)]


@pytest.mark.slow
def test_a_domain_that_refuses_everything_for_now_is_left_alone_and_nobody_bounces(app: App) -> None:
    queued(app, *at("gmail.example", 12), *at("example.org", 6))
    full = (Outcome.DEFERRED, "421 4.7.28")
    mailer = Scripted(lambda recipient: full if recipient.endswith("gmail.example") else None)
    first = sent(app, mailer, Limits(), window=6)
    assert first.counts == Counter(sent=6, deferred=6, skipped=0)
    assert first.refusals == Counter({"deferred: 421 4.7.28": 6})
    assert states(app) == {DeliveryState.SENT: 6, DeliveryState.QUEUED: 12}
    with app.store.reading() as connection:
        assert spent_of_all(connection).keys() == {"to gmail.example"}


def test_a_full_mailbox_slows_nobody_down(sqlite_app: App) -> None:
    queued(sqlite_app, *at("example.org", 4))
    sent(sqlite_app, Scripted(lambda _: (Outcome.DEFERRED, "452 4.2.2")), Limits())
    with sqlite_app.store.reading() as connection:
        assert spent_of_all(connection) == {}


@pytest.mark.slow
@pytest.mark.parametrize(("refused", "scopes"), [(1, set()), (2, {"to example.org"})])
def test_one_in_a_hundred_that_is_refused_for_now_slows_nobody_down(
    sqlite_app: App, refused: int, scopes: set[str]
) -> None:
    queued(sqlite_app, *at("example.org", 101))
    some = {f"e{number}@example.org" for number in range(refused)}
    mailer = Scripted(lambda recipient: (Outcome.DEFERRED, "451 4.7.1") if recipient in some else None)
    assert sent(sqlite_app, mailer, Limits()).counts["deferred"] == refused
    with sqlite_app.store.reading() as connection:
        assert spent_of_all(connection).keys() == scopes


@pytest.mark.slow
def test_many_domains_that_refuse_at_once_are_the_provider(sqlite_app: App) -> None:
    queued(sqlite_app, *(f"reader@{name}.example" for name in "abcdef"))
    delivered = sent(sqlite_app, Scripted(lambda _: (Outcome.DEFERRED, "454 4.7.0")), Limits(provider_name="relay"))
    assert delivered.counts["deferred"] == 6
    with sqlite_app.store.reading() as connection:
        assert spent_of_all(connection).keys() == {"by relay"}
    later = sent(sqlite_app, Scripted(), Limits(provider_name="relay"), hours=1)
    assert later.wait is not None
    assert later.wait.is_refused


@pytest.mark.slow
def test_a_new_provider_s_first_days_are_counted_from_its_first_message(sqlite_app: App) -> None:
    queued(sqlite_app, *at("example.org", 3))
    limits = Limits(provider_name="smtp.example.org", warm_up=WarmUp(first_day=2, growth=1.5))
    delivered = sent(sqlite_app, Scripted(), limits)
    assert (delivered.counts["sent"], delivered.wait and delivered.wait.until) == (2, NOON + 24 * HOUR)
    other = Limits(provider_name="smtp.example.net", warm_up=WarmUp(first_day=2, growth=1.5))
    assert sent(sqlite_app, Scripted(), other).counts["sent"] == 1


@pytest.mark.slow
def test_messages_leave_evenly_and_whoever_unsubscribes_while_one_waits_for_its_permit_gets_none(app: App) -> None:
    queued(app, *at("example.org", 6))

    def leaves(recipient: str) -> None:
        if recipient == "e1@example.org":
            assert unsubscribe(app.store, 6, now=NOON)

    mailer = Scripted(leaves)
    assert sent(app, mailer, Limits(everything=Budget(per_second=10))).counts == Counter(sent=5, skipped=1)
    assert "e5@example.org" not in mailer.recipients
    first, *_, last = [when for when, _ in mailer.heard]
    assert last - first > 0.35


@pytest.mark.slow
def test_whoever_asks_to_stop_is_heard_while_a_message_waits_and_its_lease_is_given_back(sqlite_app: App) -> None:
    queued(sqlite_app, *at("example.org", 3))
    mailer = Scripted()
    limits, before = Limits(everything=Budget(per_second=0.1)), time.monotonic()
    assert sent(sqlite_app, mailer, limits, should_stop=lambda: bool(mailer.heard)).counts["sent"] == 1
    assert time.monotonic() - before < 8
    assert states(sqlite_app) == {DeliveryState.SENT: 1, DeliveryState.QUEUED: 2}


@pytest.mark.slow
def test_a_confirm_message_does_not_wait_for_the_edition_that_waits_for_its_permits(sqlite_app: App) -> None:
    queued(sqlite_app, *at("example.org", 4))

    def asks(recipient: str) -> None:
        if recipient == "e0@example.org":
            new = parse_address("new@example.org")
            ask(sqlite_app.store, new, newsletter="papers", choices=choices("quasars"), keys=sqlite_app.keys, now=NOON)

    mailer = Scripted(asks)
    sent(sqlite_app, mailer, Limits(everything=Budget(per_second=4)))
    assert mailer.recipients[:2] == ["e0@example.org", "new@example.org"]
    assert len(mailer.recipients) == 5


@pytest.mark.slow
def test_by_smtp_a_connection_outlasts_the_time_between_two_permits(sqlite_app: App) -> None:
    queued(sqlite_app, *at("example.org", 6))
    with SmtpServer() as server:
        mailer = Smtp(Server(host=server.host, port=server.port, tls="none", connections=1))
        assert sent(sqlite_app, mailer, Limits(provider=Budget(per_second=10), provider_name="x")).counts["sent"] == 6
        assert len(server.wait_for(6)) == 6
        assert server.connections == 1


@pytest.mark.slow
def test_a_server_that_takes_14_a_second_and_answers_454_beyond_loses_nothing_and_bounces_nobody(
    sqlite_app: App,
) -> None:
    queued(sqlite_app, *(f"reader{number}@{'abcd'[number % 4]}.example" for number in range(60)))
    took: list[float] = []

    def throttled(command: str, _: str) -> str:
        if command != "RCPT":
            return OK
        now = time.monotonic()
        if sum(one > now - 1 for one in took) >= 14:
            return "454 4.7.0 Throttling failure: maximum sending rate exceeded"
        took.append(now)
        return OK

    totals = Counter[str]()
    with SmtpServer(throttled) as server:
        mailer = Smtp(Server(host=server.host, port=server.port, tls="none", connections=2))
        for minutes in (0, 2.1, 6.3, 15, 32, 66, 130):
            totals.update(sent(sqlite_app, mailer, Limits(provider_name="relay"), hours=minutes / 60).counts)
        assert len(server.taken) == len({one.recipients for one in server.taken}) == 60
    assert states(sqlite_app) == {DeliveryState.SENT: 60}
    assert (totals["bounced"], totals["failed"], totals["unknown"]) == (0, 0, 0)
    assert totals["deferred"] > 0
