"""HTTP, against a real server, and against sockets that behave worse than a server would."""

import gzip
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest
from pytest_httpserver import HTTPServer
from rude import serving
from werkzeug import Request, Response

from digest import __version__
from digest.http import LONGEST_WAIT, MOST_REDIRECTS, MOST_TRIES, Client, HttpFailure, redirected
from digest.http import Response as Answer

SECRET = "s3cr3t"  # of the tests alone
PACKED = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
BASE_URL = "https://papers.example.org"
LOOPBACK = frozenset({"localhost", "127.0.0.1"})
NOON = datetime(2026, 6, 19, 12, tzinfo=UTC)


@pytest.fixture
def waits() -> list[float]:
    """The seconds that the client waited for, had it waited."""
    return []


@pytest.fixture
def client(waits: list[float]) -> Iterator[Client]:
    with Client(base_url=BASE_URL, allowed_hosts=LOOPBACK, wait=waits.append, clock=lambda: NOON) as opened:
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


@contextmanager
def dripping(beginning: bytes) -> Iterator[str]:
    """The address of a server that writes one byte after another, for ever."""
    stopping = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                _read_request(connection)
                connection.sendall(beginning)
                while not stopping.wait(0.01):
                    connection.sendall(b"x")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        stopping.set()
        thread.join(10)


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


