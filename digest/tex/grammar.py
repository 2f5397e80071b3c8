"""TeX's grammar, as far as titles and abstracts need it: tokens, groups, and what a formula is."""

import re
from collections.abc import Sequence
from typing import TypeAlias

from digest.tex import signs

Node: TypeAlias = "str | list[Node]"

# Groups nested deeper than this are left as they are, so that no text can exhaust the stack.
_DEEPEST = 16
_TOKEN = re.compile(
    r"(?<!\w)[A-Za-z]:(?:\\[\w.-]+)+|\\[A-Za-z]+\*?|\\.|\$\$?|https?://[^\s\\{}<>\"$]+|[^\W_]+|.", re.DOTALL
)
_BREAK = re.compile(r"(?<!:)\\{2,}([A-Za-z]+|(?=[%&#_$\"'`^~{}]))?")
_CLOSING_QUOTE = {mark: re.compile(rf"\\{mark}(?![A-Za-z{{\\])") for mark in "'\""}
_APOSTROPHE = re.compile(r"(?<=\w)\\'(?=(?:s|t|d|m|re|ve|ll)\b)")
_THOUSANDS = re.compile(r"(?<=\d)(?:\\,|\{,\})(?=\d{3}(?!\d))")
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}")


def unescaped(text: str) -> str:
    """Doubled backslashes as one or as a line break; quotation marks that were only escaped."""
    text = _BREAK.sub(_single, text)
    for mark, closing in _CLOSING_QUOTE.items():
        if closing.search(text):
            text = re.sub(rf"\\{mark}(?!\{{)", mark, text)
    return _APOSTROPHE.sub("'", text)


def _single(found: re.Match[str]) -> str:
    name = found[1]
    if name is None:
        return " "
    return f"\\{name}" if not name or name in signs.KNOWN else f" {name}"


def tree(text: str) -> list[Node]:
    """Tokens, with groups as lists; braces without a partner, or nested too deep, are tokens."""
    levels: list[list[Node]] = [[]]
    too_deep = 0
    for piece in _TOKEN.findall(_THOUSANDS.sub(",", text)):
        if piece == "{" and len(levels) <= _DEEPEST:
            levels.append([])
        elif piece == "}" and len(levels) > 1 and not too_deep:
            group = levels.pop()
            levels[-1].append(group)
        else:
            too_deep = max(too_deep + (piece == "{") - (piece == "}"), 0)
            levels[-1].append(piece)
    for level in levels[1:]:
        levels[0] += ["{", *level]
    return levels[0]


def source(nodes: "Sequence[Node]") -> str:
    """The text that the nodes were read from."""
    return "".join(node if isinstance(node, str) else f"{{{source(node)}}}" for node in nodes)


def is_formula(inside: str, after: str) -> bool:
    """Whether what stands between two dollars is a formula, and not two prices with prose between."""
    words = len(_WORD.findall(inside))
    if inside[:1].isdigit() and words > 2:
        return False
    if "\\" in inside:
        return True
    if any(mark in inside for mark in "^_{"):
        return words < 3 or "}" in inside
    return _is_plain_formula(inside, after, words)


def _is_plain_formula(inside: str, after: str, words: int) -> bool:
    """The same, without a sign of TeX inside: one name, number or short expression."""
    if not inside.strip() or inside[0].isspace() != inside[-1].isspace() or len(inside) > 60:
        return False
    if after[:1].isdigit() or words > 1 or inside[-1] in "/:-–&,.":
        return False
    if inside.strip()[0].isdigit():
        return not re.search(r"[A-Za-z]{2}", inside)
    return not (words and after[:1].isalpha())
