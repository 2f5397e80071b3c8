"""SMTP with PIPELINING, against servers that refuse, stammer, lie, hang up and fall silent."""

import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from smtp_server import SmtpServer
from talking_server import Saying, Talking, deaf, talking

from digest.errors import DeliveryError
from digest.mail.smtp import Server, Smtp, Timeouts
from digest.model import Answer, Later, Outcome, Outgoing

CONTENT = b"Subject: papers\r\n\r\nTwo lines\r\nof text\r\n"
SHORT = Timeouts(greeting=0.1, command=0.1, data=0.1, block=0.1, final_dot=0.1, quit=0.1)


def message(number: int, recipient: str = "", content: bytes = CONTENT) -> Outgoing:
    return Outgoing(
        delivery_id=number,
        key=f"k{number}",
        envelope_sender=f"bounce+{number}@news.example.org",
        recipient=recipient or f"reader{number}@example.org",
        content=content,
    )


def messages(count: int) -> list[Outgoing]:
    return [message(number) for number in range(1, count + 1)]


def mailer(port: int, **values: Any) -> Smtp:
    where = Server(host="127.0.0.1", port=port, tls="none", connections=1)
    return Smtp(replace(where, **values), local_hostname="sender.example.org")


def send(server: Talking, outgoing: Iterable[Outgoing | Later], **values: Any) -> dict[int, Answer]:
    answers = list(mailer(server.port, **values).send(outgoing))
    assert len({answer.delivery_id for answer in answers}) == len(answers)
    return {answer.delivery_id: answer for answer in answers}


def until_it_ends(mailer: Smtp, outgoing: Iterable[Outgoing]) -> tuple[list[Answer], Exception | None]:
    """The answers that came, and the error that ended it, if one did."""
    answers: list[Answer] = []
    try:
        for answer in mailer.send(outgoing):
            answers.append(answer)  # noqa: PERF402 - those before an error are wanted
    except Exception as error:
        return answers, error
    return answers, None


def outcomes(answers: dict[int, Answer]) -> Counter[Outcome]:
    return Counter(answer.outcome for answer in answers.values())


def recipients(server: Talking) -> list[int]:
    """The numbers of the readers whose messages were taken, each message with one reader."""
    assert all(len(rcpt) == 1 for _, rcpt, _ in server.taken)
    return sorted(int(rcpt[0].partition(b"reader")[2].partition(b"@")[0]) for _, rcpt, _ in server.taken)


# Refusals between messages that do not wait for one another.


def refusing(start: bytes, reply: bytes, *, every: int = 3) -> Saying:
    """Answers so to the commands that begin so, of every so manieth reader."""
    about = [0]

    def saying(line: bytes, would: bytes) -> bytes:
        if line.startswith(b"MAIL"):
            about[0] = int(line.partition(b"bounce+")[2].partition(b"@")[0])
        return reply if line.startswith(start) and about[0] % every == 0 else would

    return saying


@pytest.mark.parametrize(
    ("start", "reply", "outcome"),
    [
        (b"RCPT", b"550 5.1.1 nobody\r\n", Outcome.RECIPIENT_REFUSED),
        (b"RCPT", b"552 5.2.2 mailbox full\r\n", Outcome.RECIPIENT_REFUSED),
        (b"RCPT", b"450 4.2.1 busy\r\n", Outcome.DEFERRED),
        (b"DATA", b"451 4.3.0 not now\r\n", Outcome.DEFERRED),
        (b"DATA", b"554 5.7.0 no\r\n", Outcome.MESSAGE_REFUSED),
        (b".", b"552 5.2.3 too long\r\n", Outcome.MESSAGE_REFUSED),
        (b".", b"451 4.3.0 try again\r\n", Outcome.DEFERRED),
        (b"MAIL", b"451 4.7.1 slow down\r\n", Outcome.DEFERRED),
        (b"MAIL", b"552 5.3.4 too big\r\n", Outcome.MESSAGE_REFUSED),
    ],
)
def test_a_refusal_is_told_of_the_message_that_it_was_about(start: bytes, reply: bytes, outcome: Outcome) -> None:
    with talking(refusing(start, reply)) as server:
        answers = send(server, messages(12))
    for number, answer in answers.items():
        assert answer.outcome is (outcome if number % 3 == 0 else Outcome.ACCEPTED), number
    assert recipients(server) == [1, 2, 4, 5, 7, 8, 10, 11]
    assert server.connections == 1


