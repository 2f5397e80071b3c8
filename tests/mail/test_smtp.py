"""SMTP, against a real server, and against sockets that behave worse than a server would."""

import errno
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from smtp_server import OK, SmtpServer

from digest.errors import DeliveryError
from digest.mail.smtp import Server, Smtp
from digest.mail.smtp.opening import why_unopened
from digest.model import Answer, Later, Outcome, Outgoing

CONTENT = b"Subject: papers\r\n\r\n.one dot\r\n..two dots\r\n.\r\nFrom here on\r\n"


def message(number: int, recipient: str = "") -> Outgoing:
    return Outgoing(
        delivery_id=number,
        key=f"k{number}",
        envelope_sender=f"bounce+{number}-abc@news.example.org",
        recipient=recipient or f"reader{number}@example.org",
        content=CONTENT,
    )


def mailer(server: SmtpServer, *, connections: int = 1, **values: Any) -> Smtp:
    where = Server(host=server.host, port=server.port, tls="none", connections=connections)
    return Smtp(replace(where, **values), local_hostname="sender.example.org")


def send(server: SmtpServer, *messages: Outgoing, connections: int = 1) -> dict[int, Answer]:
    return {answer.delivery_id: answer for answer in mailer(server, connections=connections).send(messages)}


def test_every_message_has_an_envelope_of_its_own() -> None:
    with SmtpServer() as server:
        answers = send(server, *(message(number) for number in range(1, 41)), connections=4)
        taken = server.wait_for(40)
    assert {answer.outcome for answer in answers.values()} == {Outcome.ACCEPTED}
    assert sorted((one.sender, one.recipients) for one in taken) == sorted(
        (f"bounce+{n}-abc@news.example.org", (f"reader{n}@example.org",)) for n in range(1, 41)
    )


def test_several_connections_are_used_and_no_more_than_asked_for() -> None:
    with SmtpServer() as server:
        send(server, *(message(number) for number in range(1, 21)), connections=3)
        assert server.connections == 3


def test_one_message_needs_one_connection() -> None:
    with SmtpServer() as server:
        send(server, message(1), connections=4)
        assert server.connections == 1


@pytest.mark.slow
def test_a_connection_waits_for_messages_that_are_to_leave_later() -> None:
    soon = Later(seconds=0.05)
    with SmtpServer() as server:
        outgoing: list[Outgoing | Later] = [soon, message(1), soon, soon, message(2), message(3), soon]
        assert [answer.delivery_id for answer in mailer(server).send(outgoing)] == [1, 2, 3]
        assert server.connections == 1
        assert list(mailer(server).send([soon])) == []


def test_a_refused_sender_ends_the_waiting_of_every_connection() -> None:
    outgoing: list[Outgoing | Later] = [message(1), message(2), Later(seconds=0.05), message(3), message(4)]
    with SmtpServer(lambda command, address: "550 5.7.1 no" if command == "MAIL" and "+3" in address else OK) as server:
        answers = list(mailer(server, connections=2).send(outgoing))
    assert {answer.delivery_id: answer.outcome for answer in answers}[3] is Outcome.SENDER_REFUSED


def test_the_bytes_arrive_as_they_were_made() -> None:
    with SmtpServer() as server:
        send(server, message(1))
        assert [one.content for one in server.wait_for(1)] == [CONTENT]


def refusing(command: str, reply: str, *, about: str = "") -> Callable[[str, str], str]:
    return lambda asked, address: reply if asked == command and about in address else OK


def test_a_recipient_that_does_not_exist_is_refused_alone() -> None:
    with SmtpServer(refusing("RCPT", "550 5.1.1 <reader2@example.org>: no such user", about="reader2")) as server:
        answers = send(server, message(1), message(2), message(3))
    assert [answers[n].outcome for n in (1, 2, 3)] == [Outcome.ACCEPTED, Outcome.RECIPIENT_REFUSED, Outcome.ACCEPTED]
    assert answers[2].code == "550 5.1.1"
    assert len(server.taken) == 2


def test_a_reply_without_an_enhanced_status_gives_its_code_alone() -> None:
    with SmtpServer(refusing("RCPT", "550 no such user")) as server:
        assert send(server, message(1))[1].code == "550"


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_what_may_pass_is_deferred(command: str) -> None:
    with SmtpServer(refusing(command, "451 4.7.1 greylisted")) as server:
        answer = send(server, message(1))[1]
    assert (answer.outcome, answer.code) == (Outcome.DEFERRED, "451 4.7.1")


