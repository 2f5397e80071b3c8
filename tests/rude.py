"""Servers on loopback that behave worse than servers do."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Answer = Callable[[socket.socket, bytes, threading.Event], None]
"""Writes what it likes to a connection whose request it is given, until the event is set."""


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """The address, without a path, of a server that answers every request so and hangs up."""
    stopping = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_serve, args=(listening, answer, stopping), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        stopping.set()
        with suppress(OSError), socket.create_connection(listening.getsockname(), timeout=1):
            pass
        thread.join(10)
    assert not thread.is_alive()


def _serve(listening: socket.socket, answer: Answer, stopping: threading.Event) -> None:
    while not stopping.is_set():
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += (piece := connection.recv(65_536))
                if not piece:
                    break
            else:
                answer(connection, head, stopping)


def saying(status: str, body: bytes = b"", *headers: str) -> Answer:
    """Answers that, whole."""
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers))
    whole = head.encode() + b"Connection: close\r\n\r\n" + body
    return lambda connection, request, stopping: connection.sendall(whole)


def cut(connection: socket.socket, request: bytes, stopping: threading.Event) -> None:
    """Hangs up in the middle."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<feed>")


def endless(connection: socket.socket, request: bytes, stopping: threading.Event) -> None:
    """Sends as fast as it is read, 50 MB at most."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n<feed>")
    for _ in range(800):
        if stopping.is_set():
            return
        connection.sendall(b" " * 62_500)


def dripping(connection: socket.socket, request: bytes, stopping: threading.Event) -> None:
    """Sends a byte every 10 ms, for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not stopping.wait(0.01):
        connection.sendall(b" ")


def bomb() -> Answer:
    """Answers with 50 MB in 50 kB, of fifty members."""
    return saying("200 OK", gzip.compress(b" " * 1_000_000, 9) * 50, "Content-Encoding: gzip")


def redirecting(target: str) -> Answer:
    """Sends everybody there."""
    return saying("302 Found", b"", f"Location: {target}")
