"""Real papers that are hard to show, and what can be wrong with an edition of them."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence, Set
from pathlib import Path

from desk import Desk
from messages import Message, chosen, make_edition, paper_of, sample
from places import SHARED_DATA
from playwright.sync_api import Page

from digest.collect import cleaned
from digest.model import Listing
from digest.sources.files import read_papers

FILES = (SHARED_DATA / "huggingface" / "corpus.jsonl.gz", SHARED_DATA / "ranking" / "papers.jsonl.gz")
NARROWEST = 320
IN_AN_EDITION = 10
LONGEST_LINE = 998
TEX = re.compile(r"\\[A-Za-z]+|\\[()\[\]]|\$[^$\s](?:[^$]*[^$\s])?\$(?!\d)")
MARKUP = re.compile(r"</?(?:i|b|em|strong|sub|sup|a|span|p|br)\b[^<>]*>|&(?:[a-zA-Z]+|#\d+);|\*\*\w", re.IGNORECASE)
_ODD = re.compile(r"[^A-Za-z0-9\s,.:()-]")


def hardest(count: int) -> list[Listing]:
    """As many real papers, a third each: those of the longest titles, the most authors, and the oddest characters."""
    listings = [one for file in FILES for one in read_papers(file)]
    picked: dict[str, Listing] = {}
    for share, is_hard in ((1, title_length), (2, author_count), (3, oddness)):
        for one in sorted(listings, key=is_hard, reverse=True):
            if len(picked) >= count * share // 3:
                break
            picked.setdefault(one.title, one)
    return list(picked.values())


def title_length(listing: Listing) -> int:
    return len(listing.title)


def author_count(listing: Listing) -> int:
    return len(listing.authors)


def oddness(listing: Listing) -> int:
    """How many odd characters a paper has; one in the title is worth twenty in the abstract."""
    return 20 * len(_ODD.findall(listing.title)) + len(_ODD.findall(listing.abstract))


def editions_of(desk: Desk, listings: Sequence[Listing]) -> Iterator[Message]:
    """Editions of ten papers each; no two papers lead to one address."""
    for start in range(0, len(listings), IN_AN_EDITION):
        some = [cleaned(one) for one in listings[start : start + IN_AN_EDITION]]
        papers = [paper_of(one, number) for number, one in enumerate(some, 1)]
        picked = [(paper, reason) for paper, (_, reason) in zip(papers, chosen(sample()), strict=False)]
        raw = make_edition(desk, picked)
        yield Message(", ".join(paper.title for paper in papers), raw)


def elements(message: Message) -> set[str]:
    """What the HTML is made of: tags, and their attributes' names."""
    return {f"{one.tag} {name}" for one in message.page.iter() for name in ("", *one.keys())}


def titles(message: Message) -> list[str]:
    """The papers' titles as a reader sees them."""
    lines = [one for one in message.page.iter("div") if "k" in one.get("class", "").split()]
    return ["".join(title.itertext()) for title in [*message.page.iter("h2"), *lines]]


def faults(message: Message, page: Page, *, folder: Path, known: Set[str]) -> list[str]:
    """What is wrong with an edition; `known` is what the templates' own HTML is made of."""
    found = [f"TeX in a title: {title}" for title in titles(message) if TEX.search(title)]
    found += [f"markup in a title: {title}" for title in titles(message) if MARKUP.search(title)]
    found += [f"an element of a paper's: {one}" for one in elements(message) - known]
    found += [f"a defect: {defect!r}" for part in message.parsed.walk() for defect in part.defects]
    if any(len(line) > LONGEST_LINE for line in message.raw.split(b"\r\n")):
        found.append("a line over 998 octets")
    page.set_content(message.html)
    if page.evaluate("document.documentElement.scrollWidth") > NARROWEST:
        found.append(f"it scrolls sideways: {message.kind}")
    return found + ([] if reads_the_same(message, folder) else [f"mblaze reads it otherwise: {message.kind}"])


def reads_the_same(message: Message, folder: Path) -> bool:
    """Whether mblaze finds the same two parts; true where it is not on this machine."""
    if shutil.which("mshow") is None:
        return True
    path = folder / "edition.eml"
    path.write_bytes(message.raw)
    parts = [subprocess.run(["mshow", "-O", path, number], capture_output=True, check=True).stdout for number in "23"]
    return [part.decode().replace("\r\n", "\n") for part in parts] == [message.text, message.html]
