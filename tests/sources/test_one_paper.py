"""The same paper, told by every source, is one row."""

import pytest
from personas import NOON

from digest.collect import cleaned
from digest.sources import arxiv, bibtex, feed, huggingface
from digest.store import Store
from digest.store.papers import alias_names, papers_listed, source_names
from digest.store.recording import record_listings

pytestmark = pytest.mark.slow

ATOM = (
    b'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:x="http://arxiv.org/schemas/atom"><entry>'
    b"<id>http://arxiv.org/abs/2606.00001v2</id><title>Few-Step Sampling</title><summary>We show it.</summary>"
    b'<category term="cs.LG"/><x:doi>10.1000/1</x:doi><author><name>Ann Larch</name></author></entry></feed>'
)
RSS = (
    b'<rss version="2.0"><channel><item><title>Few-step sampling</title><guid>oai:arXiv.org:2606.00001v2</guid>'
    b"<description>arXiv:2606.00001v2 Announce Type: replace \n"
    b"Abstract: We show it.</description></item></channel></rss>"
)
BIBTEX = "@article{a, title = {{Few-Step} Sampling}, author = {Larch, Ann}, doi = {10.1000/1}, year = 2026}"
ROW = {"paper": {"id": "2606.00001", "title": "Few-Step\n  Sampling", "summary": "We show it.", "upvotes": 3}}
TOLD = {
    "huggingface": huggingface.parse([ROW], source="huggingface", day=NOON.date()),
    "arxiv": arxiv.parse(ATOM).listings,
    "feed": feed.parse(RSS, source="feed", url="https://example.org/", now=NOON),
    "files": bibtex.parse(BIBTEX),
}


@pytest.mark.parametrize(
    "order",
    [
        "huggingface arxiv feed files",
        "files feed huggingface arxiv",
        "feed files arxiv huggingface",
        "arxiv files huggingface feed",
    ],
)
def test_a_paper_told_by_every_source_is_one_row_with_all_its_names(store: Store, order: str) -> None:
    for name in order.split():
        with store.writing() as connection:
            record_listings(connection, [cleaned(listing) for listing in TOLD[name]], source=name, now=NOON)
    with store.reading() as connection:
        [paper] = papers_listed(connection, since=NOON.replace(year=2000), now=NOON)
        assert alias_names(connection, paper.id) == ["arxiv:2606.00001", "doi:10.1000/1"]
        assert source_names(connection, paper.id) == ["arxiv", "feed", "files", "huggingface"]
    assert (paper.authors, paper.categories, paper.abstract) == (("Ann Larch",), ("cs.LG",), "We show it.")
    assert (paper.signals.upvotes, paper.listed_at.date()) == (3, NOON.date())
