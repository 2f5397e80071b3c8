import pytest

from digest.model import Reason, ReasonKind
from digest.rendering.language import ENGLISH
from digest.rendering.marks import mark, swipe, why


def marked_words(summary: str, *terms: str) -> list[str]:
    html, _ = mark(summary, terms)
    return [piece.partition(">")[2] for piece in html.split("</span>")[:-1] for piece in [piece[piece.rindex("<") :]]]


@pytest.mark.parametrize(
    ("summary", "terms", "words"),
    [
        ("Diffusion models at scale.", ["diffusion models"], ["Diffusion models"]),
        ("A diffusion model and a diffusion model.", ["diffusion model"], ["diffusion model"]),
        ("Diffusion modelling.", ["diffusion model"], []),
        ("A prediffusion model.", ["diffusion model"], []),
        ("diffusion model distillation", ["diffusion", "diffusion model"], ["diffusion model"]),
        ("one two three four", ["one", "two", "three", "four"], ["one", "two", "three"]),
        ("few-step\n sampling", ["few-step  sampling"], ["few-step sampling"]),
        ("C++ and (R)", ["C++", "(R)"], ["C++", "(R)"]),
        ("anything", ["", " "], []),
        ("anything", [], []),
    ],
)
def test_terms_are_marked_once_as_whole_words(summary: str, terms: list[str], words: list[str]) -> None:
    assert marked_words(summary, *terms) == words
    assert mark(summary, terms)[1] is bool(words)


def test_everything_around_and_under_a_mark_is_escaped() -> None:
    html, marked = mark("<b>R&D</b> of R&D", ["R&D"])
    assert marked
    assert "<b>" not in html
    assert html.count("R&amp;D") == 2


def test_a_term_is_never_a_pattern() -> None:
    html, marked = mark("aaaa", ["a+", ".*"])
    assert (str(html), marked) == ("aaaa", False)


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (Reason(kind=ReasonKind.TOPIC, interest="diffusion models"), "matches diffusion models"),
        (Reason(kind=ReasonKind.CATEGORY, interest="cs.CV"), "new in cs.CV, which you follow"),
        (Reason(kind=ReasonKind.AUTHOR, interest="An Author"), "you follow An Author"),
        (Reason(kind=ReasonKind.TRENDING), "trending"),
    ],
)
def test_a_reason_is_said_in_words(reason: Reason, text: str) -> None:
    html, said = why(ENGLISH, reason, marked=True)
    assert said == text
    assert str(html) == text


def test_an_interest_is_marked_in_the_reason_only_where_the_summary_has_no_mark() -> None:
    reason = Reason(kind=ReasonKind.TOPIC, interest="<diffusion>")
    assert swipe("<diffusion>") in why(ENGLISH, reason, marked=False)[0]
    assert "<span" not in why(ENGLISH, reason, marked=True)[0]
    assert "<diffusion>" not in why(ENGLISH, reason, marked=False)[0]
