"""Commands with arguments: what each takes, and what it writes of that."""

import re
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from digest.tex import signs

_COLOUR = re.compile(r"[a-z]+(?:![\d!a-z]+)?")
_ESCAPE = re.compile(r"\\([%#&_~$])(?:\{\})?|\\allowbreak ?")


class Command(NamedTuple):
    """One character for each argument: `o` an option's source, `s` a source, `p` prose, `r` as the text around it."""

    takes: str
    write: Callable[..., str]


def _contents(inside: str) -> str:
    return inside


def _blackboard(letter: str) -> str:
    return signs.BLACKBOARD.get(letter, letter)


def _fraction(above: str, below: str) -> str:
    above, below = above.strip(" "), below.strip(" ")
    return f"{signs.grouped(above)}/{signs.grouped(below)}" if above or below else ""


def _binomial(above: str, below: str) -> str:
    return f"({above} choose {below})"


def _root(degree: str, inside: str) -> str:
    sign = {"": "√", "2": "√", "3": "∛", "4": "∜"}.get(degree)
    inside = inside.strip(" ")
    return f"{sign or signs.script('^', degree) + '√'}{signs.grouped(inside)}" if inside else ""


def _accented(letter: str, *, mark: str) -> str:
    return signs.over(letter, mark)


def _stacked(_above: str, base: str) -> str:
    return base


def _negated(sign: str) -> str:
    return signs.over(sign, "\u0338") if sign else ""


def _address(source: str) -> str:
    plain = _plain(source)
    return signs.link("", plain) or plain


def _link(source: str, text: str) -> str:
    return signs.link(text, _plain(source))


def _plain(source: str) -> str:
    return _ESCAPE.sub(r"\1", source).strip()


def _note(_number: str, inside: str) -> str:
    return f" ({inside.strip()})"


def _colour(model: str, name: str) -> str:
    """A colour's name is dropped; anything else is text that has lost its own braces."""
    return "" if model or _COLOUR.fullmatch(name) else name


def _coloured(_model: str, _colour: str, inside: str) -> str:
    return inside


COMMANDS: dict[str, Command] = {
    **dict.fromkeys(signs.FONTS, Command("r", _contents)),
    **dict.fromkeys(signs.PROSE, Command("p", _contents)),
    **dict.fromkeys(signs.ALPHABETS, Command("r", _blackboard)),
    **{name: Command("r", partial(_accented, mark=mark)) for name, mark in signs.OVER.items()},
    **dict.fromkeys(("frac", "dfrac", "tfrac", "cfrac", "nicefrac", "sfrac"), Command("rr", _fraction)),
    **dict.fromkeys(("binom", "dbinom", "tbinom"), Command("rr", _binomial)),
    "sqrt": Command("or", _root),
    "textsuperscript": Command("r", partial(signs.script, "^")),
    "textsubscript": Command("r", partial(signs.script, "_")),
    **dict.fromkeys(("overset", "underset", "stackrel"), Command("rr", _stacked)),
    "not": Command("r", _negated),
    **dict.fromkeys(("url", "path", "nolinkurl"), Command("s", _address)),
    "href": Command("sp", _link),
    **dict.fromkeys(("footnote", "footnotetext"), Command("op", _note)),
    "color": Command("os", _colour),
    **dict.fromkeys(("textcolor", "colorbox"), Command("osr", _coloured)),
}
