"""Whatever a paper, a reader or the operator writes, a real server gets the headers and recipients that are meant."""

from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any

import pytest
from built import assert_fit_for_the_wire
from personas import NOON, TODAY, choices, reader_joins
from smtp_server import SmtpServer, Taken
from sqlalchemy import update

from digest.app import App
from digest.collect import cleaned
from digest.deliver import deliver
from digest.model import DeliveryState, Interest, InterestKind, Listing, Signals, Weights
from digest.publish import publish
from digest.store.deliveries import deliveries_of
from digest.store.recording import record_listings
from digest.store.tables import subscribers

pytestmark = pytest.mark.slow

HEADERS = [
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "List-Unsubscribe", "List-Unsubscribe-Post",
    "List-Id", "List-Help", "List-Archive", "List-Post", "Feedback-ID", "Precedence", "MIME-Version", "Content-Type",
]  # fmt: skip
PART = ["Content-Type", "Content-Transfer-Encoding"]
READER = "reader@example.org"

BREAKS = ["\r\n", "\n", "\r", "\n\t", "\0", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\r\n.\r\n", "\r\n\r\n"]
ATTACKS = [f"Quasars{end}Bcc: evil@example.net{end}Subject: else" for end in BREAKS] + [
    "=?utf-8?q?Quasars=0D=0ABcc:_evil=40example.net?=",
    "=?utf-8?b?DQpCY2M6IGV2aWxAZXhhbXBsZS5uZXQ=?= quasars",
    "Quasars%0d%0aBcc:%20evil@example.net",
    "Quasars\\r\\nBcc: evil@example.net &#13;&#10;Bcc: evil@example.net",
    "Größe " * 30 + "\r\nBcc: evil@example.net",
    "quasars" * 30 + "\r\nBcc: evil@example.net",
]


def listing(text: str) -> Listing:
    return Listing(
        title=text,
        abstract=f"{text}. We look at quasars.",
        aliases=("arxiv:2606.00001",),
        authors=(text, text),
        organisation=text,
        categories=(text,),
        keywords=(text,),
        summary=text,
        listed_on=TODAY,
        url="https://papers.example.org/1",
        signals=Signals(upvotes=12),
    )


def sent(app: App, paper: Listing, *, topic: str = "quasars", server: SmtpServer) -> list[Taken]:
    """What a server takes of the edition that holds this paper, for a reader of that topic."""
    with app.store.writing() as connection:
        record_listings(connection, [paper], source="test", now=NOON)
    wanted, author = choices(topic), Interest(kind=InterestKind.AUTHOR, value=topic)
    reader_joins(app, READER, replace(wanted, interests=(*wanted.interests, author)))
    publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON)
    deliver(app.store, app.mailer(), app.press, terms=app.terms, clock=lambda: NOON)
    return server.taken


def sending_to(install: Callable[..., App], server: SmtpServer, **values: Any) -> App:
    smtp = {"host": server.host, "port": server.port, "tls": "none"}
    return install(mail={"provider": "smtp", "smtp": smtp}, **values)


def assert_as_meant(taken: Taken) -> None:
    """The envelope, the header and each part's are those of an edition, and no line of them begins otherwise."""
    assert taken.recipients == (READER,)
    message = message_from_bytes(taken.content, policy=policy.default)
    assert message.keys() == HEADERS
    assert message["To"] == READER
    assert not message.defects
    assert_fit_for_the_wire(taken.content)
    assert [part.keys() for part in message.iter_parts()] == [PART, PART]
    head = taken.content.partition(b"\r\n\r\n")[0]
    begun = [line.partition(b":")[0].decode() for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    assert begun == HEADERS
    assert b"\r" not in head.replace(b"\r\n", b"")
    assert b"\n" not in head.replace(b"\r\n", b"")


@pytest.mark.parametrize("attack", ATTACKS, ids=ascii)
def test_a_paper_and_a_topic_that_attack_arrive_in_a_message_like_any_other(
    attack: str, install: Callable[..., App]
) -> None:
    with SmtpServer() as server:
        [taken] = sent(sending_to(install, server), cleaned(listing(attack)), topic=attack, server=server)
    assert_as_meant(taken)


@pytest.mark.parametrize("attack", ATTACKS, ids=ascii)
def test_a_paper_that_nobody_cleaned_puts_no_header_on_the_wire(attack: str, install: Callable[..., App]) -> None:
    with SmtpServer() as server:
        app = sending_to(install, server)
        for taken in sent(app, listing(attack), server=server):
            assert_as_meant(taken)
        with app.store.reading() as connection:
            [delivery] = deliveries_of(connection, 1)
    assert delivery.state in {DeliveryState.SENT, DeliveryState.FAILED}
    assert (delivery.state is DeliveryState.SENT) is bool(server.taken)


@pytest.mark.parametrize(
    "attack",
    [*(one[:40] for one in ATTACKS if one.isprintable()), "Le Monde\u00a0: \U0001f469\u200d\U0001f52c"],
    ids=ascii,
)
def test_a_newsletter_and_a_site_of_any_name_are_named_in_a_message_like_any_other(
    attack: str, install: Callable[..., App]
) -> None:
    with SmtpServer() as server:
        named: dict[str, Any] = {"web": {"site_name": attack}, "newsletter": [{"slug": "papers", "title": attack}]}
        [taken] = sent(sending_to(install, server, **named), cleaned(listing("Quasars")), server=server)
    assert_as_meant(taken)


@pytest.mark.parametrize(
    "address",
    [
        "reader@example.org\r\nBcc: evil@example.net",
        "reader@example.org,evil@example.net",
        "reader@example.org> <evil@example.net",
        '"reader\r\nBcc: evil@example.net"@example.org',
        "reader@example.org\0",
    ],
    ids=ascii,
)
def test_an_address_that_is_none_gets_nothing_however_it_came_into_the_store(
    address: str, install: Callable[..., App]
) -> None:
    with SmtpServer() as server:
        app = sending_to(install, server)
        reader_joins(app, READER, choices("quasars"))
        with app.store.writing() as connection:
            connection.execute(update(subscribers).values(address=address))
            record_listings(connection, [cleaned(listing("Quasars"))], source="test", now=NOON)
        publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON)
        counts = deliver(app.store, app.mailer(), app.press, terms=app.terms, clock=lambda: NOON).counts
    assert counts == {"failed": 1, "skipped": 0}
    assert server.taken == []
