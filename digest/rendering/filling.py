"""Compiled templates and values to a message's subject, text and HTML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import Environment, StrictUndefined, Template, TemplateError

from digest.errors import RenderingError
from digest.quoted import quoted, unquoted
from digest.rendering.forms import cleaned, one_line, wrap
from digest.rendering.templates import Compiled


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What a reader gets to see: one line, a text and a page, both as pieces of quoted-printable."""

    subject: str
    encoded_text: Sequence[bytes]
    encoded_html: Sequence[bytes]

    @property
    def text(self) -> str:
        """The text as it is read."""
        return unquoted(b"".join(self.encoded_text))

    @property
    def html(self) -> str:
        """The page as it is read."""
        return unquoted(b"".join(self.encoded_html))


def fill(compiled: Compiled, context: Mapping[str, object]) -> Body:
    """The message for one reader.

    Values are escaped in the HTML and nowhere else; no part holds a NUL, and the subject is one
    line without control characters. Raises RenderingError where a template asks for what `context` does not hold.
    """
    return Body(
        subject=one_line(rendered("subject", compiled.subject, context)),
        encoded_text=[quoted(cleaned(rendered("text", compiled.text, context)))],
        encoded_html=[quoted(cleaned(rendered("HTML", compiled.html, context)))],
    )


def rendered(part: str, source: str, context: Mapping[str, object]) -> str:
    """What a template gives: `part` is `HTML`, in which values are escaped, or what else it is called in an error."""
    try:
        return _template(_HTML if part == "HTML" else _TEXT, source).render(context)
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
