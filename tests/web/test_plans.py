"""What is asked again and again finds its rows by an index, on either database, however many readers there are."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import store_url
from pages import people_it, readable, visits
from personas import DIFFUSION, papers_come_in
from plans import crowd, listening, scans
from sites import Place

from digest.clock import mind_clock
from digest.subscribe import forget_unconfirmed, unsubscribe
from digest.tidy import tidy


@pytest.fixture(params=["sqlite", "postgresql"])
def crowded(request: pytest.FixtureRequest, open_place: Callable[..., Place], tmp_path: Path) -> Place:
    """A site whose few readers, with all that one can have, are among many."""
    place = people_it(open_place(with_outbox=True, store={"url": store_url(request.param, request, tmp_path)}))
    place.client.post(f"/feedback/{place.feedback_token(3)}?paper=1&want=more")
    crowd(place.app.store.engine)
    return place


@pytest.mark.slow
def test_publishing_delivering_and_tidying_read_no_table_of_readers_from_end_to_end(crowded: Place) -> None:
    engine = crowded.app.store.engine
    crowded.clock.now += timedelta(days=1)
    paper = replace(DIFFUSION, title="News", aliases=("arxiv:2606.00009",), listed_on=crowded.clock.now.date())
    papers_come_in(crowded.app.store, [paper], now=crowded.clock.now)
    with listening(engine) as asked:
        mind_clock(crowded.app.store, now=crowded.clock.now)
        crowded.publish()
        forget_unconfirmed(crowded.app.store, now=crowded.clock.now)
        crowded.deliver()
        assert unsubscribe(crowded.app.store, 10_001, now=crowded.clock.now)
        tidy(crowded.app.store, keeping=crowded.app.keeping, now=crowded.clock.now)
    assert scans(engine, asked) == []


@pytest.mark.slow
def test_no_page_reads_a_table_of_readers_from_end_to_end(crowded: Place) -> None:
    engine = crowded.app.store.engine
    with listening(engine) as asked:
        for path in readable(crowded):
            crowded.client.get(path)
        for _ in visits(crowded):
            pass
    assert scans(engine, asked) == []
