"""Connections that send a byte a second, for a benchmark of whoever asks besides."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

DRIPPING = 300
_HEADERS = "POST / HTTP/1.1\r\nHost: example.org\r\nContent-Type: application/x-www-form-urlencoded\r\n"
DRIPPED = {"headers": _HEADERS, "form": f"{_HEADERS}Content-Length: 1000\r\n\r\n"}


@contextmanager
def dripping(address: tuple[str, int], begun: str) -> Iterator[list[socket.socket]]:
    """Connections that have begun a request and send another byte of it every second; one that ends comes again."""
    done = Event()
    held = [opened(address, begun) for _ in range(DRIPPING)]

    def drip() -> None:
        while not done.wait(1):
            for at, one in enumerate(held):
                try:
                    one.sendall(b"a")
                except OSError:
                    one.close()
                    held[at] = opened(address, begun)

    thread = Thread(target=drip)
    thread.start()
    try:
        yield held
    finally:
        done.set()
        thread.join()
        for one in held:
            one.close()


def opened(address: tuple[str, int], begun: str) -> socket.socket:
    connection = socket.create_connection(address)
    connection.sendall(begun.encode())
    return connection
