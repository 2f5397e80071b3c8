"""Cleaning and comparing texts. Pure; the one place where a source's text becomes readable.

Cleaning is idempotent, and leaves alone what it is not sure of: a text without any of the flaws
below comes back unchanged.
"""

import re
import unicodedata
from collections.abc import Sequence

# Bidirectional controls (Unicode Annex 9) and characters without width: invisible in a title, they
# turn its display around or hide what it says. The joiners stay where a script needs them.
_INVISIBLE = re.compile(
    r"[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]"
)
_JOINER = re.compile(r"(?<![^\W\d_a-zA-Z])[\u200c\u200d]|[\u200c\u200d](?![^\W\d_a-zA-Z])")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_SPACE = re.compile(r"[\s\x85\u2028\u2029]+")
_ESCAPED = re.compile(r"\\([%&#_$])")


def clean(raw: str) -> str:
    r"""One line of readable text: composed (NFC), without control characters, and `\%` as `%`."""
    text = _CONTROL.sub("", _INVISIBLE.sub("", raw))
    text = _ESCAPED.sub(r"\1", text)
    text = unicodedata.normalize("NFC", _JOINER.sub("", text))
    return _SPACE.sub(" ", text).strip()


def title_key(title: str) -> str:
    """The title as it is compared: letters and digits of any script, without case or accents."""
    plain = unicodedata.normalize("NFKD", title.casefold())
    return " ".join(re.findall(r"[^\W_]+", "".join(c for c in plain if not unicodedata.combining(c))))


def author_key(authors: Sequence[str]) -> str:
    """The first author's family name as it is compared, or an empty string."""
    if not authors:
        return ""
    family, comma, _ = authors[0].partition(",")
    names = title_key(family).split() if comma else title_key(authors[0]).split()
    return " ".join(names) if comma else "".join(names[-1:])


def shorten(text: str, limit: int) -> str:
    """The text, cut at a word so that it has at most `limit` characters, ` …` included."""
    if len(text) <= limit:
        return text
    room = text[: limit - 1]
    cut = room.rpartition(" ")[0] or room[:-1]
    return f"{cut.rstrip(' ,;:.–-')} …"


_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|et al|vs|cf|resp|approx|Fig|Figs|Eq|Sec|Dr|Prof|No|[A-Z])\.)$")
_SENTENCE_END = re.compile(r"[.!?][\"'”’)\]]?(?=\s+[\"'“‘(\[]?[^\W_a-z])")


def first_sentence(text: str, limit: int) -> str:
    """The first sentence of a text, with at most `limit` characters."""
    for end in _SENTENCE_END.finditer(text):
        if not _ABBREVIATION.search(text[: end.start() + 1]):
            return shorten(text[: end.end()], limit)
    return shorten(text, limit)
