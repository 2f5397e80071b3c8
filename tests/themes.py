"""A library of made-up papers on made-up subjects, large enough to measure what is near to what."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from personas import NOON, TODAY, papers_come_in

from digest.collect import count_features
from digest.model import Listing, Signals
from digest.refit import refit_background
from digest.store import Store

_SYLLABLES = "ba ke di lo mu ra se ti vo zu pa ne gi ko fu ma le si to bu".split()
THEMES = range(len(_SYLLABLES))
EACH = 10
COMMON = "method result model data training evaluation baseline".split()


def words(theme: int) -> list[str]:
    """The twelve words of a subject, which no other has."""
    return [f"{_SYLLABLES[theme]}{middle}{_SYLLABLES[theme]}x" for middle in _SYLLABLES[:12]]


def themed(theme: int, number: int, *, listed_on: date = TODAY, upvotes: int | None = None, title: str = "") -> Listing:
    """A paper on a subject: the same for the same number."""
    chance = random.Random(1000 * theme + number)
    title = title or " ".join(chance.sample(words(theme), 3))
    said = [*chance.sample(words(theme), 9), *chance.sample(COMMON, 4)]
    return Listing(
        title=f"{title} {number}",
        abstract=f"{' '.join(said)}.",
        aliases=(f"arxiv:26{theme + 1:02}.{number:05}" if theme < 12 else f"arxiv:25{theme - 11:02}.{number:05}",),
        listed_on=listed_on,
        signals=Signals(upvotes=upvotes),
    )


def library_comes_in(store: Store) -> None:
    """Two hundred papers of a month ago, ten on each subject, and the background of them."""
    before = TODAY - timedelta(days=90)
    papers = [themed(theme, number, listed_on=before) for theme in THEMES for number in range(EACH)]
    fresh_papers_come_in(store, papers, days=-90)
    refit_background(store, now=NOON - timedelta(days=90))


def fresh_papers_come_in(store: Store, papers: Sequence[Listing], *, days: int = 0) -> None:
    """Papers listed so many days after NOON's, three hours before its hour."""
    day = TODAY + timedelta(days=days)
    dated = [replace(one, listed_on=day) for one in papers]
    papers_come_in(store, dated, now=NOON + timedelta(days=days, hours=-3))
    count_features(store)
