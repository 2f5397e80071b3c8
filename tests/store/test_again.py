"""Two transactions that wait for each other: PostgreSQL ends one of them, and what it was to do is done after all."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from conftest import store_url
from sqlalchemy import text

from digest.errors import StoreContestedError
from digest.store import Store, open_store
from digest.store.again import tried_again


@pytest.fixture
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(store_url("postgresql", request, tmp_path), folder=tmp_path)
    with opened.writing() as connection:
        connection.execute(text("INSERT INTO ticks (name, at) VALUES ('one', now()), ('other', now())"))
    yield opened
    opened.close()


def crossed(store: Store, how: Callable[[Callable[..., str]], Callable[..., str]]) -> list[Exception | None]:
    """Two that take the same rows in opposite orders, at their first try at the same moment; how each ended."""
    both_have_one = Barrier(2)

    def taking(first: str, second: str, is_first_try: list[bool]) -> str:
        with store.writing() as connection:
            connection.execute(text("SET LOCAL deadlock_timeout = '10ms'"))
            take = text("UPDATE ticks SET at = now() WHERE name = :name")
            connection.execute(take, {"name": first})
            if is_first_try:
                is_first_try.clear()
                both_have_one.wait(20)
            connection.execute(take, {"name": second})
        return "done"

    with ThreadPoolExecutor(2) as threads:
        jobs = [threads.submit(how(taking), *rows, [True]) for rows in (("one", "other"), ("other", "one"))]
        return [job.exception() for job in jobs]  # type: ignore[misc]


@pytest.mark.slow
def test_whichever_gives_way_is_told_so_in_a_sentence(served: Store) -> None:
    [error] = [error for error in crossed(served, lambda job: job) if error is not None]
    assert isinstance(error, StoreContestedError)
    assert str(error).endswith("it gave way to another transaction. Nothing was half-written; try again.")


@pytest.mark.slow
def test_a_job_that_is_one_transaction_is_tried_again(served: Store) -> None:
    assert crossed(served, tried_again) == [None, None]
