"""The sign of life: whether the store behind the site can be used, found out in bounded time, and if mail leaves."""

from collections.abc import Sequence
from contextlib import suppress
from threading import Lock, Thread

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from digest.errors import StoreError
from digest.store import Store
from digest.store.impasses import Impasse, impasses_now
from digest.web.pages import READ

ANSWERS_WITHIN = 5.0
"""Seconds that a store has; whoever watches the service mostly waits no longer themselves."""

_AWAY = "The store cannot be used just now. `digest store check`, where this runs, says why.\n"


def router(store: Store) -> APIRouter:
    """`/healthz`."""
    pulse = _Pulse(store)

    def healthz() -> Response:
        told = pulse.told()
        return PlainTextResponse(_AWAY, status_code=503) if told is None else PlainTextResponse(told)

    routes = APIRouter()
    routes.add_api_route("/healthz", healthz, methods=READ)
    return routes


class _Pulse:
    """One look at a time: where a server says nothing, those who ask meanwhile wait for the same."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, Lock()
        self._look: Thread | None = None
        self._told: str | None = None

    def told(self) -> str | None:
        """What is well, or not; None where the store does not answer, or nothing can be written."""
        with self._lock:
            if self._look is None or not self._look.is_alive():
                self._told = None
                self._look = Thread(target=self._ask, daemon=True)
                self._look.start()
            look = self._look
        look.join(ANSWERS_WITHIN)
        return self._told

    def _ask(self) -> None:
        with suppress(Exception):
            with self._store.reading() as connection:
                self._told = _told(impasses_now(connection))
            # Where somebody else writes for long, that is well.
            try:
                self._store.require_writable()
            except StoreError:
                self._told = None


def _told(impasses: Sequence[Impasse]) -> str:
    """A provider that takes nothing is no reason to start the service anew; why it does is for the operator alone."""
    if not impasses:
        return "ok"
    since = " and ".join(f"by {one.provider} since {one.since_at:%Y-%m-%d %H:%M} UTC" for one in impasses)
    return f"ok, but nothing can be handed over {since}: `digest stats`, where this runs, says why.\n"
