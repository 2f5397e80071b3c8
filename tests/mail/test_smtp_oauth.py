"""Signing in by XOAUTH2, at a real SMTP server, with tokens that a real HTTP server gives."""

import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiosmtpd.smtp import MISSING, SMTP, AuthResult, Session
from logged import lines_logged
from personas import NOON, choices, papers_come_in, reader_joins
from pytest_httpserver import HTTPServer
from smtp_server import SmtpServer
from werkzeug import Request, Response

from digest.app import App
from digest.config import load_config, parse_config
from digest.errors import ConfigError, DeliveryError
from digest.http import Client
from digest.mail.grant import Grant
from digest.mail.smtp import Server, Smtp
from digest.model import Outcome, Outgoing
from digest.scheduler import Ticker
from digest.store.deliveries import count_by_state

SENDER, CLIENT, SECRET, REFRESH = "papers@example.org", "offprint-client", "hush-client-secret", "hush-refresh-token"
OAUTH = {"client_id": CLIENT, "client_secret": SECRET, "refresh_token": REFRESH}


def message(number: int) -> Outgoing:
    return Outgoing(
        delivery_id=number,
        key=f"k{number}",
        envelope_sender=SENDER,
        recipient=f"reader{number}@example.org",
        content=b"Subject: papers\r\n\r\nHere they are.\r\n",
    )


@dataclass
class Tokens:
    """A token server: where it is, what it was asked, and what it answers."""

    url: str
    refusal: tuple[int, Any] | None = None
    asked: list[dict[str, list[str]]] = field(default_factory=list)

    def answer(self, request: Request) -> Response:
        self.asked.append(parse_qs(request.get_data(as_text=True)))
        given = {"access_token": f"access-{len(self.asked)}", "expires_in": 3600, "token_type": "Bearer"}
        status, told = self.refusal or (200, given)
        return Response(json.dumps(told), status=status, content_type="application/json")

    def grant(self, clock: Callable[[], float] = lambda: 0.0, **values: str) -> Grant:
        client = Client(base_url="https://papers.example.org", allowed_hosts={"localhost"})
        return Grant(client, url=self.url, clock=clock, **(values or OAUTH))


@pytest.fixture
def tokens(httpserver: HTTPServer) -> Tokens:
    found = Tokens(url=httpserver.url_for("/token"))
    httpserver.expect_request("/token", method="POST").respond_with_handler(found.answer)
    return found


class Signing(SmtpServer):
    """It wants a sign-in by XOAUTH2 with one of these tokens, and challenges others as Google's does."""

    def __init__(self, *good: str) -> None:
        super().__init__(auth_require_tls=False, auth_exclude_mechanism=["LOGIN", "PLAIN"])
        self.good, self.tried, self.replies = set(good), 0, list[bytes | None]()

    async def handle_MAIL(self, server: SMTP, session: Session, *told: Any) -> str:  # noqa: N802
        return await super().handle_MAIL(server, session, *told) if session.authenticated else "530 5.7.0 sign in"

    async def auth_XOAUTH2(self, server: SMTP, told: list[str]) -> AuthResult:  # noqa: N802 - aiosmtpd's name
        self.tried += 1
        if b64decode(told[1]).decode() in {f"user={SENDER}\x01auth=Bearer {token}\x01\x01" for token in self.good}:
            return AuthResult(success=True)
        reply = await server.challenge_auth('{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}')
        self.replies.append(None if reply is MISSING else bytes(reply))
        return AuthResult(success=False, handled=False)


def mailer(server: SmtpServer, grant: Grant, *, connections: int = 1) -> Smtp:
    where = Server(host=server.host, port=server.port, tls="none", connections=connections)
    return Smtp(replace(where, username=SENDER, grant=grant), local_hostname="a.example.org")


def test_one_token_signs_every_connection_in_and_its_secrets_go_to_the_token_server_alone(tokens: Tokens) -> None:
    with Signing("access-1") as server:
        outgoing = [message(number) for number in range(1, 21)]
        answers = list(mailer(server, tokens.grant(), connections=3).send(outgoing))
        assert {answer.outcome for answer in answers} == {Outcome.ACCEPTED}
        assert len(server.wait_for(20)) == 20
        assert server.tried == 3
    [asked] = tokens.asked
    assert asked == {"grant_type": ["refresh_token"], **{name: [value] for name, value in OAUTH.items()}}


def test_an_application_that_has_no_refresh_token_asks_in_its_own_name(tokens: Tokens) -> None:
    scope = "https://outlook.office365.com/.default"
    assert tokens.grant(client_id=CLIENT, client_secret=SECRET, scope=scope).token() == "access-1"
    assert tokens.asked == [
        {
            "grant_type": ["client_credentials"],
            "client_id": [CLIENT],
            "client_secret": [SECRET],
            "scope": [scope],
        }
    ]


def test_a_token_is_kept_until_shortly_before_its_end(tokens: Tokens) -> None:
    # It looks at the clock when it has a token, and when it asks for one.
    moments = iter([0.0, 3539.0, 3541.0, 3541.0, 7000.0])
    grant = tokens.grant(lambda: next(moments))
    given = [grant.token() for _ in range(4)]
    assert given == ["access-1", "access-1", "access-2", "access-2"]


