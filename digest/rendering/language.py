"""A reader's language: texts from a catalogue, dates and numbers by its locale.

A language is one file of translations (gettext's .po, read as it stands) in a template folder's
`locales`; English is what the sources say. A text that a catalogue lacks stays English. Translations
become part of templates, and some come from strangers: none may hold more than text and its English holes.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import format_decimal

from digest.errors import RenderingError

_MINUS = "\u2212"
_THOUSANDS_FROM = 10_000
_MILLIONS_FROM = 999_950
_LOCALES = {"en": "en-GB"}
"""Whose dates and numbers a language without a country takes, where it is not the one that Unicode assumes."""


class Language:
    """Texts, dates and numbers of one language. `code` is as in HTML: `en`, `de`, `pt-BR`."""

    def __init__(self, code: str, translations: NullTranslations | None = None) -> None:
        """Raises RenderingError where Unicode's locales do not know the language."""
        self.code = code
        self._translations = translations or NullTranslations()
        try:
            self._locale = Locale.parse(_LOCALES.get(code, code), sep="-")
        except (UnknownLocaleError, ValueError) as error:
            raise RenderingError(
                f"There is no language {code!r}. Name its catalogue as HTML does, such as de.po or pt-BR.po."
            ) from error
        if self._locale.text_direction != "ltr":
            raise RenderingError(
                f"The language {code!r} is written from right to left, which the templates cannot show. Take it out."
            )

    @property
    def name(self) -> str:
        """What the language calls itself: `English`, `Deutsch`."""
        name = Locale.parse(self.code, sep="-").get_display_name() or self.code
        return name[:1].upper() + name[1:]

    def gettext(self, message: str, **values: object) -> str:
        """The text in this language, its `%(name)s` filled in."""
        text = self._translations.gettext(message)
        return text % values if values else text

    def ngettext(self, singular: str, plural: str, count: int, **values: object) -> str:
        """The text for that many; `%(count)s` is the number as it is written."""
        text = self._translations.ngettext(singular, plural, count)
        return text % {"count": self.number(count), **values}

    def around(self, message: str) -> tuple[str, str]:
        """What stands before and after the text's one `%s`."""
        before, _, after = self._translations.gettext(message).partition("%s")
        return before.replace("%%", "%"), after.replace("%%", "%")

    # Babel takes 30 us, and every edition says the same few. Languages live as long as the process.
    @lru_cache(maxsize=8192)  # noqa: B019
    def number(self, value: int) -> str:
        """`1,284`; from ten thousand `12.8k`, from a million `1.3M`; a negative one with U+2212."""
        if value < 0:
            return _MINUS + self.number(-value)
        if value >= _MILLIONS_FROM:
            return f"{format_decimal(value / 1_000_000, '0.#', self._locale)}M"
        if value >= _THOUSANDS_FROM:
            return f"{format_decimal(value / 1_000, '0.#', self._locale)}k"
        return str(format_decimal(value, locale=self._locale))

    def signed(self, value: int) -> str:
        """`+12`, or with U+2212."""
        return self.number(value) if value < 0 else f"+{self.number(value)}"

    @lru_cache(maxsize=8192)  # noqa: B019 -- as above
    def full_date(self, day: date) -> str:
        """`17 June 2026`."""
        return str(format_date(day, "long", self._locale))

    def long_date(self, day: date) -> str:
        """`Wednesday 17 June 2026`."""
        return self.gettext("%(weekday)s %(date)s", weekday=self.weekday(day), date=self.full_date(day))

    def short_date(self, day: date) -> str:
        """`17 June`."""
        return str(format_skeleton("MMMMd", day, locale=self._locale))

    def list_date(self, day: date) -> str:
        """`Wed 17`."""
        return str(format_skeleton("Ed", day, locale=self._locale))

    def weekday(self, day: date) -> str:
        """`Wednesday`."""
        return str(format_date(day, "EEEE", self._locale))

    def month(self, day: date) -> str:
        """`June`."""
        return str(format_date(day, "LLLL", self._locale))

    def month_and_year(self, day: date) -> str:
        """`June 2026`."""
        return str(format_skeleton("yMMMM", day, locale=self._locale))

    def moment(self, instant: datetime) -> str:
        """`16 June 2026, 18:42 UTC`."""
        utc = instant.astimezone(ZoneInfo("UTC"))
        return f"{self.full_date(utc)}, {utc:%H:%M} UTC"


ENGLISH = Language("en")


def read_languages(folders: Sequence[Path]) -> dict[str, Language]:
    """English and every language that one of the template folders has a catalogue of, by code.

    The first folder's catalogue of a language counts. Raises RenderingError that names a file that cannot be used.
    """
    files = {path.stem: path for folder in reversed(folders) for path in sorted((folder / "locales").glob("*.po"))}
    return {"en": ENGLISH} | {code: read_language(path) for code, path in sorted(files.items())}


@lru_cache(maxsize=64)
def read_language(path: Path) -> Language:
    """The language of a catalogue, named after its file. Raises RenderingError that names the file and the text."""
    try:
        catalogue = read_po(BytesIO(path.read_bytes()), locale=path.stem.replace("-", "_"), abort_invalid=True)
        for fault in _faults(catalogue):
            raise _faulty(path, fault)
        compiled = BytesIO()
        write_mo(compiled, catalogue)
        compiled.seek(0)
        translations = GNUTranslations(compiled)
        # A rule of plurals that cannot be worked out fails only when it is used.
        for count in range(3):
            translations.ngettext("upvote", "upvotes", count)
        return Language(path.stem, translations)
    except (OSError, LookupError, ArithmeticError, PoFileError, UnknownLocaleError, ValueError) as error:
        raise _faulty(path, str(error)) from error


_HOLE = re.compile(r"%(\(\w+\)s|%|s)?")
_MARKUP = re.compile(r"[<>&{}]|\[[\[%#]")


def _faults(catalogue: Catalog) -> Iterator[str]:
    """What is wrong with its translations: holes that their English lacks, markup, words of a template."""
    for message in catalogue:
        for said in _translations(message) if message.id else ():
            english = "".join(_told(message))
            if not set(_HOLE.findall(said)) <= {"%", *_HOLE.findall(english)}:
                yield f"“{said}” has a % that “{_told(message)[0]}” has not"
            if not set(_MARKUP.findall(said)) <= set(_MARKUP.findall(english)):
                yield f"“{said}” holds a character of HTML or of a template"


def _told(message: Message) -> tuple[str, ...]:
    return tuple(message.id) if isinstance(message.id, (list, tuple)) else (message.id,)


def _translations(message: Message) -> tuple[str, ...]:
    said = message.string or ""
    return (said,) if isinstance(said, str) else tuple(said)


def _faulty(path: Path, what: str) -> RenderingError:
    return RenderingError(f"The catalogue {path} cannot be used: {what}. Correct it and try again.")
