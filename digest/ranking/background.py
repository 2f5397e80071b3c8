"""The background: in how many of the stored papers each feature stands. Fitted here, never shipped."""

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log

from digest.ranking.features import paper_features

MOST_PAPERS = 20_000
FEWEST = 2
"""A feature of a single paper tells nothing of the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """Document frequencies over `papers` texts; a feature that is not in it was in fewer than two."""

    version: int
    papers: int
    frequencies: Mapping[str, int]

    def weight(self, feature: str) -> float:
        """Inverse document frequency: `1 + ln((1 + N) / (1 + df))`."""
        return 1 + log((1 + self.papers) / (1 + self.frequencies.get(feature, 0)))


def fit(texts: Iterable[tuple[str, str]], *, version: int) -> Background:
    """The background of (title, abstract) pairs."""
    counted: Counter[str] = Counter()
    papers = 0
    for title, abstract in texts:
        counted.update(paper_features(title, abstract).keys())
        papers += 1
    frequencies = {feature: count for feature, count in counted.items() if count >= FEWEST}
    return Background(version=version, papers=papers, frequencies=frequencies)


def pack(background: Background) -> bytes:
    """The frequencies, for the store."""
    return zlib.compress(json.dumps(background.frequencies, ensure_ascii=False).encode())


def unpack(content: bytes, *, version: int, papers: int) -> Background:
    """What `pack` packed."""
    return Background(version=version, papers=papers, frequencies=json.loads(zlib.decompress(content)))
