"""swallow.c, built and running: a server that takes messages faster than smtp-sink, or is as far away as one wishes."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("swallow.c")
COMPILER = shutil.which("cc")
NO_COMPILER = "There is no C compiler (cc): what goes into the faster sink takes no part."


@dataclass(slots=True)
class Swallowed:
    """Where it listens; once it has ended, how many messages it took whole, and their octets."""

    port: int
    messages: int = 0
    octets: int = 0


@contextmanager
def swallowing(folder: Path, *, milliseconds: float = 0) -> Iterator[Swallowed]:
    """A server on loopback that says every reply so late, built in a folder."""
    program = folder / "swallow"
    if not program.exists():
        assert COMPILER is not None
        subprocess.run([COMPILER, "-O2", "-o", program, SOURCE], check=True)
    process = subprocess.Popen([program, str(milliseconds)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    taken = Swallowed(port=int(process.stdout.readline()))
    try:
        yield taken
    finally:
        process.send_signal(signal.SIGTERM)
        counted, _ = process.communicate()
    taken.messages, taken.octets = map(int, counted.split())
