from datetime import datetime, UTC, timedelta
import pytest
from digest.collect import collect
from digest.model import Listing
from digest.sources import Page


class S:
    name = "x"

    def __init__(s, *l):
        s.l = l

    def listings(s, *, since, now):
        yield Page(label="a", listings=s.l)


@pytest.mark.parametrize("t", ["a\ud800b", "a\x00b"])
def test_it(store, t):
    collect(
        store,
        [S(Listing(title=t, categories=("x" + t[1],)))],
        now=datetime(2026, 6, 19, tzinfo=UTC),
        look_back=timedelta(days=7),
    )


@pytest.mark.parametrize("t", ["\u200b", "\x00"])
def test_empty(store, t):
    print(collect(store, [S(Listing(title=t))], now=datetime(2026, 6, 19, tzinfo=UTC), look_back=timedelta(days=7)))
