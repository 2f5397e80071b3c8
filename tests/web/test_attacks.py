"""What an answer of the site does not let anybody do: each test is named after what it prevents."""

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import product
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
import pytest
from pages import FILES, FRAMED, OUTBOX, PRIVATE, PUBLIC, SENT, address, people_it
from personas import NOON, choices, reader_joins
from reading import read_page
from sites import Clock, Front, Place
from sqlalchemy import event

from digest.address import parse_address
from digest.app import App
from digest.model import DeliveryState, SubscriptionState
from digest.store.deliveries import count_by_state, deliveries_of
from digest.store.subscribers import all_subscriptions, subscriber_named, suppress
from digest.tokens import Purpose
from digest.web import create_site

pytestmark = pytest.mark.slow

XSS = "\"'><svg onload=alert(1)><script>alert(1)</script>{{ 7 * 191 }}javascript:alert(1)"
PARAMETERS = [
    "q",
    "category",
    "window",
    "date",
    "page",
    "month",
    "paper",
    "want",
    "do",
    "until",
    "topic",
    "next",
    "url",
]
SQL = ["1' OR '1'='1", "1; DROP TABLE papers; --", "x') UNION SELECT address FROM subscribers --", '" OR ""="', "%' --"]
ELSEWHERE = "https://evil.example/"


@pytest.fixture
def inhabited(open_place: Callable[..., Place]) -> Place:
    return people_it(open_place(with_outbox=True))


def readable(place: Place) -> list[str]:
    return [address(place, path) for path in [*PUBLIC, *PRIVATE, *OUTBOX, *FILES, *FRAMED]]


def raw(place: Place, request: bytes) -> bytes:
    """What the server answers to these very bytes until it hangs up."""
    with socket.create_connection(("127.0.0.1", urlsplit(place.url).port or 0), timeout=20) as connection:
        connection.sendall(request)
        pieces = iter(lambda: connection.recv(65_536), b"")
        return b"".join(pieces)


# Who is subscribed


@contextmanager
def statements(app: App) -> Iterator[list[str]]:
    """The SQL statements that are run, as they are sent."""
    run: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        run.append(statement)

    event.listen(app.store.engine, "before_cursor_execute", note)
    yield run
    event.remove(app.store.engine, "before_cursor_execute", note)


def test_nobody_learns_by_subscribing_who_is_subscribed(app: App, front: Front, client: httpx.Client) -> None:
    """The same status, size, page, statements and one message in the queue, whatever is known of the address."""
    clock = Clock()
    front.site = create_site(app, clock=clock)
    form = app.keys.sign(Purpose.FORM, int(clock().timestamp()) - 60)
    reader_joins(app, "known@example.org", choices())
    client.post("/", data={"form": form, "address": "asked@example.org"})
    clock.now += timedelta(hours=2)
    for name, leave in (("left0", True), ("block", False)):
        number = reader_joins(app, f"{name}@example.org", choices())
        if leave:
            client.post(f"/unsubscribe/{app.keys.sign(Purpose.UNSUBSCRIBE, number)}")
        else:
            with app.store.writing() as connection:
                found = subscriber_named(connection, parse_address(f"{name}@example.org"))
                assert found is not None
                suppress(connection, found, reason="complained", now=NOON)
    told = {}
    for name in ("nobdy", "known", "asked", "left0", "block"):
        queued = waiting(app)
        with statements(app) as run:
            answer = client.post("/", data={"form": form, "address": f"{name}@example.org"})
        headers = {key: value for key, value in answer.headers.items() if key != "date"}
        told[name] = (answer.status_code, headers, answer.text.replace(name, ""), run, waiting(app) - queued)
    front.site = None
    assert len(told["known"][3]) > 5
    assert told["known"][4] == 1
    assert [name for name in told if told[name] != told["known"]] == []


def waiting(app: App) -> int:
    with app.store.reading() as connection:
        return count_by_state(connection).get(DeliveryState.QUEUED, 0)


