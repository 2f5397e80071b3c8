"""Templates filled but for their holes."""

import pytest

from digest.errors import RenderingError
from digest.quoted import unquoted
from digest.rendering.filling import rendered
from digest.rendering.forms import Hole, Line, form_of


def filled(source: str, part: str = "text", **values: str) -> str:
    """What a template with holes gives for one reader."""
    form = form_of(rendered(part, source, {name: Hole(name) for name in values}), list(values), wrapped=values)
    encoded = tuple(value.encode() + b"=\r\n" for value in values.values())
    return unquoted(b"".join(form.pieces(encoded, values)))


def test_a_hole_is_filled_where_it_stands() -> None:
    assert filled("To {{ x }}, {{ y }} and {{ x }}: 100 %", x="Ada", y="Bob") == "To Ada, Bob and Ada: 100 %"
    assert filled('<a href="{{ x }}?a=1&amp;b=2">', "HTML", x="u") == '<a href="u?a=1&amp;b=2">'


def test_a_paragraph_is_wrapped_once_it_is_filled() -> None:
    told = filled("{% filter wrap %}Because {{ x }} has asked, 100 % of it.{% endfilter %}", x="word " * 40)
    assert max(map(len, told.split("\n"))) <= 72
    assert told.split() == ["Because", *["word"] * 40, "has", "asked,", "100", "%", "of", "it."]
    assert filled("{{ ('a' ~ x)|wrap(70) }}", x=" b c") == "a\n" + " " * 70 + "b\n" + " " * 70 + "c"


@pytest.mark.parametrize("source", ["{% if x %}a{% endif %}", "{{ x == 'a' }}", "{{ 'b' if not x else 'c' }}"])
def test_a_template_that_asks_what_differs_between_readers_is_told_so(source: str) -> None:
    with pytest.raises(RenderingError, match="x differs between readers"):
        filled(source, x="a")


@pytest.mark.parametrize("source", ["{{ x|upper }}", "{{ x|length }} {{ x|replace('x', 'y') }}", "{{ x|truncate(5) }}"])
def test_a_template_that_changes_what_differs_between_readers_is_told_so(source: str) -> None:
    with pytest.raises(RenderingError):
        filled(source, x="a")


def test_what_a_reader_decides_cannot_be_wrapped_where_it_is_not_known() -> None:
    with pytest.raises(RenderingError, match="wraps 'x' where it cannot be"):
        form_of(rendered("text", "{{ x|wrap }}", {"x": Hole("x")}), ["x"])


def test_what_a_part_does_not_know_cannot_be_put_down_in_it() -> None:
    with pytest.raises(RenderingError, match="puts down 'x' where it is not known"):
        form_of(rendered("text", "{{ x }}", {"x": Hole("x")}), ["y"])


def test_a_subject_is_one_line() -> None:
    line = Line(rendered("subject", "[100 %] {{ x }}", {"x": Hole("x")}))
    assert line.filled({"x": "a\r\nBcc: b"}) == "[100 %] a Bcc: b"
