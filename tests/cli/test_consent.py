"""What the operator can show of a reader's consent."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from commands import Digest
from personas import choices

from digest.address import parse_address
from digest.config import load_config
from digest.installation import open_app
from digest.store.confirms import confirm_numbered
from digest.subscribe import Origin, ask, confirm
from digest.tokens import Purpose

pytestmark = pytest.mark.slow


def test_a_subscriber_is_shown_with_when_where_and_to_what_they_agreed(installed: Digest, tmp_path: Path) -> None:
    app, now = open_app(load_config(tmp_path / "config.toml", environment={})), datetime.now(UTC)
    origin = Origin(network="203.0.113.0/24", form="0123456789abcdef")
    reader = parse_address("ada@example.org")
    ask(app.store, reader, newsletter="papers", choices=choices(), keys=app.keys, now=now, origin=origin)
    with app.store.reading() as connection:
        asked = confirm_numbered(connection, 1)
    assert asked is not None
    token = app.keys.sign(Purpose.CONFIRM, 1, salt=asked.nonce)
    later = now + timedelta(minutes=5)
    confirm(app.store, token, keys=app.keys, now=later, network="2001:db8::/64")
    app.store.close()
    told = installed("subscriber", "show", "ada@example.org").out
    for value in (
        f"asked_at {now.isoformat()}",
        f"happened_at {later.isoformat()}",
        f"asked_from {app.keys.fingerprint('network 203.0.113.0/24')}",
        f"confirmed_from {app.keys.fingerprint('network 2001:db8::/64')}",
        "form 0123456789abcdef",
    ):
        assert value in told
    assert "203.0.113" not in told
