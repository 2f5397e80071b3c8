"""Cleaning and comparing texts. Pure; the one place where a source's text becomes readable.

Cleaning is idempotent, and leaves alone what it is not sure of: a text without any of the flaws
below comes back unchanged. What it returns is text, never markup: it is escaped where it is shown.
"""

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence

from digest import tex

CLEANING = 2
"""The number of this cleaning, raised by every change after which `clean`, a key or the features counted for choosing
say something else of any text: what the store holds is then cleaned and counted anew."""

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

# One reading can bring another flaw to light (`&amp;lt;`); a text that is not settled by then is hostile.
_READINGS = 8
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ATTRIBUTE = r"\s+[A-Za-z:-]{1,30}\s?=\s?(?:\"[^\"<>]*\"|'[^'<>]*')"
_PAIRED_TAG = re.compile(
    rf"<(?P<name>i|b|em|strong|small|span|tt|a|sub|sup|jats:[a-z]{{1,12}})(?:{_ATTRIBUTE}){{0,8}}\s?>"
    r"(?P<inside>[^<>]*)</(?P=name)\s?>",
    re.IGNORECASE,
)
_LINE_BREAK = re.compile(r"<br\s?/?>|</?p>", re.IGNORECASE)
_BOLD = re.compile(r"(?<![\w*])\*\*(?=[^\s*])([^*]{1,400})(?<=[^\s*])\*\*(?!\*)")
_EMPHASIS = re.compile(
    r"(?<![\w*/\\])\*(?=[^\W_])([^*]{2,400})(?<=[\w.)!?])\*(?![\w*])"
    r"|(?<![^\s(\[“‘])_([^\W\d_]+(?:[ -][^\W\d_]+)*)_(?![^\s.,;:!?)\]”’])"
)
_LINK = re.compile(r"!?\[([^\[\]]{1,400})\]\(\s?([A-Za-z]{2,12}:[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)\s?\)")


def clean(raw: str) -> str:
    """One line of readable text, composed (NFC): without control characters, line breaks, HTML, Markdown or TeX."""
    plain = text = one_line(raw)
    for _ in range(_READINGS):
        before, text = text, one_line(_read(text))
        if text == before:
            return text
    return plain


def one_line(raw: str) -> str:
    """One composed line of what can be seen."""
    if raw.isascii() and raw.isprintable():
        return " ".join(raw.split())
    text = _CONTROL.sub("", _INVISIBLE.sub("", raw))
    text = _JOINER.sub("", unicodedata.normalize("NFC", text))
    return _SPACE.sub(" ", unicodedata.normalize("NFC", text)).strip()


def _read(text: str) -> str:
    """One reading of a text: what HTML, Markdown and TeX in it say."""
    if "&" in text:
        text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    if "<" in text:
        text = _PAIRED_TAG.sub(_untagged, _LINE_BREAK.sub(" ", text))
    if "](" in text:
        text = _LINK.sub(lambda link: tex.link(link[1], link[2]), text)
    if "*" in text or "_" in text:
        text = _EMPHASIS.sub(lambda found: found[1] or found[2], _BOLD.sub(r"\1", text))
    return tex.readable(text)


def _untagged(tag: re.Match[str]) -> str:
    name = tag["name"].lower()
    if name in {"sub", "sup"}:
        return tex.script("_" if name == "sub" else "^", tag["inside"])
    return tag["inside"]


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


# After these a sentence goes on, unless a word follows that opens one: in the U.S. The, of Cee et al. We.
_ABBREVIATION = re.compile(
    r"(?:\b(?:al|approx|avg|cf|resp|viz|vs|v\.s|e\.g|i\.e|a\.k\.a|w\.r\.t|No|Dr|Mrs?|Prof|St|Figs?|Eqs?|Secs?|Tabs?|Refs?"
    r"|[A-Z])\.)$"
)
_ITEM = re.compile(r"(?:^\s*|[:;]\s+)\(?\d{1,2}\)?\.$")
_OPENER = re.compile(
    r"(?:A|Across|After|Although|An|As|At|Both|By|Code|Compared|Despite|Each|Existing|Experiments|Extensive|Finally|For"
    r"|From|Furthermore|However|If|In|It|Its|Moreover|Notably|On|Our|Results|Since|Specifically|Such|The|Their|Then"
    r"|There|These|They|This|Thus|To|Under|Unlike|Using|We|When|Where|While|With|Yet)[\s,]"
)
_LONGEST_ABBREVIATION = 8
_LONGEST_OPENER = 14
_SENTENCE_END = re.compile(
    r"[。！？]++[」』”’）]*+"
    r"|(?<![.!?।॥؟۔])[.!?।॥؟۔]++[\"'”’)\]]*+(?=\s++[\"'“‘(\[]*+(?:[^\W_a-z]|[a-z]+-?[A-Z\d]|https?:))"
    r"|(?<=[a-z]{3})[.!?](?=[A-Z][a-z]*,?\s)"
)


_STOP = re.compile(r"[.!?।॥؟۔。！？]")


def _sentence_ends(text: str) -> Iterator[re.Match[str]]:
    """Looked for only where a stop stands: at every character, it takes five times as long."""
    for stop in _STOP.finditer(text):
        if found := _SENTENCE_END.match(text, stop.start()):
            yield found


def sentences(text: str) -> list[str]:
    """The sentences of a text in any script, as they stand there; a text without an end is one."""
    found, start = [], 0
    for end in _sentence_ends(text):
        before = text[max(start, end.end() - _LONGEST_ABBREVIATION) : end.end()]
        after = text[end.end() : end.end() + _LONGEST_OPENER].lstrip()
        if not _ITEM.search(before) and (not _ABBREVIATION.search(before) or _OPENER.match(after)):
            found.append(text[start : end.end()].strip())
            start = end.end()
    return [sentence for sentence in [*found, text[start:].strip()] if sentence]
