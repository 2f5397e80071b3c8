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
    r"[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_SCRIPT = r"[^\x00-\xbf\s\u2000-\u206f]"
_JOINER = re.compile(rf"(?<!{_SCRIPT})[\u200c\u200d]|[\u200c\u200d](?!{_SCRIPT})")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]")
_SPACE = re.compile(r"[\s\x85\u2028\u2029]+")
_ESCAPED = re.compile(r"(?<!\\)\\+([%&#_$])")


def clean(raw: str) -> str:
    r"""One line of readable text: composed (NFC), without control characters, and `\%` as `%`."""
    text = _CONTROL.sub("", _INVISIBLE.sub("", raw))
    text = _JOINER.sub("", unicodedata.normalize("NFC", text))
    text = unicodedata.normalize("NFC", _ESCAPED.sub(r"\1", text))
    return _SPACE.sub(" ", text).strip()


def storable(raw: str) -> str:
    """The text without what no database takes: NUL, and halves of characters."""
    return _UNSTORABLE.sub("", raw)


def title_key(title: str) -> str:
    """The title as it is compared: letters and digits of any script, without case or accents.

    A title of signs alone is compared as it is, so that two of them are not one.
    """
    return " ".join(_words(title)) or title.casefold().strip()


def author_key(authors: Sequence[str]) -> str:
    """The last word of the first author's family name as it is compared, or an empty string."""
    if not authors:
        return ""
    family, _, _ = authors[0].partition(",")
    return "".join(_words(family)[-1:])


def _words(text: str) -> list[str]:
    """The words without case or accents; vowel signs (marks of class 0) are no accents."""
    apart = unicodedata.normalize("NFKD", text)
    kept = (c for c in apart if not unicodedata.combining(c) and not "\ufe00" <= c <= "\ufe0f")
    spelled = (c if c.isalnum() or unicodedata.category(c) in {"Mn", "Mc"} else " " for c in kept)
    return "".join(spelled).casefold().split()


def shorten(text: str, limit: int) -> str:
    """The text, cut at a word so that it has at most `limit` characters, ` …` included."""
    if len(text) <= limit:
        return text
    room = text[: max(limit - 1, 0)]
    cut = (room.rpartition(" ")[0] or room[:-1]).rstrip(" ,;:.–-")
    return f"{cut} …" if cut else "…"[: max(limit, 0)]


_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|w\.r\.t|et al|vs|cf|resp|approx|Fig|Figs|Eq|Sec|Dr|Prof|No|[A-Z])\.)$")
_SENTENCE_END = re.compile(r"[.!?][\"'”’)\]]?(?=\s+[\"'“‘(\[]?[^\W_a-z])")


def first_sentence(text: str, limit: int) -> str:
    """The first sentence of a text, with at most `limit` characters."""
    for end in _SENTENCE_END.finditer(text):
        if end.end() > limit:
            break
        if not _ABBREVIATION.search(text[: end.start() + 1]):
            return text[: end.end()]
    return shorten(text, limit)
