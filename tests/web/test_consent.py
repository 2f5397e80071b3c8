"""Who agreed to what, when and from where."""

import pytest
from personas import NOON
from sites import Place

from digest.store.events import events_of
from digest.web.pages import Pages

pytestmark = pytest.mark.slow


def test_a_confirmed_reader_has_a_record_of_consent(place: Place) -> None:
    place.client.post(
        "/", data=place.form() | {"address": "ada@example.org"}, headers={"X-Forwarded-For": "203.0.113.5"}
    )
    place.client.post(f"/confirm/{place.confirm_token()}", headers={"X-Forwarded-For": "2001:db8::1"})
    with place.app.store.reading() as connection:
        [event] = events_of(connection, 1)
    keys = place.app.keys
    assert event.detail == {
        "newsletter": "papers",
        "asked_at": NOON.isoformat(),
        "asked_from": keys.fingerprint("network 203.0.113.0/24"),
        "form": Pages(place.app.press, has_outbox=False).version("subscribe.html", "fields.html"),
        "confirmed_from": keys.fingerprint("network 2001:db8::/64"),
    }
    assert event.happened_at == NOON
