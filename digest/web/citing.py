"""A paper as BibTeX, in the form that arXiv gives."""

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import quote

from digest.model import Paper
from digest.rendering.cards import web_address
from digest.store.query import STOP_WORDS

# BibTeX counts braces even behind a backslash, so none is ever written for itself.
_SPECIAL = {
    "\\": r"{\textbackslash}",
    "{": r"{\textbraceleft}",
    "}": r"{\textbraceright}",
    "~": r"{\textasciitilde}",
    "^": r"{\textasciicircum}",
    **{sign: f"\\{sign}" for sign in "#$%&_"},
}
_TABLE = str.maketrans(_SPECIAL)
_PARTS_NAMES = re.compile(r"[,{}]|\band\b", re.IGNORECASE)


def bibtex(paper: Paper) -> str:
    """The paper's entry; every value stands in braces that close, whatever the paper's texts hold."""
    year = f"{paper.published_at or paper.listed_at:%Y}"
    fields = {
        "title": f"{{{_escaped(paper.title)}}}",
        "author": " and ".join(map(_name, paper.authors)),
        "year": year,
        "eprint": paper.arxiv_id,
        "archivePrefix": "arXiv" if paper.arxiv_id else "",
        "primaryClass": _escaped(next(iter(paper.categories), "")) if paper.arxiv_id else "",
        "url": quote(web_address(paper.url), safe="!#$%&'()*+,/:;=?@[]~"),
    }
    lines = "".join(f",\n  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@misc{{{_key(paper, year)}{lines}\n}}\n"


def _escaped(text: str) -> str:
    return text.translate(_TABLE)


def _name(author: str) -> str:
    """A name as it is written; in braces where BibTeX would take it for several, or turn it round."""
    return f"{{{_escaped(author)}}}" if _PARTS_NAMES.search(author) else _escaped(author)


def _key(paper: Paper, year: str) -> str:
    """`larch2026few`: the first author's last name, the year, the title's first word that says something."""
    family = _first_plain(reversed(paper.authors[0].split())) if paper.authors else ""
    titled = (word for word in re.findall(r"[^\W_]+", paper.title) if word.lower() not in STOP_WORDS)
    return f"{family or 'paper'}{year}{_first_plain(titled) or paper.id}"


def _first_plain(words: Iterable[str]) -> str:
    """The first of the words of which anything is left in the letters and figures of ASCII."""
    plain = (re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", word).lower()) for word in words)
    return next(filter(None, plain), "")
