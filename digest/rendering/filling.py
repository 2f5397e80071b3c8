"""Compiled templates and values to a message's subject, text and HTML."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import Environment, StrictUndefined, Template, TemplateError
from markupsafe import Markup

from digest.errors import RenderingError
from digest.rendering.templates import Compiled

WIDTH = 72

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+")
"""Controls, line separators, bidi marks and overrides, invisible spaces, lone surrogates."""


_BREAKS = re.compile("[ \t\r\n]+")
"""Where a line may end: not at the no-break space of a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a reader gets to see: one line, a text and a page."""

    subject: str
    text: str
    html: str


def fill(compiled: Compiled, context: Mapping[str, object]) -> Body:
    """The message for one reader.

    Values are escaped in the HTML and nowhere else; no part holds a NUL, and the subject is one
    line without control characters. Raises RenderingError where a template asks for what `context` does not hold.
    """
    return Body(
        subject=" ".join(_UNSEEN.sub(" ", _rendered("subject", compiled.subject, context)).split()),
        text=_rendered("text", compiled.text, context),
        html=_rendered("HTML", compiled.html, context),
    )


def fill_piece(compiled: Compiled, name: str, context: Mapping[str, object]) -> Markup:
    """One of the parts that a message's HTML repeats, filled."""
    return Markup(_rendered("HTML", compiled.pieces[name], context))  # noqa: S704 -- its values were escaped there


def wrap(text: str, hang: int = 0) -> str:
    """A paragraph in lines of at most 72 characters; a word that is longer, such as a URL, is kept whole.

    `hang` is the column at which the first line begins; the following ones are indented to it.
    """
    return _wrap(text, hang)


@lru_cache(maxsize=8192)
def _wrap(text: str, hang: int) -> str:
    lines, line = [], ""
    for word in _BREAKS.split(_UNSEEN.sub(" ", text).strip()):
        if line and hang + len(line) + 1 + len(word) > WIDTH:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return ("\n" + " " * hang).join([*lines, line])


def _rendered(part: str, source: str, context: Mapping[str, object]) -> str:
    try:
        filled = _template(_HTML if part == "HTML" else _TEXT, source).render(context)
        return _CONTROLS.sub("", filled)
    except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise RenderingError(
            f"The message's {part} cannot be filled: {error}. Correct the template or what it is given."
        ) from error


@lru_cache(maxsize=128)
def _template(environment: Environment, source: str) -> Template:
    return environment.from_string(source)


def _environment(*, autoescape: bool) -> Environment:
    environment = Environment(
        autoescape=autoescape,  # noqa: S701 -- false for the parts that are not markup
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["wrap"] = wrap
    return environment


_HTML = _environment(autoescape=True)
_TEXT = _environment(autoescape=False)
