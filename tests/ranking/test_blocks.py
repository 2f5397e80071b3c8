"""How many profiles are scored together changes nothing but the time."""

from functools import cache

import numpy as np
from folders import paper_rows

from digest.ranking.background import Background, fit
from digest.ranking.features import paper_bag
from digest.ranking.neighbours import SHELVED_AT_ONCE, shelved
from digest.ranking.relevance import AT_ONCE, Profile, Relevance

BAGS = [paper_bag(row["title"], row["abstract"]) for row in paper_rows()]


@cache
def background() -> Background:
    return fit(BAGS, version=1)


def relevance() -> Relevance:
    shelf = shelved(background(), range(len(BAGS)), BAGS)
    return Relevance(background(), shelf=shelf, papers=background().documents(BAGS[:50]))


def test_profiles_score_the_same_alone_and_among_more_than_fit_into_a_block() -> None:
    topics = ["robot laundry", "noisy speech", "graph partition", "of the", "unheard of"]
    some = [
        *(Profile(topic=topic) for topic in topics),
        Profile(liked=(3, 4, 170)),
        Profile(topic="graph node", liked=(60,), disliked=(100, 101)),
        Profile(disliked=(5,)),
        Profile(),
    ]
    every = [some[at % len(some)] for at in range(AT_ONCE + len(some))]
    together, shared = relevance().scores(every, {}), relevance()
    for at in (*range(len(some)), AT_ONCE - 1, AT_ONCE, len(every) - 1):
        for scorer in (relevance(), shared):
            alone = scorer.scores([every[at]], {})
            np.testing.assert_allclose(together.values[at], alone.values[0], atol=1e-4)
            np.testing.assert_allclose(together.floors[at], alone.floors[0], atol=1e-4)
            assert together.share[at].tolist() == alone.share[0].tolist()


def test_a_shelf_that_is_filled_in_parts_is_that_filled_at_once() -> None:
    many = [BAGS[at % len(BAGS)] for at in range(SHELVED_AT_ONCE + 10)]
    shelf, whole = shelved(background(), range(len(many)), many), background().documents(many).halved()
    assert (shelf.documents.x != whole.x).nnz == 0
    for part in ("to_mean", "projected", "latent", "meaning"):
        np.testing.assert_allclose(getattr(shelf.documents, part), getattr(whole, part), atol=1e-3)


def test_an_empty_shelf_can_be_made() -> None:
    assert len(shelved(background(), [], []).documents) == 0


def test_papers_that_are_not_shelved_are_scored_from_their_features() -> None:
    half = range(0, len(BAGS), 2)
    shelf = shelved(background(), half, [BAGS[at] for at in half])
    scorer = Relevance(background(), shelf=shelf, papers=background().documents(BAGS[:50]))
    known = dict(enumerate(BAGS))
    [shelved_alone], [mixed] = (
        scorer.scores([Profile(liked=(0, 2))], known).values,
        scorer.scores([Profile(liked=(0, 1))], known).values,
    )
    assert shelved_alone[:20].mean() > shelved_alone[40:].mean()
    assert mixed[:20].mean() > mixed[40:].mean()
    assert not np.allclose(shelved_alone, mixed)
