"""What `templates/notice` says: a heading, sentences, facts, a button."""

from dataclasses import asdict, dataclass
from enum import StrEnum

from digest.rendering.edition import Links
from digest.rendering.site import Site, colours


class About(StrEnum):
    """What somebody is told of: kept with the message."""

    CHANGED = "changed"
    PAUSED = "paused"
    RESUMED = "resumed"
    MOVED = "moved"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """All that `templates/notice` asks for but the site; what is empty is not there.

    `facts` are labels and values, `button` is its text and where it leads.
    """

    subject: str
    preheader: str
    heading: str
    paragraphs: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    button: tuple[str, str] | None = None
    closing: str = ""
    footer: str


def notice_context(notice: Notice, *, site: Site, links: Links | None = None) -> dict[str, object]:
    """A notice and who sends it; `links` are those of a subscriber."""
    text, url = notice.button or ("", "")
    return frame(site) | asdict(notice) | {"button": {"text": text, "url": url} if text else None, "links": links}


def frame(site: Site) -> dict[str, object]:
    """Who sends, and in which colours."""
    return {"site": site, "colours": colours(site.accent)}
