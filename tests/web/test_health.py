"""Whether the service is well, for whatever watches it."""

import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import postgres
import pytest
from conftest import store_url
from personas import NOON
from sites import Front, Place
from sqlalchemy import event

from digest.store import open_store
from digest.store.impasses import note_impasse
from digest.web import create_site


def health(front: Front, place: Place, store_at: str) -> httpx.Response:
    """What `/healthz` says of the installation over another store."""
    store = open_store(store_at, folder=place.app.config.folder)
    front.site = create_site(replace(place.app, store=store), clock=lambda: NOON)
    answer = place.client.get("/healthz")
    store.close()
    return answer


def test_a_store_that_cannot_be_used_is_not_well(place: Place, front: Front) -> None:
    (place.app.config.folder / "broken.db").write_text("not what a database looks like" * 100)
    answer = health(front, place, "sqlite:///broken.db")
    assert answer.status_code == 503
    assert answer.text.startswith("The store cannot be used just now.")
    assert "broken" not in answer.text


def test_a_store_that_can_be_read_alone_is_not_well(place: Place) -> None:
    engine = place.app.store.engine

    def close_to_writing(connection: Any, _record: object) -> None:
        if engine.dialect.name == "sqlite":
            connection.execute("PRAGMA query_only = ON")
        else:
            connection.execute("SET default_transaction_read_only = on")
            connection.commit()

    assert place.client.get("/healthz").status_code == 200
    event.listen(engine, "connect", close_to_writing)
    engine.dispose()
    assert place.client.get("/healthz").status_code == 503


def test_a_provider_that_takes_nothing_is_told_and_the_service_is_well_all_the_same(place: Place) -> None:
    with place.app.store.writing() as connection:
        note_impasse(connection, "smtp", why="mail.example.org:25 is away.", now=NOON)
    answer = place.client.get("/healthz")
    assert (answer.status_code, answer.text) == (
        200,
        "ok, but nothing can be handed over by smtp since 2026-06-19 12:00 UTC:"
        " `digest stats`, where this runs, says why.\n",
    )


@pytest.mark.slow
def test_while_its_server_is_stopped_a_store_is_not_well_and_then_it_is(
    open_place: Callable[..., Place], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    place = open_place(store={"url": store_url("postgresql", request, tmp_path)})
    with postgres.stopped(str(request.getfixturevalue("postgres_server"))):
        assert place.client.get("/healthz").status_code == 503
    assert place.client.get("/healthz").status_code == 200


def test_a_server_that_takes_connections_and_says_nothing_is_not_waited_for(
    place: Place, front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digest.web.health.ANSWERS_WITHIN", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        answer = health(front, place, f"postgresql://offprint@127.0.0.1:{silent.getsockname()[1]}/offprint")
    assert answer.status_code == 503
