"""A text capture of a Daily Papers page: what one gets by selecting all of it and copying.

The page begins with a banner, and goes on with titles and abstracts in turn. Copied by a browser,
blocks are separated by blank lines; by other programs, each is a line, and the banner's last
word is glued to the first title.
"""

import re
from itertools import dropwhile

from digest.model import Listing

BANNER = "Get trending papers in your email inbox"
BUTTON = "Subscribe"
_FURNITURE = re.compile(
    r"(?:new|Daily Papers|by\s?\S.* and the research community"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{1,2})"
)


def looks_like_page(text: str) -> bool:
    """Whether the text begins as such a page does: an early line begins with the banner."""
    return any(line.startswith(BANNER) for line in _blocks(text[:500]))


def parse(text: str) -> tuple[Listing, ...]:
    """The page's papers, texts raw and undated: the page does not say of which year it is.

    Raises ValueError where titles and abstracts do not come in pairs.
    """
    button, *rest = _after_banner(_blocks(text))
    glued = button.removeprefix(BUTTON).strip()
    while rest and not glued and _FURNITURE.fullmatch(rest[0]):
        rest = rest[1:]
    papers = [glued, *rest] if glued else rest
    if not papers or len(papers) % 2:
        raise ValueError("its titles and abstracts do not come in pairs; it may have been cut off")
    pairs = zip(papers[::2], papers[1::2], strict=True)
    return tuple(Listing(title=title, abstract=abstract) for title, abstract in pairs)


def _after_banner(blocks: list[str]) -> list[str]:
    """What follows the banner, from the button on."""
    below = dropwhile(lambda block: not block.startswith(BANNER), blocks)
    rest = list(dropwhile(lambda block: block.startswith(BANNER) or _FURNITURE.fullmatch(block) is not None, below))
    if not rest or not rest[0].startswith(BUTTON):
        raise ValueError(f"it has no {BUTTON!r} where the page's banner ends")
    return rest


def _blocks(text: str) -> list[str]:
    return [line.strip() for line in re.split(r"[\r\n]+", text) if line.strip()]
