"""What nobody can do who has no link, or an old one, or the store, or the log."""

import logging
from collections.abc import Callable
from datetime import timedelta
from itertools import product

import httpx
import pytest
from logged import records_logged
from pages import FRAMED, PRIVATE, address
from personas import NOON, choices, reader_joins
from sites import Place

from digest.tokens import Purpose

pytestmark = pytest.mark.slow


def test_whoever_reads_the_store_cannot_act_for_a_reader(inhabited: Place) -> None:
    kept = "\n".join(inhabited.rows())
    for sign in (inhabited.confirm_token, inhabited.unsubscribe_token, inhabited.preferences_token):
        assert sign().partition("-")[2] not in kept
    for purpose, number in product(Purpose, range(5)):
        assert inhabited.app.keys.sign(purpose, number).partition("-")[2] not in kept


def test_a_confirm_link_cannot_be_guessed_from_another(place: Place) -> None:
    for number in range(30):
        place.client.post(
            "/",
            data=place.form() | {"address": f"a{number}@example.org"},
            headers={"X-Forwarded-For": f"198.51.{number}.1"},
        )
    with place.app.store.reading() as connection:
        nonces = {row[0] for row in connection.exec_driver_sql("SELECT nonce FROM confirms")}
    assert len(nonces) == 30
    assert {len(bytes.fromhex(nonce)) for nonce in nonces} == {16}
    # Nor does the number alone sign one, as it does elsewhere.
    assert place.client.post(f"/confirm/{place.app.keys.sign(Purpose.CONFIRM, 1)}").status_code == 404


def test_a_clock_that_is_set_back_prolongs_no_link_and_loses_none(place: Place) -> None:
    place.client.post("/", data=place.form() | {"address": "ada@example.org"})
    path = f"/confirm/{place.confirm_token()}"
    place.clock.now = NOON - timedelta(hours=1)
    assert place.client.get(path).status_code == 200
    for seconds, status in ((-1, 200), (0, 404), (1, 404)):
        place.clock.now = NOON + timedelta(hours=48, seconds=seconds)
        assert place.client.get(path).status_code == status
    place.clock.now = NOON - timedelta(hours=1)
    assert "<h1>You are in</h1>" in place.client.post(path).text


def test_new_keys_lock_no_reader_in(place: Place, open_place: Callable[..., Place]) -> None:
    reader_joins(place.app, "ada@example.org", choices())
    old = place.unsubscribe_token()
    keys = place.app.config.folder / place.app.config.keys.file
    keys.write_text(f"{'new-key-' * 5}\n{keys.read_text()}")
    again = open_place()
    assert again.unsubscribe_token() != old
    for token in (old, again.unsubscribe_token()):
        assert (
            again.client.post(f"/unsubscribe/{token}", data={"List-Unsubscribe": "One-Click"}).text == "Unsubscribed."
        )
    keys.write_text("\nretired ".join(keys.read_text().split()))
    assert open_place().client.get(f"/unsubscribe/{old}").status_code == 200
    keys.write_text(f"{'new-key-' * 5}\n")
    assert open_place().client.get(f"/unsubscribe/{old}").status_code == 404


def test_no_token_is_in_a_log_when_the_site_fails(inhabited: Place, capfd: pytest.CaptureFixture[str]) -> None:
    paths = [address(inhabited, path) for path in [*PRIVATE, *FRAMED]]
    tokens = {
        part for path in paths for part in path.replace("?", "/").split("/") if "-" in part and "forged" not in part
    }
    with inhabited.app.store.writing() as connection:
        for table in ("confirms", "subscriptions", "deliveries"):
            connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {table}_gone")
    with records_logged() as records:
        # Each by a connection of its own: a failure ends it.
        told = [httpx.request(method, inhabited.url + path) for path in paths for method in ("GET", "POST")]
        told.append(httpx.post(inhabited.url, data=inhabited.form() | {"address": "eve@example.org"}))
        inhabited.raw(f"GET {paths[0]} HTTP/9.9\r\n\r\n".encode())
        inhabited.raw(f"GET {paths[0]} HTTP/1.1\r\nHost : x\r\n\r\n".encode())
    assert sum(answer.status_code == 500 for answer in told) >= 8
    ours = [one for one in records if not one.name.startswith(("httpx", "httpcore"))]
    assert any(one.exc_info for one in ours)
    written = "\n".join([*map(logging.Formatter().format, ours), *capfd.readouterr()])
    # The pages for failures do not repeat them either.
    written += "\n".join(answer.text for answer in told if answer.status_code == 500)
    assert {token for token in tokens if token in written} == set()
    assert "eve@example.org" not in written
