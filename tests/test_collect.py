from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from dialects import store_on_sqlite
from personas import DIFFUSION, NOON, PAPERS, ROBOTS, papers_come_in
from places import SHARED_DATA, needs_data

from digest.collect import collect
from digest.errors import SourceError
from digest.model import Listing
from digest.refit import refit_background
from digest.sources import Page
from digest.sources.files import Files
from digest.store import Store
from digest.store.backgrounds import latest_background
from digest.store.features import features_of, uncounted
from digest.store.papers import papers_listed
from digest.store.sources import Health, health

WEEK = timedelta(days=7)


class Shelf:
    """A source that lists what it was given, a page each, and may then fail."""

    def __init__(self, name: str, pages: Sequence[Sequence[Listing]], *, error: str = "") -> None:
        self.name, self.pages, self.error = name, pages, error
        self.asked_since: date | None = None

    def listings(self, *, since: date, now: datetime) -> Iterator[Page]:
        self.asked_since = since
        for number, page in enumerate(self.pages, 1):
            yield Page(label=f"page {number}", listings=tuple(page), cursor=str(number))
        if self.error:
            raise SourceError(self.name, self.error)


def titles(store: Store) -> list[str]:
    with store.reading() as connection:
        return sorted(paper.title for paper in papers_listed(connection, since=NOON - 99 * WEEK, now=NOON))


def healths(store: Store) -> dict[str, Health]:
    with store.reading() as connection:
        return {one.name: one for one in health(connection)}


def test_a_failing_source_keeps_what_it_gave_and_stops_no_other(store: Store) -> None:
    broken = Shelf("broken", [[DIFFUSION]], error="it broke off. Wait.")
    sound = Shelf("sound", [[ROBOTS]])
    collected = collect(store, [broken, sound], now=NOON, look_back=WEEK)
    assert [one.error for one in collected] == ["broken: it broke off. Wait.", ""]
    assert titles(store) == sorted([DIFFUSION.title, ROBOTS.title])
    assert healths(store)["broken"].failures == 1
    assert healths(store)["broken"].cursor == ""
    assert (healths(store)["sound"].cursor, healths(store)["sound"].succeeded_at) == ("1", NOON)


def test_a_fault_in_reading_one_source_stops_no_other(store: Store) -> None:
    class Faulty(Shelf):
        def listings(self, *, since: date, now: datetime) -> Iterator[Page]:
            yield from super().listings(since=since, now=now)
            raise ValueError("something that nobody thought of")

    collected = collect(store, [Faulty("faulty", [[DIFFUSION]]), Shelf("sound", [[ROBOTS]])], now=NOON, look_back=WEEK)
    assert [one.error.partition(" while")[0] for one in collected] == ["faulty: ValueError", ""]
    assert titles(store) == sorted([DIFFUSION.title, ROBOTS.title])


def test_a_source_that_recovers_is_sound_again_and_keeps_its_cursor_while_it_fails(store: Store) -> None:
    collect(store, [Shelf("one", [PAPERS, []])], now=NOON, look_back=WEEK)
    collect(store, [Shelf("one", [], error="gone.")], now=NOON, look_back=WEEK)
    collect(store, [Shelf("one", [], error="gone.")], now=NOON, look_back=WEEK)
    assert (healths(store)["one"].failures, healths(store)["one"].cursor) == (2, "2")
    collect(store, [Shelf("one", [PAPERS])], now=NOON, look_back=WEEK)
    assert (healths(store)["one"].failures, healths(store)["one"].error) == (0, "")


def test_sources_are_read_back_to_the_look_back(store: Store) -> None:
    source = Shelf("one", [])
    collect(store, [source], now=NOON, look_back=WEEK)
    assert source.asked_since == date(2026, 6, 12)


def test_texts_are_cleaned_on_their_way_in_and_kept_raw_besides(store: Store) -> None:
    raw = replace(DIFFUSION, title="Few-Step\n  Sampling \u202eof 5\\% Noise", authors=("Ann\nLarch",))
    collect(store, [Shelf("one", [[raw]])], now=NOON, look_back=WEEK)
    assert titles(store) == ["Few-Step Sampling of 5% Noise"]


def test_a_text_that_no_store_can_hold_is_stored_without_it(store: Store, tmp_path: Path) -> None:
    answer = tmp_path / "answer.json"
    answer.write_text(r'[{"paper": {"id": "2606.18023", "title": "Owls \ud83d", "summary": "They \u0000see."}}]')
    [collected] = collect(store, [Files([answer])], now=NOON, look_back=WEEK)
    assert (collected.error, collected.recorded.new) == ("", 1)
    assert titles(store) == ["Owls"]


def test_collecting_twice_changes_nothing(store: Store) -> None:
    first = collect(store, [Shelf("one", [PAPERS])], now=NOON, look_back=WEEK)
    second = collect(store, [Shelf("one", [PAPERS])], now=NOON + timedelta(hours=2), look_back=WEEK)
    assert (first[0].recorded.new, second[0].recorded.new, second[0].recorded.changed) == (3, 0, 0)


def test_the_background_is_fitted_when_there_is_none_when_it_is_old_and_when_papers_have_doubled(store: Store) -> None:
    def version() -> int:
        with store.reading() as connection:
            latest = latest_background(connection)
        return 0 if latest is None else latest.version

    assert not refit_background(store, now=NOON)
    collect(store, [Shelf("one", [PAPERS])], now=NOON, look_back=WEEK)
    assert version() == 0
    assert refit_background(store, now=NOON)
    assert not refit_background(store, now=NOON + timedelta(days=6))
    assert refit_background(store, now=NOON + timedelta(days=7))
    more = [replace(DIFFUSION, title=f"Another {n}", aliases=(f"arxiv:2606.1000{n}",)) for n in range(3)]
    collect(store, [Shelf("one", [more])], now=NOON + timedelta(days=7), look_back=WEEK)
    assert refit_background(store, now=NOON + timedelta(days=7))
    assert not refit_background(store, now=NOON + timedelta(days=7))
    assert version() == 3


def test_collecting_counts_what_is_new_and_what_was_left_uncounted(store: Store) -> None:
    papers_come_in(store, [ROBOTS])
    collect(store, [Shelf("one", [PAPERS])], now=NOON, look_back=WEEK)
    with store.reading() as connection:
        assert uncounted(connection) == []
        assert features_of(connection, [1, 2, 3]).keys() == {1, 2, 3}


@pytest.mark.slow
@needs_data
def test_the_four_captured_pages_are_458_papers(store: Store) -> None:
    pages = sorted((SHARED_DATA / "seeds").glob("*.txt"))
    [collected] = collect(store, [Files(pages)], now=NOON, look_back=WEEK)
    assert (collected.recorded.read, collected.recorded.new) == (478, 458)


@store_on_sqlite
@needs_data
@pytest.mark.slow
def test_every_recorded_list_is_read_without_loss(store: Store) -> None:
    lists: list[Path] = sorted((SHARED_DATA / "huggingface" / "daily").glob("*.json"))
    [collected] = collect(store, [Files(lists)], now=NOON, look_back=WEEK)
    assert (collected.recorded.read, collected.recorded.new) == (1836, 1834)
