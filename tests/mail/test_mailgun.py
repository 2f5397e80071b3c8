"""Mailgun, against a double that is as strict as its documentation."""

import base64
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from digest.errors import DeliveryError
from digest.http import Client
from digest.mail.mailgun import Mailgun
from digest.model import Answer, Outcome, Outgoing

DOMAIN = "news.example.org"
KEY = "key-3ax6xnjp29jd6fds4gc373sgvjxteol0"
CONTENT = b"Subject: papers\r\n\r\nGood morning.\r\n.\r\n\xc3\xa9\r\n"
TAKEN = {"id": f"<20260619.1@{DOMAIN}>", "message": "Queued. Thank you."}

Reply = Callable[[Request], Response]


def message(number: int = 1) -> Outgoing:
    return Outgoing(
        delivery_id=number,
        key=f"k{number}",
        envelope_sender="bounce+1-abc@example.org",
        recipient=f"reader{number}@example.org",
        content=CONTENT,
    )


def taking(request: Request) -> Response:
    """What Mailgun does: it checks where, who and what, in that order."""
    if request.path != f"/v3/{DOMAIN}/messages.mime":
        return Response('"Mailgun Magnificent API"', 200)
    if request.headers.get("Authorization") != "Basic " + base64.b64encode(f"api:{KEY}".encode()).decode():
        return Response("Forbidden", 401)
    fields = _fields(request)
    expected = {"to": b"reader1@example.org", "o:tracking": b"no", "v:delivery": b"1", "message": CONTENT}
    if request.method != "POST" or fields != expected:
        return _json(400, {"message": "to parameter is missing"})
    return _json(200, TAKEN)


def _fields(request: Request) -> dict[str, bytes]:
    """The parts of the form, read from its raw bytes."""
    whole = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode() + request.get_data()
    parts = message_from_bytes(whole).get_payload()
    assert isinstance(parts, list)
    names = [part.get_param("name", header="content-disposition") for part in parts if isinstance(part, Message)]
    assert len(set(names)) == len(names)
    boundary = request.mimetype_params["boundary"].encode()
    contents = [
        part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")
        for part in request.get_data().split(b"--" + boundary)[1:-1]
    ]
    return dict(zip(map(str, names), contents, strict=True))


def _json(status: int, content: dict[str, str], **headers: str) -> Response:
    return Response(json.dumps(content), status, headers, content_type="application/json")


@pytest.fixture
def client() -> Iterator[Client]:
    now = datetime(2026, 6, 19, 6, tzinfo=UTC)
    with Client(
        base_url="https://papers.example.org", allowed_hosts={"localhost", "127.0.0.1"}, clock=lambda: now
    ) as opened:
        yield opened


def answers(
    client: Client, server: HTTPServer, reply: Reply, *messages: Outgoing, domain: str = DOMAIN, key: str = KEY
) -> list[Answer]:
    server.expect_request(re.compile(".*")).respond_with_handler(reply)
    return list(Mailgun(client, domain=domain, api_key=key, url=server.url_for("").rstrip("/")).send(messages))


def test_a_message_is_handed_over_as_its_bytes(client: Client, httpserver: HTTPServer) -> None:
    assert answers(client, httpserver, taking, message()) == [
        Answer(delivery_id=1, outcome=Outcome.ACCEPTED, code="HTTP 200", detail=TAKEN["id"])
    ]


def test_a_wrong_address_is_not_taken_for_success(client: Client, httpserver: HTTPServer) -> None:
    [answer] = answers(client, httpserver, taking, message(), domain="other.example.org")
    assert (answer.outcome, answer.code) == (Outcome.SENDER_REFUSED, "HTTP 200")
    assert "mail.mailgun.url" in answer.detail


def test_a_wrong_key_is_the_sender_s_fault_and_is_not_repeated(client: Client, httpserver: HTTPServer) -> None:
    [answer] = answers(client, httpserver, taking, message(), key="key-wrong")
    assert (answer.outcome, answer.code) == (Outcome.SENDER_REFUSED, "HTTP 401")
    assert "mail.mailgun.api_key" in answer.detail
    assert "key-wrong" not in repr(answer)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (301, Outcome.SENDER_REFUSED),
        (400, Outcome.MESSAGE_REFUSED),
        (403, Outcome.SENDER_REFUSED),
        (404, Outcome.SENDER_REFUSED),
        (413, Outcome.MESSAGE_REFUSED),
        (429, Outcome.DEFERRED),
        (500, Outcome.DEFERRED),
        (502, Outcome.UNKNOWN),
        (503, Outcome.DEFERRED),
    ],
)
def test_every_status_means_one_thing(client: Client, httpserver: HTTPServer, status: int, outcome: Outcome) -> None:
    [answer] = answers(client, httpserver, lambda _: Response("<h1>reader1@example.org</h1>", status), message())
    assert (answer.outcome, answer.code) == (outcome, f"HTTP {status}")
    assert "@" not in answer.detail


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("30", 30.0),
        ("Fri, 19 Jun 2026 06:00:30 GMT", 30.0),
        ("Fri, 19 Jun 2026 05:00:00 GMT", 0.0),
        ("Fri, 19 Jun 2099 06:00:00 GMT", 100_000.0),
        ("soon", None),
        ("", None),
        ("8640000", None),
        ("9" * 400, None),
        ("-1", None),
        ("²", None),
    ],
)
def test_a_time_to_wait_is_kept_where_it_makes_sense(
    client: Client, httpserver: HTTPServer, told: str, seconds: float | None
) -> None:
    limited = Response("{}", 429, [("Retry-After", told.encode().decode("latin-1"))])
    [answer] = answers(client, httpserver, lambda _: limited, message())
    assert (answer.outcome, answer.retry_after) == (Outcome.DEFERRED, seconds)


