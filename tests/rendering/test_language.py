import subprocess
import sys
from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from editions import LIBRARY, READER, TOPIC, facts, numbered, render, ten_papers
from reading import read_page

from digest.errors import RenderingError
from digest.model import Cadence
from digest.rendering.language import ENGLISH, Language, read_language, read_languages
from digest.rendering.templates import Library

ROOT = Path(__file__).parents[2]
GERMAN = LIBRARY.languages["de"]


CATALOGUES = sorted((ROOT / "templates" / "locales").glob("*.po"))


def messages(path: Path) -> list[Message]:
    """What a catalogue holds, its header aside."""
    return [message for message in read_po(BytesIO(path.read_bytes()), locale="de") if message.id]


@pytest.mark.slow
def test_every_catalogue_translates_every_text_of_code_and_templates(tmp_path: Path) -> None:
    wanted = tmp_path / "messages.pot"
    keywords = ["-k", "N_", "-k", "NN_:1,2", "-k", "around"]
    command = [sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "-F", "pyproject.toml", *keywords]
    subprocess.run([*command, "-o", str(wanted), "."], cwd=ROOT, check=True)
    texts = {message.id for message in messages(wanted)}
    for path in CATALOGUES:
        translated = {message.id for message in messages(path) if all(message.string or [False]) and not message.fuzzy}
        assert translated == texts, f"{path.name}: ./run catalogues brings in what is missing"


def test_a_message_is_in_the_readers_language() -> None:
    body = render(ten_papers(), language=GERMAN)
    page = read_page(body.html)
    [root] = page.all("html")
    assert root["lang"] == "de"
    assert body.subject == "Show the Signal, Hide the Noise und 9 weitere Paper"
    for part in (page.text, body.text):
        said = " ".join(part.split())
        assert "10 Paper für Sie von 26 neuen; 4 gehören zu Ihrem Thema diffusion models." in said
        assert "Mittwoch, 17. Juni 2026" in said
        assert "montags bis freitags um 07:00 (Europe/Paris)" in said
        assert "1.284 Upvotes" in said
        assert "Unsubscribe" not in said


def test_both_languages_carry_the_same_links() -> None:
    german, english = (read_page(render(ten_papers(), language=language).html) for language in (GERMAN, ENGLISH))
    assert german.links() == english.links()


def test_a_language_is_a_catalogue_in_the_operators_folder(tmp_path: Path) -> None:
    (tmp_path / "locales").mkdir()
    (tmp_path / "locales" / "fr.po").write_text('msgid "Also trending"\nmsgstr "Aussi en vue"\n')
    french = Library(tmp_path).languages["fr"]
    assert french.name == "Français"
    assert french.gettext("Also trending") == "Aussi en vue"
    assert french.gettext("Also for you") == "Also for you"
    assert french.full_date(date(2026, 6, 17)) == "17 juin 2026"


def test_the_operators_catalogue_of_a_language_takes_the_place_of_ours(tmp_path: Path) -> None:
    (tmp_path / "locales").mkdir()
    (tmp_path / "locales" / "de.po").write_text('msgid "Also trending"\nmsgstr "Sonst im Trend"\n')
    assert Library(tmp_path).language("de").gettext("Also trending") == "Sonst im Trend"


def test_a_language_without_a_catalogue_is_english() -> None:
    assert LIBRARY.language("xx") is ENGLISH


@pytest.mark.parametrize(
    ("name", "text", "named"),
    [
        ("de.po", "Dear translator,\n", "de.po"),
        ("de.po", '#, python-format\nmsgid "%(rise)s in 3 h"\nmsgstr "%(fall)s in 3 h"\n', "fall"),
        ("de.po", 'msgid "Week of %(date)s"\nmsgstr "Woche %(datum)s"\n', "Woche %"),
        ("de.po", 'msgid "Why:"\nmsgstr "{{ lipsum }}"\n', "lipsum"),
        ("de.po", 'msgid "Why:"\nmsgstr "<b>Warum"\n', "Warum"),
        ("de.po", 'msgid ""\nmsgstr "Content-Type: text/plain; charset=x-nope\\n"\n', "x-nope"),
        ("de.po", 'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=(n/0);\\n"\n', "de.po"),
        ("de_AT.po", 'msgid "New"\nmsgstr "Neu"\n', "There is no language"),
        ("ar.po", 'msgid "New"\nmsgstr "X"\n', "right to left"),
        ("nowhere.po", 'msgid "New"\nmsgstr "X"\n', "nowhere"),
    ],
)
def test_a_catalogue_that_cannot_be_used_is_named(tmp_path: Path, name: str, text: str, named: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(RenderingError, match=named):
        read_language(tmp_path / name)


def test_a_tag_that_is_no_language_is_refused() -> None:
    with pytest.raises(RenderingError, match="There is no language"):
        Language("klingonisch")


def test_languages_are_found_in_the_template_folders() -> None:
    assert set(read_languages(LIBRARY.folders)) >= {"en", "de"}


@pytest.mark.parametrize("cadence", list(Cadence))
def test_every_cadence_has_its_subject_in_every_language(cadence: Cadence) -> None:
    for language in LIBRARY.languages.values():
        body = render([(numbered(1), TOPIC), (numbered(2), TOPIC)], printed=facts(cadence), language=language)
        assert language.gettext("View in browser") in body.text
        assert language.gettext("Also trending") in body.html
        assert READER.address in body.text
