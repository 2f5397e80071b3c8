"""Template files, found and compiled.

A message is a folder of three files: `subject.txt`, `body.txt` and `body.mjml`, compiled here
once per language to Jinja sources that are filled for each reader. Up to three layers meet in them:

- `[% ... %]`, `[[ ... ]]`: done at compilation, to include the shared parts and to translate;
- MJML, in `body.mjml`: tables, Outlook's ghost tables, the head;
- `{{ ... }}` and `{% ... %}`: done when a message is filled. In MJML statements stand in comments,
  because a parser of HTML would move bare text out of a table.

What stands between `<!-- piece NAME -->` and `<!-- /piece -->`, in a text between lines of
`{# piece NAME #}` and `{# /piece #}`, is taken out, to be filled for each paper; in its place stays
`{{ piece }}`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound, TemplateSyntaxError
from mjml import mjml2html

from digest.errors import RenderingError
from digest.rendering.language import ENGLISH, Language, read_languages

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

MESSAGES = ("edition", "confirm", "welcome", "notice")
PIECES = {"edition": frozenset({"lead", "card", "other", "trending"})}
"""What a message's HTML and text must have pieces for; a text's card is also its lead."""

_STATEMENT = re.compile(r"<!--\s*(\{%.*?%\})\s*-->", re.DOTALL)
_LEFT_OVER = re.compile(r"</?(mj-[a-z-]+|mjml)[\s>/]")
_PIECE = re.compile(r"<!--\s*piece (\w+)\s*-->(.*?)<!--\s*/piece\s*-->", re.DOTALL)
_TEXT_PIECE = re.compile(r"^\{# piece (\w+) #\}\n(.*?)\n\{# /piece #\}$", re.DOTALL | re.MULTILINE)
_GAP = re.compile(r">\s*\n\s*<")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A message's Jinja sources, ready to be filled; pieces are the parts that its HTML and text repeat, by name."""

    subject: str
    text: str
    html: str
    pieces: Mapping[str, str] = field(default_factory=dict)
    text_pieces: Mapping[str, str] = field(default_factory=dict)


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
        self._kept: dict[tuple[str, str], Compiled] = {}

    @cached_property
    def languages(self) -> Mapping[str, Language]:
        """The languages that messages can be in, by code."""
        return read_languages(self.folders)

    def language(self, code: str) -> Language:
        """The language, or English where there is no catalogue of it any more."""
        return self.languages.get(code, ENGLISH)

    def compile(self, message: str, language: Language = ENGLISH) -> Compiled:
        """The sources of the message in the folder `message`, the same for the same files.

        Raises RenderingError that names the file, and the line where it is known.
        """
        if (message, language.code) not in self._kept:
            self._kept[message, language.code] = _Compilation(self._loader, language).of(message)
        return self._kept[message, language.code]

    def check(self) -> None:
        """Compile every message that the operator's files are part of, so that a fault shows before anything is made.

        Without such files there is nothing to find, and each message is compiled when it is first made.
        """
        if len(self.folders) == 1:
            return
        for message in MESSAGES:
            for language in self.languages.values():
                self.compile(message, language)


@cache
def own_library() -> Library:
    """The project's own templates, compiled once a process."""
    return Library()


class _Compilation:
    """Of templates to sources, in one language."""

    def __init__(self, loader: FileSystemLoader, language: Language) -> None:
        self._environment = Environment(
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
            loader=loader,
        )
        self._environment.globals.update(language=language, _=language.gettext)

    def of(self, message: str) -> Compiled:
        """The message's sources."""
        name, text_name = f"{message}/body.mjml", f"{message}/body.txt"
        html, text, wanted = self._html(name), self._source(text_name), PIECES.get(message, frozenset[str]())
        pieces = {found[1]: _checked(name, found[2], line_is_known=False) for found in _PIECE.finditer(html)}
        if lacking := wanted - pieces.keys():
            raise _faulty(name, None, f"it has no <!-- piece {min(lacking)} -->")
        text_pieces = {found[1]: found[2] for found in _TEXT_PIECE.finditer(text)}
        if lacking := wanted - text_pieces.keys() - {"lead"}:
            raise _faulty(text_name, None, f"it has no {{# piece {min(lacking)} #}}")
        return Compiled(
            subject=self._source(f"{message}/subject.txt"),
            text=_TEXT_PIECE.sub("{{ piece }}", text),
            html=_checked(name, _PIECE.sub("{{ piece }}", html), line_is_known=False),
            pieces=pieces,
            text_pieces=text_pieces,
        )

    def _source(self, name: str) -> str:
        return _checked(name, self._joined(name), line_is_known=True)

    def _html(self, name: str) -> str:
        html = self._styled(name, self._laid_out(name, self._joined(name)))
        for colour, hole in HOLES.items():
            html = re.sub(colour, hole, html, flags=re.IGNORECASE)
        return _GAP.sub("><", _STATEMENT.sub(r"\1", html))

    def _joined(self, name: str) -> str:
        try:
            return self._environment.get_template(name).render()
        except TemplateNotFound as error:
            raise _missing(str(error.name)) from error
        except TemplateSyntaxError as error:
            raise _faulty(error.name or name, error.lineno, error.message or "a mistake") from error
        except (TemplateError, KeyError, ValueError) as error:
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


_READ = Environment()  # noqa: S701 -- it only checks sources


def _checked(name: str, source: str, *, line_is_known: bool) -> str:
    try:
        _READ.parse(source)
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
