"""`kill -9` of a sender, seen from the server's side: every message is accounted for."""

from pathlib import Path

import pytest
from accounting import CONFIG, Received, account_of, queue
from conftest import store_url
from smtp_server import SmtpServer

WINDOW, READERS = 16, 400


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "after_unknown", "kills"), [("sqlite", "drop", 10), ("postgresql", "drop", 10), ("sqlite", "resend", 3)]
)
def test_a_sender_that_is_killed_at_any_moment_accounts_for_every_message(
    kind: str, after_unknown: str, kills: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = store_url(kind, request, tmp_path).replace("sqlite:///", f"sqlite:///{tmp_path}/")
    received, resends = Received(slowness=0.002), after_unknown == "resend"
    with SmtpServer(received.answer) as server:
        place = {"url": url, "host": server.host, "port": server.port}
        queue(tmp_path, CONFIG.format(window=WINDOW, after_unknown=after_unknown, **place), readers=READERS)
        account = account_of(tmp_path, url, received, kills=kills, window=WINDOW, resends=resends, seed=kills)
    assert len(account.ledger.sent) + len(account.ledger.unknown) == READERS
    assert account.missing <= account.ledger.unknown
    assert account.repeated <= (kills * WINDOW if resends else 0)
    assert not (resends and account.missing)