def test_refused_content_is_the_message_s_fault() -> None:
    with SmtpServer(refusing("DATA", "554 5.7.1 looks like spam", about="reader1")) as server:
        answers = send(server, message(1), message(2))
    assert (answers[1].outcome, answers[1].code) == (Outcome.MESSAGE_REFUSED, "554 5.7.1")
    assert answers[2].outcome is Outcome.ACCEPTED


def test_a_refused_envelope_sender_is_the_sender_s_fault() -> None:
    with SmtpServer(refusing("MAIL", "550 5.7.1 not your domain")) as server:
        answer = send(server, message(1))[1]
    assert (answer.outcome, answer.code) == (Outcome.SENDER_REFUSED, "550 5.7.1")


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_no_answer_holds_an_address(command: str) -> None:
    said = "550 5.1.1 <reader1@example.org> and bounce+1-abc@news.example.org are unknown"
    with SmtpServer(refusing(command, said)) as server:
        answer = send(server, message(1))[1]
    assert "@" not in answer.detail
    assert "unknown" in answer.detail


@pytest.mark.parametrize("address", ["älg@example.org", "a\r\nRCPT TO:<evil@example.org>@x", "Eve <evil@example.org>"])
def test_an_address_that_cannot_be_written_fails_alone(address: str) -> None:
    with SmtpServer(enable_SMTPUTF8=False) as server:
        answers = send(server, message(1, address), message(2))
        taken = server.wait_for(1)
    assert answers[1].outcome is Outcome.MESSAGE_REFUSED
    assert answers[2].outcome is Outcome.ACCEPTED
    assert [one.recipients for one in taken] == [("reader2@example.org",)]


def test_a_server_that_is_not_there_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    where = Smtp(Server(host="127.0.0.1", port=port, tls="none"), local_hostname="sender.example.org")
    with pytest.raises(DeliveryError, match=f"127.0.0.1:{port}"):
        list(where.send([message(1)]))


def test_a_refused_sign_in_stops_everything_and_repeats_no_secret() -> None:
    with SmtpServer(authenticator=lambda *_: _refuse(), auth_require_tls=False) as server:
        signing_in = mailer(server, username="ines", password="pass-phrase")
        answers = list(signing_in.send([message(1), message(2)]))
    assert [(answer.delivery_id, answer.outcome, answer.code) for answer in answers] == [
        (1, Outcome.SENDER_REFUSED, "535 5.7.8")
    ]
    assert "pass-phrase" not in str(answers)
    assert server.taken == []


def test_a_sign_in_that_is_taken_lets_us_send() -> None:
    with SmtpServer(authenticator=lambda *_: _let_in(), auth_require_tls=False) as server:
        signing_in = mailer(server, username="ines", password="pass-phrase")
        assert [answer.outcome for answer in signing_in.send([message(1)])] == [Outcome.ACCEPTED]


def _refuse() -> Any:
    from aiosmtpd.smtp import AuthResult

    return AuthResult(success=False, handled=False)


def _let_in() -> Any:
    from aiosmtpd.smtp import AuthResult

    return AuthResult(success=True)


# As asyncio tells of each of a name's addresses; uvloop tells of one alone.
REFUSED = f"[Errno {errno.ECONNREFUSED}] Connect call failed"
UNREACHABLE = f"[Errno {errno.ENETUNREACH}] Connect call failed"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "its name cannot be resolved"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed"), "connection refused"),
        (ConnectionResetError(), "the connection was lost"),
        (TimeoutError(), "no answer in time"),
        (OSError(errno.EHOSTUNREACH, "Connect call failed"), "no route to host"),
        (
            OSError(f"Multiple exceptions: {REFUSED} ('::1', 25, 0, 0), {REFUSED} ('127.0.0.1', 25)"),
            "connection refused",
        ),
        (OSError(f"Multiple exceptions: {REFUSED}, {UNREACHABLE}"), "connection refused, network is unreachable"),
        (OSError("Multiple exceptions: "), "none of its addresses can be reached"),
    ],
)
def test_why_no_connection_was_opened_is_said_in_words(error: Exception, said: str) -> None:
    assert why_unopened(error) == said


@pytest.mark.parametrize("host", ["..", "mail..example.org", f"{'a' * 64}.example.org"])
def test_a_host_s_name_that_is_none_is_said_to_be_none(host: str) -> None:
    nowhere = Smtp(Server(host=host, port=25, tls="none"), local_hostname="sender.example.org")
    with pytest.raises(DeliveryError, match="its name is no host's"):
        list(nowhere.send([message(1)]))


def test_nothing_is_sent_in_the_clear_where_starttls_is_asked_for() -> None:
    with SmtpServer() as server:
        with pytest.raises(DeliveryError, match="cannot be reached, or refused us"):
            list(mailer(server, tls="starttls").send([message(1)]))
        assert server.taken == []