def test_a_strangers_confirm_message_holds_nothing_that_was_typed(place: Place) -> None:
    typed = {"topic": "BUY CHEAP PILLS", "more": "visit evil.example", "name": "support@bank.example", "subject2": "x"}
    for name, fields in (("ada", {}), ("bob", typed)):
        place.client.post("/", data=place.form() | {"address": f"{name}@example.org"} | fields)
    place.deliver()
    first, second = sorted((place.outbox / "new").iterdir())
    assert "bob@example.org" in second.read_text()
    for value in typed.values():
        assert value == "x" or value not in second.read_text()
    assert len(first.read_text().splitlines()) == len(second.read_text().splitlines())


def test_a_stranger_cannot_lift_a_suppression_nor_write_to_whoever_complained(place: Place) -> None:
    reader_joins(place.app, "bob@example.org", choices())
    with place.app.store.writing() as connection:
        suppress(connection, 1, reason="complained", now=NOON)
    place.client.post(f"/unsubscribe/{place.unsubscribe_token()}")
    answer = place.client.post("/", data=place.form() | {"address": "Bob@example.org"})
    assert answer.status_code == 200
    place.deliver()
    with place.app.store.reading() as connection:
        [message] = deliveries_of(connection, 1)
        assert (message.state, message.detail) == (DeliveryState.SKIPPED, "suppressed")
        assert [one.state for one in all_subscriptions(connection)] == [SubscriptionState.UNSUBSCRIBED]
    assert sum('INTO "suppressions"' in row and "complained" in row for row in place.rows()) == 1


def test_a_robot_that_gets_past_the_traps_meets_the_limits(place: Place) -> None:
    page = read_page(place.client.get("/").text)
    held = {str(one["name"]): str(one.get("value") or "") for one in page.all("input") if one.get("type") == "hidden"}
    place.clock.now += timedelta(seconds=9)
    via = {"X-Forwarded-For": "203.0.113.1"}
    sent = [place.client.post("/", data=held | {"address": f"a{n}@example.org"}, headers=via) for n in range(25)]
    assert [one.status_code for one in sent] == [200] * 20 + [429] * 5
    assert place.queued() == 20


def test_a_flood_of_throw_away_addresses_is_limited_and_the_domain_not_blocked(place: Place) -> None:
    for network in (1, 2):
        via = {"X-Forwarded-For": f"198.51.{network}.1"}
        for number in range(21):
            fields = place.form() | {"address": f"{network}-{number}@mailinator.com"}
            assert place.client.post("/", data=fields, headers=via).status_code == (429 if number == 20 else 200)
    assert place.queued() == 40


# Tokens


def test_whoever_reads_the_store_cannot_act_for_a_reader(inhabited: Place) -> None:
    kept = "\n".join(inhabited.rows())
    for sign in (inhabited.confirm_token, inhabited.unsubscribe_token, inhabited.preferences_token):
        assert sign().partition("-")[2] not in kept
    for purpose, number in product(Purpose, range(5)):
        assert inhabited.app.keys.sign(purpose, number).partition("-")[2] not in kept


def test_a_confirm_link_cannot_be_guessed_from_another(place: Place) -> None:
    for number in range(30):
        place.client.post(
            "/",
            data=place.form() | {"address": f"a{number}@example.org"},
            headers={"X-Forwarded-For": f"198.51.{number}.1"},
        )
    with place.app.store.reading() as connection:
        nonces = {row[0] for row in connection.exec_driver_sql("SELECT nonce FROM confirms")}
    assert len(nonces) == 30
    assert {len(bytes.fromhex(nonce)) for nonce in nonces} == {16}
    # Nor does the number alone sign one, as it does elsewhere.
    assert place.client.post(f"/confirm/{place.app.keys.sign(Purpose.CONFIRM, 1)}").status_code == 404


