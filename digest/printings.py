"""What all messages of an edition share, worked out once and kept in the store: its printing and its papers' cards."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from digest.choose import Stock
from digest.model import Cadence, Paper
from digest.press import Press
from digest.ranking.summary import best_sentence
from digest.ranking.trending import WINDOW, by_trend, listed_in
from digest.rendering.cards import Card, card_to_json, make_card
from digest.rendering.edition import printed_facts
from digest.store import Connection
from digest.store.editions import LEADING, add_pieces, edition_for, printing_for
from digest.store.papers import with_histories

TRENDING_KEPT = 30
"""Five are shown under an edition, none of them among the reader's own, which are 20 at most."""


def printing_content(
    press: Press,
    *,
    newsletter: str,
    cadence: Cadence,
    due_on: date,
    trending: Sequence[Card],
    listed_until: date,
    day_count: int,
    leading: Sequence[int] = (),
    seen_at: datetime | None = None,
) -> dict[str, Any]:
    """What a printing keeps (JSON): templates compiled in every language, the site, its facts, and who signs it.

    `listed_until` is the last day (UTC) of the papers that it counts. For its public page also the numbers of
    the papers that lead, and when their figures were seen.
    """
    facts = printed_facts(
        cadence=cadence,
        layout=press.newsletter(newsletter).layout,
        due_on=due_on,
        trending=trending,
        day_count=day_count,
        trending_url=press.link(f"/trending?window={WINDOW[cadence]}&date={listed_until}"),
    )
    return {
        "templates": {
            code: asdict(press.library.compile("edition", language))
            for code, language in press.library.languages.items()
        },
        "site": asdict(press.site(newsletter)),
        "facts": facts,
        "signing": asdict(press.signing(newsletter)),
        "leading": list(leading),
        "seen_at": None if seen_at is None else seen_at.isoformat(),
    }


def card_of(paper: Paper, *, seen_at: datetime, cadence: Cadence) -> Card:
    """A paper's card; where its source has no summary, with the best sentence of its abstract."""
    sentence = "" if paper.summary else best_sentence(paper.title, paper.abstract)
    return make_card(paper, seen_at=seen_at, cadence=cadence, sentence=sentence)


def edition_content(press: Press, stock: Stock, *, newsletter: str, cadence: Cadence, day: date) -> dict[str, Any]:
    """What the printing of an edition keeps, as of the last collect."""
    listed = listed_in(stock.candidates.papers, WINDOW[cadence], now=stock.as_of)
    trending = by_trend(listed, WINDOW[cadence], now=stock.as_of)[:TRENDING_KEPT]
    until = max((paper.listed_at for paper in listed), default=stock.as_of)
    return printing_content(
        press,
        newsletter=newsletter,
        cadence=cadence,
        due_on=day,
        trending=[make_card(paper, seen_at=stock.as_of, cadence=cadence) for paper in trending],
        listed_until=until.astimezone(UTC).date(),
        day_count=len(listed),
        leading=[paper.id for paper in trending[:LEADING]],
        seen_at=stock.as_of,
    )


def cards_for(connection: Connection, stock: Stock, paper_ids: Iterable[int], *, cadence: Cadence) -> dict[int, Card]:
    """The papers as an edition shows them, as of the last collect."""
    papers = with_histories(connection, [stock.papers[number] for number in paper_ids], now=stock.as_of)
    return {paper.id: card_of(paper, seen_at=stock.as_of, cadence=cadence) for paper in papers}


class Printings:
    """What a run prints: an edition once, and a paper's card once for each cadence, however many blocks share them.

    What it knows to be stored is so only if every transaction of the run was committed: one that fails ends the run.
    """

    def __init__(self, press: Press, stock: Stock, *, newsletter: str) -> None:
        self._press, self._stock, self._newsletter = press, stock, newsletter
        self._printings: dict[tuple[Cadence, date], int] = {}
        self._cards: dict[Cadence, dict[int, Any]] = {}
        self._printed: dict[int, set[int]] = {}

    def of(self, connection: Connection, cadence: Cadence, day: date, papers: Set[int]) -> int:
        """The number of the edition's printing, with the pieces of these papers."""
        known = self._printings.get((cadence, day))
        if known is None:
            known = self._printings[cadence, day] = self._print(connection, cadence, day)
        self._add_pieces(connection, known, papers, cadence=cadence)
        return known

    def _print(self, connection: Connection, cadence: Cadence, day: date) -> int:
        newsletter = self._newsletter
        edition_id = edition_for(connection, newsletter=newsletter, cadence=cadence, due_on=day)
        content = edition_content(self._press, self._stock, newsletter=newsletter, cadence=cadence, day=day)
        printing_id = printing_for(connection, edition_id, content)
        self._add_pieces(connection, printing_id, set(content["leading"]), cadence=cadence)
        return printing_id

    def _add_pieces(self, connection: Connection, printing_id: int, papers: Set[int], *, cadence: Cadence) -> None:
        cards, printed = self._cards.setdefault(cadence, {}), self._printed.setdefault(printing_id, set())
        new = sorted(papers - cards.keys())
        made = cards_for(connection, self._stock, new, cadence=cadence) if new else {}
        cards |= {number: card_to_json(card) for number, card in made.items()}
        add_pieces(connection, printing_id, {number: cards[number] for number in sorted(papers - printed)})
        printed |= papers
