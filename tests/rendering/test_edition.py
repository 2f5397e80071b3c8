import json
import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from editions import CARD, LINKS, READER, SITE, TOPIC, TRENDING, facts, numbered, render, ten_papers
from reading import read_page

from digest.errors import RenderingError
from digest.model import Cadence, Layout, Reason, ReasonKind, Want
from digest.rendering.cards import Card

HOSTILE = [
    "{{7*7}}",
    "{% for x in range(9) %}x{% endfor %}",
    '</mj-text><mj-include path="/etc/passwd"/>',
    "<!--[if mso]><p>",
    "<script>alert(1)</script>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "x" * 10_000,
]


def opening(cards: list[tuple[Card, Reason]], *, follows: bool = True, considered: int = 26) -> str:
    reader = READER._replace(follows=follows, considered=considered)
    heading = re.search(r"<h1.*?</h1>", render(cards, reader=reader).html)
    assert heading
    return read_page(heading[0]).text


def test_text_and_html_carry_the_same_links() -> None:
    body = render(ten_papers())
    assert read_page(body.html).links() == set(re.findall(r"https?://\S+", body.text))
    assert {LINKS.unsubscribe, LINKS.view} <= read_page(body.html).links()


def test_every_paper_is_in_both_parts_in_the_same_order() -> None:
    body = render(ten_papers())
    titles = [card.title for card, _ in ten_papers()]
    html, text = read_page(body.html).text, " ".join(body.text.split())
    for part in (html, text):
        positions = [part.index(title) for title in titles]
        assert positions == sorted(positions)


def test_ten_papers_take_at_most_40_kilobytes() -> None:
    assert len(render(ten_papers()).html.encode()) <= 40_000


def test_the_styles_in_the_head_stay_under_8_kilobytes() -> None:
    assert sum(map(len, re.findall(r"<style.*?</style>", render(ten_papers()).html, re.DOTALL))) < 8_000


def test_opening_a_message_requests_nothing() -> None:
    page = read_page(render(ten_papers()).html)
    assert not {"img", "link", "script", "iframe", "form", "object", "video"} & {tag for tag, _ in page.elements}
    assert not any({"src", "background", "srcset"} & attributes.keys() for _, attributes in page.elements)
    assert not re.search(r"url\(|@import|@font-face|<link", render(ten_papers()).html)


def test_a_message_is_built_for_screen_readers() -> None:
    page = read_page(render(ten_papers()).html)
    [root] = page.all("html")
    assert (root["lang"], root["dir"]) == ("en", "ltr")
    assert len(page.all("h1")) == len(page.all("title")) == 1
    headings = [tag for tag, _ in page.elements if re.fullmatch(r"h\d", tag)]
    assert headings == ["h1"] + ["h2"] * 7
    assert all(table.get("role") == "presentation" for table in page.all("table"))
    assert all(heading.get("dir") == "auto" for heading in page.all("h2")[:5])


def test_both_colour_schemes_are_declared_and_styled() -> None:
    html = render(ten_papers()).html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "@media (prefers-color-scheme:dark)" in html
    assert "[data-ogsc] .u" in html


def test_no_comment_of_a_template_is_left() -> None:
    comments = re.findall(r"<!--(.*?)-->", render(ten_papers()).html, re.DOTALL)
    assert all(comment.startswith(("[if ", "<![endif]")) for comment in comments)


def test_the_preheader_is_hidden_and_fits_an_inbox() -> None:
    html = render(ten_papers()).html
    hidden = re.search(r'style="[^"]*display:none;max-height:0;overflow:hidden;mso-hide:all">([^\u034f<]*)', html)
    assert hidden
    assert 40 <= len(hidden[1]) <= 130
    assert hidden[1].startswith("4 on diffusion models.")


def test_the_operators_accent_takes_the_place_of_ours() -> None:
    html = render(ten_papers(), site=replace(SITE, accent="#7A1FA2")).html
    assert "#7A1FA2" in html
    assert "#0D586E" not in html.upper()


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_a_paper_says_is_only_ever_text(hostile: str) -> None:
    card = replace(CARD, title=hostile, authors=(hostile,), more_authors=0, organisation=hostile, summary=hostile)
    body = render([(card, TOPIC._replace(interest=hostile, terms=(hostile,))), (numbered(2, card), TRENDING)])
    page = read_page(body.html)
    plain = read_page(render([(CARD, TOPIC), (numbered(2), TRENDING)]).html)
    assert hostile in page.text
    assert {tag for tag, _ in page.elements} == {tag for tag, _ in plain.elements}
    assert {name for _, names in page.elements for name in names} == {
        name for _, names in plain.elements for name in names
    }
    assert "".join(hostile.split()) in "".join(body.text.split())


def test_a_bidirectional_override_stays_inside_its_title() -> None:
    body = render([(replace(CARD, title="abc\u202edef"), TOPIC)])
    assert re.search(r'<h2[^>]* dir="auto"[^>]*><a[^>]*>abc\u202edef</a></h2>', body.html)
    assert "\u202e" not in body.text + body.subject