def test_a_server_that_refuses_the_recipient_and_waits_for_a_message_gets_an_empty_one() -> None:
    refuse = refusing(b"RCPT", b"550 5.1.1 nobody\r\n")
    with talking(lambda line, would: b"354 go on\r\n" if line == b"DATA" else refuse(line, would)) as server:
        answers = send(server, messages(4))
    assert outcomes(answers) == {Outcome.ACCEPTED: 3, Outcome.RECIPIENT_REFUSED: 1}
    assert [content for _, rcpt, content in server.taken if not rcpt] == [b""]
    assert len(server.taken) == 4


@pytest.mark.parametrize("reply", [b"550 5.7.1 not your domain\r\n", b"530 5.7.0 sign in first\r\n"])
def test_a_refused_sender_ends_the_sending_and_the_rest_stays_untouched(reply: bytes) -> None:
    with talking(refusing(b"MAIL", reply, every=1)) as server:
        answers = send(server, messages(50))
    assert outcomes(answers) == {Outcome.SENDER_REFUSED: 1}


def test_an_account_over_its_limit_is_the_sender_s_matter_whatever_command_says_so() -> None:
    with talking(refusing(b".", b"550 5.4.5 Daily user sending limit exceeded\r\n", every=2)) as server:
        answers = send(server, messages(50))
    assert outcomes(answers) == {Outcome.ACCEPTED: 2, Outcome.SENDER_REFUSED: 1} or outcomes(answers) == {
        Outcome.ACCEPTED: 1,
        Outcome.SENDER_REFUSED: 1,
    }


# What may not be in a message.

SMUGGLED = b"\r\nMAIL FROM:<evil@example.org>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nSubject: x\r\n\r\nevil"


@pytest.mark.parametrize(
    "end", [b"\r\n.\r\n", b"\n.\r\n", b"\n.\n", b"\r.\r", b"\r\n.\n", b"\r.\r\n", b"\r\n.\r", b"\n\n.\r\n"]
)
def test_nothing_in_a_message_ends_it(end: bytes) -> None:
    hidden = CONTENT + b"the end" + end + SMUGGLED.lstrip() + end
    with talking() as server:
        answers = send(server, [message(1, content=hidden), message(2)])
    assert outcomes(answers) == {Outcome.ACCEPTED: 2}
    assert recipients(server) == [1, 2]
    assert b"evil" in server.taken[0][2]


@pytest.mark.parametrize("end", [b"\r\n.\r\n", b"\n.\r\n", b"\n.\n", b"\r.\r"])
def test_nothing_in_a_message_ends_it_for_another_server_either(end: bytes) -> None:
    hidden = CONTENT + b"the end" + end + SMUGGLED.lstrip() + end
    with SmtpServer() as server:
        answers = list(mailer(server.port).send([message(1, content=hidden)]))
        taken = server.wait_for(1)
    assert [answer.outcome for answer in answers] == [Outcome.ACCEPTED]
    assert [one.recipients for one in taken] == [("reader1@example.org",)]


@pytest.mark.parametrize(
    ("content", "arrives"),
    [
        (b".\r\n", b".\r\n"),
        (b"", b""),
        (b"..a\r\n.b", b"..a\r\n.b\r\n"),
        (b"\n.a\r", b"\r\n.a\r\n"),
        (b"a\r", b"a\r\n"),
        (b"\r\n.\r\n", b"\r\n.\r\n"),
    ],
)
def test_dots_and_line_ends_arrive_as_they_should(content: bytes, arrives: bytes) -> None:
    with talking() as server:
        send(server, [message(1, content=content)])
    assert [taken for _, _, taken in server.taken] == [arrives]


