"""What databases say when they cannot be used, in a sentence of ours and what to do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from digest.errors import StoreAddressError, StoreAwayError, StoreBusyError, StoreContestedError, StoreError

BUSY_SECONDS = 30
"""How long SQLite's lock is waited for."""

_CONTESTED = "it gave way to another transaction. Nothing was half-written; try again"
_ENDED = "the server ended the connection. Nothing was half-written; try again"
_SILENT = "the server does not answer. Start it, or mend {key}"
_TLS = "the server and {key} do not agree about TLS. Mend sslmode in {key}"
_STARTING = "the server is starting or stopping. Try again in a minute"
_FULL = "the server has no connection left. Raise its max_connections, or run fewer processes"
_DISK_FULL = "the server's disk is full. Make room there; nothing was half-written"
_SHORT = "the server is short of memory. Give it more; nothing was half-written"
_DISK_FAILED = "the disk cannot be read or written. Look at the system's log; nothing was half-written"
_READ_ONLY = "the server takes nothing that is written. Name the one that does in {key}"
_STOPPED = (
    "the server stopped what took longer than its statement_timeout or lock_timeout, or what somebody cancelled."
    " Nothing was half-written; try again"
)

_CODES: tuple[tuple[str, type[StoreError], str], ...] = (
    ("08|25P0[34]|57P0[125]", StoreAwayError, _ENDED),
    ("57P03", StoreAwayError, _STARTING),
    ("53300", StoreAwayError, _FULL),
    ("40", StoreContestedError, _CONTESTED),
    ("25006", StoreBusyError, _READ_ONLY),
    ("53100", StoreBusyError, _DISK_FULL),
    ("53", StoreBusyError, _SHORT),
    ("55P03|57014", StoreBusyError, _STOPPED),
    ("58", StoreBusyError, _DISK_FAILED),
)
"""How PostgreSQL's codes of an error begin, which are the same in every language. The first counts."""

_TROUBLES: tuple[tuple[str, type[StoreError], str], ...] = (
    (
        "readonly database",
        StoreBusyError,
        "it cannot be written. Give this user the right to write the file, those beside it (-wal, -shm) and the folder",
    ),
    (
        "unable to open",
        StoreBusyError,
        "it cannot be opened. Give this user the right to read and write the file and its folder",
    ),
    (
        "database is locked",
        StoreBusyError,
        f"another process kept it locked for {BUSY_SECONDS} s. Try again when that has ended",
    ),
    (
        "disk is full",
        StoreBusyError,
        "the disk is full. Make room, then run the same command again; nothing was half-written",
    ),
    ("no space left", StoreBusyError, _DISK_FULL),
    ("disk i/o", StoreBusyError, _DISK_FAILED),
    ("malformed", StoreError, "it is damaged. Restore it from a backup; `digest store check` says what is wrong"),
    (
        "not a database",
        StoreAddressError,
        "the file is not a database. Restore it from a backup, or name another in {key}",
    ),
    ("read-only transaction", StoreBusyError, _READ_ONLY),
    ("deadlock detected|could not serialize", StoreContestedError, _CONTESTED),
    ("terminating connection|connection unexpectedly|closed unexpectedly", StoreAwayError, _ENDED),
    ("receive data from server|connection is closed|consuming input failed", StoreAwayError, _ENDED),
    (
        "authentication failed",
        StoreAddressError,
        "the server refuses the user or the password. Mend them in {key}",
    ),
    (
        "no password supplied",
        StoreAddressError,
        "the server asks for a password. Write it into ~/.pgpass, or into the variable PGPASSWORD",
    ),
    (
        "no pg_hba.conf entry",
        StoreAddressError,
        "the server has no rule that lets this user in. Add one to its pg_hba.conf, or mend {key}",
    ),
    (
        'database ".*" does not exist',
        StoreAddressError,
        "the server knows no such database. Make it, or mend {key}",
    ),
    ('role ".*" does not exist', StoreAddressError, "the server knows no such user. Make it, or mend {key}"),
    ("sslmode|not support ssl|certificate", StoreAddressError, _TLS),
    ("too many clients|too many connections|connection slots", StoreAwayError, _FULL),
    ("starting up|shutting down|recovery mode|not yet accepting", StoreAwayError, _STARTING),
    (
        "resolve host",
        StoreAwayError,
        "no machine is known by the name of its host. Mend the host in {key}, or this machine's name service",
    ),
    (
        "connection refused",
        StoreAwayError,
        "no server listens there. Start it, or mend the host and the port in {key}",
    ),
    ("no such file", StoreAwayError, "no server has its socket there. Start it, or mend {key}"),
    (
        "connection is bad|connection failed|timeout expired|couldn't get a connection|no route to host|unreachable",
        StoreAwayError,
        _SILENT,
    ),
)
"""What a database's words hold, in small letters; what kind of error that is, and how it is said. The first counts."""

_REFUSALS = {
    "permission denied": "the server gives this user no rights. Make it the database's owner, or mend {key}",
    "bad value for": "{key} has an option after its ? whose value PostgreSQL does not take. Mend it",
    "connection option": "{key} has an option after its ? that PostgreSQL does not take. Mend it",
}
"""What else is no fault of ours, though the driver says so of faulty statements, too."""


STORE_URL = "store.url"
"""Where a store's address is written, unless it is named on the command line."""


def trouble(said: str, *, where: str, key: str = STORE_URL) -> StoreError | None:
    """What a database said, in our words; None for what nobody thought of."""
    for words, kind, told in _TROUBLES:
        if re.search(words, said.lower()):
            return kind(_sentences(told, where=where, key=key))
    return None


def _sentences(told: str, *, where: str, key: str) -> str:
    return f"The store {where} cannot be used: {told.format(key=key)}."


def trouble_in(error: DatabaseError, *, where: str, key: str = STORE_URL) -> StoreError | None:
    """What an error of the database's means: by its code, where it has one, else by its words."""
    code: str | None = getattr(error.orig, "sqlstate", "")
    for begins, kind, told in _CODES:
        if re.match(begins, code or ""):
            return kind(_sentences(told, where=where, key=key))
    known = trouble(str(error.orig), where=where, key=key)
    if known is None and code is None and isinstance(error, OperationalError):
        # No server has said that: its library has lost it, in words that are many.
        return StoreAwayError(_sentences(_ENDED, where=where, key=key))
    return known


@contextmanager
def explained(where: str, *, key: str = STORE_URL) -> Iterator[None]:
    """What comes out of it is a StoreError, but for faults of ours.

    `where` names the store, without any password, and `key` what its address is written in.
    """
    try:
        yield
    except IntegrityError:
        raise
    except ProgrammingError as error:
        said = str(error.orig).lower()
        known = next((text for words, text in _REFUSALS.items() if words in said), None)
        if known is None:
            raise
        raise StoreAddressError(_sentences(known, where=where, key=key)) from error
    except PoolTimeoutError as error:
        raise StoreBusyError(f"The store {where} is too busy. Try again in a minute.") from error
    except DatabaseError as error:
        known_as = trouble_in(error, where=where, key=key)
        if known_as is None:
            raise
        raise known_as from error
