"""TeX's grammar, as far as titles and abstracts need it: tokens, groups, and what a formula is."""

import re
from collections.abc import Sequence
from typing import TypeAlias

from digest.tex import signs

Node: TypeAlias = "str | list[Node]"

# A text with more open groups than this is left as it is, so that none can exhaust the stack.
_DEEPEST = 16
_TOKEN = re.compile(
    r"(?<!\w)[A-Za-z]:(?:\\[\w.-]+)+|\\[A-Za-z]+\*?|\\.|\$\$?|https?://[^\s\\{}<>\"$]+|[^\W_]+|.", re.DOTALL
)
_BREAK = re.compile(r"(?<!:)\\{2,}([A-Za-z]+|(?=[%&#_$\"'`^~{}]))?")
# A character by its number, as JSON writes it; halves of a pair are none.
_CODE = re.compile(r"\\u((?!d[89a-f])[0-9a-f]{4})", re.IGNORECASE)
_CLOSING_QUOTE = {mark: re.compile(rf"\\{mark}(?![A-Za-z{{\\])") for mark in "'\""}
_APOSTROPHE = re.compile(r"(?<=\w)\\'(?=(?:s|t|d|m|re|ve|ll)\b)")
_THOUSANDS = re.compile(r"(?<=\d)(?:\\,|\{,\})(?=\d{3}(?!\d))")
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}")


def unescaped(text: str) -> str:
    """Doubled backslashes as one or as a line break; quotation marks that were only escaped."""
    text = _CODE.sub(lambda code: chr(int(code[1], 16)), _BREAK.sub(_single, text))
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
    """Tokens, with groups as lists. Braces without a partner are tokens; so is a text that is nested too deep."""
    levels: list[list[Node]] = [[]]
    for piece in _TOKEN.findall(_THOUSANDS.sub(",", text)):
        if piece == "{":
            levels.append([])
            if len(levels) > _DEEPEST:
                return [text]
        elif piece == "}" and len(levels) > 1:
            group = levels.pop()
            levels[-1].append(group)
        else:
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
    if inside == "-":
        return True
    if not inside.strip() or inside[0].isspace() != inside[-1].isspace() or len(inside) > 60:
        return False
    if after[:1].isdigit() or words > 1 or inside[-1] in "/:-–&,.":
        return False
    if inside.strip()[0].isdigit():
        return not re.search(r"[A-Za-z]{2}", inside)
    return not (words and after[:1].isalpha())
