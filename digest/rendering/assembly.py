"""One reader's edition: the forms of its printing, filled and joined, and made to fit."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate

from markupsafe import escape

from digest.due import due_on
from digest.errors import RenderingError
from digest.model import Layout
from digest.quoted import quoted, unquoted
from digest.rendering import opening, words
from digest.rendering.edition import Edition, Gist, gist_of
from digest.rendering.filling import Body
from digest.rendering.forms import cleaned
from digest.rendering.printing import AROUND, Encoded, Printing, Shape
from digest.text import shorten

CARDS = 5
"""Papers with a card of their own in the layout `brief`, the lead among them; of the others a line each."""

ALSO_TRENDING = 5
ALSO_TRENDING_BELOW_LINES = 3
"""Papers that trend besides; fewer below a brief edition's own lines, so that a phone shows it all in 3,300 px."""

MOST_BYTES = 99_999
"""Gmail shows about 102 kB of a page and hides the rest, the links to leave among it."""

SHORTER_SUMMARY = 140


def edition_body(printing: Printing, edition: Edition, *, whole: bool = False) -> Body:
    """Subject, text and HTML of an edition, the HTML under 100,000 bytes unless it is to be `whole`.

    What does not fit is left to the page in the browser: text and HTML carry the same papers. Raises RenderingError
    where there is no paper (an edition without any is not sent), or a template asks for what is not there.
    """
    if not edition.papers:
        raise RenderingError("An edition needs at least one paper. Skip the delivery of an empty selection.")
    message = _Message(printing, edition)
    body = message.joined(message.papers)
    # What is encoded is never shorter than what it says.
    if whole or sum(map(len, body.encoded_html)) <= MOST_BYTES or _size(body.encoded_html) <= MOST_BYTES:
        return body
    return _fitted(printing, edition)


def _fitted(printing: Printing, edition: Edition) -> Body:
    """With shorter summaries, as many papers as there is room for beside everything else, but at least one."""
    short = [(replace(card, summary=shorten(card.summary, SHORTER_SUMMARY)), reason) for card, reason in edition.papers]
    # Another printing: these cards are this reader's alone, and not to be kept.
    lean = Printing(printing.compiled, language=printing.language, site=printing.site, printed=printing.printed)
    message = _Message(lean, edition._replace(papers=short))
    papers = message.papers
    frame = message.joined([Encoded(b"", b"")] * len(papers), moved=len(papers))
    room = MOST_BYTES - _size(frame.encoded_html)
    kept = max(sum(size <= room for size in accumulate(_size([paper.html]) for paper in papers)), 1)
    return message.joined(papers[:kept], moved=len(papers) - kept)


def _size(encoded: Iterable[bytes]) -> int:
    return len(unquoted(b"".join(encoded)).encode())


_MARKUP = re.compile("[&<>\"']")


class _Message:
    """One reader's message before it is joined."""

    def __init__(self, printing: Printing, edition: Edition) -> None:
        self._printing, self._edition = printing, edition
        self._carded = len(edition.papers) if printing.printed.layout is Layout.FULL else CARDS
        gist = gist_of(edition)
        self._opening = opening.opening(edition, gist)
        common, own = _common_texts(edition, self._opening, gist), _own_texts(edition)
        self._texts = dict(zip(AROUND, common + own, strict=True))
        self._texts |= {f"opening_{at}": text for at, text in enumerate(self._opening.texts)}
        self._around = [*map(_common, common), *map(_encoded, own), *map(_common, self._opening.texts)]
        self.papers = printing.filled(edition.papers, carded=self._carded, feedback=_encoded(edition.links.feedback))

    def joined(self, papers: Sequence[Encoded], *, moved: int = 0) -> Body:
        """The message with these papers, of which so many more are on the web page."""
        edition, printing, trending = self._edition, self._printing, self._trending()
        carded = [card for card, _ in edition.papers[: min(len(papers), self._carded)] if card.summary]
        generated = sum([card.summary_is_generated for card in carded])
        shape = Shape(
            cards=min(len(papers), self._carded),
            others=max(len(papers) - self._carded, 0),
            trending=len(trending),
            moved=moved,
            generated=("all" if generated == len(carded) else "some") if generated else "",
            opening=self._opening.kinds,
        )
        frame = printing.frame(shape)
        text, html = zip(*self._around, *papers, *trending, strict=True)
        return Body(
            subject=printing.subject(self._texts["subject"]),
            encoded_text=frame.text.pieces(text, self._texts),
            encoded_html=frame.html.pieces(html),
        )

    def _trending(self) -> list[Encoded]:
        """What trends besides the reader's own papers."""
        own, found = {card.url for card, _ in self._edition.papers}, list[Encoded]()
        most = ALSO_TRENDING if len(self._edition.papers) <= self._carded else ALSO_TRENDING_BELOW_LINES
        for number, paper in enumerate(self._printing.printed.trending):
            if len(found) == most:
                break
            if paper["url"] and paper["url"] not in own:
                found.append(self._printing.trending(number))
        return found


def _common_texts(edition: Edition, opened: opening.Opening, gist: Gist) -> tuple[str, ...]:
    """What some readers have in common, in the order of AROUND."""
    language, reader = edition.language, edition.reader
    return (
        opening.subject(edition, gist),
        opening.preheader(edition, gist),
        "".join(opened.texts),
        words.cadence_phrase(language, reader),
        language.full_date(due_on(reader.confirmed_at, timezone=reader.timezone)),
    )


def _own_texts(edition: Edition) -> tuple[str, ...]:
    """What each reader has alone, in the order of AROUND."""
    links = edition.links
    return edition.reader.address, links.unsubscribe, links.view, links.preferences, links.pause


def _encoded(text: str) -> Encoded:
    """A text for both parts."""
    plain = quoted(cleaned(text))
    return Encoded(plain, quoted(cleaned(str(escape(text)))) if _MARKUP.search(text) else plain)


_common = lru_cache(maxsize=4096)(_encoded)
