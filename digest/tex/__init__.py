r"""TeX in titles and abstracts as readable Unicode. Pure; linear in the length of a text.

Sources deliver TeX whole (`$O(n^{2})$`, `Schr\"odinger`) or stripped of dollars and backslashes
(`8times 8`, `mathcal{O}`). What is certain becomes the sign it stands for; the rest stays as it is.
Letters of `\mathcal` become plain ones: few mail clients have a font with the script letters, and
nobody types them into a search. `\sim` becomes ∼, because `~` is TeX's own blank.
"""

from digest.tex.reader import read
from digest.tex.signs import link, script
from digest.tex.stripped import restored

__all__ = ["link", "readable", "script"]


def readable(text: str) -> str:
    """The text with its TeX as Unicode; commands, groups and formulas it cannot read stay."""
    if "\\" in text or "$" in text or "{" in text:
        text = read(text)
    return restored(text)