def test_a_server_that_offers_no_sign_in_is_never_told_the_password() -> None:
    with SmtpServer() as server:
        signing_in = mailer(server, username="ines", password="pass-phrase")
        with pytest.raises(DeliveryError) as failure:
            list(signing_in.send([message(1)]))
    assert "pass-phrase" not in f"{failure.value}{failure.value.__cause__}"


@contextmanager
def scripted(*connections: list[tuple[bytes, bytes]]) -> Iterator[int]:
    """The port of a server that answers what ends with the one by the other, connection by connection.

    An empty answer breaks the connection off.
    """
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for script in connections:
            connection, _ = listening.accept()
            with connection:
                _follow(connection, script)

    thread = threading.Thread(target=serve)
    thread.start()
    yield listening.getsockname()[1]
    thread.join(10)
    listening.close()
    assert not thread.is_alive()


def _follow(connection: socket.socket, script: list[tuple[bytes, bytes]]) -> None:
    connection.sendall(b"220 ready\r\n")
    for end, reply in script:
        heard = b""
        while not heard.endswith(end):
            more = connection.recv(65536)
            if not more:
                return
            heard += more
        if not reply:
            return
        connection.sendall(reply + b"\r\n")


HELLO = (b"\r\n", b"250 hello")
TAKEN = (b"\r\n.\r\n", b"250 2.0.0 taken")
ENVELOPE = [(b"\r\n", b"250 ok"), (b"\r\n", b"250 ok"), (b"\r\n", b"354 go on")]
QUIT = (b"\r\n", b"221 bye")


def scripted_answers(port: int, *messages: Outgoing) -> list[Answer]:
    server = Server(host="127.0.0.1", port=port, tls="none", connections=1)
    return list(Smtp(server, local_hostname="sender.example.org").send(messages))


def test_a_connection_cut_after_the_final_dot_leaves_the_message_unknown_and_the_next_one_goes_on() -> None:
    cut = [HELLO, *ENVELOPE, (b"\r\n.\r\n", b"")]
    with scripted(cut, [HELLO, *ENVELOPE, TAKEN, QUIT]) as port:
        answers = scripted_answers(port, message(1), message(2))
    assert [answer.outcome for answer in answers] == [Outcome.UNKNOWN, Outcome.ACCEPTED]


@pytest.mark.parametrize("reply", [b"gibberish", b"251 2.1.5 forwarded"])
def test_a_reply_to_the_final_dot_that_says_neither_yes_nor_no_leaves_the_message_unknown(reply: bytes) -> None:
    with scripted([HELLO, *ENVELOPE, (b"\r\n.\r\n", reply)]) as port:
        assert [answer.outcome for answer in scripted_answers(port, message(1))] == [Outcome.UNKNOWN]


@pytest.mark.parametrize("steps", [0, 1])
def test_a_connection_that_is_cut_twice_before_the_content_defers_the_message(steps: int) -> None:
    cut = [HELLO, *ENVELOPE[:steps], (b"\r\n", b"")]
    with scripted(cut, cut) as port:
        assert [answer.outcome for answer in scripted_answers(port, message(1))] == [Outcome.DEFERRED]


def test_a_server_that_closes_in_the_middle_is_connected_to_again_and_nothing_waits() -> None:
    closing = [HELLO, ENVELOPE[0], (b"\r\n", b"421 4.3.2 closing")]
    with scripted(closing, [HELLO, *ENVELOPE, TAKEN, *ENVELOPE, TAKEN, QUIT]) as port:
        answers = scripted_answers(port, message(1), message(2))
    assert [(answer.delivery_id, answer.outcome) for answer in answers] == [
        (1, Outcome.ACCEPTED),
        (2, Outcome.ACCEPTED),
    ]


def test_a_banner_that_refuses_stops_everything() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]

    def refuse() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.sendall(b"554 5.7.1 go away\r\n")
            connection.recv(100)

    thread = threading.Thread(target=refuse)
    thread.start()
    with pytest.raises(DeliveryError, match=f"127.0.0.1:{port}"):
        scripted_answers(port, message(1))
    thread.join(10)
    listening.close()


def test_a_reply_of_hostile_bytes_is_told_as_readable_text() -> None:
    refused = (b"\r\n", b"550 5.1.1 \xff\x00\x1b[31m no" + b"x" * 3000)
    with scripted([HELLO, ENVELOPE[0], refused, (b"\r\n", b"250 ok"), QUIT]) as port:
        [answer] = scripted_answers(port, message(1))
    assert answer.code == "550 5.1.1"
    assert answer.detail.isprintable()
    assert len(answer.detail) <= 200
