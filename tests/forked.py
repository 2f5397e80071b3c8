"""`digest` in processes forked off one that has imported it: killing one often need not take as long as starting it."""

import multiprocessing
import os
import sys
from multiprocessing.context import ForkServerProcess
from pathlib import Path

_FORKING = multiprocessing.get_context("forkserver")
_FORKING.set_forkserver_preload(["digest.cli.jobs", "digest.app", "digest.deliver", "digest.mail.smtp", "psycopg"])


def forked(folder: Path, *arguments: str) -> ForkServerProcess:
    """The command in a folder, as a process of its own that has begun."""
    process = _FORKING.Process(target=_run, args=(folder, arguments), daemon=True)
    process.start()
    return process


def _run(folder: Path, arguments: tuple[str, ...]) -> None:
    from digest.cli import main

    os.chdir(folder)
    sys.argv = ["digest", *arguments]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    main()
