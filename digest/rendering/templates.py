"""Template files, found and compiled.

A message is a folder of three files: `subject.txt` and `body.txt` are Jinja as they stand,
`body.mjml` is compiled here, once, to an HTML page that is Jinja again. Three layers meet in it:

- `[% ... %]`, `[[ ... ]]`: done at compilation, to include the shared parts;
- MJML: tables, Outlook's ghost tables, the head;
- `{{ ... }}` and `<!-- {% ... %} -->`: done when a message is filled. Statements stand in comments,
  because a parser of HTML would move bare text out of a table.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound, TemplateSyntaxError
from mjml import mjml2html

from digest.errors import RenderingError

HOLES = {
    "#0D586E": "{{ colours.accent }}",
    "#FFFFFE": "{{ colours.on_accent }}",
    "#85CADC": "{{ colours.dark_accent }}",
    "#08181E": "{{ colours.on_dark_accent }}",
}
"""Colours that templates are written in, and what stands in their place after compilation.

The accent is the operator's and known only when a message is filled, but the compilers in between
want real colours in attributes and styles; so the default ones go through them and then make way.
"""

_STATEMENT = re.compile(r"<!--\s*(\{%.*?%\})\s*-->", re.DOTALL)
_LEFT_OVER = re.compile(r"</?(mj-[a-z-]+|mjml)[\s>/]")
_GAP = re.compile(r">\s*\n\s*<")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A message's three Jinja sources, ready to be filled."""

    subject: str
    text: str
    html: str


class Library:
    """Templates by name: the operator's where there is one, else the project's own.

    `folders` are searched in order for every file, shared parts included. Compiled messages are
    kept for the life of the library. Raises RenderingError where `override` is not a folder.
    """

    def __init__(self, override: Path | None = None) -> None:
        if override is not None and not override.is_dir():
            raise RenderingError(f"{override} is not a folder. Name the folder that holds your templates.")
        own = _own_folder()
        self.folders: tuple[Path, ...] = (own,) if override is None else (override, own)
        self._loader = FileSystemLoader(self.folders)
        self._before = Environment(
            block_start_string="[%",
            block_end_string="%]",
            variable_start_string="[[",
            variable_end_string="]]",
            comment_start_string="[#",
            comment_end_string="#]",
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701 -- it joins templates, which are the operator's, never values
            loader=self._loader,
        )
        self._filled = Environment(loader=self._loader)  # noqa: S701 -- it only reads and checks sources
        self._kept: dict[str, Compiled] = {}

    def compile(self, message: str) -> Compiled:
        """The sources of the message in the folder `message`, the same for the same files.

        Raises RenderingError that names the file, and the line where it is known.
        """
        if message not in self._kept:
            self._kept[message] = Compiled(
                subject=self._source(f"{message}/subject.txt"),
                text=self._source(f"{message}/body.txt"),
                html=self._html(f"{message}/body.mjml"),
            )
        return self._kept[message]

    def _source(self, name: str) -> str:
        try:
            source, _, _ = self._loader.get_source(self._filled, name)
        except TemplateNotFound as error:
            raise _missing(name) from error
        return self._checked(name, source, line_is_known=True)

    def _html(self, name: str) -> str:
        html = self._styled(name, self._laid_out(name, self._joined(name)))
        for colour, hole in HOLES.items():
            html = re.sub(colour, hole, html, flags=re.IGNORECASE)
        return self._checked(name, _GAP.sub("><", _STATEMENT.sub(r"\1", html)), line_is_known=False)

    def _joined(self, name: str) -> str:
        try:
            return self._before.get_template(name).render()
        except TemplateNotFound as error:
            raise _missing(str(error.name)) from error
        except TemplateSyntaxError as error:
            raise _faulty(error.name or name, error.lineno, error.message or "a mistake") from error
        except TemplateError as error:
            raise _faulty(name, None, str(error)) from error

    def _laid_out(self, name: str, mjml: str) -> str:
        try:
            # Without its list of web fonts it would load Roboto, which mail programs are only asked to have.
            html: str = mjml2html(mjml, fonts={})
        except ValueError as error:
            raise _faulty(name, None, f"as MJML: {error}") from error
        # The compiler passes on what it does not know, and a mail program would then drop it.
        if left_over := _LEFT_OVER.search(html):
            raise _faulty(name, None, f"{left_over[1]} does not exist in MJML, or not in this place")
        return html

    def _styled(self, name: str, html: str) -> str:
        inliner = css_inline.CSSInliner(
            inline_style_tags=False,
            keep_style_tags=True,
            minify_css=True,
            load_remote_stylesheets=False,
            extra_css=self._joined("parts/inline.css"),
        )
        try:
            return inliner.inline(html)
        except (css_inline.InlineError, ValueError) as error:
            raise _faulty(name, None, f"with parts/inline.css: {error}") from error

    def _checked(self, name: str, source: str, *, line_is_known: bool) -> str:
        try:
            self._filled.parse(source)
        except TemplateSyntaxError as error:
            raise _faulty(name, error.lineno if line_is_known else None, error.message or "a mistake") from error
        return source


def _own_folder() -> Path:
    """The project's templates: inside the package where it was installed, beside it in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "templates"
    return installed if installed.is_dir() else package.parent / "templates"


def _missing(name: str) -> RenderingError:
    return RenderingError(f"There is no template {name}. Put the file into your template folder or take it off there.")


def _faulty(name: str, line: int | None, what: str) -> RenderingError:
    where = f"{name}, line {line}" if line else name
    return RenderingError(f"The template {where} has a mistake: {what}. Correct it and try again.")
