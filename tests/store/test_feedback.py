"""What readers said of papers."""

from dataclasses import replace
from datetime import timedelta

import pytest
from personas import DIFFUSION, NOON, choices, papers_come_in, reader_joins

from digest.app import App
from digest.model import Feedback, Want
from digest.store.feedback import feedback_of, set_feedback, take_back

MINUTE = timedelta(minutes=1)


@pytest.fixture
def readers(app: App) -> tuple[int, int]:
    papers_come_in(app.store)
    return reader_joins(app, "ada@example.org", choices()), reader_joins(app, "bob@example.org", choices())


def say(app: App, who: int, paper_id: int, want: Want, *, minute: int = 0, interest: str = "") -> None:
    with app.store.writing() as connection:
        set_feedback(connection, who, paper_id=paper_id, want=want, interest=interest, now=NOON + minute * MINUTE)


def said(app: App, *who: int) -> dict[int, list[tuple[int, Want]]]:
    with app.store.reading() as connection:
        return {n: [(one.paper_id, one.want) for one in some] for n, some in feedback_of(connection, who).items()}


def test_what_each_reader_said_is_kept_apart_the_newest_first(app: App, readers: tuple[int, int]) -> None:
    ada, bob = readers
    say(app, ada, 1, Want.MORE, minute=1, interest="diffusion models")
    say(app, ada, 3, Want.LESS, minute=2)
    say(app, bob, 1, Want.LESS)
    assert said(app, ada, bob) == {ada: [(3, Want.LESS), (1, Want.MORE)], bob: [(1, Want.LESS)]}
    assert said(app, bob) == {bob: [(1, Want.LESS)]}
    assert said(app) == {}
    with app.store.reading() as connection:
        assert feedback_of(connection, [ada])[ada][1] == Feedback(
            paper_id=1, want=Want.MORE, interest="diffusion models", said_at=NOON + MINUTE
        )


def test_a_later_word_on_the_same_paper_replaces_the_earlier(app: App, readers: tuple[int, int]) -> None:
    say(app, readers[0], 1, Want.MORE)
    say(app, readers[0], 2, Want.MORE, minute=1)
    say(app, readers[0], 1, Want.LESS, minute=2)
    assert said(app, readers[0]) == {readers[0]: [(1, Want.LESS), (2, Want.MORE)]}


def test_a_word_is_taken_back_once(app: App, readers: tuple[int, int]) -> None:
    ada, bob = readers
    say(app, ada, 1, Want.MORE)
    say(app, bob, 1, Want.MORE)
    with app.store.writing() as connection:
        assert take_back(connection, ada, paper_id=1)
        assert not take_back(connection, ada, paper_id=1)
        assert not take_back(connection, ada, paper_id=2)
    assert said(app, ada, bob) == {bob: [(1, Want.MORE)]}


def test_what_was_said_of_a_paper_holds_for_the_one_it_is_joined_to(app: App, readers: tuple[int, int]) -> None:
    """Where a reader has spoken of both, the last word; of two at once, that on the one that stays."""
    ada, bob = readers
    papers_come_in(app.store, [replace(DIFFUSION, title="A Sampler of Four Strides", aliases=("doi:10.1000/7",))])
    say(app, ada, 4, Want.LESS)
    say(app, bob, 4, Want.MORE)
    say(app, bob, 1, Want.LESS)
    papers_come_in(app.store, [replace(DIFFUSION, aliases=(*DIFFUSION.aliases, "doi:10.1000/7"))])
    assert said(app, ada, bob) == {ada: [(1, Want.LESS)], bob: [(1, Want.LESS)]}


@pytest.mark.parametrize(("minutes", "holds"), [((1, 2), Want.LESS), ((2, 1), Want.MORE)])
def test_of_two_papers_that_are_joined_the_later_word_holds(
    app: App, readers: tuple[int, int], minutes: tuple[int, int], holds: Want
) -> None:
    ada, bob = readers
    papers_come_in(app.store, [replace(DIFFUSION, title="A Sampler of Four Strides", aliases=("doi:10.1000/7",))])
    say(app, ada, 1, Want.MORE, minute=minutes[0])
    say(app, ada, 4, Want.LESS, minute=minutes[1])
    say(app, bob, 1, Want.MORE)
    papers_come_in(app.store, [replace(DIFFUSION, aliases=(*DIFFUSION.aliases, "doi:10.1000/7"))])
    assert said(app, ada, bob) == {ada: [(1, holds)], bob: [(1, Want.MORE)]}
