r"""What BibTeX adds to a text: letters as commands, braces that hold capitals. `{\"o}` -> ö, `{GPT}-4` -> GPT-4."""

import re
import unicodedata

_MARKS = dict(
    zip(
        "`'^~=u.\"rHvdck",
        "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0323\u0327\u0328",
        strict=True,
    )
)
_LETTERS = dict(
    zip("ss o O l L ae AE oe OE aa AA i j dh th".split(), "ß ø Ø ł Ł æ Æ œ Œ å Å ı ȷ ð þ".split(), strict=True)
)
_ACCENT = re.compile(
    r"""\\(?:([`'^~="."])\s*|([uvHcdkr])(?:\s+|(?=\{)))(?:\{\\?([A-Za-z])\}|\\?([A-Za-z])(?![A-Za-z]*\{))"""
)
_LETTER = re.compile(r"\\(ss|aa|AA|ae|AE|oe|OE|dh|th|[oOlLij])(?![A-Za-z])(?:\{\}|\s+(?=[^\s}]))?")
_MATHS = re.compile(r"(\$[^$]*\$)")


def readable(value: str) -> str:
    """The text with its letters as letters and without braces that only hold it together.

    Where a command or a formula is left, the braces around it stay: they may be the command's.
    """
    text = _LETTER.sub(lambda found: _LETTERS[found.group(1)], _ACCENT.sub(_accented, value))
    text = re.sub(r"(?<!\\)~", " ", text)
    pieces = _MATHS.split(text)
    return "".join(piece if piece.startswith("$") else _without_braces(piece) for piece in pieces)


def _accented(found: re.Match[str]) -> str:
    letter = found.group(3) or found.group(4)
    return unicodedata.normalize("NFC", letter + _MARKS[found.group(1) or found.group(2)])


def _without_braces(text: str) -> str:
    return text if re.search(r"\\[A-Za-z]", text) else re.sub(r"(?<!\\)[{}]", "", text)
