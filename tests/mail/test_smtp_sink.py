"""SMTP into Postfix's smtp-sink, with and without PIPELINING, under every kind of refusal that it knows."""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop
from sinks import MISSING, SINK, sink

from digest.errors import DeliveryError
from digest.mail.smtp import Server, Smtp
from digest.model import Answer, Outcome, Outgoing

pytestmark = [pytest.mark.slow, pytest.mark.skipif(SINK is None, reason=MISSING)]

CONTENT = b"Subject: papers\r\n\r\n" + b"A line of text, some seventy characters long, as a message has many.\r\n" * 500
LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
Loop = Callable[[], asyncio.AbstractEventLoop]


def messages(count: int) -> list[Outgoing]:
    return [
        Outgoing(
            delivery_id=number,
            key=f"k{number}",
            envelope_sender=f"bounce+{number}@news.example.org",
            recipient=f"reader{number}@example.org",
            content=CONTENT,
        )
        for number in range(count)
    ]


def send(port: int, count: int, *, new_loop: Loop = uvloop.new_event_loop) -> tuple[list[Answer], str]:
    """The answers, and why sending ended before its time, if it did."""
    mailer = Smtp(Server(host="127.0.0.1", port=port, tls="none", connections=16), new_loop=new_loop)
    answers: list[Answer] = []
    try:
        for answer in mailer.send(messages(count)):
            answers.append(answer)  # noqa: PERF402 - those before an error are wanted
    except DeliveryError as error:
        return answers, str(error)
    return answers, ""


def outcomes(answers: list[Answer]) -> Counter[Outcome]:
    assert len({answer.delivery_id for answer in answers}) == len(answers)
    return Counter(answer.outcome for answer in answers)


def received(folder: Path) -> Counter[str]:
    """How often each reader got a message that is whole."""
    readers = Counter[str]()
    for path in folder.iterdir():
        head, _, body = path.read_bytes().partition(b"Subject: papers\n\n")
        assert body.rstrip(b"\n") == CONTENT.partition(b"\r\n\r\n")[2].replace(b"\r\n", b"\n").rstrip(b"\n")
        [reader] = [line for line in head.splitlines() if line.startswith(b"X-Rcpt-Args:")]
        readers[reader.decode().partition("<")[2].partition("@")[0]] += 1
    return readers


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("options", [(), ("-p",), ("-e",)], ids=["pipelining", "step by step", "HELO"])
def test_each_message_arrives_once_and_whole(options: tuple[str, ...], loop: str, tmp_path: Path) -> None:
    with sink(*options, folder=tmp_path) as port:
        answers, error = send(port, 500, new_loop=LOOPS[loop])
    assert (outcomes(answers), error) == ({Outcome.ACCEPTED: 500}, "")
    assert received(tmp_path) == {f"reader{number}": 1 for number in range(500)}


@pytest.mark.parametrize(
    ("options", "outcome"),
    [
        (("-f", "RCPT"), Outcome.RECIPIENT_REFUSED),
        (("-r", "RCPT"), Outcome.DEFERRED),
        (("-f", "DATA"), Outcome.MESSAGE_REFUSED),
        (("-r", "DATA"), Outcome.DEFERRED),
        (("-f", "."), Outcome.MESSAGE_REFUSED),
        (("-r", "."), Outcome.DEFERRED),
        (("-r", "MAIL"), Outcome.DEFERRED),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_is_refused_is_told_of_every_message(options: tuple[str, ...], outcome: Outcome) -> None:
    with sink(*options) as port:
        answers, error = send(port, 300)
    assert (outcomes(answers), error) == ({outcome: 300}, "")


def test_a_refused_sender_ends_it_after_one_message_a_connection() -> None:
    with sink("-f", "MAIL") as port:
        answers, error = send(port, 300)
    assert error == ""
    assert set(outcomes(answers)) == {Outcome.SENDER_REFUSED}
    assert len(answers) <= 16


def test_hanging_up_at_every_final_dot_leaves_one_message_a_connection_in_doubt() -> None:
    with sink("-q", ".") as port:
        answers, error = send(port, 300)
    assert "lost" in error
    assert outcomes(answers)[Outcome.ACCEPTED] == 0
    assert 1 <= outcomes(answers)[Outcome.UNKNOWN] <= 32


@pytest.mark.parametrize("options", [("-Q", "MAIL"), ("-Q", "CONNECT"), ("-q", "MAIL"), ("-q", "RCPT"), ("-q", "DATA")])
def test_hanging_up_before_a_message_leaves_none_in_doubt(options: tuple[str, ...]) -> None:
    with sink(*options) as port:
        answers, error = send(port, 300)
    assert "refused us" in error
    assert set(outcomes(answers)) <= {Outcome.DEFERRED}


@pytest.mark.parametrize("end", [b"\r\n.\r\n", b"\n.\r\n", b"\n.\n", b"\r.\r"])
def test_nothing_in_a_message_ends_it(end: bytes, tmp_path: Path) -> None:
    hidden = (
        b"Subject: papers\r\n\r\nthe end"
        + end
        + b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nevil"
        + end
    )
    one = Outgoing(delivery_id=1, key="k", envelope_sender="s@example.org", recipient="r@example.org", content=hidden)
    with sink(folder=tmp_path) as port:
        answers = list(Smtp(Server(host="127.0.0.1", port=port, tls="none")).send([one]))
    assert outcomes(answers) == {Outcome.ACCEPTED: 1}
    [arrived] = tmp_path.iterdir()
    assert b"evil" in arrived.read_bytes()
