"""`digest` in processes forked off one that has imported it: a run takes as long as its work, and kills hit that."""

import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from digest.cli import main as command_line

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(
    """
    digest.cli.jobs digest.cli.daemon digest.cli.worker digest.collect digest.publish digest.deliver digest.refit
    digest.press digest.sources.feed digest.sources.files digest.mail.outbox digest.mail.smtp
    alembic.command email_validator numpy scipy.sparse sqlalchemy.dialects.postgresql psycopg procrastinate
    """.split()
)


def forked(
    folder: Path,
    *arguments: str,
    main: Callable[[], None] = command_line,
    output: str = os.devnull,
    errors: str = os.devnull,
    environment: Mapping[str, str] | None = None,
) -> ForkServerProcess:
    """The command in a folder, as a process of its own that has begun; what it says is added to those files."""
    process = _FORKING.Process(
        target=_run, args=(main, folder, arguments, output, errors, environment or {}), daemon=True
    )
    process.start()
    return process


def ended(folder: Path, *arguments: str) -> tuple[int | None, str]:
    """Run the command to its end: its exit code, and its errors."""
    with tempfile.NamedTemporaryFile() as errors:
        process = forked(folder, *arguments, errors=errors.name)
        # Whatever else the machine does: this is for what hangs.
        process.join(timeout=1200)
        return process.exitcode, errors.read().decode()


def ran(folder: Path, *arguments: str) -> float:
    """Run the command to its end, which must be a good one; how long it took, in seconds."""
    started = time.monotonic()
    code, errors = ended(folder, *arguments)
    assert code == 0, errors
    return time.monotonic() - started


def _run(
    main: Callable[[], None],
    folder: Path,
    arguments: tuple[str, ...],
    output: str,
    errors: str,
    environment: Mapping[str, str],
) -> None:
    os.chdir(folder)
    os.environ.update(environment)
    sys.argv = ["digest", *arguments]
    for path, stream in ((output, sys.stdout), (errors, sys.stderr)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), stream.fileno())
    main()
