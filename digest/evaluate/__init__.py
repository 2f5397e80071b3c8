"""Job: how well ways of choosing rank a benchmark's papers, by what its users turned out to want."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digest.evaluate.benchmark import User
from digest.evaluate.scorers import Scorer
from digest.ranking.quality import MEASURES, interval, quality


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean over users, with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A method's measures over the users of one kind, and by how much its NDCG@10 differs from the first method's."""

    kind: str
    users: int
    method: str
    measures: Mapping[str, Estimate]
    difference: Estimate | None


def evaluate(users: Sequence[User], scorers: Mapping[str, Scorer], *, progress: Callable[[str], None]) -> list[Result]:
    """Each method's measures, kind by kind; the first is what the others are compared with."""
    measured = {}
    for method, scorer in scorers.items():
        progress(method)
        scored = zip(users, scorer(users), strict=True)
        measured[method] = np.array([quality(scores, user.relevant, user.ties) for user, scores in scored])
    kinds = np.array([user.kind for user in users])
    first = next(iter(measured.values()))
    return [
        Result(
            kind=str(kind),
            users=int((kinds == kind).sum()),
            method=method,
            measures=dict(zip(MEASURES, map(_estimate, values[kinds == kind].T), strict=True)),
            difference=None if values is first else _estimate((values - first)[kinds == kind, 0]),
        )
        for kind in np.unique(kinds)
        for method, values in measured.items()
    ]


def _estimate(values: NDArray[np.floating]) -> Estimate:
    low, high = interval(values)
    return Estimate(mean=float(values.mean()), low=low, high=high)