@pytest.mark.parametrize("body", ["", "[]", "null", "{}", '{"id": 7}', '{"id": ""}', "not JSON", "[" * 100_000])
def test_a_200_without_a_number_is_not_taken_for_success(client: Client, httpserver: HTTPServer, body: str) -> None:
    [answer] = answers(client, httpserver, lambda _: Response(body, 200), message())
    assert answer.outcome is Outcome.SENDER_REFUSED


def test_one_refused_message_does_not_stop_the_others(client: Client, httpserver: HTTPServer) -> None:
    def refusing_the_second(request: Request) -> Response:
        second = b"reader2@example.org" in request.get_data()
        return _json(400, {"message": "not valid"}) if second else _json(200, TAKEN)

    told = answers(client, httpserver, refusing_the_second, message(1), message(2), message(3))
    assert [answer.outcome for answer in told] == [Outcome.ACCEPTED, Outcome.MESSAGE_REFUSED, Outcome.ACCEPTED]


class Fickle:
    """A server that reads this many requests, each answered or cut off, and then is gone."""

    def __init__(self, *replies: bytes) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, args=(replies,))
        self._thread.start()

    def _serve(self, replies: tuple[bytes, ...]) -> None:
        for position, reply in enumerate(replies):
            connection, _ = self._listening.accept()
            if position == len(replies) - 1:
                self._listening.close()
            with connection:
                heard = b""
                while not heard.rstrip().endswith(b"--") or CONTENT not in heard:
                    heard += connection.recv(65536)
                connection.sendall(reply)

    def wait(self) -> None:
        self._thread.join(10)
        assert not self._thread.is_alive()


def test_an_answer_that_never_came_leaves_the_message_unknown(client: Client) -> None:
    server = Fickle(b"")
    assert list(Mailgun(client, domain=DOMAIN, api_key=KEY, url=server.url).send([message()])) == [
        Answer(delivery_id=1, outcome=Outcome.UNKNOWN, code="no answer")
    ]
    server.wait()


def test_a_server_that_is_gone_later_defers_the_rest(client: Client) -> None:
    server = Fickle(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\n" + b'{"id":"<1>"}')
    sending = Mailgun(client, domain=DOMAIN, api_key=KEY, url=server.url).send([message(1), message(2)])
    first = next(sending)
    server.wait()
    assert first.delivery_id == 1
    assert [(answer.delivery_id, answer.outcome) for answer in sending] == [(2, Outcome.DEFERRED)]


def test_a_server_that_cannot_be_reached_three_times_in_a_row_is_left_alone(client: Client) -> None:
    server = Fickle(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\n" + b'{"id":"<1>"}')
    outgoing = iter([message(number) for number in range(1, 10)])
    sending = Mailgun(client, domain=DOMAIN, api_key=KEY, url=server.url).send(outgoing)
    told = [next(sending)]
    server.wait()
    with pytest.raises(DeliveryError, match="cannot be reached"):
        told.extend(sending)
    assert [answer.outcome for answer in told] == [Outcome.ACCEPTED, Outcome.DEFERRED, Outcome.DEFERRED]
    assert next(outgoing).delivery_id == 5


def test_no_other_message_is_handed_over_when_it_is_time_to_stop(client: Client) -> None:
    server = Fickle(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\n" + b'{"id":"<1>"}')
    told: list[Answer] = []
    mailgun = Mailgun(client, domain=DOMAIN, api_key=KEY, url=server.url)
    for answer in mailgun.send([message(1), message(2)], should_stop=lambda: bool(told)):
        told.append(answer)  # noqa: PERF402 - what was told says whether it is time
    server.wait()
    assert [answer.delivery_id for answer in told] == [1]


def test_a_server_that_is_not_there_stops_everything_and_the_key_stays_secret(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
    with pytest.raises(DeliveryError, match=r"Mailgun: 127\.0\.0\.1 cannot be reached") as failure:
        list(Mailgun(client, domain=DOMAIN, api_key=KEY, url=url).send([message()]))
    cause = failure.value.__cause__
    assert KEY not in f"{failure.value}{cause}{cause.__cause__ if cause else ''}"
