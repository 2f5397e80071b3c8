"""Subscriptions' papers, out of the store."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from dialects import app_on_sqlite
from library import library
from listed import author, mute, topic
from personas import DIFFUSION, NOON, TODAY, choices, papers_come_in, reader_joins
from sqlalchemy import update

from digest.app import App
from digest.choose import MOST_LIKED, choose, pasts_of, profiles, readers_of, take_stock
from digest.collect import count_features
from digest.model import (
    Cadence,
    Choices,
    Feedback,
    Interest,
    InterestKind,
    Listing,
    ReasonKind,
    Selection,
    Want,
    Weights,
)
from digest.ranking.features import pack_bag, paper_bag
from digest.ranking.relevance import Profile
from digest.refit import refit_background
from digest.store.feedback import set_feedback, take_back
from digest.store.subscribers import subscription_numbered
from digest.store.tables import backgrounds, features, papers
from digest.text import CLEANING

pytestmark = pytest.mark.slow

SUBJECTS = 30
LISTINGS = [
    Listing(title=one.title, abstract=one.abstract, aliases=(f"arxiv:2606.{n:05}",), listed_on=TODAY)
    for n, one in enumerate(library(150), 1)
]
"""Paper n is of the same subject as n + 30, and as no other nearer by."""


def said(paper_id: int, want: Want = Want.MORE, interest: str = "") -> Feedback:
    return Feedback(paper_id=paper_id, want=want, interest=interest, said_at=NOON)


def example(name: str) -> Interest:
    return Interest(kind=InterestKind.EXAMPLE, value=name)


def test_every_topic_is_a_profile_with_what_was_said_under_it() -> None:
    interests = [topic("graphs"), author("Ann Larch"), topic("proofs"), mute("speech")]
    words = [
        said(5, interest="proofs"),
        said(4, interest="graphs"),
        said(3, Want.LESS, "graphs"),
        said(2, interest="graphs"),
    ]
    assert profiles(interests, words, {}) == [Profile("graphs", (4, 2), (3,)), Profile("proofs", (5,))]


def test_without_topics_and_likes_there_is_no_profile() -> None:
    assert profiles([], [], {}) == []
    assert profiles([author("Ann Larch")], [said(1, Want.LESS)], {}) == []


def test_likes_of_no_topic_or_one_that_is_gone_are_a_profile_of_their_own() -> None:
    words = [said(3, interest="a topic of last year"), said(2), said(1, interest="Ann Larch")]
    assert profiles([topic("graphs")], words, {}) == [Profile("graphs"), Profile("", (3, 2, 1))]


def test_examples_are_liked_as_far_as_they_are_known() -> None:
    interests = [example("arxiv:1"), topic("graphs"), example("arxiv:2"), example("arxiv:3")]
    known = {"arxiv:1": 7, "arxiv:3": 8}
    assert profiles(interests, [said(9), said(8)], known) == [Profile("graphs"), Profile("", (9, 7, 8))]


def test_a_dislike_of_no_topic_counts_against_every_profile() -> None:
    words = [said(4, Want.LESS), said(3, Want.LESS, "graphs"), said(2), said(1, Want.LESS, "gone")]
    assert profiles([topic("graphs"), topic("proofs")], words, {}) == [
        Profile("graphs", (), (3, 4, 1)),
        Profile("proofs", (), (4, 1)),
        Profile("", (2,), (4, 1)),
    ]


def test_the_newest_likes_speak_for_a_reader() -> None:
    words = [said(number, interest="graphs") for number in range(100, 0, -1)]
    [profile] = profiles([topic("graphs")], words, {})
    assert profile.liked == tuple(range(100, 100 - MOST_LIKED, -1))


@pytest.mark.parametrize(
    ("likes", "examples", "heard"),
    [(100, 60, (20, 20)), (100, 5, (35, 5)), (3, 60, (3, 37)), (50, 0, (40, 0)), (10, 10, (10, 10))],
)
def test_neither_likes_nor_examples_silence_the_other(likes: int, examples: int, heard: tuple[int, int]) -> None:
    words = [said(number) for number in range(likes, 0, -1)]
    named = {f"arxiv:{number}": 1000 + number for number in range(examples)}
    [profile] = profiles([example(name) for name in named], words, named)
    assert sorted(profile.liked) == [
        *range(likes - heard[0] + 1, likes + 1),
        *range(1000, 1000 + heard[1]),
    ]


@pytest.fixture
def stocked(app: App) -> App:
    """An installation whose papers are counted, and whose background is fitted."""
    papers_come_in(app.store, LISTINGS)
    count_features(app.store)
    assert refit_background(app.store, now=NOON)
    return app


def chosen(app: App, *numbers: int) -> list[Selection]:
    with app.store.reading() as connection:
        stock = take_stock(connection, sources=["test"], cadences=[Cadence.DAILY], now=NOON)
        found = [subscription_numbered(connection, number) for number in numbers]
        readers = [one for one in found if one is not None]
        pasts = pasts_of(connection, readers, now=NOON)
        return choose(connection, stock, readers, pasts=pasts, weights=Weights(), now=NOON)


def joins(app: App, *interests: Interest, name: str = "ada", **values: object) -> int:
    wanted: Choices = replace(choices(), interests=interests, **values)  # type: ignore[arg-type]
    return reader_joins(app, f"{name}@example.org", wanted)


def likes(app: App, who: int, *numbers: int, want: Want = Want.MORE) -> None:
    with app.store.writing() as connection:
        for number in numbers:
            set_feedback(connection, who, paper_id=number, want=want, interest="", now=NOON)


def matches(selection: Selection) -> set[int]:
    return {pick.paper_id for pick in selection.picks if pick.reason.kind is ReasonKind.LIKED}


def of_subject(number: int, *, but: Sequence[int]) -> set[int]:
    return {other for other in range(1, 151) if (other - number) % SUBJECTS == 0} - set(but)


@app_on_sqlite
def test_a_like_changes_the_next_selection_and_its_taking_back_changes_it_back(stocked: App) -> None:
    who = joins(stocked)
    [before] = chosen(stocked, who)
    assert {pick.reason.kind for pick in before.picks} == {ReasonKind.TRENDING}
    likes(stocked, who, 8)
    [after] = chosen(stocked, who)
    assert of_subject(8, but=[8]) <= matches(after)
    assert after.considered == before.considered - 1
    with stocked.store.writing() as connection:
        assert take_back(connection, who, paper_id=8)
    assert chosen(stocked, who) == [before]


@app_on_sqlite
def test_a_like_is_nobody_elses(stocked: App) -> None:
    ada, bob = joins(stocked), joins(stocked, name="bob")
    before = chosen(stocked, bob)
    likes(stocked, ada, 8)
    assert matches(chosen(stocked, ada, bob)[0])
    assert chosen(stocked, ada, bob)[1:] == before


@app_on_sqlite
def test_an_example_brings_papers_like_it_and_is_not_sent_itself(stocked: App) -> None:
    who = joins(stocked, example("arxiv:2606.00008"), example("arxiv:9999.99999"))
    [selection] = chosen(stocked, who)
    assert of_subject(8, but=[8]) <= matches(selection)
    assert 8 not in {pick.paper_id for pick in selection.picks}


@app_on_sqlite
def test_a_disliked_paper_is_not_sent_and_its_like_fall_behind(stocked: App) -> None:
    topical = topic(" ".join(LISTINGS[7].title.split()[:2]))
    who = joins(stocked, topical, only_matches=True)
    [before] = chosen(stocked, who)
    disliked = before.picks[0].paper_id
    likes(stocked, who, disliked, want=Want.LESS)
    [after] = chosen(stocked, who)
    assert disliked not in {pick.paper_id for pick in after.picks}
    scores = {pick.paper_id: pick.score for pick in before.picks}
    lowered = [pick for pick in after.picks if pick.paper_id in of_subject(disliked, but=[])]
    assert lowered
    assert all(pick.score < scores[pick.paper_id] for pick in lowered)


@app_on_sqlite
def test_a_liked_paper_whose_newer_version_is_not_counted_yet_still_speaks(stocked: App) -> None:
    who = joins(stocked)
    likes(stocked, who, 8)
    before = matches(chosen(stocked, who)[0])
    papers_come_in(stocked.store, [replace(LISTINGS[7], abstract=f"{LISTINGS[7].abstract} Anew.", version=2)])
    assert len(matches(chosen(stocked, who)[0]) & before) >= len(before) - 1


@app_on_sqlite
def test_a_liked_paper_of_long_ago_speaks_though_it_is_no_candidate(stocked: App) -> None:
    old = replace(LISTINGS[7], title="Before", aliases=("arxiv:2506.00001",), listed_on=TODAY - timedelta(days=365))
    papers_come_in(stocked.store, [old])
    count_features(stocked.store)
    who = joins(stocked)
    likes(stocked, who, 151)
    [selection] = chosen(stocked, who)
    assert selection.considered == 150
    assert of_subject(8, but=[]) <= matches(selection)


def test_papers_that_are_not_counted_yet_can_be_chosen(app: App) -> None:
    papers_come_in(app.store, [DIFFUSION])
    [selection] = chosen(app, joins(app, topic("diffusion models")))
    assert [(pick.paper_id, pick.reason.kind) for pick in selection.picks] == [(1, ReasonKind.TOPIC)]


def test_until_they_are_counted_anew_papers_are_measured_by_nothing_that_an_older_reading_counted(stocked: App) -> None:
    """Between an upgrade and the first collect."""
    who = joins(stocked, topic(" ".join(LISTINGS[7].title.split()[:2])), only_matches=True)
    with stocked.store.writing() as connection:
        connection.execute(update(papers).values(cleaning=CLEANING - 1))
        connection.execute(update(features).values(content=pack_bag(paper_bag("as it was then", ""))))
        connection.execute(update(backgrounds).values(content=b"as it was then"))
    [selection] = chosen(stocked, who)
    assert 8 in {pick.paper_id for pick in selection.picks}


def test_where_there_are_no_papers_nothing_is_chosen(app: App) -> None:
    assert chosen(app, joins(app, topic("diffusion models"))) == [Selection(considered=0, picks=())]


@app_on_sqlite
def test_only_what_no_shelf_holds_is_read_again(stocked: App) -> None:
    who = joins(stocked)
    likes(stocked, who, 8, 9)
    with stocked.store.reading() as connection:
        stock = take_stock(connection, sources=["test"], cadences=[Cadence.DAILY], now=NOON)
        reader = subscription_numbered(connection, who)
        assert reader is not None
        pasts = pasts_of(connection, [reader], now=NOON)
        _, known = readers_of(connection, stock, [reader], pasts=pasts, weights=Weights(), now=NOON)
    assert known == {}
