"""The server itself: where it listens, and what it does with those who send or take slowly."""

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from select import select

import pytest
from logged import records_logged
from sites import Front, Place, free_address, serving
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from digest.errors import ConfigError
from digest.web.protocol import PromptProtocol
from digest.web.server import build_server

HEADERS = b"GET /trending HTTP/1.1\r\nHost: example.org\r\n"
FORM = (
    b"POST / HTTP/1.1\r\nHost: example.org\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 1000\r\n\r\n"
)
LONG_ENOUGH = 60.0
MANY = 300


class Hasty(PromptProtocol):
    """Does not wait for long."""

    request_seconds = 0.3
    answer_seconds = 0.3


class Patient(PromptProtocol):
    """Waits for answers, not for requests."""

    request_seconds = 0.3


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """A site that answers with what it was sent."""
    body = await Request(scope, receive).body()
    await PlainTextResponse(body)(scope, receive, send)


@contextmanager
def sending(listen: str, content: bytes) -> Iterator[socket.socket]:
    """A connection over which so much has been sent."""
    host, _, port = listen.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=LONG_ENOUGH) as connection:
        connection.sendall(content)
        yield connection


def drip(connection: socket.socket) -> bytes:
    """Send a byte now and then until the server ends the connection; what it answered."""
    connection.settimeout(0.02)
    answered = b""
    for _ in range(round(LONG_ENOUGH / 0.02)):
        try:
            received = connection.recv(65536)
        except TimeoutError:
            with suppress(ConnectionError):
                connection.send(b"a")
            continue
        except ConnectionError:
            return answered
        if not received:
            return answered
        answered += received
    raise AssertionError("The server is still waiting.")


def test_a_taken_port_is_said_before_anything_starts(front: Front) -> None:
    listen = front.url.removeprefix("http://")
    with pytest.raises(ConfigError, match=rf"^web.listen {listen} is taken by another program\. Stop it, or set"):
        build_server(front, listen)


@pytest.mark.parametrize("listen", ["192.0.2.1:8000", "127.0.0.1:99999"])
def test_an_address_that_is_not_ours_is_said_before_anything_starts(front: Front, listen: str) -> None:
    with pytest.raises(ConfigError, match=f"^web.listen {listen} .* such as 127.0.0.1:8000.$"):
        build_server(front, listen)


def test_the_server_does_not_log_the_addresses_of_pages(place: Place) -> None:
    with records_logged() as records:
        place.client.get("/unsubscribe/1-token")
        place.client.post("/confirm/1-token")
    logged = [record.getMessage() for record in records if not record.name.startswith(("httpx", "httpcore"))]
    assert not any("token" in line for line in logged)


@pytest.mark.slow
@pytest.mark.parametrize(
    "begun", [b"", HEADERS, FORM, HEADERS + b"\r\n" + HEADERS], ids=["nothing", "headers", "body", "next"]
)
def test_a_request_that_drips_in_is_ended_whatever_part_of_it_is_slow(begun: bytes) -> None:
    listen = free_address()
    with serving(echo, listen, protocol=Hasty), sending(listen, begun) as connection:
        answered = drip(connection)
    assert answered.count(b"HTTP/1.1 200 OK") == begun.count(b"\r\n\r\n") - (begun == FORM)


@pytest.mark.slow
def test_an_answer_that_nobody_takes_is_given_up() -> None:
    ended = asyncio.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while (await asyncio.wait_for(receive(), LONG_ENOUGH))["type"] != "http.disconnect":
            for _ in range(1000):
                await send({"type": "http.response.body", "body": b"a" * 65536, "more_body": True})
        ended.set()

    listen = free_address()
    with serving(endless, listen, protocol=Hasty), sending(listen, HEADERS + b"\r\n") as connection:
        assert connection.recv(1) == b"H"
        # Nothing more is taken until the server has given up: then less is there than was to come.
        asyncio.run(asyncio.wait_for(until(ended), LONG_ENOUGH))


async def until(ended: asyncio.Event) -> None:
    """Wait for what happens in another thread's loop."""
    while not ended.is_set():
        await asyncio.sleep(0.01)


@pytest.mark.slow
def test_an_answer_that_takes_its_time_is_waited_for() -> None:
    release = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await until(release)
        await PlainTextResponse("at last")(scope, receive, send)

    listen = free_address()
    with serving(slow, listen, protocol=Patient), sending(listen, HEADERS + b"\r\n") as asked:
        # When this one, which came later, is ended, the time for requests is over.
        with sending(listen, HEADERS) as other:
            drip(other)
        release.set()
        assert asked.recv(15) == b"HTTP/1.1 200 OK"


@pytest.mark.slow
@pytest.mark.parametrize("begun", [HEADERS, FORM], ids=["headers", "body"])
def test_three_hundred_that_drip_keep_nobody_out(place: Place, begun: bytes) -> None:
    with ExitStack() as attack:
        for _ in range(MANY):
            attack.enter_context(sending(place.url.removeprefix("http://"), begun))
        assert [place.client.get("/trending").status_code for _ in range(5)] == [200] * 5


@pytest.mark.slow
def test_whoever_leaves_half_way_leaves_no_fault_in_the_log(place: Place) -> None:
    with records_logged() as records:
        with sending(place.url.removeprefix("http://"), FORM + b"address="):
            pass
        assert place.client.post("/", data=place.form()).status_code == 422
    assert not [record for record in records if record.levelno >= logging.WARNING]


@pytest.mark.slow
def test_a_body_without_an_end_is_answered_and_ended(place: Place) -> None:
    chunked = FORM.replace(b"Content-Length: 1000", b"Transfer-Encoding: chunked")
    chunk = b"2000\r\n" + b"a" * 0x2000 + b"\r\n"
    with sending(place.url.removeprefix("http://"), chunked) as connection:
        while not select([connection], [], [], 0)[0]:
            connection.sendall(chunk)
        assert connection.recv(65536).startswith(b"HTTP/1.1 413")
