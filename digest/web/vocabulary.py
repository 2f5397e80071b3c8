"""The topics that the subscribe form offers: the keywords that recent papers have most often."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from digest.store import Connection
from digest.store.papers import keywords_seen

RECENT = timedelta(days=30)
OFFERED = 15
FEWEST = 3
"""Papers that have a keyword, for it to be offered: one that fewer have may be a paper's own invention."""

LONGEST = 40


def topics_offered(connection: Connection, *, otherwise: Sequence[str], now: datetime) -> tuple[str, ...]:
    """The commonest keywords of papers seen lately, as they are written most often, filled up with `otherwise`."""
    found = commonest(keywords_seen(connection, since=now - RECENT, now=now))
    told = {topic.casefold() for topic in found}
    return (*found, *(topic for topic in otherwise if topic.casefold() not in told))[:OFFERED]


def commonest(papers: Iterable[Sequence[str]]) -> list[str]:
    """The keywords of at least FEWEST papers, the commonest first; a paper counts once, however it writes one."""
    spellings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for keywords in papers:
        for folded, keyword in {keyword.casefold(): keyword for keyword in keywords}.items():
            spellings[folded][keyword] += 1
    counted = {min(some, key=lambda one: (-some[one], one)): some.total() for some in spellings.values()}
    offered = [keyword for keyword, count in counted.items() if count >= FEWEST and 1 < len(keyword) <= LONGEST]
    return sorted(offered, key=lambda keyword: (-counted[keyword], keyword))