@pytest.mark.parametrize(
    "address",
    [
        "a@example.org>\r\nRCPT TO:<evil@example.org",
        '"a\r\nRCPT TO:<evil@z>"@example.org',
        "a@example.org,evil@example.org",
        "a b@example.org",
        "<a@example.org>",
        "a@example.org> SIZE=1",
        "@evil.example.org:a@example.org",
        "ä\r\n@example.org",
        "ä>@example.org",
        "ä\x85b@example.org",
        "",
        "a" * 65 + "@example.org",
        "a@" + ".".join(["b" * 60] * 5),
    ],
)
def test_no_address_puts_anything_else_on_the_wire(address: str) -> None:
    with talking(offering=(b"PIPELINING", b"SMTPUTF8", b"8BITMIME")) as server:
        answers = send(server, [replace(message(1), recipient=address or "@"), message(2)])
        envelope = send(server, [replace(message(3), envelope_sender=address or "@")])
    assert answers[1].outcome is Outcome.MESSAGE_REFUSED
    assert envelope[3].outcome is Outcome.MESSAGE_REFUSED
    assert recipients(server) == [2]
    assert sum(line.startswith(b"RCPT") for line in server.heard) == 1


# What a server offers.


def test_the_domain_of_an_address_goes_in_plain_letters_and_what_is_before_the_at_has_no_others() -> None:
    with talking(offering=(b"PIPELINING", b"SMTPUTF8")) as server:
        answers = send(server, [message(1, "älg@exämple.org"), message(2, "reader2@exämple.org")])
    assert [answers[1].outcome, answers[2].outcome] == [Outcome.MESSAGE_REFUSED, Outcome.ACCEPTED]
    assert b"RCPT TO:<reader2@xn--exmple-cua.org>\r\n" in server.heard


def test_a_message_that_the_server_says_is_too_long_is_not_sent_there() -> None:
    with talking(offering=(b"PIPELINING", b"SIZE 100")) as server:
        answers = send(server, [message(1), message(2, content=CONTENT * 10)])
    assert [answers[1].outcome, answers[2].outcome] == [Outcome.ACCEPTED, Outcome.MESSAGE_REFUSED]
    assert b"MAIL FROM:<bounce+1@news.example.org> SIZE=%d\r\n" % len(CONTENT) in server.heard


def test_a_server_that_does_not_know_ehlo_is_talked_to_more_simply() -> None:
    with talking(lambda line, would: b"502 what\r\n" if line.startswith(b"EHLO") else would) as server:
        assert outcomes(send(server, messages(3))) == {Outcome.ACCEPTED: 3}


@pytest.mark.parametrize("offered", [b"AUTH PLAIN LOGIN", b"AUTH=LOGIN"])
def test_signing_in_by_what_is_offered(offered: bytes) -> None:
    def saying(line: bytes, would: bytes) -> bytes:
        if line in (b"AUTH LOGIN", b"aW5lcw=="):
            return b"334 UGFzc3dvcmQ6\r\n"
        return b"235 2.7.0 in\r\n" if line in (b"AUTH PLAIN AGluZXMAc2VjcmV0", b"c2VjcmV0") else would

    with talking(saying, offering=(b"PIPELINING", offered)) as server:
        assert outcomes(send(server, messages(1), username="ines", password="secret")) == {Outcome.ACCEPTED: 1}


# Servers that cannot be understood.


def test_replies_that_come_byte_by_byte_are_the_same_replies() -> None:
    long = b"250-2.0.0 first\r\n250-\r\n250 2.0.0 last\r\n"
    with talking(lambda line, would: long if line == b"." else would, piece=1) as server:
        answers = send(server, messages(5))
    assert outcomes(answers) == {Outcome.ACCEPTED: 5}
    assert answers[5].detail == "2.0.0 first"
    assert recipients(server) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "greeting",
    [
        b"220 " + b"x" * 10_000_000,
        b"220-x\r\n" * 1_500_000,
        b"HTTP/1.1 400 Bad Request\r\n",
        b"\r\n",
        b"220-a\r\n250 b\r\n",
    ],
    ids=["long", "many lines", "no SMTP", "empty", "two codes"],
)
def test_a_greeting_that_is_none_costs_little(greeting: bytes) -> None:
    with talking(greeting=greeting) as server, pytest.raises(DeliveryError, match=f"127.0.0.1:{server.port}"):
        send(server, messages(3))
    assert server.heard == []


