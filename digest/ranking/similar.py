"""The papers nearest to one: those that would suit whoever liked it alone."""

import numpy as np

from digest.ranking.background import Background
from digest.ranking.features import Bag
from digest.ranking.neighbours import Shelf
from digest.ranking.relevance import Profile, Relevance
from digest.ranking.twins import ALIKE

MOST = 20
MOST_ALIKE = 100
"""So many are looked at: the texts that are nearly the same stand at their head, and are seldom more than a few."""


class Similar:
    """Finds the shelved papers nearest to one: measured once, for any number of papers."""

    def __init__(self, background: Background, shelf: Shelf) -> None:
        self._background, self._shelf = background, shelf
        self._relevance = Relevance(background, shelf=shelf, papers=shelf.documents.whole())

    def to(self, number: int, content: Bag) -> list[tuple[int, float]]:
        """(number, score) of those nearest to a paper, best first: at most MOST, none below the floor.

        `content` are the features of the paper itself, which is left out, as are those that are nearly the same text.
        """
        shelf = self._shelf
        scores = self._relevance.scores([Profile(liked=(number,))], {number: content})
        values = np.where(scores.share[0] & (shelf.numbers != number), scores.values[0], -np.inf)
        best = np.argsort(-values, kind="stable")[:MOST_ALIKE]
        cosines = (shelf.documents.x[best] @ self._background.documents([content]).x.T).toarray()[:, 0]
        best = best[(cosines < ALIKE) & (values[best] >= scores.floors[0])][:MOST]
        return [(int(shelf.numbers[row]), float(values[row])) for row in best]
