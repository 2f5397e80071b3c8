"""A paper's own page, and what to cite it by."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import Response

from digest.app import App
from digest.measure import Measures
from digest.model import Cadence, Paper
from digest.printings import card_of
from digest.rendering.cards import web_address
from digest.rendering.language import ENGLISH
from digest.sources.names import ARXIV_ID
from digest.store import Connection
from digest.store.papers import paper_named, with_histories
from digest.store.sources import last_collected_at
from digest.web.charts import upvote_chart
from digest.web.citing import bibtex
from digest.web.failures import no_such_page
from digest.web.lists import Shown, path_of, shown
from digest.web.neighbours import Neighbours
from digest.web.pages import READ, Pages

AUTHORS = 30
SIMILAR = 3
LONGEST_NUMBER = 17


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """A link away from here, as a button."""

    text: str
    url: str
    stars: str = ""


def router(app: App, pages: Pages, *, measures: Measures, clock: Callable[[], datetime]) -> APIRouter:
    """`/paper/ID` and `/paper/ID.bib`."""

    neighbours = Neighbours(measures)

    def cite(name: str) -> Response:
        with app.store.reading() as connection:
            paper = _paper(connection, name, now=clock())
        name = f"{paper.arxiv_id or paper.id}.bib".replace("/", "-")
        headers = {"Content-Disposition": f'inline; filename="{name}"'}
        return Response(bibtex(paper), media_type="application/x-bibtex; charset=utf-8", headers=headers)

    def show(name: str) -> Response:
        now = clock()
        with app.store.reading() as connection:
            [paper] = with_histories(connection, [_paper(connection, name, now=now)], now=now)
            near = neighbours.of(connection, paper, now=now)[:SIMILAR]
            seen_at = min(last_collected_at(connection) or now, now)
            similar = shown(with_histories(connection, near, now=now), seen_at=seen_at)
        return _page(pages, paper, similar, seen_at=seen_at)

    routes = APIRouter()
    routes.add_api_route("/paper/{name:path}.bib", cite, methods=READ)
    routes.add_api_route("/paper/{name:path}", show, methods=READ)
    return routes


def _paper(connection: Connection, name: str, *, now: datetime) -> Paper:
    """The paper with this number or arXiv id. Raises HTTPException 404 where no source has listed one."""
    arxiv = ARXIV_ID.match(name)
    is_number = name.isascii() and name.isdigit() and len(name) <= LONGEST_NUMBER
    paper = paper_named(connection, arxiv.group() if arxiv else name, now=now) if arxiv or is_number else None
    # What is there only because a reader named it is that reader's.
    if paper is None or paper.first_seen_at > now:
        raise no_such_page()
    return paper


def _page(pages: Pages, paper: Paper, similar: list[Shown], *, seen_at: datetime) -> Response:
    card = card_of(paper, seen_at=seen_at, cadence=Cadence.DAILY)
    return pages.show(
        "paper.html",
        heading=paper.title,
        paper=paper,
        path=path_of(paper),
        day=ENGLISH.full_date(paper.published_at or paper.listed_at),
        withdrawn=paper.withdrawn_at and ENGLISH.full_date(paper.withdrawn_at),
        named=paper.authors[:AUTHORS],
        others=paper.authors[AUTHORS:],
        ways=_ways(paper),
        card=card,
        keywords=[(word, f"/search?{urlencode({'q': _phrase(word)})}") for word in paper.keywords],
        chart_of=upvote_chart(paper, now=seen_at),
        similar=similar,
    )


def _phrase(keyword: str) -> str:
    """A keyword as it is searched for: its words in their order."""
    return f'"{keyword}"' if " " in keyword else keyword


def _ways(paper: Paper) -> list[_Way]:
    """Where the paper can be read, the PDF first."""
    ways = {
        "Read PDF": paper.pdf_url,
        "arXiv page": f"https://arxiv.org/abs/{paper.arxiv_id}" if paper.arxiv_id else "",
        "Read": "" if paper.arxiv_id else paper.url,
        "Code": paper.code_url,
        "Project": paper.project_url,
    }
    stars = ENGLISH.number(paper.signals.stars) if paper.signals.stars else ""
    return [
        _Way(text=text, url=url, stars=stars if text == "Code" else "")
        for text, told in ways.items()
        if (url := web_address(told))
    ]