def test_a_clock_that_is_set_back_prolongs_no_link_and_loses_none(place: Place) -> None:
    place.client.post("/", data=place.form() | {"address": "ada@example.org"})
    path = f"/confirm/{place.confirm_token()}"
    place.clock.now = NOON - timedelta(hours=1)
    assert place.client.get(path).status_code == 200
    for seconds, status in ((-1, 200), (0, 404), (1, 404)):
        place.clock.now = NOON + timedelta(hours=48, seconds=seconds)
        assert place.client.get(path).status_code == status
    place.clock.now = NOON - timedelta(hours=1)
    assert "<h1>You are in</h1>" in place.client.post(path).text


def test_new_keys_lock_no_reader_in(place: Place, open_place: Callable[..., Place]) -> None:
    reader_joins(place.app, "ada@example.org", choices())
    old = place.unsubscribe_token()
    keys = place.app.config.folder / place.app.config.keys.file
    keys.write_text(f"{'new-key-' * 5}\n{keys.read_text()}")
    again = open_place()
    assert again.unsubscribe_token() != old
    for token in (old, again.unsubscribe_token()):
        assert (
            again.client.post(f"/unsubscribe/{token}", data={"List-Unsubscribe": "One-Click"}).text == "Unsubscribed."
        )
    keys.write_text(f"{'new-key-' * 5}\n")
    assert open_place().client.get(f"/unsubscribe/{old}").status_code == 404