@pytest.mark.parametrize("more", [b"250 2.0.0 another\r\n", b"250-the beginning of one", b"stray words\r\n"])
def test_a_reply_too_many_before_a_message_keeps_the_message_here(more: bytes) -> None:
    with talking(lambda line, would: would + more if line == b"DATA" else would) as server:
        assert outcomes(send(server, messages(1), timeouts=SHORT)) == {Outcome.DEFERRED: 1}
    assert server.taken == []
    assert server.connections == 2


def test_a_reply_too_many_to_an_envelope_is_noticed_before_the_message_leaves() -> None:
    with talking(lambda line, would: would + would if line.startswith(b"RCPT") else would) as server:
        assert outcomes(send(server, messages(1))) == {Outcome.DEFERRED: 1}
    assert server.taken == []


@pytest.mark.parametrize(
    ("reply", "outcome", "detail"),
    [
        (b"250 2.0.0 taken", Outcome.ACCEPTED, "2.0.0 taken"),
        (b"554 5.7.1 spam", Outcome.MESSAGE_REFUSED, "spam"),
    ],
)
def test_a_reply_counts_whatever_stands_behind_it(reply: bytes, outcome: Outcome, detail: str) -> None:
    with talking(lambda line, would: reply + b"\r\nstray words\r\n" if line == b"." else would) as server:
        answers = send(server, messages(1))
    assert (answers[1].outcome, answers[1].detail) == (outcome, detail)


# Servers that strip TLS, or let somebody speak before it.


def test_nothing_but_hello_is_said_where_starttls_is_gone() -> None:
    with talking() as server, pytest.raises(DeliveryError, match="STARTTLS"):
        send(server, messages(3), tls="starttls", username="ines", password="secret")
    assert server.heard == [b"EHLO sender.example.org\r\n"]


@pytest.mark.parametrize("more", [b"250 in between\r\n", b"250-AUTH PLAIN"])
def test_words_behind_the_reply_to_starttls_end_it(more: bytes) -> None:
    injecting: Saying = lambda line, would: would + more if line == b"STARTTLS" else would  # noqa: E731
    with (
        talking(injecting, offering=(b"PIPELINING", b"STARTTLS")) as server,
        pytest.raises(DeliveryError, match=r"before TLS|out of turn"),
    ):
        send(server, messages(3), tls="starttls", username="ines", password="secret")
    assert server.heard[:2] == [b"EHLO sender.example.org\r\n", b"STARTTLS\r\n"]
    assert not any(b"AUTH" in line for line in server.heard)


# Servers that hang up.


def test_a_server_that_closes_after_so_many_messages_gets_them_all_over_several_connections() -> None:
    mails: list[bytes] = []

    def saying(line: bytes, would: bytes) -> bytes:
        if line.startswith(b"MAIL"):
            mails.append(line)
        closing = line.startswith(b"MAIL") and len(mails) % 10 == 0
        return b"421 4.7.0 too many messages\r\n" if closing else would

    with talking(saying) as server:
        assert outcomes(send(server, messages(50))) == {Outcome.ACCEPTED: 50}
    assert recipients(server) == list(range(1, 51))
    assert server.connections > 4


def test_a_server_that_takes_nothing_but_hangs_up_is_left_alone() -> None:
    with (
        talking(lambda line, would: b"421 4.3.2 closing\r\n" if line.startswith(b"MAIL") else would) as server,
        pytest.raises(DeliveryError, match=r"421 4.3.2"),
    ):
        send(server, messages(500), connections=4)
    assert server.connections <= 10


def test_a_server_that_hangs_up_at_every_final_dot_gets_few_messages_and_none_twice() -> None:
    dots: list[bytes] = []

    def hanging_up(line: bytes, would: bytes) -> bytes | None:
        dots.extend([line] if line == b"." else [])
        return None if line == b"." else would

    with talking(hanging_up) as server:
        answers, error = until_it_ends(mailer(server.port, connections=4), messages(500))
    assert "lost" in str(error)
    assert {answer.outcome for answer in answers} <= {Outcome.UNKNOWN, Outcome.DEFERRED}
    unknown = {answer.delivery_id for answer in answers if answer.outcome is Outcome.UNKNOWN}
    assert 0 < len(unknown) <= 12
    assert sum(line == b"." for line in dots) == len(unknown)


