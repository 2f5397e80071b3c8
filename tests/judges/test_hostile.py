"""Papers whose every text is an attack, through the whole product: what arrives is text, as a parser sees it."""

import re
from xml.etree.ElementTree import Element

import pytest
from desk import Desk
from hard_papers import elements
from messages import TOPIC, Message, make_edition, paper_of

from digest.collect import cleaned
from digest.model import Listing, Reason
from digest.rendering.cards import TITLE
from digest.rendering.words import short_name
from digest.text import clean, shorten

pytestmark = pytest.mark.slow

# Each stands between two words, so that something of it is there whatever is dropped.
ATTACKS = [
    "{{7*7}}",
    "{{ site.name.__class__ }}",
    "{% raw %}",
    "{% for x in range(9) %}x{% endfor %}",
    "<!-- {% if x %} -->",
    '</mj-text><mj-include path="/etc/passwd"/>',
    "[% include 'parts/head.css' %]",
    "<!--[if mso]>",
    "<![endif]-->",
    "--><script>alert(1)</script>",
    "</title></head><body onload=alert(1)>",
    "</a></h2></td></tr></table>",
    '" onmouseover="alert(1)',
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "%recipient.x% %recipient_email% *|EMAIL|* {{{email}}}",
    r"\href{javascript:alert(1)}{x}",
    "[x](javascript:alert(1))",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;img src=x&#62;",
    "\u202egnp.exe\u202c \u2067x\u2069 \u200b\ufeff",
    "\r\nBcc: evil@example.net\r\n\r\n.\r\n",
    "=?utf-8?q?=0D=0ABcc:_evil=40example.net?=",
    "x" * 10_000,
    "word " * 2_000,
    "é" * 10_000,
]
MOST_INTEREST = 200
"""What a reader may type of one interest, all of which can be printed."""


def listing(text: str) -> Listing:
    return Listing(
        title=text,
        abstract=text,
        authors=(text, text),
        organisation=text,
        categories=(text,),
        keywords=(text,),
        summary=text,
        summary_is_generated=True,
        url="https://papers.example.org/1",
        pdf_url=text,
        code_url=f"javascript:{text}",
    )


def edition_of(desk: Desk, text: str, reason: Reason) -> Message:
    """Ten papers of that text: one at the head, four below it, and five that are a line each."""
    papers = [paper_of(cleaned(listing(text)), number) for number in range(1, 11)]
    raw = make_edition(desk, [(paper, reason) for paper in papers])
    return Message(text, raw)


def shape(message: Message) -> list[str]:
    """The elements in their order, comments among them, but for the marks, which depend on what was found."""
    names = [one.tag if isinstance(one.tag, str) else "comment" for one in message.page.iter()]
    return [name for name in names if name != "span"]


def told(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_what_a_paper_or_a_reader_says_arrives_as_text(attack: str, desk: Desk) -> None:
    text = f"before {attack} after"
    interest = "".join(filter(str.isprintable, text))[:MOST_INTEREST]
    message = edition_of(desk, text, TOPIC._replace(interest=interest, terms=(interest, "after")))
    plain = edition_of(desk, "before and after", TOPIC._replace(interest="before and after", terms=("and", "after")))
    title = clean(text)

    assert shape(message) == shape(plain)
    assert elements(message) == elements(plain)
    assert {link.get("href") for link in message.page.iter("a")} == {link.get("href") for link in plain.page.iter("a")}
    [shown] = {told(heading) for heading in list(message.page.iter("h2"))[:5]}
    assert shown == shorten(title, TITLE)
    assert "".join(shown.split()) in "".join(message.text.split())
    for part in (message.text, told(message.page)):
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b]", part)

    subject = str(message.parsed["Subject"])
    assert subject.isprintable()
    assert subject.startswith(short_name(title))
    assert message.parsed.keys() == plain.parsed.keys()
    assert not message.parsed.defects
