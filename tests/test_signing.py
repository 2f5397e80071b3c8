"""Signatures in the whole service: which messages carry them, by which keys, and that they stay the same."""

import mailbox
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from built import assert_fit_for_the_wire
from personas import NOON, choices, papers_come_in, reader_joins
from pytest_httpserver import HTTPServer
from signatures import Judge, by_the_rfc, mail_dkim, opendkim
from smtp_server import SmtpServer
from werkzeug import Request, Response

from digest.address import parse_address
from digest.app import App, key_files
from digest.compose import Composer
from digest.config import parse_config
from digest.deliver import deliver
from digest.errors import ConfigError, RenderingError
from digest.mail.signing_keys import make_key
from digest.model import DeliveryState, Weights
from digest.publish import publish
from digest.store.deliveries import count_by_state, delivery_numbered
from digest.subscribe import ask
from digest.trial import queue_test

SENDER = "Offprint <digest@example.org>"

Installed = Callable[..., App]

pytestmark = pytest.mark.slow


@pytest.fixture
def signing(install: Installed, tmp_path: Path) -> Installed:
    """Sets up an installation with keys of these selectors, an e for Ed25519; those missing are made."""

    def installed(*selectors: str, retired: tuple[str, ...] = (), **mail: Any) -> App:
        keys = [
            {"selector": one, "file": f"var/{one}.pem", "retired": one in retired} for one in (*selectors, *retired)
        ]
        values: dict[str, Any] = {"newsletter": [{"sender": SENDER}], "mail": {"dkim": {"keys": keys}} | mail}
        for file in key_files(parse_config(values, folder=tmp_path)):
            if not file.path.exists():
                make_key(file, ed25519="e" in file.selector)
        return install(**values)

    return installed


def published(app: App) -> None:
    papers_come_in(app.store)
    reader_joins(app, "reader@example.org", choices("diffusion models"))
    assert publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON).queued == 1


def made(app: App, number: int = 1) -> bytes:
    """The delivery's message, made anew."""
    with app.store.reading() as connection:
        delivery = delivery_numbered(connection, number)
        assert delivery is not None
        return Composer(app.press).outgoing(connection, delivery).content


def sent(app: App) -> None:
    delivered = deliver(app.store, app.mailer(), app.press, terms=app.terms, clock=lambda: NOON)
    assert not delivered.error


def selectors(content: bytes) -> list[str]:
    return re.findall(r"\bs=(\w+);", content.decode().partition("\r\n\r\n")[0])


def test_every_message_of_the_outbox_is_signed(signing: Installed, tmp_path: Path) -> None:
    app = signing("r1", "e1")
    published(app)
    ask(app.store, parse_address("new@example.org"), newsletter="papers", choices=choices(), keys=app.keys, now=NOON)
    queue_test(app.store, app.press, parse_address("me@example.org"), newsletter="papers", now=NOON)
    sent(app)
    read = [one.read_bytes().replace(b"\n", b"\r\n") for one in (tmp_path / "var/outbox/new").iterdir()]
    assert [selectors(content) for content in read] == [["r1", "e1"]] * 3
    assert all(by_the_rfc(content, app.press.signer.keys) for content in read)
    assert len(mailbox.Maildir(tmp_path / "var/outbox", create=False)) == 3


@pytest.mark.parametrize("judge", [by_the_rfc, opendkim, mail_dkim])
def test_what_an_smtp_server_takes_verifies(signing: Installed, judge: Judge) -> None:
    with SmtpServer() as smtp:
        server = {"host": smtp.host, "port": smtp.port, "tls": "none"}
        app = signing("r1", provider="smtp", smtp=server)
        published(app)
        sent(app)
        [taken] = smtp.taken
    assert judge(taken.content, app.press.signer.keys)
    assert taken.content == made(app)
    assert_fit_for_the_wire(taken.content)


def test_a_provider_that_signs_gets_messages_without_our_signatures(signing: Installed, httpserver: HTTPServer) -> None:
    bodies: list[bytes] = []

    def taking(request: Request) -> Response:
        bodies.append(request.get_data())
        return Response('{"id": "<1@example.org>"}', 200)

    httpserver.expect_request(re.compile(".*")).respond_with_handler(taking)
    account = {"domain": "example.org", "api_key": "key", "url": httpserver.url_for("").rstrip("/")}
    app = signing("r1", provider="mailgun", mailgun=account)
    published(app)
    sent(app)
    assert b"From: Offprint" in bodies[0]
    assert b"DKIM-Signature" not in bodies[0]


def test_an_edition_is_made_again_byte_for_byte_after_its_key_was_retired(signing: Installed) -> None:
    before = signing("r1")
    published(before)
    first = made(before)
    after = signing("r2", retired=("r1",))
    queue_test(after.store, after.press, parse_address("me@example.org"), newsletter="papers", now=NOON)
    assert made(after) == first
    assert (selectors(first), selectors(made(after, 2))) == (["r1"], ["r2"])


def test_an_edition_of_before_there_were_keys_stays_unsigned(signing: Installed, install: Installed) -> None:
    before = install(newsletter=[{"sender": SENDER}])
    published(before)
    assert made(signing("r1")) == made(before)


def test_a_new_key_signs_from_the_next_edition_on(signing: Installed) -> None:
    published(signing("r1"))
    app = signing("r2", retired=("r1",))
    tomorrow = NOON + timedelta(days=1)
    papers_come_in(app.store, now=tomorrow)
    reader_joins(app, "second@example.org", choices("laundry"))
    assert publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON).queued == 1
    assert [selectors(made(app, number)) for number in (1, 2)] == [["r1"], ["r2"]]


def test_an_edition_whose_key_is_gone_fails_and_says_which(signing: Installed) -> None:
    published(signing("r1"))
    app = signing("r2")
    with pytest.raises(RenderingError, match="selector 'r1', which is not configured any more"):
        made(app)
    sent(app)
    with app.store.reading() as connection:
        assert count_by_state(connection) == {DeliveryState.FAILED: 1}
        delivery = delivery_numbered(connection, 1)
    assert delivery is not None
    assert "`retired = true`" in delivery.detail


def test_a_key_of_ed25519_alone_is_refused_before_any_message_is_made(signing: Installed) -> None:
    app = signing("e1")
    with pytest.raises(ConfigError, match=r"mail\.dkim\.keys needs one RSA key"):
        app.press  # noqa: B018 -- what messages are made with


def test_a_key_that_others_can_read_is_refused_before_any_message_is_made(signing: Installed, tmp_path: Path) -> None:
    app = signing("r1")
    (tmp_path / "var/r1.pem").chmod(0o644)
    with pytest.raises(ConfigError, match=r'mail\.dkim\.keys "r1", file .* can be read by other users'):
        app.press  # noqa: B018 -- what messages are made with
