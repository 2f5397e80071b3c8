"""An SMTP server that takes every message, each so many milliseconds after it was there: python slow_sink.py MS.

It prints its port. With 0 it is as fast as one process of Python is.
"""

import asyncio
import sys

GREETING, OK = b"220 sink ESMTP\r\n", b"250 2.0.0 Ok\r\n"
REPLIES = {
    b"EHLO": b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 10000000\r\n",
    b"DATA": b"354 go ahead\r\n",
    b"QUIT": b"221 bye\r\n",
}


class Sink(asyncio.Protocol):
    """One connection."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._rest, self._reads_content, self._is_held = seconds, bytearray(), False, False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(GREETING)

    def data_received(self, data: bytes) -> None:
        self._rest += data
        self._go_on()

    def _go_on(self) -> None:
        assert self._transport is not None
        while not self._is_held:
            end = b"\r\n.\r\n" if self._reads_content else b"\r\n"
            part, found, rest = self._rest.partition(end)
            if not found:
                return
            self._rest = rest
            if self._reads_content:
                self._reads_content, self._is_held = False, True
                asyncio.get_running_loop().call_later(self._seconds, self._taken)
            else:
                command = bytes(part[:4]).upper()
                self._reads_content = command == b"DATA"
                self._transport.write(REPLIES.get(command, OK))

    def _taken(self) -> None:
        assert self._transport is not None
        self._is_held = False
        self._transport.write(OK)
        self._go_on()


async def serve(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Sink(seconds), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]) / 1000))
