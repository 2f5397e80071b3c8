"""Sends ready messages in one of several ways: a child of `./run bench sending`.

python benchmarks/rivals/ready.py WAY PORT COUNT OCTETS CONNECTIONS
"""

import asyncio
import json
import smtplib
import sys
import time
from collections.abc import Callable
from importlib import import_module

LINE = b"A line of text of seventy-six characters, as quoted-printable breaks them.=\r\n"


def main() -> None:
    way = WAYS[sys.argv[1]]
    port, count, octets, connections = map(int, sys.argv[2:])
    head = b"Subject: papers\r\n\r\n"
    content = head + LINE * ((octets - len(head)) // len(LINE))
    send = way(port, count, content, connections)
    started, before = time.perf_counter(), time.process_time()
    send()
    print(json.dumps({"seconds": time.perf_counter() - started, "cpu": time.process_time() - before}))


def sender(number: int) -> str:
    return f"bounce+{number}@news.example.org"


def recipient(number: int) -> str:
    return f"reader{number}@example.org"


def with_offprint(port: int, count: int, content: bytes, connections: int, loop: str = "uvloop") -> Callable[[], None]:
    from digest.mail.smtp import Server, Smtp
    from digest.model import Outcome, Outgoing

    server = Server(host="127.0.0.1", port=port, tls="none", connections=connections)
    mailer = Smtp(server, new_loop=import_module(loop).new_event_loop)
    messages = (
        Outgoing(
            delivery_id=number,
            key=f"k{number}",
            envelope_sender=sender(number),
            recipient=recipient(number),
            content=content,
            is_lined=True,
        )
        for number in range(count)
    )

    def send() -> None:
        taken = sum(answer.outcome is Outcome.ACCEPTED for answer in mailer.send(messages))
        assert taken == count

    return send


def with_offprint_asyncio(port: int, count: int, content: bytes, connections: int) -> Callable[[], None]:
    return with_offprint(port, count, content, connections, loop="asyncio")


def with_smtplib(port: int, count: int, content: bytes, _connections: int) -> Callable[[], None]:
    def send() -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            for number in range(count):
                client.sendmail(sender(number), [recipient(number)], content)

    return send


def with_aiosmtplib(port: int, count: int, content: bytes, connections: int) -> Callable[[], None]:
    import aiosmtplib

    numbers = iter(range(count))

    async def work() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
            for number in numbers:
                await client.sendmail(sender(number), [recipient(number)], content)

    async def all_of_them() -> None:
        await asyncio.gather(*(work() for _ in range(connections)))

    return lambda: asyncio.run(all_of_them())


WAYS = {
    "offprint": with_offprint,
    "offprint-asyncio": with_offprint_asyncio,
    "smtplib": with_smtplib,
    "aiosmtplib": with_aiosmtplib,
}

if __name__ == "__main__":
    main()
