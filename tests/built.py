"""Messages as they are built, and how a mail program reads them."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from digest.mail.message import ListHeaders, MailingList, Sender, build_message
from digest.quoted import quoted
from digest.tokens import Keys, Purpose

KEYS = Keys((b"k" * 32,))
TOKEN = KEYS.sign(Purpose.MESSAGE, 42)
SENDER = Sender(mailbox="Offprint <digest@example.org>")
LIST = ListHeaders(
    unsubscribe_url=f"https://papers.example.org/unsubscribe/{KEYS.sign(Purpose.UNSUBSCRIBE, 7)}",
    unsubscribe_token=KEYS.sign(Purpose.UNSUBSCRIBE, 7),
    mailing_list=MailingList(
        list_id="papers.example.org",
        title="Offprint",
        archive_url="https://papers.example.org/trending",
        help_url="https://papers.example.org/",
        feedback_id=("2026-06-19", "papers", "edition", "offprint"),
    ),
)


def listed(**values: Any) -> ListHeaders:
    """The list's headers with other values of the list."""
    return replace(LIST, mailing_list=replace(LIST.mailing_list, **values))


def build(**values: Any) -> bytes:
    given: dict[str, Any] = {
        "sender": SENDER,
        "recipient": "reader@example.org",
        "subject": "Few-step sampling, and 9 more",
        "text": "Good morning.\n",
        "html": "<p>Good morning.</p>\n",
        "token": TOKEN,
        "dated_at": datetime(2026, 6, 19, 5, tzinfo=UTC),
        "list_headers": LIST,
    }
    given |= values
    parts = {kind: [quoted(given[kind])] if isinstance(given[kind], str) else given[kind] for kind in ("text", "html")}
    return build_message(**given | parts)


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def head(raw: bytes) -> list[str]:
    """The lines of the message's header as they stand."""
    return raw.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")


def assert_fit_for_the_wire(raw: bytes) -> None:
    assert raw.isascii()
    assert b"\0" not in raw
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", raw)
    assert not re.search(rb"^\.", raw, re.MULTILINE)
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    for word in re.findall(rb"=\?[^?\s]+\?[bqBQ]\?[^?\s]*\?=", raw.partition(b"\r\n\r\n")[0]):
        assert len(word) <= 75
    names = [line.partition(":")[0].lower() for line in head(raw) if line[0] != " "]
    assert len(names) == len(set(names))
