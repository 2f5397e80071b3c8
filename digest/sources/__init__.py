"""Where papers come from: one seam, `Source`, and a file per source."""

from digest.sources.source import Page, Source

__all__ = ["Page", "Source"]
