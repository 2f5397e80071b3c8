"""The only way out over HTTP, and the only importer of httpx: time-outs, caps, few retries.

Messages of failures name the host, never a query, a header or a body: those may hold secrets.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from digest import __version__
from digest.errors import DigestError

MOST_BYTES = 25_000_000
MOST_REDIRECTS = 3
MOST_TRIES = 3
LONGEST_WAIT = 30.0
_TRY_AGAIN = frozenset({429, 500, 502, 503, 504})


class HttpFailure(DigestError):  # noqa: N818 - it is no fault of ours
    """No answer, or one that is of no use.

    `status` is that of the answer, if there was one; `sent` is false where the request is known
    not to have been written.
    """

    def __init__(self, message: str, *, status: int | None = None, sent: bool = True) -> None:
        super().__init__(message)
        self.status = status
        self.sent = sent


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
    """Connections that are kept open for as long as the client is."""

    def __init__(
        self, *, base_url: str, most_bytes: int = MOST_BYTES, wait: Callable[[float], None] = time.sleep
    ) -> None:
        self._most_bytes = most_bytes
        self._wait = wait
        self._client = httpx.Client(
            headers={"User-Agent": f"offprint/{__version__} (+{base_url})"},
            timeout=httpx.Timeout(20.0, connect=5.0),
            follow_redirects=False,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get_json(self, url: str, *, params: Mapping[str, str]) -> Any:
        """What the address answers, read as JSON. Raises HttpFailure for any other answer than 200."""
        response = self._get(url, params)
        if response.status != 200:
            raise HttpFailure(f"{_host(url)} answered HTTP {response.status}", status=response.status)
        try:
            return json.loads(response.content)
        except (ValueError, RecursionError) as error:
            raise HttpFailure(f"{_host(url)} answered with something that is not JSON", status=200) from error

    def post(
        self,
        url: str,
        *,
        data: Mapping[str, str],
        files: Mapping[str, tuple[str, bytes, str]],
        auth: tuple[str, str],
    ) -> Response:
        """Post a form, once. Raises HttpFailure where no answer came; any answer is returned."""
        return self._exchange(self._client.build_request("POST", url, data=dict(data), files=files), auth)

    def _get(self, url: str, params: Mapping[str, str]) -> Response:
        """The answer after redirects. Broken connections and answers that may pass are tried again, others are not."""
        for left in range(MOST_TRIES - 1, -1, -1):
            pause = 2.0 ** (MOST_TRIES - 1 - left)
            try:
                response = self._follow(url, params)
            except HttpFailure as failure:
                if not left or not failure.sent or failure.status is not None:
                    raise
            else:
                if not left or response.status not in _TRY_AGAIN:
                    return response
                pause = _retry_after(response, otherwise=pause)
            self._wait(min(pause, LONGEST_WAIT))
        raise AssertionError("the last try returns or raises")

    def _follow(self, url: str, params: Mapping[str, str]) -> Response:
        request = self._client.build_request("GET", url, params=dict(params), headers={"Accept": "application/json"})
        for _ in range(MOST_REDIRECTS + 1):
            response = self._exchange(request, None)
            if response.status not in {301, 302, 303, 307, 308}:
                return response
            target = request.url.join(response.headers.get("location", ""))
            if target.scheme != request.url.scheme:
                raise HttpFailure(f"{_host(url)} redirects to another scheme", status=response.status)
            request = self._client.build_request("GET", target, headers={"Accept": "application/json"})
        raise HttpFailure(f"{_host(url)} redirects more than {MOST_REDIRECTS} times", status=response.status)

    def _exchange(self, request: httpx.Request, auth: tuple[str, str] | None) -> Response:
        host = _host(str(request.url))
        try:
            response = self._client.send(request, auth=auth, stream=True)
            try:
                content = self._read(response, host)
            finally:
                response.close()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            raise HttpFailure(f"{host} cannot be reached", sent=False) from error
        except httpx.TimeoutException as error:
            raise HttpFailure(f"{host} did not answer in time") from error
        # The last is of a redirect to a name that cannot be a host's.
        except (httpx.HTTPError, UnicodeError) as error:
            raise HttpFailure(f"{host} broke off") from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Response(status=response.status_code, headers=headers, content=content)

    def _read(self, response: httpx.Response, host: str) -> bytes:
        content = bytearray()
        for chunk in response.iter_bytes(65_536):
            content += chunk
            if len(content) > self._most_bytes:
                raise HttpFailure(f"{host} sent more than {self._most_bytes:,} bytes", status=response.status_code)
        return bytes(content)


def _host(url: str) -> str:
    return urlsplit(url).hostname or "the address"


def _retry_after(response: Response, *, otherwise: float) -> float:
    told = response.headers.get("retry-after", "")
    return float(told) if told.isascii() and told.isdigit() and len(told) < 6 else otherwise
