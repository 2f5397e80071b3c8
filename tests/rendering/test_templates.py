import re
from pathlib import Path

import pytest
from editions import LINKS, render, ten_papers

from digest.errors import RenderingError
from digest.rendering.templates import MESSAGES, Library

PAGE = "<mjml><mj-body><mj-section><mj-column><mj-text>{}</mj-text></mj-column></mj-section></mj-body></mjml>"


def operator_folder(tmp_path: Path, *, subject: str = "s", text: str = "t", mjml: str = PAGE.format("x")) -> Path:
    message = tmp_path / "notice"
    message.mkdir()
    (message / "subject.txt").write_text(subject)
    (message / "body.txt").write_text(text)
    (message / "body.mjml").write_text(mjml)
    return tmp_path


@pytest.mark.parametrize("message", ["edition", "confirm", "welcome", "notice"])
def test_compiling_gives_the_same_sources_every_time(message: str) -> None:
    assert Library().compile(message) == Library().compile(message)


def test_a_compiled_message_is_kept() -> None:
    library = Library()
    assert library.compile("notice") is library.compile("notice")


def test_the_operators_file_comes_before_the_projects(tmp_path: Path) -> None:
    (tmp_path / "notice").mkdir()
    (tmp_path / "notice" / "subject.txt").write_text("Another subject")
    changed, own = Library(tmp_path).compile("notice"), Library().compile("notice")
    assert changed.subject == "Another subject"
    assert changed.html == own.html


def test_the_operators_shared_part_is_taken_too(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "wordmark.mjml").write_text('<p class="w">Another wordmark</p>')
    assert "Another wordmark" in Library(tmp_path).compile("notice").html


def test_the_folders_are_told_in_their_order(tmp_path: Path) -> None:
    assert Library(tmp_path).folders == (tmp_path, *Library().folders)


def test_statements_leave_their_comments(tmp_path: Path) -> None:
    mjml = PAGE.format(
        "<table><tbody><!-- {% for x in y %} --><tr><td>{{ x }}</td></tr><!-- {% endfor %} --></tbody></table>"
    )
    html = Library(operator_folder(tmp_path, mjml=mjml)).compile("notice").html
    assert "<tbody>{% for x in y %}<tr>" in html
    assert "<!-- {%" not in html


def test_the_accent_is_left_open_until_filling() -> None:
    for message in ("edition", "confirm", "welcome", "notice"):
        html = Library().compile(message).html.upper()
        assert "#0D586E" not in html
        assert "{{ COLOURS.DARK_ACCENT }}" in html


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"text": "one\n{% if %}"}, "notice/body.txt, line 2"),
        ({"subject": "{{ x"}, "notice/subject.txt, line 1"),
        ({"mjml": "<mjml>\n[% include %]"}, "notice/body.mjml, line 2"),
        ({"mjml": "<mjml><mj-body>"}, "notice/body.mjml"),
        ({"mjml": PAGE.format("{% if %}")}, "notice/body.mjml"),
        ({"mjml": PAGE.format("<mj-inventoin />")}, "mj-inventoin"),
        ({"mjml": "[% include 'parts/absent.mjml' %]"}, "parts/absent.mjml"),
        ({"mjml": "[[ absent ]]"}, "notice/body.mjml"),
    ],
)
def test_a_mistake_is_reported_with_its_file(tmp_path: Path, files: dict[str, str], named: str) -> None:
    library = Library(operator_folder(tmp_path, **files))
    with pytest.raises(RenderingError) as raised:
        library.compile("notice")
    assert named in str(raised.value)


def test_a_mistake_in_a_shared_part_is_reported_there(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "wordmark.mjml").write_text("one\ntwo\n[% if %]")
    with pytest.raises(RenderingError, match=r"parts/wordmark\.mjml, line 3"):
        Library(tmp_path).compile("notice")


@pytest.mark.parametrize("message", ["absent", "../templates/notice", "/etc"])
def test_a_message_outside_the_folders_does_not_exist(message: str) -> None:
    with pytest.raises(RenderingError, match="There is no template"):
        Library().compile(message)


def test_a_template_folder_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(RenderingError, match="not a folder"):
        Library(tmp_path / "absent")


def test_an_operators_edition_puts_down_what_differs_between_readers_where_it_likes(tmp_path: Path) -> None:
    own, theirs = tmp_path / "edition", Path(Library().folders[0], "edition")
    own.mkdir()
    text, page = (theirs / "body.txt").read_text(), (theirs / "body.mjml").read_text()
    parts = "{% for told, kind in opening.parts %}{{ told|wrap }}|{% endfor %}"
    (own / "body.txt").write_text(text.replace("{{ opening.text|wrap }}", parts) + " at {{ links.unsubscribe }}")
    (own / "body.mjml").write_text(page.replace("{{ entry.why }}", "{{ entry.why }} ({{ entry.number }})"))
    body = render(ten_papers(), library=Library(tmp_path))
    assert body.text.endswith(f" at {LINKS.unsubscribe}")
    assert "10 papers for you| out of 26 new; 4 follow your topic |diffusion models|.|" in body.text
    assert re.findall(r"\(\s*\d+\)", body.html) == ["(6)", "(7)", "(8)", "(9)", "(10)"]


def test_an_edition_template_without_a_piece_is_refused(tmp_path: Path) -> None:
    (tmp_path / "edition").mkdir()
    (tmp_path / "edition" / "body.mjml").write_text(PAGE.format("<!-- piece lead -->x<!-- /piece -->"))
    with pytest.raises(RenderingError, match="it has no <!-- piece card -->"):
        Library(tmp_path).compile("edition")


def test_a_fault_in_any_message_and_language_shows_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "locales").mkdir()
    (tmp_path / "locales" / "it.po").write_text('msgid "Week of %(date)s"\nmsgstr "Sett %(data)s"\n')
    with pytest.raises(RenderingError, match=r"it\.po"):
        Library(tmp_path).check()


def test_every_message_is_compiled_ahead() -> None:
    folders = {path.parent.name for path in Library().folders[-1].glob("*/body.mjml")}
    assert set(MESSAGES) == folders
