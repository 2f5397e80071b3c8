"""Job: sources -> store. One failing source never stops the others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType

from digest.errors import SourceError
from digest.model import Listing
from digest.ranking.features import pack_bag, paper_bag
from digest.sources import Source
from digest.store import Store
from digest.store.again import tried_again
from digest.store.cleaning import clean_anew
from digest.store.features import add_features, uncounted
from digest.store.recording import Recorded, record_listings
from digest.store.sources import note_failure, note_success
from digest.text import clean, storable

LOOK_BACK = timedelta(days=7)
MOST_CLEANED = 20_000
"""In one run, after an upgrade: that takes about a quarter of a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What one source brought; `error` is empty where it was read to its end. `remarks` say what was left out."""

    source: str
    recorded: Recorded
    error: str = ""
    remarks: tuple[str, ...] = ()


def collect(
    store: Store,
    sources: Sequence[Source],
    *,
    now: datetime,
    look_back: timedelta = LOOK_BACK,
    look_backs: Mapping[str, timedelta] = MappingProxyType({}),
    should_stop: Callable[[], bool] = lambda: False,
    progress: Callable[[str], None] = lambda _: None,
) -> list[Collected]:
    """Read every source and store what it lists, until `should_stop` says so.

    Each is read back to `look_back` before now, or to what `look_backs` has under its name.

    Each source is stored in one transaction, so a run that is killed leaves nothing half-stored,
    and a run repeated changes nothing. Before, papers of an older cleaning are cleaned anew, so that
    they are known again; afterwards the features of what is new are counted.
    """
    clean_stored(store, should_stop=should_stop, progress=progress)
    collected = []
    for source in sources:
        if should_stop():
            break
        since = (now - look_backs.get(source.name, look_back)).date()
        collected.append(_collected(store, source, since=since, now=now, should_stop=should_stop, progress=progress))
    count_features(store, progress=progress)
    return collected


def _collected(
    store: Store,
    source: Source,
    *,
    since: date,
    now: datetime,
    should_stop: Callable[[], bool],
    progress: Callable[[str], None],
) -> Collected:
    """Read one source and store what it lists, up to where it failed."""
    listings, cursor, error, remarks = list[Listing](), "", "", list[str]()
    try:
        for page in source.listings(since=since, now=now):
            progress(f"{source.name}: {page.label}")
            # A title of nothing that can be seen would be one paper with every other such title.
            listings += [one for one in map(cleaned, page.listings) if one.title]
            cursor = page.cursor
            remarks += filter(None, [page.remark])
            if should_stop():
                error = f"{source.name}: stopped while it was read; the next collect reads it again."
                break
    except SourceError as failure:
        error = str(failure)
    except Exception as fault:
        # A fault in reading one source must not keep the others from being read.
        error = f"{source.name}: {type(fault).__name__} while it was read. What it listed before that is stored."
    recorded = _store(store, source.name, listings, cursor=cursor, error=error, now=now)
    return Collected(source=source.name, recorded=recorded, error=error, remarks=tuple(remarks))


def cleaned(listing: Listing) -> Listing:
    """The listing with readable texts; title and abstract are kept as they came besides."""
    return replace(
        listing,
        title=clean(listing.title),
        abstract=clean(listing.abstract),
        raw_title=storable(listing.title),
        raw_abstract=storable(listing.abstract),
        authors=tuple(clean(author) for author in listing.authors),
        organisation=clean(listing.organisation),
        categories=tuple(clean(category) for category in listing.categories),
        keywords=tuple(clean(keyword) for keyword in listing.keywords),
        summary=clean(listing.summary),
    )


def clean_stored(
    store: Store,
    *,
    most: int = MOST_CLEANED,
    should_stop: Callable[[], bool] = lambda: False,
    progress: Callable[[str], None] = lambda _: None,
) -> int:
    """Clean papers anew that an older cleaning left, newest first, until about `most` are done; how many were.

    Every block is a transaction: a run that is killed or stopped leaves the rest to the next.
    """
    done = 0
    while done < most and not should_stop():
        with store.writing() as connection:
            count = clean_anew(connection)
        if not count:
            break
        done += count
        progress(f"{done:,} stored papers cleaned anew")
    return done


def count_features(store: Store, *, progress: Callable[[str], None] = lambda _: None) -> None:
    """Count the features of papers that have none, some hundreds to a transaction."""
    while True:
        with store.writing() as connection:
            texts = uncounted(connection)
            add_features(connection, {n: pack_bag(paper_bag(title, abstract)) for n, title, abstract in texts})
        if not texts:
            return
        progress(f"features of {len(texts)} papers")


@tried_again
def _store(
    store: Store, source: str, listings: Sequence[Listing], *, cursor: str, error: str, now: datetime
) -> Recorded:
    with store.writing() as connection:
        recorded = record_listings(connection, listings, source=source, now=now)
        if error:
            note_failure(connection, source, error=error, now=now)
        else:
            note_success(connection, source, cursor=cursor, now=now)
    return recorded
