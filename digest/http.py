"""The only way out over HTTP, and the only importer of httpx: time-outs, caps, few retries.

Where it may connect to is `egress`'s to say. Messages of failures name the host, never a query, a
header or a body: those may hold secrets.
"""

import json
import ssl
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Self
from urllib.parse import urlsplit

import httpcore
import httpx

from digest import __version__
from digest.egress import Deadline, Door, Refused, Resolve, resolved
from digest.errors import DigestError

MOST_BYTES = 25_000_000
MOST_REDIRECTS = 3
MOST_TRIES = 3
MOST_SECONDS = 60.0
LONGEST_WAIT = 30.0
# Edges answer 406 under load, too, though they could give what was asked for.
_TRY_AGAIN = frozenset({406, 429, 500, 502, 503, 504})
_GZIP = 0x1F  # the first byte of a member
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class HttpFailure(DigestError):  # noqa: N818 - it is no fault of ours
    """No answer, or one that is of no use.

    `status` is that of the answer, if there was one; `sent` is false where the request is known
    not to have been written; `passing` is true where the same request may succeed at once.
    """

    def __init__(self, message: str, *, status: int | None = None, sent: bool = True, passing: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.sent = sent
        self.passing = passing


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer, whole. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        """The content as text; what is no UTF-8 is replaced."""
        return self.content.decode("utf-8", "replace")


class Client:
    """Connections that are kept open for as long as the client is.

    `allowed_hosts` are those that the operator named, with or without a port: they alone may be at
    an address that is not of the open internet. `most_seconds` is for one try, names and redirects included;
    `pause` is before the second try, and doubled before each further one, unless the host says when to come back.
    """

    def __init__(
        self,
        *,
        base_url: str,
        allowed_hosts: Collection[str] = (),
        most_bytes: int = MOST_BYTES,
        most_seconds: float = MOST_SECONDS,
        pause: float = 1.0,
        wait: Callable[[float], None] = time.sleep,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        resolve: Resolve = resolved,
    ) -> None:
        self._most_bytes = most_bytes
        self._most_seconds = most_seconds
        self._pause = pause
        self._wait = wait
        self._clock = clock
        self._deadline = Deadline()
        self._transport = _Transport(Door(named=allowed_hosts, deadline=self._deadline, resolve=resolve))
        self._client = httpx.Client(
            headers={"User-Agent": f"offprint/{__version__} (+{base_url})", "Accept-Encoding": "gzip"},
            timeout=httpx.Timeout(20.0, connect=5.0),
            trust_env=False,
            transport=self._transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(
        self,
        url: str,
        *,
        accept: str,
        params: Mapping[str, str] | None = None,
        etag: str = "",
        last_modified: str = "",
    ) -> Response:
        """What the address answers after redirects, whatever its status. Raises HttpFailure where no answer came.

        With the `etag` or `last_modified` of an earlier answer, one that has not changed since is a 304
        (RFC 9110, section 13.1). What may pass is tried again.
        """
        told = {"Accept": accept, "If-None-Match": etag, "If-Modified-Since": last_modified}
        headers = {name: value for name, value in told.items() if value}
        for tried in range(MOST_TRIES):
            last, pause = tried == MOST_TRIES - 1, self._pause * 2.0**tried
            try:
                response = self._follow(url, dict(params or {}), headers)
            except HttpFailure as failure:
                if last or not failure.passing:
                    raise
            else:
                if last or response.status not in _TRY_AGAIN:
                    return response
                pause = _retry_after(response, now=self._clock(), otherwise=pause)
            self._wait(min(pause, LONGEST_WAIT))
        raise AssertionError("the last try returns or raises")

    def get_json(self, url: str, *, params: Mapping[str, str]) -> Any:
        """What the address answers, read as JSON. Raises HttpFailure for any other answer than 200."""
        return _read_as_json(url, self.get(url, accept="application/json", params=params))

    def post_json(self, url: str, value: Any, *, token: str = "") -> Any:
        """What the address answers to a value, posted once, read as JSON; `token` is a bearer's (RFC 6750).

        Raises HttpFailure for any other answer than 200: a redirect is not followed.
        """
        self._deadline.start(self._most_seconds)
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        # Escaped to ASCII, so that halves of characters can be sent, too.
        content = json.dumps(value).encode("ascii")
        request = self._client.build_request("POST", _checked(url), content=content, headers=headers)
        return _read_as_json(url, self._exchange(request))

    def post(
        self,
        url: str,
        *,
        data: Mapping[str, str],
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Response:
        """Post a form, once. Raises HttpFailure where no answer came; any answer is returned."""
        self._deadline.start(self._most_seconds)
        request = self._client.build_request("POST", _checked(url), data=dict(data), files=files)
        return self._exchange(request if auth is None else next(httpx.BasicAuth(*auth).auth_flow(request)))

    def _follow(self, url: str, params: dict[str, str], headers: dict[str, str]) -> Response:
        self._deadline.start(self._most_seconds)
        asked = _checked(url)
        # Without parameters, those that stand in the address are to stay.
        target = asked.copy_merge_params(params) if params else asked
        for _ in range(MOST_REDIRECTS + 1):
            response = self._exchange(self._client.build_request("GET", target, headers=headers))
            if response.status not in _REDIRECTS:
                return response
            target = redirected(target, response)
        raise HttpFailure(f"{_host(url)} redirects more than {MOST_REDIRECTS} times", status=response.status)

    def _exchange(self, request: httpx.Request) -> Response:
        host = request.url.host
        try:
            # Not by httpx's client: that fails over redirects even where it is not to follow them.
            response = self._transport.handle_request(request)
            try:
                content = self._read(response, host)
            finally:
                response.close()
        except Refused as refusal:
            why = "is at an address inside of a network; if that is meant, name it in http.allow_hosts"
            raise HttpFailure(f"{host} {why}", sent=False) from refusal
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            raise HttpFailure(f"{host} cannot be reached", sent=False) from error
        except httpx.TimeoutException as error:
            raise HttpFailure(f"{host} did not answer in time", passing=not self._deadline.is_over) from error
        except (httpx.HTTPError, zlib.error) as error:
            raise HttpFailure(f"{host} broke off", passing=True) from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Response(status=response.status_code, headers=headers, content=content)

    def _read(self, response: httpx.Response, host: str) -> bytes:
        failure = HttpFailure(f"{host} sent more than {self._most_bytes:,} bytes", status=response.status_code)

        def bounded(pieces: Iterable[bytes]) -> Iterator[bytes]:
            left = self._most_bytes
            for piece in pieces:
                left -= len(piece)
                if left < 0:
                    raise failure
                yield piece

        told = response.headers.get("content-length", "")
        if told.isascii() and told.isdigit() and int(told[:20]) > self._most_bytes:
            raise failure
        packing = response.headers.get("content-encoding", "identity").strip().lower()
        if packing not in {"identity", "gzip", "x-gzip"}:
            raise HttpFailure(f"{host} packs its answer as nobody asked it to", status=response.status_code)
        pieces = bounded(response.iter_raw())
        return b"".join(pieces if packing == "identity" else bounded(_unpacked(pieces)))


class _Transport(httpx.HTTPTransport):
    """httpx's own, but with our door: its constructor takes no other."""

    def __init__(self, door: Door) -> None:
        self._pool = httpcore.ConnectionPool(ssl_context=_authorities(), network_backend=door, keepalive_expiry=5.0)


@cache
def _authorities() -> ssl.SSLContext:
    """Whose certificates are believed: reading them takes as long as opening a store."""
    return httpx.create_ssl_context(trust_env=False)


def unexpected(url: str, response: Response) -> HttpFailure:
    """The failure that an answer of this status is."""
    return HttpFailure(f"{_host(url)} answered HTTP {response.status}", status=response.status)


def _read_as_json(url: str, response: Response) -> Any:
    if response.status != 200:
        raise unexpected(url, response)
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError) as error:
        raise HttpFailure(f"{_host(url)} answered with something that is not JSON", status=200) from error


def redirected(asked: httpx.URL, response: Response) -> httpx.URL:
    """Where an answer redirects to. Raises HttpFailure unless the scheme stays, or becomes https."""
    host, status = asked.host, response.status
    try:
        target = asked.join(response.headers.get("location", ""))
        place = target.host
    except (httpx.InvalidURL, UnicodeError) as error:
        raise HttpFailure(f"{host} redirects to what is no address", status=status) from error
    if not place or target.scheme not in {asked.scheme, "https"}:
        raise HttpFailure(f"{host} redirects to another scheme", status=status)
    if target.userinfo:
        raise HttpFailure(f"{host} redirects to an address with a password", status=status)
    return target


def _checked(url: str) -> httpx.URL:
    """The address, if it is one of the web without a name and password in it."""
    try:
        parsed = httpx.URL(url)
        host = parsed.host
    except (httpx.InvalidURL, UnicodeError) as error:
        raise HttpFailure("there is an address that is none", sent=False) from error
    if parsed.scheme not in {"http", "https"} or not host:
        raise HttpFailure("there is an address that is not of the web", sent=False)
    if parsed.userinfo:
        raise HttpFailure(f"{host} is asked with a password in its address", sent=False)
    return parsed


def _unpacked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What the members of a gzip file hold (RFC 1952, section 2.2), 64 KiB at a time.

    So a bomb is met by whoever counts before it has gone off. As with gzip itself, what comes behind
    a member and does not begin like another one does not count.
    """
    member = None
    for piece in pieces:
        left = piece
        while left:
            if member is None or member.eof:
                if member is not None and left[0] != _GZIP:
                    return
                member = zlib.decompressobj(wbits=31)
            yield member.decompress(left, 65_536)
            left = member.unconsumed_tail or member.unused_data
    if member is not None and not member.eof:
        raise zlib.error("the packed answer is cut short")


def _host(url: str) -> str:
    return urlsplit(url).hostname or "the address"


def _retry_after(response: Response, *, now: datetime, otherwise: float) -> float:
    """The seconds that the answer asks to wait for, by a number or by a date (RFC 9110, section 10.2.3)."""
    told = response.headers.get("retry-after", "")
    if told.isascii() and told.isdigit() and len(told) < 6:
        return float(told)
    try:
        until = parsedate_to_datetime(told)
        return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())
    except (ValueError, OverflowError):
        return otherwise
