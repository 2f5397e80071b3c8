"""Where a paper stands is what choosing does with it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from listed import MIDNIGHT, author, mute, paper
from themes import EACH, THEMES, themed, words

from digest.model import Paper, Signals, Weights
from digest.ranking.background import fit
from digest.ranking.candidates import Candidates
from digest.ranking.features import paper_bag
from digest.ranking.neighbours import Shelf
from digest.ranking.relevance import Profile
from digest.ranking.selection import choose
from digest.ranking.standing import Bar, Standing, standing
from digest.ranking.weighing import Reader

NOW = MIDNIGHT + timedelta(hours=12)
LIBRARY = [themed(theme, number) for theme in THEMES for number in range(EACH)]


def candidates(papers: Sequence[Paper]) -> Candidates:
    """The papers, measured against the library."""
    others = [paper_bag(one.title, one.abstract) for one in LIBRARY]
    bags = [paper_bag(one.title, one.abstract) for one in papers]
    background = fit(others, version=1)
    shelf = Shelf(np.arange(1000, 1000 + len(others), dtype=np.int64), background.documents(others).halved())
    return Candidates(papers, bags, background=background, shelf=shelf, now=NOW)


def reader(*wishes: Profile, limit: int = 2, only_matches: bool = False, muted: str = "") -> Reader:
    return Reader(
        wishes=wishes,
        mutes=(mute(muted),) if muted else (),
        limit=limit,
        weights=Weights(),
        listed_since=MIDNIGHT - timedelta(days=7),
        seen_after=None,
        already_sent=(),
        only_matches=only_matches,
    )


def about(theme: int, number: int, *, upvotes: int = 0, authors: Sequence[str] = ()) -> Paper:
    """A paper whose title holds the first two words of its subject."""
    listing = themed(theme, number, title=" ".join(words(theme)[:2]))
    return paper(number, listing.title, listing.abstract, upvotes=upvotes, authors=authors)


TREES = Profile(" ".join(words(0)[:2]))
BIRDS = Profile(" ".join(words(1)[:2]))
PAPERS = [
    *(about(0, number, upvotes=50 - 10 * number) for number in (1, 2, 3)),
    about(1, 4, upvotes=10),
    *(about(theme, theme + 3, upvotes=7 - theme) for theme in range(2, 7)),
]


def stand(number: int, who: Reader, papers: Sequence[Paper] = PAPERS) -> Standing:
    prepared = candidates(papers)
    return standing(prepared, who, {}, prepared.positions[number])


def test_the_best_match_stands_first_and_is_chosen() -> None:
    found = stand(1, reader(TREES))
    assert (found.place, found.considered, found.is_chosen, found.bar) == (1, 9, True, None)
    assert found.matches[0].fits
    assert PAPERS[0].title.startswith(found.matches[0].terms[0][0])
    assert list(dict(found.matches[0].terms).values()) == sorted(dict(found.matches[0].terms).values(), reverse=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "who", "bar"),
    [
        (3, reader(TREES), Bar.LIMIT),
        (2, reader(TREES, BIRDS), Bar.SHARE),
        (9, reader(TREES, limit=9), Bar.TRENDING),
        (5, reader(TREES, limit=9, only_matches=True), Bar.MATCHES_ONLY),
        (3, reader(), Bar.LIMIT),
    ],
)
def test_what_keeps_a_paper_out_is_named(number: int, who: Reader, bar: Bar) -> None:
    found = stand(number, who)
    assert not found.is_chosen
    assert found.bar is bar


@pytest.mark.slow
def test_a_twin_of_a_better_paper_is_named() -> None:
    again = replace(PAPERS[0], id=10, signals=Signals(upvotes=2))
    found = stand(10, reader(TREES, limit=9), [*PAPERS, again])
    assert (found.bar, found.twin, found.is_chosen) == (Bar.TWIN, 1, False)


@pytest.mark.slow
def test_a_muted_paper_has_no_place_but_a_score() -> None:
    found = stand(1, reader(TREES, muted=words(0)[0]))
    assert (found.place, found.is_chosen, found.bar) == (None, False, None)
    assert found.relevance is not None


@pytest.mark.slow
def test_the_parts_sum_to_the_score_that_it_was_chosen_with() -> None:
    prepared, who = candidates(PAPERS), reader(TREES, limit=9)
    chosen = choose(prepared, [who], {})
    at = chosen.positions[0].tolist().index(prepared.positions[2])
    found = standing(prepared, who, {}, prepared.positions[2])
    assert found.relevance is not None
    assert found.relevance + found.trend + found.novelty == pytest.approx(float(chosen.scores[0, at]), rel=1e-4)


@pytest.mark.slow
def test_every_paper_is_chosen_or_kept_out_as_choosing_has_it() -> None:
    prepared = candidates(PAPERS)
    for who in (reader(), reader(TREES, limit=1), reader(TREES, BIRDS, limit=4), reader(BIRDS, limit=20)):
        positions = set(choose(prepared, [who], {}).positions[0].tolist()) - {-1}
        found = [standing(prepared, who, {}, position) for position in range(len(PAPERS))]
        assert {position for position, one in enumerate(found) if one.is_chosen} == positions
        assert all((one.bar is None) == one.is_chosen for one in found)
        assert sorted(one.place or 0 for one in found) == list(range(1, len(PAPERS) + 1))


@pytest.mark.slow
def test_people_have_no_score_of_their_own() -> None:
    prepared = candidates([*PAPERS, about(9, 11, authors=["Ann Larch"])])
    who = reader(TREES)
    found = standing(prepared, replace(who, wishes=(*who.wishes, author("ann larch"))), {}, prepared.positions[11])
    assert [(match.fits, match.score is None) for match in found.matches] == [(False, False), (True, True)]
    assert found.is_chosen


@pytest.mark.slow
def test_the_place_of_what_was_missed_is_none_of_an_interests_share() -> None:
    before = replace(about(0, 11, upvotes=90), first_seen_at=MIDNIGHT - timedelta(days=2))
    who = replace(reader(TREES, limit=3), seen_after=MIDNIGHT - timedelta(days=1), risen=frozenset({11}))
    found = stand(3, who, [*PAPERS, before])
    assert (found.is_chosen, found.bar, found.room) == (False, Bar.LIMIT, 2)
