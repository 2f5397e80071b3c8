"""What a request cannot do to any page: each test is named after what it prevents."""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from urllib.parse import parse_qsl, quote

import httpx
import pytest
from pages import PRIVATE, SENT, address, people_it, readable
from personas import choices, reader_joins
from reading import read_page
from sites import Front, Place

from digest.app import App
from digest.web import create_site

pytestmark = pytest.mark.slow

XSS = "\"'><svg onload=alert(1)><script>alert(1)</script>{{ 1234567 * 7654321 }}javascript:alert(1)"
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
    assert "9449772114007" not in answer.text


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
        request = f"GET {template.format(climb)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        answer = inhabited.raw(request.encode())
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
    answer = place.raw(f"POST / HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n0\r\n\r\n".encode() + hidden)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert place.rows() == before
