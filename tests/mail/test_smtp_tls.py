"""SMTP under TLS, against a real server with a certificate of a made authority."""

import asyncio
import gc
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme
import uvloop
from logged import records_logged
from smtp_server import SmtpServer
from talking_server import deaf, talking

from digest.errors import DeliveryError
from digest.mail.smtp import Server, Smtp, Timeouts
from digest.mail.smtp.server import Tls
from digest.model import Outcome, Outgoing

MESSAGES = [
    Outgoing(
        delivery_id=number,
        key=f"k{number}",
        envelope_sender="bounce@news.example.org",
        recipient=f"reader{number}@example.org",
        content=b"Subject: papers\r\n\r\n" + b"x" * 70 + b"\r\n" * 2000,
    )
    for number in range(20)
]

Loop = Callable[[], asyncio.AbstractEventLoop]
LOOPS = pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


@pytest.fixture
def context(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What a server needs whose authority this process trusts."""
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def mailer(server: SmtpServer, tls: Tls) -> Smtp:
    return Smtp(Server(host=server.host, port=server.port, tls=tls, connections=3), local_hostname="a.example.org")


@pytest.mark.slow
def test_messages_go_under_tls_after_starttls(context: ssl.SSLContext) -> None:
    with SmtpServer(tls_context=context, require_starttls=True) as server:
        answers = list(mailer(server, "starttls").send(MESSAGES))
        taken = server.wait_for(20)
    assert {answer.outcome for answer in answers} == {Outcome.ACCEPTED}
    assert sorted(one.recipients for one in taken) == sorted((one.recipient,) for one in MESSAGES)
    assert {one.content for one in taken} == {MESSAGES[0].content}


@pytest.mark.slow
def test_messages_go_under_tls_from_the_first_byte(context: ssl.SSLContext) -> None:
    with SmtpServer(ssl_context=context) as server:
        answers = list(mailer(server, "tls").send(MESSAGES))
        assert len(server.wait_for(20)) == 20
    assert {answer.outcome for answer in answers} == {Outcome.ACCEPTED}


@pytest.mark.slow
@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_certificate_of_nobody_known_is_not_talked_to(
    context: ssl.SSLContext, tls: Tls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    options: dict[str, Any] = {"ssl_context" if tls == "tls" else "tls_context": context}
    with records_logged() as records:
        with SmtpServer(**options) as server:
            with pytest.raises(
                DeliveryError,
                match=r"\(its certificate is not accepted: \w",
            ):
                list(mailer(server, tls).send(MESSAGES))
            assert server.taken == []
        gc.collect()
    assert not any("never retrieved" in record.getMessage() for record in records)


@pytest.mark.slow
@LOOPS
@pytest.mark.parametrize(
    ("tls", "before_tls"),
    [("tls", ()), ("starttls", (b"220 ready", b"250-hello\r\n250 STARTTLS", b"220 go on"))],
    ids=["tls", "starttls"],
)
def test_a_message_of_which_the_end_never_left_is_not_in_doubt_under_tls(
    context: ssl.SSLContext, tls: Tls, before_tls: tuple[bytes, ...], new_loop: Loop
) -> None:
    big = replace(MESSAGES[0], content=(b"x" * 900 + b"\r\n") * 7000)
    with deaf(context, before_tls=before_tls) as port:
        server = Server(host="127.0.0.1", port=port, tls=tls, connections=1, timeouts=Timeouts(block=0.1))
        answers = list(Smtp(server, local_hostname="a.example.org", new_loop=new_loop).send([big]))
    assert [answer.outcome for answer in answers] == [Outcome.DEFERRED]


@LOOPS
def test_a_message_of_which_the_end_left_late_is_in_doubt_under_tls(context: ssl.SSLContext, new_loop: Loop) -> None:
    big = replace(MESSAGES[0], content=(b"x" * 900 + b"\r\n") * 7000)
    with talking(lambda line, would: None if line == b"." else would, context=context) as talker:
        server = Server(host="127.0.0.1", port=talker.port, tls="tls", connections=1)
        answers = list(Smtp(server, local_hostname="a.example.org", new_loop=new_loop).send([big]))
    assert [answer.outcome for answer in answers] == [Outcome.UNKNOWN]


def test_words_in_the_clear_are_no_greeting_where_all_is_to_be_under_tls() -> None:
    with talking() as server, pytest.raises(DeliveryError, match=r"out of turn|TLS failed"):
        list(Smtp(Server(host="127.0.0.1", port=server.port, tls="tls")).send(MESSAGES))
    assert not any(line.startswith(b"EHLO") for line in server.heard)
