"""The web server, set up for this site."""

import errno
import resource
import socket

import uvicorn
from starlette.types import ASGIApp

from digest.errors import ConfigError
from digest.web.protocol import PromptProtocol

CONNECTIONS = 2_000
"""At once; whoever comes beyond is told to come again. One that waits costs 25 KB, and for its time alone."""

OTHER_FILES = 200
"""What else is open: the store, and what jobs read and write."""

HEADER_BYTES = 16 * 1024
KEEP_ALIVE_SECONDS = 5
SHUTDOWN_SECONDS = 5

_WHY = {
    errno.EADDRINUSE: "is taken by another program. Stop it, or set another port",
    errno.EACCES: "is not allowed to this user. Set a port above 1023",
    errno.EPERM: "is not allowed to this user. Set a port above 1023",
    errno.EADDRNOTAVAIL: "is not an address of this machine. Set one that is, such as 127.0.0.1:8000",
}
_OTHERWISE = "cannot be listened on. Set an address of this machine, such as 127.0.0.1:8000"


def build_server(site: ASGIApp, listen: str, *, protocol: type[PromptProtocol] = PromptProtocol) -> uvicorn.Server:
    """A server of the site at `HOST:PORT`. Raises ConfigError where it cannot listen there.

    `run()` serves until a signal or `should_exit`, in the main thread or in another. `protocol` says how long it waits.
    """
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    require_free(listen)
    _allow_files(CONNECTIONS + OTHER_FILES)
    config = uvicorn.Config(
        site,
        host=host,
        port=int(port),
        http=protocol,
        ws="none",
        loop="asyncio",
        lifespan="off",
        # Requests are not logged: their addresses hold tokens.
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        # Nothing here depends on where a caller says it comes from.
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        h11_max_incomplete_event_size=HEADER_BYTES,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    return uvicorn.Server(config)


def _allow_files(wanted: int) -> None:
    """Let the process have so many files open, or as many as it may: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def require_free(listen: str) -> None:
    """Raise ConfigError unless a server can listen at `HOST:PORT`."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
            # As the server will: a port whose last connections are still closing is free.
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, int(port)))
    except (OSError, OverflowError) as error:
        why = _WHY.get(error.errno, _OTHERWISE) if isinstance(error, OSError) and error.errno else _OTHERWISE
        raise ConfigError(f"web.listen {listen} {why}.") from error
