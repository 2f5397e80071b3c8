"""A made-up library: papers of thirty subjects, each with words of its own, and what is chosen from it."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import cache
from random import Random

import numpy as np
from listed import MIDNIGHT, paper

from digest.model import Interest, Paper, Weights
from digest.ranking.background import Background, fit
from digest.ranking.candidates import Candidates, Wish
from digest.ranking.features import Bag, paper_bag
from digest.ranking.neighbours import Shelf
from digest.ranking.weighing import Reader

DAY = timedelta(days=1)
NOON = MIDNIGHT + DAY / 2
COMMON = "method result training data network evaluation benchmark performance learning task".split()
SUBJECTS = {
    "diffusion": "diffusion sampling noise denoising image score latent guidance step sharpness".split(),
    "robots": "robot arm grasp laundry folding gripper manipulation camera cloth torque".split(),
    "speech": "speech recogniser phoneme audio microphone voice accent transcript hearing utterance".split(),
    "graphs": "graph node edge molecule neighbourhood clique spectral walk protein vertex".split(),
    "proofs": "theorem proof lemma prover conjecture tactic induction axiom logic formula".split(),
} | {
    f"{first}{second}": [f"{first}{second}{last}" for last in "ba do fi ge ku la mo ni pe tu".split()]
    for first in "bri cho dra flu gno".split()
    for second in "mal nop ris tev zun".split()
}


def about(subject: str, number: int, chance: Random) -> Paper:
    """A paper of one subject, and of what every paper speaks of."""
    own = SUBJECTS[subject]
    sentences = [[*chance.choices(own, k=4), *chance.choices(COMMON, k=3)] for _ in range(4)]
    for sentence in sentences:
        chance.shuffle(sentence)
    return paper(
        number, " ".join(chance.sample(own, 3)).title(), " ".join(f"{' '.join(one)}." for one in sentences).capitalize()
    )


@cache
def library(size: int, *, seed: int = 0, first: int = 1000) -> tuple[Paper, ...]:
    """Papers numbered from `first` on, as many of each subject."""
    chance, subjects = Random(seed), list(SUBJECTS)
    return tuple(about(subjects[number % len(subjects)], first + number, chance) for number in range(size))


def bags(papers: Sequence[Paper]) -> list[Bag]:
    return [_bag(one.title, one.abstract) for one in papers]


_bag = cache(paper_bag)


def known(papers: Sequence[Paper]) -> dict[int, Bag]:
    return {one.id: paper_bag(one.title, one.abstract) for one in papers}


@cache
def fitted(papers: tuple[Paper, ...]) -> Background:
    return fit(bags(papers), version=1)


def shelf(background: Background, papers: Sequence[Paper]) -> Shelf:
    numbers = np.array([one.id for one in papers], dtype=np.int64)
    return Shelf(numbers, background.documents(bags(papers)).halved())


@cache
def fitted_shelf(papers: tuple[Paper, ...]) -> Shelf:
    """The papers as a shelf under the background that was fitted to them."""
    return shelf(fitted(papers), papers)


def candidates(papers: Sequence[Paper], *, shelved: Sequence[Paper] = (), now: datetime = NOON) -> Candidates:
    """Papers to choose from, measured against those on the shelf."""
    background = fitted(tuple(shelved or papers))
    stand = fitted_shelf(tuple(shelved)) if shelved else shelf(background, ())
    return Candidates(papers, bags(papers), background=background, shelf=stand, now=now)


def reader(
    *wishes: Wish,
    mutes: Sequence[Interest] = (),
    limit: int = 10,
    weights: Weights | None = None,
    listed_since: datetime = MIDNIGHT - 7 * DAY,
    seen_after: datetime | None = None,
    already_sent: Collection[int] = (),
    only_matches: bool = False,
) -> Reader:
    return Reader(
        wishes=wishes,
        mutes=tuple(mutes),
        limit=limit,
        weights=weights or Weights(),
        listed_since=listed_since,
        seen_after=seen_after,
        already_sent=already_sent,
        only_matches=only_matches,
    )