def test_a_paper_without_addresses_has_no_links() -> None:
    bare = Card(title="Bare", url="")
    body = render([(bare, TRENDING), *[(bare, TRENDING)] * 9])
    assert "" not in {attributes.get("href") for attributes in read_page(body.html).all("a")}
    assert ">Read<" not in body.html
    assert "Read:" not in body.text


def test_a_sentence_of_the_abstract_is_called_one() -> None:
    body = render([(replace(CARD, summary_is_abstract=True), TRENDING)])
    assert "From the abstract:" in body.html
    assert "From the abstract: A time-conditional" in body.text


def test_the_most_upvoted_paper_of_the_day_is_called_that() -> None:
    cards = [(numbered(8), TRENDING), (numbered(9), TRENDING)]
    body = render(cards)
    assert body.text.count("trending, most upvoted of the day") == 1
    assert read_page(body.html).text.count("trending, most upvoted of the day") == 1


def test_the_most_upvoted_paper_need_not_be_the_most_trending() -> None:
    trending = [{"title": f"{n}", "url": numbered(n).url, "upvotes": upvotes} for n, upvotes in ((8, 5), (9, 40))]
    text = render([(numbered(8), TRENDING), (numbered(9), TRENDING)], printed=facts() | {"trending": trending}).text
    assert text.count("most upvoted") == 1
    assert text.index("most upvoted") > text.index("\n 2. ")


@pytest.mark.parametrize("changed", [{"upvotes": 0}, {"url": ""}])
def test_a_paper_without_votes_or_address_is_not_called_the_most_upvoted(changed: dict[str, Any]) -> None:
    top = replace(numbered(8), **changed)
    printed = facts() | {"trending": [{"title": top.title, "url": top.url, "upvotes": top.upvotes}]}
    assert "most upvoted" not in render([(top, TRENDING)], printed=printed).text


