"""Where the program may connect to: the open internet, and what the operator named.

Names are resolved once, here; the address that was judged is the one that is connected to, so a
name that says something else a moment later (DNS rebinding) gains nothing. Spellings of addresses
(decimal, hexadecimal, octal) are the resolver's to read, so all of them are judged as what they are.
"""

import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import Future
from typing import Any

import httpcore

Resolve = Callable[[str, int], Sequence[str]]
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Refused(Exception):  # noqa: N818 - the rule is no error
    """A host whose addresses are all inside of some network, and that the operator did not name."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, whatever it is wrapped in."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1]
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or getattr(ip, "is_site_local", False))


def host_key(host: str) -> str:
    """A host, perhaps with a port, as it is compared: without case, brackets, or the dot that ends a full name."""
    return re.sub(r"[\[\]]|\.(?=:\d+$|$)", "", host).lower()


def resolved(host: str, port: int) -> list[str]:
    """The host's addresses, in the system's order. Raises OSError where there is none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Deadline(threading.local):
    """When the request under way has to be over, in seconds of the monotonic clock; each thread has its own."""

    ends_at = float("inf")

    def start(self, seconds: float) -> None:
        """Give the request that starts now so many seconds."""
        self.ends_at = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self.ends_at

    def within(self, timeout: float | None) -> float:
        """The time-out, or what is left if that is less."""
        left = max(self.ends_at - time.monotonic(), 0.001)
        return left if timeout is None else min(timeout, left)


class Door(httpcore.NetworkBackend):
    """Opens connections where the rule allows it. `named` holds hosts, each with or without a port."""

    def __init__(self, *, named: Collection[str], deadline: Deadline, resolve: Resolve = resolved) -> None:
        self._named = frozenset(host_key(host) for host in named)
        self._deadline = deadline
        self._resolve = resolve
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address of the host that answers. Raises Refused where none may be asked."""
        failure: Exception = httpcore.ConnectError("it has no address")
        for address in self._allowed(host, port):
            try:
                stream = self._sockets.connect_tcp(
                    address, port, self._deadline.within(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Timed(stream, self._deadline)
        raise failure

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Never."""
        raise Refused

    def sleep(self, seconds: float) -> None:
        """Wait, for a pool that tries again; ours does not."""
        time.sleep(self._deadline.within(seconds))

    def _allowed(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = self._resolved(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError("it has no address") from error
        name = host_key(host)
        if name in self._named or f"{name}:{port}" in self._named:
            return addresses
        public = [address for address in addresses if is_public(address)]
        if addresses and not public:
            raise Refused
        return public

    def _resolved(self, host: str, port: int) -> Sequence[str]:
        """The host's addresses. Raises TimeoutError when the request's time is up: no resolver can be interrupted."""
        found: Future[Sequence[str]] = Future()

        def resolve() -> None:
            try:
                found.set_result(self._resolve(host, port))
            except Exception as error:
                found.set_exception(error)

        threading.Thread(target=resolve, daemon=True).start()
        return found.result(self._deadline.within(threading.TIMEOUT_MAX))


class _Timed(httpcore.NetworkStream):
    """A connection on which no wait outlasts the request's deadline, however little comes at a time."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._deadline.is_over:
            raise httpcore.ReadTimeout
        return self._stream.read(max_bytes, self._deadline.within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._deadline.is_over:
            raise httpcore.WriteTimeout
        self._stream.write(buffer, self._deadline.within(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._deadline.within(timeout))
        return _Timed(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
