"""The seam between whoever lists papers and the store."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from digest.model import Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of a source's listings, texts raw. `cursor` is how far the source has been read with it.

    `remark` is a sentence on what was not understood, and left out, and one on how it is written.
    """

    label: str
    listings: tuple[Listing, ...]
    cursor: str = ""
    remark: str = ""


class Source(Protocol):
    """Lists papers. Knows nothing of the store."""

    name: str

    def listings(self, *, since: date, now: datetime) -> Iterator[Page]:
        """What was listed from that day (UTC) until now, page by page.

        Raises SourceError where it fails; the pages before are good.
        """
        ...
