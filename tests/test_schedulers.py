"""Several schedulers on one PostgreSQL: whatever ticks at the same minute, its work is done once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest
from conftest import store_url
from logged import lines_logged
from personas import NOON, choices, papers_come_in, reader_joins
from pytest_httpserver import HTTPServer
from sqlalchemy import func, select

from digest.app import App
from digest.installation import open_app
from digest.scheduler import Ticker
from digest.store.deliveries import count_by_state
from digest.store.tables import papers, subscriptions

SCHEDULERS, READERS = 3, 60

FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>News</title>
<item><title>Weather from Old Maps</title><link>https://papers.example.org/9</link>
<pubDate>Fri, 19 Jun 2026 10:00:00 GMT</pubDate><description>Old maps tell of storms.</description></item>
</channel></rss>"""


@pytest.fixture
def apps(
    install: Callable[..., App], request: pytest.FixtureRequest, tmp_path: Path, httpserver: HTTPServer
) -> Iterator[list[App]]:
    """An installation whose readers' hour has come, opened by as many processes as tick."""
    httpserver.expect_request("/feed").respond_with_data(FEED, content_type="application/rss+xml")
    sources = {"huggingface": {"enabled": False}, "feed": {"news": {"url": httpserver.url_for("/feed")}}}
    app = install(store={"url": store_url("postgresql", request, tmp_path)}, sources=sources)
    papers_come_in(app.store)
    for number in range(READERS):
        reader_joins(app, f"reader{number}@example.org", choices("diffusion"))
    opened = [open_app(app.config) for _ in range(SCHEDULERS)]
    yield opened
    for one in opened:
        one.store.close()


@pytest.mark.slow
def test_what_three_schedulers_tick_at_the_same_minute_is_done_once(apps: list[App], tmp_path: Path) -> None:
    at_once = Barrier(SCHEDULERS, timeout=120)

    def ticks(app: App) -> None:
        ticker = Ticker(app, clock=lambda: NOON + timedelta(minutes=1))
        for job in (ticker.collect, ticker.publish, ticker.deliver, ticker.tidy):
            at_once.wait()
            ticker.tick(job)

    with lines_logged() as logged, ThreadPoolExecutor(SCHEDULERS) as threads:
        list(threads.map(ticks, apps))
    assert [line for line in logged if line["level"] == "error"] == []
    told = {
        what: [line for line in logged if line["event"] == what] for what in ("collected", "published", "delivered")
    }
    # Each has read the source, whose paper was new to one of them.
    assert (len(told["collected"]), sum(line["new"] for line in told["collected"])) == (SCHEDULERS, 1)
    assert sum(line["queued"] for line in told["published"]) == READERS
    assert sum(line.get("sent", 0) for line in told["delivered"]) == READERS
    assert len(list((tmp_path / "var/outbox/new").iterdir())) == READERS
    with apps[0].store.reading() as connection:
        assert count_by_state(connection) == {"sent": READERS}
        assert connection.execute(select(func.count()).where(papers.c.title == "Weather from Old Maps")).scalar() == 1
        assert connection.execute(select(func.count()).where(subscriptions.c.next_due_at <= NOON)).scalar() == 0
