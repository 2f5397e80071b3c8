"""Where the program connects to, and where never."""

import socket
import threading
from collections.abc import Iterator

import httpcore
import pytest
from pytest_httpserver import HTTPServer

from digest.egress import Deadline, Door, Refused, is_public, resolved
from digest.http import Client, HttpFailure

BASE_URL = "https://papers.example.org"
REFUSED = "is at an address inside of a network; if that is meant, name it in http.allow_hosts"


@pytest.fixture
def stranger() -> Iterator[Client]:
    """A client whose operator named nothing."""
    with Client(base_url=BASE_URL) as opened:
        yield opened


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::808:808"]
)
def test_the_open_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        *("0.0.0.0", "224.0.0.1", "239.255.255.250", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "ff0e::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"),
        *("2002:7f00:1::", "2002:a00:1::1", "2001:0:7f00:1::", "2001:db8::1", "::7f00:1", "", "localhost"),
    ],
)
def test_what_lies_inside_of_a_network_is_not(address: str) -> None:
    assert not is_public(address)


SPELLINGS = [
    *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "0", "0.0.0.0"),
    *("localhost", "localhost.", "LOCALHOST", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::]"),
    *("169.254.169.254", "[fe80::1]", "[ff02::1]"),
]


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_of_an_inner_address_is_connected_to(stranger: Client, httpserver: HTTPServer, host: str) -> None:
    httpserver.expect_request("/").respond_with_data("secret")
    with pytest.raises(HttpFailure, match=f"{REFUSED}|cannot be reached|is none") as caught:
        stranger.get(f"http://{host}:{httpserver.port}/", accept="*/*")
    assert not caught.value.sent
    assert httpserver.log == []


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "localhost"])
def test_the_refusal_says_how_to_mean_it(stranger: Client, host: str) -> None:
    with pytest.raises(HttpFailure, match=f"^{host} {REFUSED}$"):
        stranger.get(f"http://{host}/", accept="*/*")


@pytest.mark.parametrize("named", ["localhost", "LocalHost.", "localhost:{port}"])
@pytest.mark.parametrize("asked", ["localhost", "localhost.", "LOCALHOST"])
def test_what_the_operator_named_is_connected_to(httpserver: HTTPServer, named: str, asked: str) -> None:
    httpserver.expect_request("/").respond_with_data("papers")
    names = {named.format(port=httpserver.port)}
    # Not every system's resolver knows the name with its dot.
    with Client(base_url=BASE_URL, allowed_hosts=names, resolve=lambda host, port: ["127.0.0.1"]) as client:
        assert client.get(f"http://{asked}:{httpserver.port}/", accept="*/*").content == b"papers"


def test_naming_one_port_names_no_other(httpserver: HTTPServer) -> None:
    with Client(base_url=BASE_URL, allowed_hosts={"localhost:9"}) as client, pytest.raises(HttpFailure, match=REFUSED):
        client.get(httpserver.url_for("/"), accept="*/*")
    assert httpserver.log == []


@pytest.mark.parametrize(
    "target", ["169.254.169.254", "10.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433"]
)
def test_a_redirect_to_an_inner_address_is_not_followed(httpserver: HTTPServer, target: str) -> None:
    away = {"Location": f"http://{target}:{httpserver.port}/inner"}
    httpserver.expect_request("/").respond_with_data("", status=302, headers=away)
    with Client(base_url=BASE_URL, allowed_hosts={"localhost"}) as client, pytest.raises(HttpFailure, match=REFUSED):
        client.get(httpserver.url_for("/"), accept="*/*")
    assert [request.path for request, _ in httpserver.log] == ["/"]


def test_a_name_that_changes_its_mind_gains_nothing(httpserver: HTTPServer) -> None:
    answers = iter([["93.184.215.14"], ["127.0.0.1"]])
    failing = pytest.raises(HttpFailure, match="cannot be reached")
    with Client(base_url=BASE_URL, resolve=lambda host, port: next(answers)) as client, failing:
        client.get(f"http://rebound.example.org:{httpserver.port}/", accept="*/*")
    assert httpserver.log == []
    assert next(answers) == ["127.0.0.1"]  # it was asked once


def test_of_several_addresses_only_the_public_ones_are_tried(httpserver: HTTPServer) -> None:
    both = ["93.184.215.14", "127.0.0.1"]
    failing = pytest.raises(HttpFailure, match="cannot be reached")
    with Client(base_url=BASE_URL, resolve=lambda host, port: both) as client, failing:
        client.get(f"http://both.example.org:{httpserver.port}/", accept="*/*")
    assert httpserver.log == []


def test_the_next_address_is_tried_where_one_does_not_answer(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data("papers")
    named = f"feeds.example.org:{httpserver.port}"
    with Client(
        base_url=BASE_URL, allowed_hosts={named}, resolve=lambda host, port: ["127.0.0.9", "127.0.0.1"]
    ) as client:
        assert client.get(f"http://{named}/", accept="*/*").content == b"papers"
    assert httpserver.log[0][0].headers["Host"] == named


def test_a_name_that_nobody_has_cannot_be_reached(stranger: Client) -> None:
    with pytest.raises(HttpFailure, match=r"^nobody\.invalid cannot be reached$") as caught:
        stranger.get("http://nobody.invalid/", accept="*/*")
    assert not caught.value.sent


def test_a_name_that_nobody_answers_for_costs_no_more_than_the_request_may() -> None:
    asked, ended = threading.Event(), threading.Event()
    waited = []

    def resolve(host: str, port: int) -> list[str]:
        asked.set()
        waited.append(ended.wait(10))
        return ["127.0.0.1"]

    patient = Client(base_url=BASE_URL, allowed_hosts={"slow.example.org"}, most_seconds=0.2, resolve=resolve)
    with patient as client, pytest.raises(HttpFailure, match=r"^slow\.example\.org cannot be reached$") as caught:
        client.get("http://slow.example.org/", accept="*/*")
    assert asked.is_set()
    assert not waited
    assert not caught.value.sent
    ended.set()


def test_a_local_socket_is_never_opened() -> None:
    with pytest.raises(Refused):
        Door(named=(), deadline=Deadline()).connect_unix_socket("/run/service.sock")


def test_a_host_has_each_address_once() -> None:
    found = resolved("localhost", 80)
    assert set(found) <= {"127.0.0.1", "::1"}
    assert len(found) == len(set(found))
    with pytest.raises(socket.gaierror):
        resolved("nobody.invalid", 80)


def test_a_connection_that_comes_too_late_is_not_read() -> None:
    deadline = Deadline()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        door = Door(named={"127.0.0.1"}, deadline=deadline)
        stream = door.connect_tcp("127.0.0.1", listening.getsockname()[1], timeout=5)
        deadline.start(0)
        with pytest.raises(httpcore.ReadTimeout):
            stream.read(1, timeout=5)
        with pytest.raises(httpcore.WriteTimeout):
            stream.write(b"x", timeout=5)
        stream.close()
