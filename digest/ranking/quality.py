"""How good an order of papers is, and how sure a mean over readers is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from digest.ranking.documents import Floats

MEASURES = ("ndcg@10", "recall@10", "recall@50", "mrr")

SEED = 20261120
SAMPLES = 2000

_DISCOUNTS = 1 / np.log2(np.arange(2, 12))


def quality(scores: Floats, relevant: NDArray[np.bool_], ties: NDArray[np.uint64]) -> tuple[float, ...]:
    """The MEASURES, each 0 to 1, of n papers in the order of their (n,) scores, some of them `relevant`.

    Among equal scores the lower of `ties` comes first. MRR is one over the rank of the first relevant paper.
    """
    hits = relevant[np.lexsort((ties, -scores))]
    count, first = int(hits.sum()), int(hits.argmax())
    gained = float(hits[:10] @ _DISCOUNTS[: len(hits)])
    return (
        gained / float(_DISCOUNTS[:count].sum()),
        float(hits[:10].sum()) / count,
        float(hits[:50].sum()) / count,
        1 / (1 + first),
    )


def chance_ndcg(relevant: NDArray[np.bool_]) -> float:
    """The NDCG@10 to be expected of papers in random order."""
    count = int(relevant.sum())
    return float(relevant.mean() * _DISCOUNTS[: len(relevant)].sum() / _DISCOUNTS[:count].sum())


def interval(values: Sequence[float] | NDArray[np.floating]) -> tuple[float, float]:
    """The 95 % bootstrap interval of the mean."""
    chance = np.random.default_rng(SEED)
    array = np.asarray(values)
    means = [array[chance.integers(len(array), size=len(array))].mean() for _ in range(SAMPLES)]
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
