"""Signing in without a password: access tokens (RFC 6749), asked for with what the provider gave the operator."""

import json
import re
import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from digest.errors import DeliveryError, GrantRefusedError
from digest.http import Client, HttpFailure, Response

EARLY_SECONDS = 60.0
"""A token is asked for anew so long before it ends: it is to be good when the server looks at it."""

LASTS_SECONDS = 300.0
"""How long a token is good of which nobody says so."""

MOST_BYTES = 100_000
MOST_SECONDS = 20.0

_TOKEN = re.compile(r"[!-~]{1,16384}")
_CODE = re.compile(r"[a-z_]{1,40}")
_MEANINGS = {
    "invalid_grant": "the refresh token has expired or was revoked; get a new one",
    "invalid_client": "client_id and client_secret do not belong together; mend them",
    "unauthorized_client": "the client may not be given one in this way; allow it to",
}


class Grant:
    """What gives access tokens; each is kept until shortly before its end."""

    def __init__(
        self,
        client: Client,
        *,
        url: str,
        client_id: str,
        client_secret: str = "",
        refresh_token: str = "",
        scope: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._url, self._clock = client, url, clock
        asked = {
            "grant_type": "refresh_token" if refresh_token else "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "refresh_token": refresh_token,
            "scope": scope,
        }
        self._asked = {name: value for name, value in asked.items() if value}
        self._lock, self._token, self._ends_at = Lock(), "", 0.0

    def token(self) -> str:
        """An access token. Raises GrantRefusedError, or DeliveryError where no answer came."""
        with self._lock:
            if not self._token or self._clock() >= self._ends_at:
                began_at = self._clock()
                self._token, lasts = self._ask()
                self._ends_at = began_at + lasts - EARLY_SECONDS
            return self._token

    def forget(self) -> None:
        """Ask anew next time: the token was refused."""
        self._token = ""

    def _ask(self) -> tuple[str, float]:
        try:
            response = self._client.post(self._url, data=self._asked)
        except HttpFailure as failure:
            raise DeliveryError(f"No access token to sign in with: {failure}. The next tick asks again.") from failure
        told = _read(response)
        token, lasts = told.get("access_token"), told.get("expires_in")
        if response.status == 200 and isinstance(token, str) and _TOKEN.fullmatch(token):
            return token, float(lasts) if isinstance(lasts, int) else LASTS_SECONDS
        if response.status in {400, 401, 403}:
            raise GrantRefusedError(_meaning(told.get("error")))
        raise DeliveryError(
            f"No access token to sign in with: mail.smtp.oauth.url answered HTTP {response.status} without one. The"
            " next tick asks again."
        )


def _read(response: Response) -> dict[str, Any]:
    try:
        told = json.loads(response.text)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _meaning(code: object) -> str:
    """What a refusal says, and what to do; of the server's words only those that can be no secret."""
    known = code if isinstance(code, str) and _CODE.fullmatch(code) else "refused"
    return f"no access token, {known}: {_MEANINGS.get(known, 'mend mail.smtp.oauth')}"
