"""However much there is to say, the HTML stays under 100,000 bytes."""

import re
from dataclasses import replace

import pytest
from editions import CARD, LINKS, PAPER, TOPIC, TRENDING, facts, numbered, render
from hypothesis import given, settings
from hypothesis import strategies as st
from reading import read_page

from digest.model import Cadence, Layout, Reason, ReasonKind
from digest.rendering.cards import Card, make_card

UNIT = st.text(st.sampled_from("<&\"'αक字🜁é a") | st.characters(exclude_categories=["Cs"]), max_size=80)
"""What long texts are made of, forty times over."""


def worst_cards(title: str, author: str, summary: str, interest: str) -> list[tuple[Card, Reason]]:
    """Twenty papers of which everything is as long as the store lets it be."""
    url = "https://papers.example.org/" + "&" * 950
    paper = replace(
        PAPER, title=title * 40, authors=(author * 40,) * 9, organisation=author * 40, summary=summary * 40,
        url=url, pdf_url=url, code_url=url,
    )  # fmt: skip
    card = make_card(paper, seen_at=paper.first_seen_at, cadence=Cadence.DAILY)
    reason = Reason(kind=ReasonKind.TOPIC, interest=(interest * 40)[:200], terms=(summary[:50],))
    return [(replace(card, url=f"{card.url}{number}"), reason) for number in range(20)]


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(texts=st.tuples(UNIT, UNIT, UNIT, UNIT), layout=st.sampled_from(Layout), token=st.integers(1, 60))
def test_an_edition_always_fits(texts: tuple[str, str, str, str], layout: Layout, token: int) -> None:
    papers = worst_cards(*texts)
    links = LINKS._replace(feedback=LINKS.feedback + "x" * token)
    title = papers[0][0].title[:140]
    trending = [{"title": title, "url": f"https://x.example.org/{n}" + "&" * 950, "upvotes": 1} for n in range(9)]
    body = render(papers, printed=facts(layout=layout) | {"trending": trending}, links=links)
    assert len(body.html.encode()) < 100_000
    page = read_page(body.html)
    assert {LINKS.unsubscribe, LINKS.view} <= page.links()
    assert page.links() == set(re.findall(r"https?://\S+", body.text))


def test_what_does_not_fit_is_left_to_the_page_in_the_browser() -> None:
    papers = [(replace(numbered(number), title="<" * 1000 + str(number)), TOPIC) for number in range(20)]
    fitted, whole = (render(papers, printed=facts(layout=Layout.FULL), whole=whole) for whole in (False, True))
    short, long = (read_page(body.html).text for body in (fitted, whole))
    shown = sum(paper.title in short for paper, _ in papers)
    moved = f"{20 - shown} more papers for you are on the web page"
    assert 0 < shown < 20
    assert moved in short
    assert f"{moved}:\n{LINKS.view}" in fitted.text
    assert all(paper.title in long for paper, _ in papers)
    assert "on the web page" not in whole.html


def test_summaries_are_shortened_before_papers_are_moved() -> None:
    wordy = replace(CARD, summary="& " * 140)
    papers = [(numbered(number, wordy), TRENDING) for number in range(20)]
    fitted, whole = (render(papers, printed=facts(layout=Layout.FULL), whole=whole) for whole in (False, True))
    assert len(whole.html.encode()) > 100_000
    assert len(fitted.html.encode()) < 100_000
    assert "on the web page" not in fitted.text
    assert fitted.text.count("&") < whole.text.count("&") * 0.6
