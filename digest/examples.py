"""Job: papers that a reader names as examples -> papers of the store."""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from digest.collect import cleaned, count_features
from digest.errors import InputError, SourceError
from digest.model import Listing, Paper
from digest.sources import Page
from digest.sources.bibtex import looks_like_bibtex, parse
from digest.sources.files import read_bibtex
from digest.sources.names import alias_in
from digest.store import Connection, Store
from digest.store.papers import ARXIV, EXAMPLES, TITLED, paper_named, papers_by_id, papers_named
from digest.store.recording import record_listings
from digest.text import author_key, shorten, title_key

LONGEST_SHOWN = 60
"""Characters of a wrong name that a message repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A paper that was named, by its alias, with what a file says of it."""

    alias: str
    listing: Listing | None = None


def example_named(name: str) -> Example:
    """The paper with this arXiv id, DOI, or address at arXiv or Hugging Face. Raises InputError for what is none."""
    alias = alias_in(name)
    if not alias:
        raise InputError(
            f"{shorten(name, LONGEST_SHOWN)!r} is no arXiv id, DOI or address of a paper. Write one such as 2606.18023."
        )
    return Example(alias=alias)


def paper_meant(connection: Connection, name: str, *, now: datetime) -> Paper | None:
    """The paper of the store that somebody means: by an arXiv id, another alias, its number, or an address."""
    typed = name.strip()
    return paper_named(connection, typed, now=now) or paper_named(connection, alias_in(typed) or typed, now=now)


def examples_in(path: Path) -> list[Example]:
    """The papers in a BibTeX file. Raises SourceError for a file that is no good."""
    return [
        Example(alias=alias, listing=replace(one, aliases=tuple(dict.fromkeys((alias, *one.aliases)))))
        for one in map(cleaned, read_bibtex(path))
        for alias in [next(iter(one.aliases), _titled(one))]
    ]


def examples_typed(text: str) -> list[Example]:
    """The papers that somebody names: BibTeX, of which entries with an arXiv id or DOI count, or names between commas.

    Raises InputError that says what would be right.
    """
    if not looks_like_bibtex(text):
        names = (name for line in text.splitlines() for name in next(csv.reader([line], skipinitialspace=True), []))
        return [example_named(name) for name in names if name.strip()]
    try:
        listings = parse(text)
    except ValueError as error:
        raise InputError(f"This is BibTeX, but {error}. Mend that entry, or leave it out.") from error
    aliases = [one.aliases[0] for one in listings if one.aliases]
    if not aliases:
        raise InputError("None of these entries has an arXiv id or a DOI. Add eprint or doi to those that have one.")
    return [Example(alias=alias) for alias in dict.fromkeys(aliases)]


def bring_examples(
    store: Store, examples: Sequence[Example], *, fetch: Callable[[Sequence[str]], Iterable[Page]], now: datetime
) -> str:
    """Store those that are not there: as arXiv has them, which `fetch` asks by their ids, else as their file does.

    They are no news to anybody until a source lists them. A sentence names those that arXiv could not be asked for; it
    is empty otherwise. Raises InputError, naming those that cannot be had, and those that were withdrawn; then nothing
    is stored.
    """
    with store.reading() as connection:
        known = papers_named(connection, {one.alias for one in examples})
        stored = papers_by_id(connection, known.values(), now=now)
    missing: dict[str, Listing | None] = {}
    for one in examples:
        if one.alias not in known:
            missing[one.alias] = missing.get(one.alias) or one.listing
    fetched, remark = _fetched(missing, fetch)
    withdrawn = [alias for alias, number in known.items() if stored[number].withdrawn_at is not None]
    withdrawn += [alias for alias, listing in fetched.items() if listing.withdrawn]
    if withdrawn:
        raise InputError(f"{', '.join(withdrawn)}: withdrawn by the authors. Leave it out.")
    brought = [fetched.get(alias, listing) for alias, listing in missing.items()]
    if missing:
        with store.writing() as connection:
            listings = [cleaned(one) for one in brought if one is not None]
            record_listings(connection, listings, source=EXAMPLES, now=now)
        count_features(store)
    return remark


def _titled(listing: Listing) -> str:
    """A name for a paper that has none of its own: what it would be known again by.

    With and without authors it has two names, which the store gives to one paper.
    """
    known_by = f"{title_key(listing.title)}\n{author_key(listing.authors)}"
    return f"{TITLED}{sha256(known_by.encode()).hexdigest()[:16]}"


def _fetched(
    missing: Mapping[str, Listing | None], fetch: Callable[[Sequence[str]], Iterable[Page]]
) -> tuple[dict[str, Listing], str]:
    """What arXiv has of the missing ones, and whether it could be asked. Raises InputError for one from nowhere."""
    bare = [alias for alias, listing in missing.items() if listing is None or not listing.abstract]
    asked = [alias for alias in bare if alias.startswith(ARXIV)]
    nowhere = [alias for alias, listing in missing.items() if listing is None]
    elsewhere = [alias for alias in nowhere if not alias.startswith(ARXIV)]
    if elsewhere:
        advice = "only arXiv's can be fetched. Give them in a file by --bibtex, or leave them out"
        raise InputError(f"{', '.join(elsewhere)}: not known here, and {advice}.")
    try:
        pages = list(fetch([alias.removeprefix(ARXIV) for alias in asked])) if asked else []
    except SourceError as error:
        failed = f"{', '.join(nowhere)}: not known here, and arXiv cannot be asked ({error.__cause__ or error})"
        waits = f"{failed}. An example counts once a source lists it, or the same command fetches it."
        return {}, waits if nowhere else ""
    found = {alias: listing for page in pages for listing in page.listings for alias in listing.aliases}
    if unknown := [alias for alias in nowhere if alias not in found]:
        raise InputError(f"{', '.join(unknown)}: neither known here nor at arXiv. Mend the id, or leave it out.")
    return {alias: found[alias] for alias in asked if alias in found}, ""
