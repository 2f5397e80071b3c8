"""The site's process is killed while it writes: nobody else notices, and it can be asked again."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from conftest import store_url
from personas import NOON, choices, papers_come_in, reader_joins
from places import ROOT
from sites import free_address, serving

from digest.app import App
from digest.model import DeliveryState, SubscriptionState
from digest.scheduler import Ticker
from digest.store.check import damage
from digest.store.deliveries import count_by_state
from digest.store.subscribers import all_subscriptions
from digest.tokens import Purpose
from digest.web import create_site

KILLED = """
import os, signal
from sqlalchemy import event
from sqlalchemy.engine import Engine
from digest.cli import main

def kill(connection, cursor, statement, *_):
    if statement.startswith("UPDATE subscriptions"):
        os.kill(os.getpid(), signal.SIGKILL)

event.listen(Engine, "after_cursor_execute", kill)
main()
"""


@contextmanager
def served_and_killed(app: App) -> Iterator[None]:
    """`digest serve`, which is killed when a subscription was written and nothing is committed."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", KILLED, "serve"], cwd=app.config.folder, env=environment) as server:
        yield
        assert server.wait() == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_site_that_is_killed_in_the_middle_of_a_request_loses_nothing_and_holds_nobody_up(
    kind: str, install: Callable[..., App], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    listen, url = free_address(), store_url(kind, request, tmp_path)
    (tmp_path / "config.toml").write_text(f'[store]\nurl = "{url}"\n[web]\nlisten = "{listen}"\n')
    app = install(store={"url": url}, sources={"huggingface": {"enabled": False}})
    papers_come_in(app.store)
    leaver, _ = (reader_joins(app, f"{name}@example.org", choices("diffusion")) for name in ("ada", "bob"))
    link = f"http://{listen}/unsubscribe/{app.keys.sign(Purpose.UNSUBSCRIBE, leaver)}"
    ticker = Ticker(app, clock=lambda: NOON)
    ticker.collect()
    # It has to start first.
    asking = httpx.HTTPTransport(retries=8)
    with served_and_killed(app), httpx.Client(transport=asking) as client, pytest.raises(httpx.RemoteProtocolError):
        client.post(link)
    ticker.publish()
    with serving(create_site(app, clock=lambda: NOON), listen):
        assert httpx.post(link).status_code == 200
    ticker.deliver()
    with app.store.reading() as connection:
        assert count_by_state(connection) == {DeliveryState.SKIPPED: 1, DeliveryState.SENT: 1}
        assert [one.state for one in all_subscriptions(connection)] == [
            SubscriptionState.UNSUBSCRIBED,
            SubscriptionState.ACTIVE,
        ]
    assert damage(app.store) == []
