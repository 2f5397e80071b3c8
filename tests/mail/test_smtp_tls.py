"""SMTP under TLS, against a real server with a certificate of a made authority."""

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from smtp_server import SmtpServer

from digest.errors import DeliveryError
from digest.mail.smtp import Server, Smtp
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


def test_messages_go_under_tls_after_starttls(context: ssl.SSLContext) -> None:
    with SmtpServer(tls_context=context, require_starttls=True) as server:
        answers = list(mailer(server, "starttls").send(MESSAGES))
        taken = server.wait_for(20)
    assert {answer.outcome for answer in answers} == {Outcome.ACCEPTED}
    assert sorted(one.recipients for one in taken) == sorted((one.recipient,) for one in MESSAGES)
    assert {one.content for one in taken} == {MESSAGES[0].content}


def test_messages_go_under_tls_from_the_first_byte(context: ssl.SSLContext) -> None:
    with SmtpServer(ssl_context=context) as server:
        answers = list(mailer(server, "tls").send(MESSAGES))
        assert len(server.wait_for(20)) == 20
    assert {answer.outcome for answer in answers} == {Outcome.ACCEPTED}


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_certificate_of_nobody_known_is_not_talked_to(
    context: ssl.SSLContext, tls: Tls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    options: dict[str, Any] = {"ssl_context" if tls == "tls" else "tls_context": context}
    with SmtpServer(**options) as server:
        with pytest.raises(DeliveryError, match="SSLCertVerificationError"):
            list(mailer(server, tls).send(MESSAGES))
        assert server.taken == []
