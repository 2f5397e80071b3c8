"""An SMTP server of a few lines that offers PIPELINING and says what it is told to, however rude."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

Saying = Callable[[bytes, bytes], bytes | None]
"""What to say to a line, given what a server would say; None hangs up. The final dot is the line `.`."""


@dataclass
class Talking:
    """What a server heard. `taken` are envelopes and contents whose final dot it answered with 250."""

    port: int = 0
    heard: list[bytes] = field(default_factory=list)
    taken: list[tuple[bytes, tuple[bytes, ...], bytes]] = field(default_factory=list)
    connections: int = 0


def as_a_server_would(_line: bytes, reply: bytes) -> bytes | None:
    return reply


@contextmanager
def talking(
    saying: Saying = as_a_server_would,
    *,
    greeting: bytes = b"220 ready\r\n",
    offering: tuple[bytes, ...] = (b"PIPELINING",),
    piece: int = 1 << 20,
    context: ssl.SSLContext | None = None,
) -> Iterator[Talking]:
    """A server on loopback; it says things in pieces of so many octets."""
    told = Talking()

    class Conversation(_Conversation):
        def setup(self) -> None:
            self.request = _secured(self.request, context)
            super().setup()

        def finish(self) -> None:
            super().finish()
            self.request.close()

        def handle(self) -> None:
            self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.told, self.saying, self.offering, self.piece = told, saying, offering, piece
            told.connections += 1
            with suppress(OSError, StopIteration):
                self.say(greeting)
                for line in self.rfile:
                    self.answer(line)

    with _serving(Conversation) as told.port:
        yield told


@contextmanager
def _serving(conversation: type[socketserver.BaseRequestHandler]) -> Iterator[int]:
    with _Server(("127.0.0.1", 0), conversation) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def _secured(connection: socket.socket, context: ssl.SSLContext | None) -> socket.socket:
    return connection if context is None else context.wrap_socket(connection, server_side=True)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64


class _Conversation(socketserver.StreamRequestHandler):
    """One connection; StopIteration ends it."""

    told: Talking
    saying: Saying
    offering: tuple[bytes, ...]
    piece: int
    sender = b""
    recipients: tuple[bytes, ...] = ()

    def say(self, words: bytes) -> None:
        for start in range(0, len(words), self.piece):
            self.wfile.write(words[start : start + self.piece])

    def answer(self, line: bytes) -> None:
        self.told.heard.append(line)
        command = line.strip().upper()[:4]
        said = self.said(line.strip(), self.would(command))
        self.say(said)
        if command in (b"MAIL", b"RSET"):
            self.sender = line.strip() if said.startswith(b"250") and command == b"MAIL" else b""
            self.recipients = ()
        elif command == b"RCPT" and said.startswith(b"250"):
            self.recipients += (line.strip(),)
        elif command == b"DATA" and said.startswith(b"354"):
            self.take()
        elif command == b"QUIT":
            raise StopIteration

    def said(self, line: bytes, would: bytes) -> bytes:
        said = self.saying(line, would)
        if said is None:
            raise StopIteration
        return said

    def would(self, command: bytes) -> bytes:
        if command == b"EHLO":
            return b"".join(b"250-%b\r\n" % each for each in (b"hello", *self.offering)) + b"250 HELP\r\n"
        if command == b"MAIL" and self.sender:
            return b"503 5.5.1 nested\r\n"
        if (command == b"RCPT" and not self.sender) or (command == b"DATA" and not self.recipients):
            return b"503 5.5.1 not now\r\n"
        return _REPLIES.get(command, b"250 2.0.0 ok\r\n")

    def take(self) -> None:
        content: list[bytes] = []
        for line in iter(self.rfile.readline, b".\r\n"):
            if not line:
                raise StopIteration
            content.append(line.removeprefix(b"."))
        said = self.said(b".", b"250 2.0.0 taken\r\n")
        if said.startswith(b"250"):
            self.told.taken.append((self.sender, self.recipients, b"".join(content)))
        self.sender, self.recipients = b"", ()
        self.say(said)


_REPLIES = {b"DATA": b"354 go on\r\n", b"QUIT": b"221 2.0.0 bye\r\n", b"STAR": b"220 2.0.0 go on\r\n"}


_ASKING = (b"220 ready", b"250 hello", b"250 ok", b"250 ok", b"354 go on")


@contextmanager
def deaf(context: ssl.SSLContext | None = None, *, before_tls: tuple[bytes, ...] = ()) -> Iterator[int]:
    """The port of a server that asks for a message and reads none of it, under TLS after those words."""
    done = threading.Event()

    class Asking(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            # A message need not be large so that it finds no room.
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            with suppress(OSError):
                self.say(self.request, before_tls)
                with _secured(self.request, context) as connection:
                    self.say(connection, _ASKING[1:] if before_tls else _ASKING)
                    done.wait(60)

        def say(self, connection: socket.socket, words: tuple[bytes, ...]) -> None:
            for word in words:
                if word != _ASKING[0]:
                    connection.recv(1000)
                connection.sendall(word + b"\r\n")

    with _serving(Asking) as port:
        yield port
        done.set()
