"""Writing so that a connection is told when what it wrote cannot have left this process, under TLS too."""

import asyncio
from collections.abc import Sequence

UNSENT_MOST = 1024
"""Octets that may wait in this process without writing counting as stuck: more than any commands that follow a final
dot, so what is stuck has not sent the dot."""

LAST_OCTETS = 2 * UNSENT_MOST
"""Octets at the end that are written by themselves under TLS; the final dot is among them."""


def limit(transport: asyncio.Transport) -> None:
    """Have the protocol told (`pause_writing`) when more waits than may."""
    transport.set_write_buffer_limits(high=UNSENT_MOST, low=UNSENT_MOST)


def write(transport: asyncio.Transport, pieces: Sequence[bytes]) -> None:
    """Write the pieces.

    TLS does not count what waits below it, but goes no further while more waits there than may (`limit` is for the
    transport below, too). So the end is written by itself: it waits in TLS, and is counted, until the rest has gone.
    """
    if transport.get_extra_info("ssl_object") is None:
        transport.writelines(pieces)
    else:
        octets = memoryview(b"".join(pieces))
        transport.write(octets[:-LAST_OCTETS])
        transport.write(octets[-LAST_OCTETS:])