def test_a_token_that_is_refused_is_a_refused_sender_and_the_next_try_has_a_new_one(tokens: Tokens) -> None:
    with Signing("access-2") as server:
        sender = mailer(server, tokens.grant())
        [answer] = sender.send([message(1)])
        assert (answer.outcome, answer.code) == (Outcome.SENDER_REFUSED, "535 5.7.8")
        # The challenge says what is wrong, and wants an empty line.
        assert server.replies == [b""]
        [answer] = sender.send([message(1)])
        assert answer.outcome is Outcome.ACCEPTED


def test_a_server_without_that_sign_in_is_told_no_token(tokens: Tokens) -> None:
    with (
        SmtpServer(auth_require_tls=False) as server,
        pytest.raises(DeliveryError, match="it offers no sign-in by XOAUTH2"),
    ):
        list(mailer(server, tokens.grant()).send([message(1)]))
    assert tokens.asked == []


@pytest.mark.parametrize("refusal", [(503, {}), (200, {"token_type": "Bearer"}), (200, ["access-1"])])
def test_a_token_server_that_gives_none_is_asked_again_by_the_next_tick(
    refusal: tuple[int, Any], tokens: Tokens
) -> None:
    tokens.refusal = refusal
    with Signing("access-2") as server:
        sender = mailer(server, tokens.grant())
        with pytest.raises(DeliveryError, match=r"No access token to sign in with: .* The next tick asks again\."):
            list(sender.send([message(1), message(2)]))
        tokens.refusal = None
        assert {answer.outcome for answer in sender.send([message(1), message(2)])} == {Outcome.ACCEPTED}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("invalid_grant", "invalid_grant: the refresh token has expired or was revoked; get a new one"),
        ("invalid_client", "invalid_client: client_id and client_secret do not belong together; mend them"),
        (f"no {SECRET} here", "refused: mend mail.smtp.oauth"),
    ],
)
def test_a_grant_that_has_ended_is_one_sentence_and_nobody_loses_a_message(
    code: str, told: str, tokens: Tokens, install: Callable[..., App]
) -> None:
    tokens.refusal = (400, {"error": code, "error_description": f"Token {REFRESH} has been expired or revoked."})
    with Signing() as server:
        smtp = {"host": server.host, "port": server.port, "tls": "none", "username": SENDER}
        app = install(
            mail={"provider": "smtp", "smtp": smtp | {"oauth": {"url": tokens.url, **OAUTH}}},
            http={"allow_hosts": ["localhost"]},
            sources={"huggingface": {"enabled": False}},
        )
        papers_come_in(app.store)
        for name in ("ada", "bob"):
            reader_joins(app, f"{name}@example.org", choices("diffusion"))
        ticker = Ticker(app, clock=lambda: NOON)
        with lines_logged() as logged:
            for job in (ticker.collect, ticker.publish, ticker.deliver):
                ticker.tick(job)
        assert server.tried == 0
    [error] = [line["error"] for line in logged if line["level"] == "error"]
    assert error == (
        f"smtp refused us as a sender (no access token, {told}). Everything is queued again; mend the sender or the"
        " sign-in, then deliver."
    )
    with app.store.reading() as connection:
        assert count_by_state(connection) == {"queued": 2}
    assert not any(secret in str(logged) for secret in (SECRET, REFRESH, "ada@"))


def test_the_secrets_come_from_files_and_are_shown_nowhere(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{REFRESH}\n")
    (tmp_path / "config.toml").write_text(
        f'[mail]\nprovider = "smtp"\n[mail.smtp]\npreset = "gmail"\nusername = "{SENDER}"\n'
        f'[mail.smtp.oauth]\nurl = "https://oauth2.googleapis.com/token"\nclient_id = "{CLIENT}"\n'
    )
    environment = {
        "DIGEST_SMTP__OAUTH__REFRESH_TOKEN_FILE": str(tmp_path / "token"),
        "DIGEST_SMTP__OAUTH__CLIENT_SECRET": SECRET,
    }
    config = load_config(tmp_path / "config.toml", environment=environment)
    oauth = config.mail.smtp.oauth
    assert (oauth.refresh_token.get_secret_value(), oauth.client_secret.get_secret_value()) == (REFRESH, SECRET)
    assert config.mail.smtp.host == "smtp.gmail.com"
    assert not any(secret in repr(config) for secret in (REFRESH, SECRET))


@pytest.mark.parametrize(
    ("smtp", "wrong"),
    [
        ({"password": "hush"}, "mail.smtp: password and oauth are two ways to sign in; keep one"),
        ({"username": ""}, "mail.smtp: username is needed where oauth.url is set; it is the mailbox that sends"),
        ({"oauth": {"client_id": ""}}, "mail.smtp.oauth: client_id is needed where url is set"),
        ({"oauth": {"refresh_token": "", "client_secret": ""}}, "mail.smtp.oauth: refresh_token is needed"),
        ({"oauth": {"url": "http://tokens.example.org"}}, "mail.smtp.oauth: url is not an https address"),
    ],
)
def test_half_a_grant_is_an_error_that_says_what_is_missing(smtp: dict[str, Any], wrong: str, tmp_path: Path) -> None:
    oauth = {"url": "https://tokens.example.org/token", **OAUTH} | smtp.get("oauth", {})
    told = {"host": "smtp.example.org", "username": SENDER} | smtp | {"oauth": oauth}
    with pytest.raises(ConfigError) as raised:
        parse_config({"mail": {"provider": "smtp", "smtp": told}}, folder=tmp_path)
    assert wrong in str(raised.value)
    assert not any(secret in str(raised.value) for secret in (REFRESH, SECRET, "hush"))
