import pytest

from digest.errors import RenderingError
from digest.rendering.filling import fill
from digest.rendering.forms import wrap
from digest.rendering.templates import Compiled


def compiled(subject: str = "s", text: str = "t", html: str = "h") -> Compiled:
    return Compiled(subject=subject, text=text, html=html)


def test_values_are_escaped_in_the_html_and_nowhere_else() -> None:
    body = fill(compiled("{{ x }}", "{{ x }}", "{{ x }}"), {"x": '<b> & "'})
    assert body.subject == body.text == '<b> & "'
    assert body.html == "&lt;b&gt; &amp; &#34;"


@pytest.mark.parametrize(
    "title", ["a\r\nBcc: x", "a\x00\x0bb", "a\x85\u2028\u2029b", "  a \t b ", "a\u202eb", "a\ud800b", "a\u200bb"]
)
def test_a_subject_is_one_line_without_control_characters(title: str) -> None:
    subject = fill(compiled(subject="{{ x }}"), {"x": title}).subject
    assert subject.isprintable()
    assert subject == " ".join(subject.split(" "))
    assert subject.encode()


@pytest.mark.parametrize("part", ["subject", "text", "html"])
def test_a_value_that_is_missing_is_an_error(part: str) -> None:
    with pytest.raises(RenderingError, match="absent"):
        fill(compiled(**{part: "{{ absent }}"}), {})


@pytest.mark.parametrize("source", ["{{ 1 / 0 }}", "{{ 'a' + 1 }}", "{{ 'a'|no_such_filter }}", "{% if %}"])
def test_a_template_that_fails_is_an_error_of_rendering(source: str) -> None:
    with pytest.raises(RenderingError, match="text cannot be filled"):
        fill(compiled(text=source), {})


def test_a_paragraph_is_wrapped_at_72() -> None:
    lines = wrap("word " * 60).split("\n")
    assert len(lines) > 3
    assert max(map(len, lines)) <= 72
    assert " ".join(lines).split() == ["word"] * 60


def test_a_hanging_paragraph_keeps_its_column() -> None:
    first, *others = wrap("word " * 60, 4).split("\n")
    assert len(first) <= 68
    assert all(line.startswith("    word") and len(line) <= 72 for line in others)


def test_an_address_is_never_broken() -> None:
    address = "https://papers.example.org/" + "x" * 200
    assert address in wrap(f"See {address} for more.").split("\n")


def test_nothing_wraps_to_nothing() -> None:
    assert wrap("") == ""


def test_no_part_holds_a_nul() -> None:
    body = fill(compiled("{{ x }}", "{{ x }}", "{{ x }}"), {"x": "a\x00b"})
    assert body.text == body.html == "ab"


def test_half_a_character_is_dropped() -> None:
    body = fill(compiled("{{ x }}", "{{ x }}", "{{ x }}"), {"x": "a\ud800b"})
    assert (body.subject, body.text, body.html) == ("a b", "ab", "ab")