def test_no_token_is_in_a_log_when_the_site_fails(
    inhabited: Place, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    paths = [address(inhabited, path) for path in [*PRIVATE, *FRAMED]]
    tokens = {
        part for path in paths for part in path.replace("?", "/").split("/") if "-" in part and "forged" not in part
    }
    with inhabited.app.store.writing() as connection:
        for table in ("confirms", "subscriptions", "deliveries"):
            connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {table}_gone")
    with caplog.at_level(logging.DEBUG):
        # Each by a connection of its own: a failure ends it.
        told = [httpx.request(method, inhabited.url + path) for path in paths for method in ("GET", "POST")]
        told.append(httpx.post(inhabited.url, data=inhabited.form() | {"address": "eve@example.org"}))
        raw(inhabited, f"GET {paths[0]} HTTP/9.9\r\n\r\n".encode())
        raw(inhabited, f"GET {paths[0]} HTTP/1.1\r\nHost : x\r\n\r\n".encode())
    assert sum(answer.status_code == 500 for answer in told) >= 8
    ours = [one for one in caplog.records if not one.name.startswith(("httpx", "httpcore"))]
    assert any(one.exc_info for one in ours)
    written = "\n".join([*map(logging.Formatter().format, ours), *capfd.readouterr()])
    # The pages for failures do not repeat them either.
    written += "\n".join(answer.text for answer in told if answer.status_code == 500)
    assert {token for token in tokens if token in written} == set()
    assert "eve@example.org" not in written


# Pages


def test_another_site_can_do_nothing_in_a_readers_name(inhabited: Place) -> None:
    """There is nothing that a browser would send along by itself: who has not the token can do nothing with it."""
    foreign = {"Origin": "https://evil.example", "Cookie": "session=1; token=1", "Sec-Fetch-Site": "cross-site"}
    before = inhabited.rows()
    for kind in ("preferences", "unsubscribe", "feedback", "confirm"):
        for path in (f"/{kind}/", f"/{kind}/1", f"/{kind}/reader@example.org", f"/{kind}"):
            answer = inhabited.client.post(path, data={"do": "pause", "address": "reader@example.org"}, headers=foreign)
            assert answer.status_code in {404, 405}
    assert inhabited.rows() == before
    for path in readable(inhabited):
        for method in ("GET", "OPTIONS", "POST"):
            answer = inhabited.client.request(method, path, headers=foreign | {"Access-Control-Request-Method": "POST"})
            assert not [name for name in answer.headers if name.startswith("access-control") or name == "set-cookie"]


def test_no_parameter_becomes_markup_on_any_page(inhabited: Place) -> None:
    everything = dict.fromkeys(PARAMETERS, XSS)
    for path in readable(inhabited):
        bare, _, asked = path.partition("?")
        assert_has_no_script(inhabited.client.get(f"{bare}/{quote(XSS)}?{quote(XSS)}"))
        assert_has_no_script(inhabited.client.get(bare, params=everything | dict(parse_qsl(asked))))
    for path, name in product(("/", "/trending", "/search", "/archive/"), PARAMETERS):
        assert_has_no_script(inhabited.client.get(path, params={name: XSS}))
    for path, fields in SENT:
        assert_has_no_script(inhabited.client.post(address(inhabited, path), data=everything | fields))


def assert_has_no_script(answer: httpx.Response) -> None:
    page = read_page(answer.text)
    assert answer.status_code < 500
    assert not page.all("script")
    assert not any(name.startswith("on") for _, held in page.elements for name in held)
    assert not any(link.startswith("javascript:") for link in page.links())
    assert "1337" not in answer.text


def test_no_method_or_header_makes_a_look_into_an_act(inhabited: Place) -> None:
    before = inhabited.rows()
    overrides = dict.fromkeys(("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"), "POST")
    for path in (address(inhabited, path) for path in PRIVATE):
        joined = f"{path}{'&' if '?' in path else '?'}_method=POST&do=pause&List-Unsubscribe=One-Click"
        for method in ("GET", "HEAD"):
            inhabited.client.request(method, joined, headers=overrides)
        for method in ("PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "QUERY", "POSTS"):
            answer = inhabited.client.request(method, joined, headers=overrides | {"X-Secret": "repeated"})
            assert answer.status_code in {404, 405}
            assert "repeated" not in answer.text
    assert inhabited.rows() == before


def test_no_header_poisons_a_page_that_others_get(inhabited: Place) -> None:
    poison = {
        **dict.fromkeys(("Host", "X-Forwarded-Host", "X-Host", "X-Forwarded-Server", "Forwarded"), "evil.example"),
        **dict.fromkeys(("X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix"), "/unsubscribe/1-a"),
        "X-Forwarded-Proto": "evil",
        "X-Forwarded-Port": "99",
        "Origin": ELSEWHERE,
        "Referer": ELSEWHERE,
        "Accept-Language": "evil",
        "User-Agent": "<script>",
    }
    for path in readable(inhabited):
        plain, poisoned = (inhabited.client.get(path, headers=headers) for headers in ({}, poison))
        assert (plain.status_code, plain.text) == (poisoned.status_code, poisoned.text)
        assert {**plain.headers, "date": ""} == {**poisoned.headers, "date": ""}


def test_a_message_has_the_links_of_the_configuration_whoever_asks_for_it(open_place: Callable[..., Place]) -> None:
    place = open_place(web={"base_url": "https://papers.example.org"})
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    place.client.post("/", data=place.form() | {"address": "ada@example.org"}, headers=headers)
    place.deliver()
    [message] = (place.outbox / "new").iterdir()
    assert "https://papers.example.org/confirm/" in message.read_text()
    assert "evil.example" not in message.read_text()


def test_no_parameter_sends_anybody_elsewhere(inhabited: Place) -> None:
    wishes = "&".join(
        f"{name}={quote(ELSEWHERE)}" for name in ("next", "url", "to", "redirect", "return_to", "continue")
    )
    asked = [f"{path}{'&' if '?' in path else '?'}{wishes}" for path in readable(inhabited)]
    answers = [
        inhabited.client.get(path) for path in [*asked, "//evil.example/..", "/%2F/evil.example", "/\\evil.example"]
    ]
    answers += [
        inhabited.client.post(f"{address(inhabited, path)}", data=fields | {"next": ELSEWHERE}) for path, fields in SENT
    ]
    for answer in answers:
        assert not 300 <= answer.status_code < 400
        assert not {"location", "refresh"} & set(answer.headers)
        assert not any("evil.example" in str(held) for _, held in read_page(answer.text).elements)


def test_no_parameter_becomes_sql(app: App, front: Front, client: httpx.Client, tmp_path: Path) -> None:
    place = people_it_on(app, front, client, tmp_path)
    before = counts(app)
    for text in SQL:
        for path in ("/trending", "/search", "/archive/", "/paper/1", "/feedback/1-a"):
            for name in PARAMETERS:
                answer = client.get(path, params={name: text})
                assert answer.status_code in {200, 404, 422}
                assert "reader@example.org" not in answer.text
        for path in (
            "/paper/{}",
            "/archive/{}/2026-06-19",
            "/archive/papers/{}",
            "/feed/{}.atom",
            "/confirm/{}",
            "/view/{}",
        ):
            assert client.get(path.format(quote(text))).status_code == 404
        for name in ("newsletter", "cadence", "hour", "timezone", "category", "papers", "language", "examples", "form"):
            fields = place.form() | {"address": "ada@example.org"} | {name: text}
            assert client.post("/", data=fields).status_code == 422
    assert counts(app) == before


def people_it_on(app: App, front: Front, client: httpx.Client, folder: Path) -> Place:
    place = Place(app=app, url=front.url, outbox=folder / "outbox", client=client)
    front.site = create_site(app, clock=place.clock)
    return people_it(place)


def counts(app: App) -> dict[str, int]:
    with app.store.reading() as connection:
        tables = ("papers", "subscribers", "subscriptions", "confirms", "deliveries", "events")
        return {table: connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() for table in tables}


CLIMBS = [
    *(
        "../../../../etc/passwd",
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "....//....//etc/passwd",
    ),
    *(
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "..\\..\\etc\\passwd",
        "..%5c..%5cetc%5cpasswd",
        "%252e%252e%252fetc%252fpasswd",
    ),
    *(
        "C:\\Windows\\win.ini",
        "file:///etc/passwd",
        "..%c0%af..%c0%afetc/passwd",
        "NUL",
        "CON",
        "aux.html",
        "x%00.html",
        ".",
    ),
    *("..", "%2e%2e", "../config.toml", "..%2fvar%2fkeys", "../var/offprint.db", "link", "~root", "%7Eroot"),
]


def test_no_address_leads_to_a_file(inhabited: Place) -> None:
    (inhabited.outbox / "new" / "link").symlink_to(inhabited.outbox)
    templates = [
        *(
            "/{}",
            "/archive/{}/2026-06-19",
            "/archive/papers/{}",
            "/feed/{}.atom",
            "/feed/{}",
            "/paper/{}",
            "/paper/{}.bib",
        ),
        *("/outbox/{}", "/outbox/{}/html", "/outbox/{}/text", "/view/{}", "/confirm/{}", "/style.css/{}"),
    ]
    for template, climb in product(templates, CLIMBS):
        # As it stands: a client that knows better would tidy it up.
        answer = raw(
            inhabited, f"GET {template.format(climb)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        )
        status = int(answer.split(b" ", 2)[1])
        assert status in {400, 404} or template.format(climb) in {"/.", "/outbox/."}, (template, climb)
        assert b"root:" not in answer


SMUGGLED = b"POST /unsubscribe/{} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    "headers",
    [
        "Content-Length: {length}\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: {length}",
        "Transfer-Encoding:\r\n chunked\r\nContent-Length: {length}",
        "Transfer-Encoding : chunked\r\nContent-Length: {length}",
        "Transfer-Encoding: xchunked\r\nContent-Length: {length}",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: chunked, identity",
        "Content-Length: 5\r\nContent-Length: {length}",
        "Content-Length: 5, {length}",
        "Content-Length: +{length}",
        "Content-Length: 0x5",
        "Content-Length: 5\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nX: \rTransfer-Encoding: chunked",
    ],
)
def test_no_request_hides_in_anothers_body(place: Place, headers: str) -> None:
    """What a proxy in front may take for one request is one here, or is refused (RFC 9112, 11.2)."""
    reader_joins(place.app, "ada@example.org", choices())
    hidden = SMUGGLED.replace(b"{}", place.unsubscribe_token().encode())
    head = headers.format(length=5 + len(hidden))
    before = place.rows()
    answer = raw(place, f"POST / HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n0\r\n\r\n".encode() + hidden)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert place.rows() == before