def test_also_trending_names_no_paper_twice() -> None:
    text = render(ten_papers()).text
    also = text[text.index("ALSO TRENDING") :]
    assert [f"part {number} 1,284 upvotes" in " ".join(also.split()) for number in range(8, 16)] == [
        False, False, True, True, True, False, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(("upvotes", "said"), [(0, ""), (1, "1 upvote"), (9, "9 upvotes")])
def test_also_trending_says_what_it_counts_where_it_counts_anything(upvotes: int, said: str) -> None:
    trending = [{"title": "Another", "url": "https://papers.example.org/9", "upvotes": upvotes}]
    body = render([(CARD, TOPIC)], printed=facts() | {"trending": trending})
    assert " ".join(["* Another", *said.split(), "https://papers.example.org/9"]) in " ".join(body.text.split())
    assert f"Another {said}All".replace(" ", "") in "".join(read_page(body.html).text.split())


def test_a_short_edition_has_no_empty_headings() -> None:
    body = render([(CARD, TOPIC)], printed=facts() | {"trending": []})
    assert "Also" not in body.html
    assert "ALSO" not in body.text


LIKED = Reason(kind=ReasonKind.LIKED, terms=("diffusion model",))
CATEGORY = Reason(kind=ReasonKind.CATEGORY, interest="cs.CV")
AUTHOR = Reason(kind=ReasonKind.AUTHOR, interest="An Author")
OTHER = TOPIC._replace(interest="world models")


@pytest.mark.parametrize(
    ("reasons", "follows", "considered", "sentence"),
    [
        (
            [TOPIC, TOPIC, OTHER, CATEGORY],
            True,
            26,
            "4 papers for you out of 26 new; 2 follow your topic diffusion models.",
        ),
        ([OTHER, TRENDING], True, 26, "2 papers for you out of 26 new; 1 follows your topic world models."),
        ([CATEGORY, CATEGORY], True, 26, "2 papers for you out of 26 new; 2 are new in cs.CV, which you follow."),
        ([AUTHOR, CATEGORY], True, 26, "2 papers for you out of 26 new; 1 is by An Author, whom you follow."),
        ([LIKED, LIKED], False, 26, "2 papers for you out of 26 new; 2 are like papers you named or liked."),
        ([LIKED, TRENDING], True, 26, "2 papers for you out of 26 new; 1 is like papers you named or liked."),
        ([TOPIC], True, 1, "1 paper for you; 1 follows your topic diffusion models."),
        (
            [TRENDING] * 4,
            True,
            9,
            "4 papers for you out of 9 new. A quiet day: none matched what you follow, so these are the trending ones.",
        ),
        ([TRENDING] * 4, False, 9, "4 papers for you out of 9 new: those that are trending."),
    ],
)
def test_an_edition_opens_with_what_is_in_it(
    reasons: list[Reason], follows: bool, considered: int, sentence: str
) -> None:
    cards = [(numbered(number), reason) for number, reason in enumerate(reasons)]
    assert opening(cards, follows=follows, considered=considered) == sentence


def test_a_quiet_day_says_so_in_its_subject() -> None:
    assert render([(CARD, TRENDING), (numbered(2), TRENDING)]).subject.endswith("and 1 more paper on a quiet day")


@pytest.mark.parametrize(
    ("cadence", "due_on", "said", "button"),
    [
        (Cadence.WEEKLY, date(2026, 6, 22), "Week of 15 June 2026", "All 26 papers of the week"),
        (Cadence.MONTHLY, date(2026, 7, 1), "June 2026", "All 26 papers of the month"),
    ],
)
def test_longer_editions_speak_of_their_own_period(cadence: Cadence, due_on: date, said: str, button: str) -> None:
    body = render(ten_papers(), reader=READER._replace(cadence=cadence), printed=facts(cadence, due_on))
    assert said in body.text
    assert button in body.text
    assert said in body.html
    assert button in body.html


def test_the_footer_says_why_the_message_came() -> None:
    said = (
        "You get this each weekday at 07:00 (Europe/Paris) because reader@example.org "
        "has been subscribed since 3 March 2026."
    )
    body = render(ten_papers())
    assert said in body.html
    assert said in " ".join(body.text.split())


def test_a_written_summary_is_admitted() -> None:
    written, own = replace(CARD, summary_is_generated=True), replace(CARD, summary_is_generated=False)
    assert "language model" in render([(written, TOPIC)]).text
    assert "language model" not in render([(own, TOPIC)]).text


def test_an_edition_without_papers_is_not_made() -> None:
    with pytest.raises(RenderingError, match="at least one paper"):
        render([])


def test_what_is_printed_survives_being_kept_as_json() -> None:
    printed = facts()
    assert json.loads(json.dumps(printed)) == printed


def test_filling_twice_gives_the_same_bytes() -> None:
    assert render(ten_papers()) == render(ten_papers())


def test_a_subject_names_the_first_paper_and_counts_the_others() -> None:
    assert render(ten_papers()).subject == "Show the Signal, Hide the Noise, and 9 more papers"


def test_the_full_layout_gives_every_paper_a_card() -> None:
    body = render(ten_papers(), printed=facts(layout=Layout.FULL))
    assert len(body.html.encode()) <= 60_000
    assert "Also for you" not in body.html
    assert read_page(body.html).text.count("More like this") == 10
    assert read_page(body.html).links() == set(re.findall(r"https?://\S+", body.text))


def test_each_card_asks_for_more_or_less_like_it_by_its_number() -> None:
    links = read_page(render(ten_papers()).html).links()
    for number in range(1, 6):
        for want in Want:
            assert f"{LINKS.feedback}?paper={number}&want={want}" in links


def test_an_edition_that_reaches_back_further_than_usual_says_since_when() -> None:
    reader = READER._replace(since_on=date(2026, 6, 10), considered=80)
    said = " ".join(render(ten_papers(), reader=reader).text.split())
    assert "10 papers for you out of 80 new since 10 June; 4 follow your topic diffusion models." in said


MISSED = Reason(kind=ReasonKind.MISSED, interest="diffusion models")


def test_a_paper_that_was_missed_is_not_said_to_trend() -> None:
    assert opening([(numbered(1), MISSED), (numbered(2), TRENDING)]).startswith("2 papers for you out of 26 new.")


def test_since_when_is_said_without_a_number_that_is_no_larger() -> None:
    reader = READER._replace(since_on=date(2026, 6, 10), considered=3)
    said = " ".join(render(ten_papers(), reader=reader).text.split())
    assert "10 papers for you, since 10 June; 4 follow your topic diffusion models." in said


def test_an_empty_list_is_not_counted() -> None:
    text = render(ten_papers(), printed=facts() | {"count": 0}).text
    assert "All papers of the day" in text


def test_only_summaries_that_are_shown_are_admitted_to_be_written() -> None:
    written, own = replace(CARD, summary_is_generated=True), replace(CARD, summary_is_generated=False)
    lines = [(numbered(number, own), TRENDING) for number in range(9)] + [(numbered(9, written), TRENDING)]
    assert "language model" not in render(lines).text
    some = [(numbered(0, written), TRENDING), *lines[1:]]
    assert "Some summaries are written by a language model" in " ".join(render(some).text.split())


def test_a_month_names_one_leader() -> None:
    cards = [(numbered(1), TRENDING), (numbered(2), TRENDING)]
    giant = {"title": "Giant", "url": "https://papers.example.org/giant", "upvotes": 5000}
    body = render(cards, printed=facts(Cadence.MONTHLY) | {"trending": [giant]})
    assert "leads with 1,284 upvotes" in body.subject
    assert "Giant leads" not in body.html


def test_without_votes_a_preheader_still_says_something() -> None:
    body = render([(replace(CARD, upvotes=0), TRENDING)], printed=facts() | {"trending": []})
    assert "Chosen for you out of 26 new papers. One minute." in body.html