def test_a_server_that_hangs_up_after_data_leaves_nothing_without_an_answer() -> None:
    with talking(lambda line, would: None if line == b"DATA" else would) as server:
        assert outcomes(send(server, messages(1))) == {Outcome.DEFERRED: 1}
    assert server.connections == 2


# Servers that fall silent.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("at", "outcome"),
    [(b"MAIL", Outcome.DEFERRED), (b"RCPT", Outcome.DEFERRED), (b"DATA", Outcome.DEFERRED), (b".", Outcome.UNKNOWN)],
)
def test_silence_is_waited_for_no_longer_than_its_stage_may_take(at: bytes, outcome: Outcome) -> None:
    silent: list[bytes] = []

    def saying(line: bytes, would: bytes) -> bytes:
        if line.startswith(b"EHLO"):
            silent.clear()
        silent.extend([line] if line.startswith(at) else [])
        return b"" if silent else would

    with talking(saying) as server:
        assert outcomes(send(server, messages(1), timeouts=SHORT)) == {outcome: 1}


@pytest.mark.slow
@pytest.mark.parametrize("greeting", [b"", b"220-", b"220-one\r\n220-two\r\n"])
def test_a_greeting_without_an_end_is_not_waited_for_forever(greeting: bytes) -> None:
    short = replace(SHORT, connect=0.1)
    with talking(greeting=greeting) as server, pytest.raises(DeliveryError, match="no answer in time"):
        send(server, messages(1), timeouts=short)


@pytest.mark.slow
def test_a_reply_that_drips_is_not_waited_for_longer_than_a_silent_one() -> None:
    drip = b"250-" + b"x" * 400
    with talking(lambda line, would: drip if line.startswith(b"MAIL") else would, piece=1) as server:
        assert outcomes(send(server, messages(1), timeouts=SHORT)) == {Outcome.DEFERRED: 1}


def test_silence_is_waited_for_no_longer_while_others_are_to_leave_later() -> None:
    ended = threading.Event()
    dots: list[bytes] = []
    answers: list[Outcome] = []
    asked = 0

    def source() -> Iterator[Outgoing | Later]:
        nonlocal asked
        yield from messages(3)
        while Outcome.UNKNOWN not in answers and asked < 500:
            asked += 1
            yield Later(seconds=0.01)

    def saying(line: bytes, would: bytes) -> bytes:
        if line == b"." and not dots:
            dots.append(line)
            ended.wait(60)
        return would

    with talking(saying) as server:
        for answer in mailer(server.port, connections=2, timeouts=SHORT).send(source()):
            answers.append(answer.outcome)  # noqa: PERF401 - the source is to see each as it comes
        ended.set()
    assert Counter(answers) == {Outcome.UNKNOWN: 1, Outcome.ACCEPTED: 2}
    assert 0 < asked < 500


@pytest.mark.slow
def test_a_message_of_which_the_end_never_left_is_not_in_doubt() -> None:
    big = message(1, content=(b"x" * 900 + b"\r\n") * 7000)
    with deaf() as port:
        answers = list(mailer(port, timeouts=SHORT).send([big]))
    assert [answer.outcome for answer in answers] == [Outcome.DEFERRED]


# When it is time to stop.


@pytest.mark.parametrize("at", [b"EHLO", b"STARTTLS", b"AUTH", b"MAIL", b"RCPT", b"DATA"])
def test_a_connection_with_nothing_under_way_is_not_waited_for_when_it_is_time_to_stop(at: bytes) -> None:
    silent = threading.Event()

    def saying(line: bytes, would: bytes) -> bytes:
        if line.startswith(at):
            silent.set()
        return b"" if silent.is_set() else would

    with talking(saying, offering=(b"PIPELINING", b"STARTTLS", b"AUTH PLAIN")) as server:
        options: dict[str, Any] = {b"STARTTLS": {"tls": "starttls"}, b"AUTH": {"username": "ines"}}.get(at, {})
        stopping = mailer(server.port, timeouts=Timeouts(quit=0.1), **options)
        assert list(stopping.send(messages(5), should_stop=silent.is_set)) == []


def test_neither_a_connection_nor_a_greeting_is_waited_for_when_it_is_time_to_stop() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        stopping = mailer(listening.getsockname()[1], timeouts=Timeouts(quit=0.1))
        assert list(stopping.send(messages(5), should_stop=lambda: True)) == []


