"""HTTP, against a real server, and against sockets that behave worse than a server would."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from digest import __version__
from digest.http import LONGEST_WAIT, MOST_REDIRECTS, MOST_TRIES, Client, HttpFailure

SECRET = "s3cr3t"  # of the tests alone
BASE_URL = "https://papers.example.org"


@pytest.fixture
def waits() -> list[float]:
    """The seconds that the client waited for, had it waited."""
    return []


@pytest.fixture
def client(waits: list[float]) -> Iterator[Client]:
    with Client(base_url=BASE_URL, wait=waits.append) as opened:
        yield opened


@contextmanager
def cutting_off(connections: int, *, after: bytes = b"") -> Iterator[str]:
    """The address of a server that reads each request whole, writes that answer, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for _ in range(connections):
                connection, _ = listening.accept()
                with connection:
                    _read_request(connection)
                    connection.sendall(after)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        thread.join(10)
        assert not thread.is_alive(), "fewer connections came than were expected"


def _read_request(connection: socket.socket) -> None:
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(65_536)
    head, _, body = head.partition(b"\r\n\r\n")
    length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0")
    while len(body) < int(length.partition(b":")[2]):
        body += connection.recv(65_536)


@contextmanager
def refusing() -> Iterator[str]:
    """An address at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/"


def one_after_another(*answers: Response) -> Callable[[Request], Response]:
    left = iter(answers)
    return lambda _: next(left)


def post(client: Client, url: str) -> int:
    answer = client.post(
        url,
        data={"to": "reader@example.org"},
        files={"message": ("message.eml", b"Subject: papers\r\n", "message/rfc822")},
        auth=("api", SECRET),
    )
    return answer.status


def test_an_answer_is_read_as_json(client: Client, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/list", query_string={"date": "2026-06-19", "p": "0"}).respond_with_json([{"a": "é"}])
    assert client.get_json(httpserver.url_for("/list"), params={"date": "2026-06-19", "p": "0"}) == [{"a": "é"}]


def test_the_client_says_who_it_is_and_what_it_wants(client: Client, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_json([])
    client.get_json(httpserver.url_for("/"), params={})
    headers = httpserver.log[0][0].headers
    assert headers["User-Agent"] == f"offprint/{__version__} (+{BASE_URL})"
    assert headers["Accept"] == "application/json"


def test_a_packed_answer_is_unpacked(client: Client, httpserver: HTTPServer) -> None:
    packed = Response(gzip.compress(b'{"packed": true}'), headers={"Content-Encoding": "gzip"})
    httpserver.expect_request("/").respond_with_response(packed)
    assert client.get_json(httpserver.url_for("/"), params={}) == {"packed": True}


def test_a_proxy_in_the_environment_is_not_used(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    httpserver.expect_request("/").respond_with_json([])
    with refusing() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy)
        monkeypatch.setenv("ALL_PROXY", proxy)
        with Client(base_url=BASE_URL) as client:
            assert client.get_json(httpserver.url_for("/"), params={}) == []


@pytest.mark.parametrize("status", [204, 304, 400, 404, 501])
def test_another_status_than_200_is_a_failure_at_once(
    client: Client, httpserver: HTTPServer, waits: list[float], status: int
) -> None:
    httpserver.expect_request("/").respond_with_data("", status=status)
    with pytest.raises(HttpFailure, match=f"^localhost answered HTTP {status}$") as caught:
        client.get_json(httpserver.url_for("/"), params={})
    assert caught.value.status == status
    assert caught.value.sent
    assert waits == []


@pytest.mark.parametrize("content", [b"<html>", b"", b'{"cut": ', b"\xff\xfe", b"[" * 200_000])
def test_what_is_not_json_is_a_failure_at_once(
    client: Client, httpserver: HTTPServer, waits: list[float], content: bytes
) -> None:
    httpserver.expect_request("/").respond_with_data(content)
    with pytest.raises(HttpFailure, match=r"^localhost answered with something that is not JSON$") as caught:
        client.get_json(httpserver.url_for("/"), params={})
    assert caught.value.status == 200
    assert waits == []


def test_a_failure_that_passes_is_waited_out(client: Client, httpserver: HTTPServer, waits: list[float]) -> None:
    answers = one_after_another(Response(status=500), Response(status=500), Response("[1]"))
    httpserver.expect_request("/").respond_with_handler(answers)
    assert client.get_json(httpserver.url_for("/"), params={}) == [1]
    assert waits == [1.0, 2.0]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_failure_that_stays_is_told_after_the_last_try(
    client: Client, httpserver: HTTPServer, waits: list[float], status: int
) -> None:
    httpserver.expect_request("/").respond_with_data("", status=status)
    with pytest.raises(HttpFailure, match=f"HTTP {status}") as caught:
        client.get_json(httpserver.url_for("/"), params={})
    assert caught.value.status == status
    assert len(httpserver.log) == MOST_TRIES
    assert len(waits) == MOST_TRIES - 1


@pytest.mark.parametrize(
    ("told", "waited"),
    [("7", 7.0), ("0", 0.0), ("86400", LONGEST_WAIT), ("Fri, 19 Jun 2026 12:00:00 GMT", 1.0), ("-1", 1.0), ("²", 1.0)],
)
def test_a_host_that_says_when_to_come_back_is_obeyed(
    client: Client, httpserver: HTTPServer, waits: list[float], told: str, waited: float
) -> None:
    answers = one_after_another(Response(status=429, headers={"Retry-After": told}), Response("[]"))
    httpserver.expect_request("/").respond_with_handler(answers)
    assert client.get_json(httpserver.url_for("/"), params={}) == []
    assert waits == [waited]


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_over_the_cap_is_given_up_at_once(httpserver: HTTPServer, waits: list[float], packed: bool) -> None:
    content, headers = b'"' + b"x" * 100_000 + b'"', {}
    if packed:
        content, headers = gzip.compress(content), {"Content-Encoding": "gzip"}
    httpserver.expect_request("/").respond_with_response(Response(content, headers=headers))
    failing = pytest.raises(HttpFailure, match=r"^localhost sent more than 100,001 bytes$")
    with Client(base_url=BASE_URL, most_bytes=100_001, wait=waits.append) as client, failing:
        client.get_json(httpserver.url_for("/"), params={})
    assert len(httpserver.log) == 1
    assert waits == []


def test_an_answer_as_large_as_the_cap_is_read(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data(b'"' + b"x" * 98 + b'"')
    with Client(base_url=BASE_URL, most_bytes=100) as client:
        assert client.get_json(httpserver.url_for("/"), params={}) == "x" * 98


def test_a_redirect_to_another_host_is_followed(client: Client, httpserver: HTTPServer) -> None:
    elsewhere = httpserver.url_for("/new?p=1").replace("localhost", "127.0.0.1")
    httpserver.expect_request("/old").respond_with_data("", status=302, headers={"Location": elsewhere})
    httpserver.expect_request("/new", query_string="p=1").respond_with_json(["found"])
    assert client.get_json(httpserver.url_for("/old"), params={"p": "1"}) == ["found"]
    assert httpserver.log[1][0].host.startswith("127.0.0.1")


def test_a_redirect_without_a_host_stays_at_the_same(client: Client, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a/old").respond_with_data("", status=308, headers={"Location": "new"})
    httpserver.expect_request("/a/new").respond_with_json([])
    assert client.get_json(httpserver.url_for("/a/old"), params={}) == []


@pytest.mark.parametrize("location", ["/", None])
def test_a_redirect_in_a_circle_ends(
    client: Client, httpserver: HTTPServer, waits: list[float], location: str | None
) -> None:
    headers = {"Location": location} if location else {}
    httpserver.expect_request("/").respond_with_response(Response(status=301, headers=headers))
    with pytest.raises(HttpFailure, match=r"^localhost redirects more than 3 times$"):
        client.get_json(httpserver.url_for("/"), params={})
    assert len(httpserver.log) == MOST_REDIRECTS + 1
    assert waits == []


@pytest.mark.parametrize("location", ["https://localhost/", "ftp://localhost/", "file:///etc/hostname"])
def test_a_redirect_to_another_scheme_is_not_followed(client: Client, httpserver: HTTPServer, location: str) -> None:
    httpserver.expect_request("/").respond_with_data("", status=302, headers={"Location": location})
    with pytest.raises(HttpFailure, match=r"^localhost redirects to another scheme$") as caught:
        client.get_json(httpserver.url_for("/"), params={})
    assert caught.value.status == 302


@pytest.mark.parametrize("location", [b"http://[::zz]/", b"http://xn--/", b"//a\x01b/"])
def test_a_redirect_to_what_is_no_address_is_a_failure(client: Client, location: bytes) -> None:
    answer = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n"
    with cutting_off(MOST_TRIES, after=answer) as url, pytest.raises(HttpFailure, match="broke off") as caught:
        client.get_json(url, params={})
    assert caught.value.sent


def test_a_post_answered_by_a_redirect_to_nowhere_may_have_been_taken(client: Client) -> None:
    answer = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://xn--/\r\n\r\n"
    with cutting_off(1, after=answer) as url, pytest.raises(HttpFailure) as caught:
        post(client, url)
    assert caught.value.sent


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1,",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]",
        b"SMTP 220 ready\r\n",
    ],
    ids=["cut short", "not packed as it says", "not HTTP"],
)
def test_an_answer_that_is_not_whole_is_asked_for_again(client: Client, waits: list[float], answer: bytes) -> None:
    with cutting_off(MOST_TRIES, after=answer) as url, pytest.raises(HttpFailure, match="broke off"):
        client.get_json(url, params={})
    assert waits == [1.0, 2.0]


def test_a_host_that_is_not_there_is_not_asked_again(client: Client, waits: list[float]) -> None:
    with refusing() as url, pytest.raises(HttpFailure, match=r"^127\.0\.0\.1 cannot be reached$") as caught:
        client.get_json(url, params={})
    assert not caught.value.sent
    assert caught.value.status is None
    assert waits == []


def test_a_host_that_hangs_up_is_asked_again(client: Client, waits: list[float]) -> None:
    with cutting_off(MOST_TRIES) as url, pytest.raises(HttpFailure, match=r"^127\.0\.0\.1 broke off$"):
        client.get_json(url, params={})
    assert waits == [1.0, 2.0]


def test_a_form_is_posted_with_its_file_and_its_key(client: Client, httpserver: HTTPServer) -> None:
    def taken(request: Request) -> Response:
        assert request.authorization is not None
        assert (request.authorization.username, request.authorization.password) == ("api", SECRET)
        assert request.form.to_dict() == {"to": "reader@example.org"}
        file = request.files["message"]
        assert (file.filename, file.mimetype, file.read()) == ("message.eml", "message/rfc822", b"Subject: papers\r\n")
        return Response(b"taken \xff", headers={"X-Answer": "yes"})

    httpserver.expect_oneshot_request("/send", method="POST").respond_with_handler(taken)
    answer = client.post(
        httpserver.url_for("/send"),
        data={"to": "reader@example.org"},
        files={"message": ("message.eml", b"Subject: papers\r\n", "message/rfc822")},
        auth=("api", SECRET),
    )
    httpserver.check_assertions()
    assert (answer.status, answer.text, answer.headers["x-answer"]) == (200, "taken \ufffd", "yes")


@pytest.mark.parametrize("status", [302, 401, 429, 500])
def test_a_post_is_made_once_and_any_answer_is_returned(
    client: Client, httpserver: HTTPServer, waits: list[float], status: int
) -> None:
    httpserver.expect_request("/", method="POST").respond_with_data("", status=status, headers={"Location": "/"})
    assert post(client, httpserver.url_for("/")) == status
    assert len(httpserver.log) == 1
    assert waits == []


def test_a_post_that_reached_nobody_is_known_not_to_have_been_sent(client: Client, waits: list[float]) -> None:
    with refusing() as url, pytest.raises(HttpFailure) as caught:
        post(client, url)
    assert not caught.value.sent
    assert waits == []


def test_a_post_cut_off_after_it_was_written_may_have_been_taken(client: Client, waits: list[float]) -> None:
    with cutting_off(1) as url, pytest.raises(HttpFailure, match="broke off") as caught:
        post(client, url)
    assert caught.value.sent
    assert caught.value.status is None
    assert waits == []


def test_no_message_holds_a_secret(client: Client, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/gone").respond_with_data(SECRET, status=404)
    httpserver.expect_request("/odd").respond_with_data(SECRET)
    httpserver.expect_request("/away").respond_with_data("", status=302, headers={"Location": f"ftp://{SECRET}/"})
    failures = []
    with refusing() as nobody, cutting_off(MOST_TRIES + 1) as rude:
        for url in (nobody, rude, *(httpserver.url_for(path) for path in ("/gone", "/odd", "/away"))):
            with pytest.raises(HttpFailure) as caught:
                client.get_json(url.replace("//", f"//api:{SECRET}@", 1), params={"token": SECRET})
            failures.append(str(caught.value))
        for url in (nobody, rude):
            with pytest.raises(HttpFailure) as caught:
                post(client, f"{url}?token={SECRET}")
            failures.append(str(caught.value))
    assert len(failures) == 7
    assert not [message for message in failures if SECRET in message or "reader" in message or "/" in message]
