"""The sign of life: whether the store behind the site answers, found out in bounded time."""

from contextlib import suppress
from threading import Lock, Thread

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from digest.store import Store
from digest.store.clock import last_tick_at
from digest.web.pages import READ

ANSWERS_WITHIN = 5.0
"""Seconds that a store has; whoever watches the service mostly waits no longer themselves."""

_AWAY = "The store cannot be used just now. `digest store check`, where this runs, says why.\n"


def router(store: Store) -> APIRouter:
    """`/healthz`."""
    pulse = _Pulse(store)

    def healthz() -> Response:
        return PlainTextResponse("ok") if pulse.is_there() else PlainTextResponse(_AWAY, status_code=503)

    routes = APIRouter()
    routes.add_api_route("/healthz", healthz, methods=READ)
    return routes


class _Pulse:
    """One look at a time: where a server says nothing, those who ask meanwhile wait for the same."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, Lock()
        self._look: Thread | None = None
        self._answered = False

    def is_there(self) -> bool:
        with self._lock:
            if self._look is None or not self._look.is_alive():
                self._answered = False
                self._look = Thread(target=self._ask, daemon=True)
                self._look.start()
            look = self._look
        look.join(ANSWERS_WITHIN)
        return self._answered and not look.is_alive()

    def _ask(self) -> None:
        with suppress(Exception), self._store.reading() as connection:
            last_tick_at(connection)
            self._answered = True