def test_a_message_under_way_is_waited_for_when_it_is_time_to_stop_and_no_other_is_taken() -> None:
    handed_over, told = threading.Event(), threading.Event()

    def should_stop() -> bool:
        if handed_over.is_set():
            told.set()
        return told.is_set()

    def saying(line: bytes, would: bytes) -> bytes:
        if line == b".":
            handed_over.set()
            told.wait(60)
        return would

    with talking(saying, offering=()) as server:
        stopping = mailer(server.port, timeouts=Timeouts(quit=0.1))
        answers = list(stopping.send(messages(5), should_stop=should_stop))
    assert [(answer.delivery_id, answer.outcome) for answer in answers] == [(1, Outcome.ACCEPTED)]
    assert recipients(server) == [1]


# The messages are asked for when there is room for them.


def test_messages_are_taken_only_when_a_connection_is_free_for_them() -> None:
    ahead: list[int] = []

    def source() -> Iterator[Outgoing]:
        for number, one in enumerate(messages(60)):
            ahead.append(number - len(server.taken))
            yield one

    with talking() as server:
        assert outcomes(send(server, source(), connections=2)) == {Outcome.ACCEPTED: 60}
    assert max(ahead) <= 4


def test_an_error_of_the_source_is_raised_when_what_it_gave_is_answered() -> None:
    def source() -> Iterator[Outgoing]:
        yield from messages(5)
        raise RuntimeError("no more")

    with talking() as server:
        answers, error = until_it_ends(mailer(server.port), source())
    assert isinstance(error, RuntimeError)
    assert len(answers) == 5
    assert recipients(server) == [1, 2, 3, 4, 5]


def test_answers_that_nobody_waits_for_any_more_leave_nothing_open() -> None:
    with talking() as server:
        sending = mailer(server.port, connections=3).send(messages(200))
        assert next(sending).outcome is Outcome.ACCEPTED
        sending.close()
    assert len(server.taken) < 200


_INTERRUPTED = """
import gc, importlib, sys
from digest.mail.smtp import Server, Smtp
from digest.model import Outgoing

def source():
    for number in range(1, 6):
        yield Outgoing(
            delivery_id=number,
            key=str(number),
            envelope_sender="bounce@example.org",
            recipient=f"r{number}@example.org",
            content=b"Subject: one\\r\\n\\r\\n",
        )
    raise KeyboardInterrupt

server = Server(host="127.0.0.1", port=int(sys.argv[2]), tls="none")
try:
    list(Smtp(server, new_loop=importlib.import_module(sys.argv[1]).new_event_loop).send(source()))
except KeyboardInterrupt:
    gc.collect()
    print("interrupted")
"""


@pytest.mark.slow
@pytest.mark.parametrize("module", ["asyncio", "uvloop"])
def test_an_interrupt_in_the_middle_ends_it_at_once_and_leaves_nothing_open(module: str) -> None:
    """In a process of its own: what leaves a loop by an interrupt ends the one that it is in."""
    with talking() as server:
        ended = subprocess.run(
            [sys.executable, "-c", _INTERRUPTED, module, str(server.port)], capture_output=True, text=True, check=False
        )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "interrupted\n", "")
    assert len(server.taken) <= 5


def test_nothing_to_send_needs_no_connection() -> None:
    with talking() as server:
        assert send(server, []) == {}
    assert server.connections == 0


@pytest.mark.slow
def test_a_server_that_takes_fourteen_a_second_gets_all_in_the_end_and_none_twice() -> None:
    taken: Counter[int] = Counter()

    def at_most(line: bytes, would: bytes) -> bytes:
        if not line.startswith(b"RCPT"):
            return would
        second = int(time.monotonic())
        taken[second] += 1
        return b"454 4.7.0 Throttling failure: Maximum sending rate exceeded\r\n" if taken[second] > 14 else would

    waiting = {one.delivery_id: one for one in messages(100)}
    with talking(at_most) as server:
        while waiting:
            for number, answer in send(server, list(waiting.values()), connections=4).items():
                assert answer.outcome in {Outcome.ACCEPTED, Outcome.DEFERRED}
                if answer.outcome is Outcome.ACCEPTED:
                    del waiting[number]
    assert recipients(server) == list(range(1, 101))