def test_any_answer_is_got_with_its_status_and_headers(client: Client, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/feed").respond_with_data(b"gone", status=410, headers={"ETag": '"a"'})
    answer = client.get(httpserver.url_for("/feed?page=2"), accept="application/rss+xml")
    assert (answer.status, answer.content, answer.headers["etag"]) == (410, b"gone", '"a"')
    asked = httpserver.log[0][0]
    assert (asked.headers["Accept"], asked.query_string) == ("application/rss+xml", b"page=2")
    assert "If-None-Match" not in asked.headers


def test_what_has_not_changed_is_not_sent_again(client: Client, httpserver: HTTPServer) -> None:
    tags = {"If-None-Match": 'W/"a"', "If-Modified-Since": "Fri, 19 Jun 2026 12:00:00 GMT"}
    httpserver.expect_request("/feed", headers=tags).respond_with_data("", status=304)
    answer = client.get(
        httpserver.url_for("/feed"), accept="*/*", etag='W/"a"', last_modified="Fri, 19 Jun 2026 12:00:00 GMT"
    )
    assert (answer.status, answer.content) == (304, b"")


def test_a_packed_answer_is_unpacked(client: Client, httpserver: HTTPServer) -> None:
    packed = Response(gzip.compress(b'{"packed": true}'), headers={"Content-Encoding": "gzip"})
    httpserver.expect_request("/").respond_with_response(packed)
    assert client.get_json(httpserver.url_for("/"), params={}) == {"packed": True}


def test_a_packed_answer_in_several_members_is_read_whole(client: Client, httpserver: HTTPServer) -> None:
    packed = gzip.compress(b"[" + b"1," * 100_000) + gzip.compress(b"") + gzip.compress(b"2]")
    httpserver.expect_request("/").respond_with_data(packed, headers={"Content-Encoding": "gzip"})
    assert client.get_json(httpserver.url_for("/"), params={}) == [1] * 100_000 + [2]


@pytest.mark.parametrize("behind", [b"\n", b"\0" * 512, b"<!-- served by a proxy -->"])
def test_what_comes_behind_a_packed_answer_and_is_not_packed_is_not_the_answer(
    client: Client, httpserver: HTTPServer, behind: bytes
) -> None:
    httpserver.expect_request("/").respond_with_data(
        gzip.compress(b"[1]") + behind, headers={"Content-Encoding": "gzip"}
    )
    assert client.get_json(httpserver.url_for("/"), params={}) == [1]


def test_a_proxy_in_the_environment_is_not_used(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    httpserver.expect_request("/").respond_with_json([])
    with refusing() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy)
        monkeypatch.setenv("ALL_PROXY", proxy)
        with Client(base_url=BASE_URL, allowed_hosts=LOOPBACK) as client:
            assert client.get_json(httpserver.url_for("/"), params={}) == []


def test_a_value_is_posted_as_json_with_its_token(client: Client, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v1", method="POST").respond_with_json({"answer": 42})
    assert client.post_json(httpserver.url_for("/v1"), {"text": "é \ud800"}, token=SECRET) == {"answer": 42}
    assert client.post_json(httpserver.url_for("/v1"), []) == {"answer": 42}
    (told, _), (bare, _) = httpserver.log
    assert (told.get_json(), bare.get_json()) == ({"text": "é \ud800"}, [])
    assert told.headers["Content-Type"] == "application/json"
    assert told.headers["Authorization"] == f"Bearer {SECRET}"
    assert "Authorization" not in bare.headers


def test_a_token_follows_no_redirect(client: Client, httpserver: HTTPServer) -> None:
    elsewhere = {"Location": httpserver.url_for("/elsewhere")}
    httpserver.expect_request("/v1").respond_with_data("", status=307, headers=elsewhere)
    with pytest.raises(HttpFailure, match=r"^localhost answered HTTP 307$"):
        client.post_json(httpserver.url_for("/v1"), {}, token=SECRET)
    assert len(httpserver.log) == 1


def test_a_value_is_posted_inside_of_a_network_only_where_that_is_allowed(httpserver: HTTPServer) -> None:
    with Client(base_url=BASE_URL) as stranger, pytest.raises(HttpFailure, match="inside of a network") as caught:
        stranger.post_json(httpserver.url_for("/v1"), {}, token=SECRET)
    assert not caught.value.sent
    assert httpserver.log == []


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


@pytest.mark.parametrize("status", [406, 429, 500, 502, 503, 504])
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
    [
        *(("7", 7.0), ("0", 0.0), ("86400", LONGEST_WAIT), ("-1", 1.0), ("²", 1.0), ("soon", 1.0), ("", 1.0)),
        ("Fri, 19 Jun 2026 12:00:07 GMT", 7.0),
        ("Friday, 19-Jun-26 12:00:07 GMT", 7.0),
        ("Fri Jun 19 12:00:07 2026", 7.0),
        ("Fri, 19 Jun 2026 11:00:00 GMT", 0.0),
        ("Fri, 19 Jun 2027 12:00:00 GMT", LONGEST_WAIT),
        ("Fri, 39 Jun 2026 12:00:00 GMT", 1.0),
        (f"Fri, 19 Jun {'9' * 30} 12:00:00 GMT", 1.0),
        (f"Fri, 19 Jun 2026 12:00:00 +{'9' * 30}", 1.0),
    ],
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
    with Client(base_url=BASE_URL, allowed_hosts=LOOPBACK, most_bytes=100_001, wait=waits.append) as client, failing:
        client.get_json(httpserver.url_for("/"), params={})
    assert len(httpserver.log) == 1
    assert waits == []


def test_an_answer_as_large_as_the_cap_is_read(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data(b'"' + b"x" * 98 + b'"')
    with Client(base_url=BASE_URL, allowed_hosts=LOOPBACK, most_bytes=100) as client:
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


@pytest.mark.parametrize(
    "location", ["ftp://localhost/", "file:///etc/hostname", "gopher://localhost/", "data:,papers"]
)
def test_a_redirect_to_another_scheme_is_not_followed(client: Client, httpserver: HTTPServer, location: str) -> None:
    httpserver.expect_request("/").respond_with_data("", status=302, headers={"Location": location})
    with pytest.raises(HttpFailure, match=r"^localhost redirects to another scheme$") as caught:
        client.get_json(httpserver.url_for("/"), params={})
    assert caught.value.status == 302


@pytest.mark.parametrize("location", [b"http://[::zz]/", b"http://xn--/", b"//a\x01b/"])
def test_a_redirect_to_what_is_no_address_is_a_failure(client: Client, location: bytes) -> None:
    answer = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n"
    with cutting_off(1, after=answer) as url, pytest.raises(HttpFailure, match=r"is no address|cannot be reached"):
        client.get_json(url, params={})


def test_a_redirect_may_go_from_http_to_https_and_not_back() -> None:
    away = Answer(status=302, headers={"location": "http://papers.example.org/"}, content=b"")
    up = redirected(httpx.URL("http://papers.example.org/"), replace(away, headers={"location": "https://b.example/"}))
    assert str(up) == "https://b.example/"
    with pytest.raises(HttpFailure, match="another scheme"):
        redirected(httpx.URL("https://papers.example.org/"), away)


@pytest.mark.parametrize("path", ["/?token=" + SECRET, "/"])
def test_a_redirect_to_an_address_with_a_password_is_not_followed(client: Client, path: str) -> None:
    answer = f"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: //api:{SECRET}@localhost{path}\r\n\r\n"
    with cutting_off(1, after=answer.encode()) as url, pytest.raises(HttpFailure, match="with a password") as caught:
        client.get_json(url, params={})
    assert SECRET not in str(caught.value)


def test_a_post_answered_by_a_redirect_to_nowhere_is_answered(client: Client) -> None:
    answer = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://xn--/\r\n\r\n"
    with cutting_off(1, after=answer) as url:
        assert post(client, url) == 302


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1,",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]",
        PACKED + gzip.compress(b"[1, 2, 3]")[:12],
        PACKED + gzip.compress(b"[1, 2, 3]") + gzip.compress(b" ")[:12],
        b"SMTP 220 ready\r\n",
    ],
    ids=["cut short", "not packed as it says", "packed and cut short", "its last member cut short", "not HTTP"],
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
        addresses = (nobody, rude, *(httpserver.url_for(path) for path in ("/gone", "/odd", "/away")))
        for url in (*addresses, nobody.replace("//", f"//api:{SECRET}@", 1)):
            with pytest.raises(HttpFailure) as caught:
                client.get_json(url, params={"token": SECRET})
            failures.append(str(caught.value))
        for url in (nobody, rude):
            with pytest.raises(HttpFailure) as caught:
                post(client, f"{url}?token={SECRET}")
            failures.append(str(caught.value))
    assert len(failures) == 8
    assert not [message for message in failures if SECRET in message or "reader" in message or "/" in message]


@pytest.mark.slow
def test_a_packed_bomb_ends_by_its_size_before_it_has_gone_off(httpserver: HTTPServer) -> None:
    bomb = gzip.compress(b"0" * 50_000_000, 9)
    assert len(bomb) < 60_000
    httpserver.expect_request("/").respond_with_data(bomb, headers={"Content-Encoding": "gzip"})
    failing = pytest.raises(HttpFailure, match=r"^localhost sent more than 1,000,000 bytes$")
    with Client(base_url=BASE_URL, allowed_hosts=LOOPBACK, most_bytes=1_000_000) as client, failing:
        tracemalloc.start()
        client.get(httpserver.url_for("/"), accept="*/*")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


@pytest.mark.slow
def test_packed_bytes_that_hold_nothing_count_too(client: Client) -> None:
    nothing = gzip.compress(b"") * 20_000
    assert len(nothing) > 100_000
    with (
        serving(lambda connection, request, stopping: connection.sendall(PACKED + nothing)) as url,
        Client(base_url=BASE_URL, allowed_hosts=LOOPBACK, most_bytes=100_000) as small,
        pytest.raises(HttpFailure, match=r"^127\.0\.0\.1 sent more than 100,000 bytes$"),
    ):
        small.get(url, accept="*/*")


@pytest.mark.parametrize("length", [b"5000000", b"9" * 19])
def test_an_answer_that_announces_too_much_is_not_read(client: Client, length: bytes) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: " + length + b"\r\n\r\n["
    with (
        cutting_off(1, after=answer) as url,
        Client(base_url=BASE_URL, allowed_hosts=LOOPBACK, most_bytes=1000) as small,
        pytest.raises(HttpFailure, match="sent more than 1,000 bytes"),
    ):
        small.get(url, accept="*/*")


def test_what_comes_after_the_announced_length_is_not_the_answer(client: Client) -> None:
    with cutting_off(1, after=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]HTTP/1.1 500 Smuggled\r\n\r\n") as url:
        assert client.get_json(url, params={}) == []


def test_a_packing_that_was_not_asked_for_is_a_failure(client: Client, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data(b"x", headers={"Content-Encoding": "br"})
    with pytest.raises(HttpFailure, match=r"^localhost packs its answer as nobody asked it to$"):
        client.get(httpserver.url_for("/"), accept="*/*")


@pytest.mark.parametrize("beginning", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"], ids=["head", "body"])
def test_a_slow_drip_ends_and_is_not_asked_again(waits: list[float], beginning: bytes) -> None:
    failing = pytest.raises(HttpFailure, match=r"^127\.0\.0\.1 did not answer in time$")
    patient = Client(base_url=BASE_URL, allowed_hosts=LOOPBACK, most_seconds=0.2, wait=waits.append)
    with dripping(beginning) as url, patient as client, failing:
        client.get(url, accept="*/*")
    assert waits == []


@pytest.mark.parametrize(
    "url", ["file:///etc/hostname", "gopher://localhost/", "//localhost/", "http://", "http://[::zz]/"]
)
def test_what_is_no_address_of_the_web_is_not_asked(client: Client, url: str) -> None:
    with pytest.raises(HttpFailure, match="there is an address that is") as caught:
        client.get(url, accept="*/*")
    assert not caught.value.sent
