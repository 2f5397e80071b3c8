"""Postfix's smtp-sink: an SMTP server that takes, refuses, waits or hangs up as its options say."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SINK = shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
MISSING = "smtp-sink is not installed (apt install postfix)"


@contextmanager
def sink(*options: str, folder: Path | None = None) -> Iterator[int]:
    """The port of one on loopback; with a folder, every message that it takes is a file there."""
    assert SINK is not None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    if folder is not None:
        folder.chmod(0o777)
        options = (*options, "-d", "%H%M%S.")
    as_nobody = ("-u", "nobody") if os.geteuid() == 0 else ()
    command = [SINK, *as_nobody, *options, f"127.0.0.1:{port}", "1000"]
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield port
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int) -> None:
    until = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > until:
                raise
        else:
            return
