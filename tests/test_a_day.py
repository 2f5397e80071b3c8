"""One simulated day of the whole service: a real list over HTTP, a real SMTP server, hour by hour."""

import email
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from personas import choices
from pytest_httpserver import HTTPServer
from sites import Clock
from smtp_server import OK, SmtpServer
from werkzeug import Request, Response

from digest.address import parse_address
from digest.app import App
from digest.model import Cadence, DeliveryState
from digest.scheduler import Ticker
from digest.store.deliveries import count_by_state
from digest.store.subscribers import subscriber_named
from digest.subscribe import ask, subscribe, unsubscribe

MIDNIGHT = datetime(2026, 6, 17, 0, tzinfo=UTC)


def row(number: str, title: str, *, upvotes: int, listed_on: str, abstract: str = "") -> dict[str, Any]:
    return {
        "paper": {
            "id": number,
            "title": title,
            "summary": abstract,
            "publishedAt": f"{listed_on}T00:00:00.000Z",
            "submittedOnDailyAt": f"{listed_on}T00:00:00.000Z",
            "upvotes": upvotes,
            "authors": [{"name": "Ann Larch", "hidden": False}],
        },
        "numComments": 1,
    }


def the_day(clock: Clock) -> dict[str, list[dict[str, Any]]]:
    """The lists as they stand at the clock's hour: upvotes grow, and one paper joins at noon."""
    hours = int((clock() - MIDNIGHT).total_seconds() // 3600)
    today = [
        row("2606.00001", "Few-Step Sampling for Diffusion\n  Models", upvotes=2 * hours, listed_on="2026-06-17"),
        row("2606.00002", "Folding Laundry with Two Arms", upvotes=5 * hours, listed_on="2026-06-17"),
    ]
    if hours >= 12:
        today.append(row("2606.00003", "Diffusion Models at Noon", upvotes=1, listed_on="2026-06-17"))
    yesterday = [row("2606.00000", "Yesterday's Speech", upvotes=30, listed_on="2026-06-16")]
    return {"2026-06-17": today, "2026-06-16": yesterday}


@pytest.fixture
def clock() -> Clock:
    return Clock(now=MIDNIGHT)


@pytest.fixture
def listing(httpserver: HTTPServer, clock: Clock) -> str:
    """The address of the day's lists."""

    def answer(request: Request) -> Response:
        first = request.args["p"] == "0"
        rows = the_day(clock).get(request.args["date"], []) if first else []
        return Response(json.dumps(rows), mimetype="application/json")

    httpserver.expect_request("/api/daily_papers").respond_with_handler(answer)
    return httpserver.url_for("/api/daily_papers")


@pytest.fixture
def service(install: Callable[..., App], listing: str) -> Callable[..., App]:
    """The whole service, sending through an SMTP server on loopback."""

    def installed(smtp: SmtpServer, **mail: Any) -> App:
        server = {"host": smtp.host, "port": smtp.port, "tls": "none", "connections": 2}
        return install(
            newsletter=[{"sender": "Offprint <digest@example.org>"}],
            sources={"huggingface": {"url": listing}},
            mail={"provider": "smtp", "smtp": server} | mail,
            schedule={"publish_seconds": 1, "deliver_seconds": 1},
        )

    return installed


def subscribed(app: App, name: str, *topics: str, hour: int, timezone: str) -> int:
    wanted = choices(*topics, cadence=Cadence.DAILY, hour=hour, timezone=timezone)
    address = parse_address(f"{name}@example.org")
    return subscribe(app.store, address, newsletter="papers", choices=wanted, now=MIDNIGHT).id


@pytest.mark.slow
def test_a_day(service: Callable[..., App], clock: Clock) -> None:
    with SmtpServer() as smtp:
        app = service(smtp)
        ticker = Ticker(app, clock=clock)
        subscribed(app, "early", "diffusion models", hour=7, timezone="Asia/Tokyo")  # 22:00 UTC
        subscribed(app, "morning", "diffusion models", hour=7, timezone="Europe/Paris")  # 05:00 UTC
        subscribed(app, "evening", hour=19, timezone="UTC")
        leaver = subscribed(app, "leaver", hour=19, timezone="UTC")
        stranger = parse_address("stranger@example.org")
        ask(app.store, stranger, newsletter="papers", choices=choices(), keys=app.keys, now=MIDNIGHT)

        for hour in range(72):
            clock.now = MIDNIGHT + timedelta(hours=hour)
            if hour == 18:
                unsubscribe(app.store, leaver, now=clock.now)
            ticker.collect()
            ticker.publish()
            ticker.deliver()
        ticker.deliver()

        by_reader: dict[str, list[EmailMessage]] = {}
        for taken in smtp.taken:
            message = email.message_from_bytes(taken.content, policy=default)
            assert isinstance(message, EmailMessage)
            assert taken.recipients == (message["To"],)
            by_reader.setdefault(str(message["To"]).partition("@")[0], []).append(message)
        subjects = {name: [str(message["Subject"]) for message in messages] for name, messages in by_reader.items()}
        first = "Few-Step Sampling for Diffusion Models, and 2 more papers"
        assert subjects == {
            "stranger": ["Confirm your Offprint subscription"],
            "early": ["Few-Step Sampling for Diffusion Models, and 3 more papers"],
            "morning": [first, "Diffusion Models at Noon"],
            "evening": ["Folding Laundry with Two Arms, and 3 more papers"],
        }
        with app.store.reading() as connection:
            assert set(count_by_state(connection)) == {DeliveryState.SENT}
            assert subscriber_named(connection, stranger) is None


@pytest.mark.slow
def test_the_daemon_sends_each_reader_their_edition_at_their_hour_once(
    service: Callable[..., App], clock: Clock
) -> None:
    with SmtpServer() as smtp:
        app = service(smtp)
        hours = {"six": 6, "nine": 9, "noon": 12}
        for name, hour in hours.items():
            subscribed(app, name, "diffusion models", hour=hour, timezone="UTC")
        ticker = Ticker(app, clock=clock)
        ticker.collect()
        ticker.start()
        for count, hour in enumerate(hours.values(), 1):
            clock.now = MIDNIGHT + timedelta(hours=hour)
            taken = smtp.wait_for(count)
            assert len(taken) == count
        clock.now = MIDNIGHT + timedelta(hours=15)
        ticker.stop()
        again = Ticker(app, clock=clock)
        again.collect()
        again.publish()
        again.deliver()
        assert [taken.recipients for taken in smtp.taken] == [(f"{name}@example.org",) for name in hours]


@pytest.mark.slow
def test_a_provider_that_refuses_our_sign_in_is_left_alone_for_ever_longer_and_then_tried_again(
    service: Callable[..., App], clock: Clock
) -> None:
    with SmtpServer(lambda command, _: OK if is_mended or command != "MAIL" else "550 5.7.1 not you") as smtp:
        is_mended: list[bool] = []
        app = service(smtp)
        subscribed(app, "reader", hour=1, timezone="UTC")
        ticker = Ticker(app, clock=clock)
        ticker.collect()
        clock.now = MIDNIGHT + timedelta(hours=1)
        ticker.publish()
        tried = []
        for second in range(40):
            clock.now = MIDNIGHT + timedelta(hours=1, seconds=second)
            before = smtp.connections
            ticker.deliver()
            tried += [second] if smtp.connections > before else []
        assert tried == [0, 1, 3, 7, 15, 31]
        is_mended.append(True)
        clock.now += timedelta(hours=1)
        ticker.deliver()
        assert [taken.recipients for taken in smtp.taken] == [("reader@example.org",)]


@pytest.mark.slow
def test_after_an_outage_editions_wait_for_the_first_collect(service: Callable[..., App], clock: Clock) -> None:
    with SmtpServer() as smtp:
        app = service(smtp)
        subscribed(app, "reader", hour=6, timezone="UTC")
        clock.now = MIDNIGHT + timedelta(hours=7)
        ticker = Ticker(app, clock=clock)
        ticker.publish()
        ticker.collect()
        ticker.publish()
        ticker.deliver()
        [taken] = smtp.taken
    assert taken.recipients == ("reader@example.org",)
