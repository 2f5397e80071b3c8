"""Papers that readers name: fetched or read from a file, liked, and no news to anybody until a source lists them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from personas import NOON, TODAY, choices, papers_come_in, reader_joins
from themes import EACH, THEMES, fresh_papers_come_in, library_comes_in, themed, words

from digest.address import parse_address
from digest.app import App
from digest.errors import InputError, SourceError
from digest.examples import Example, bring_examples, example_named, examples_in
from digest.model import Interest, InterestKind, Listing, Paper, ReasonKind, Weights
from digest.publish import publish
from digest.sources import Page
from digest.store import Store
from digest.store.deliveries import deliveries_of
from digest.store.papers import paper_named, papers_listed
from digest.store.search import search_papers
from digest.store.summaries import papers_to_summarise
from digest.trial import preview_of

pytestmark = pytest.mark.slow

LONG_AGO = NOON - timedelta(days=40_000)
DAY = timedelta(days=1)


class Arxiv:
    """What arXiv would answer, and what it was asked."""

    def __init__(self, *listings: Listing) -> None:
        self.listings = listings
        self.asked: list[Sequence[str]] = []

    def __call__(self, ids: Sequence[str]) -> Iterator[Page]:
        self.asked.append(ids)
        wanted = {f"arxiv:{one}" for one in ids}
        yield Page(label="", listings=tuple(one for one in self.listings if wanted & set(one.aliases)))


def unreachable(ids: Sequence[str]) -> Iterator[Page]:
    raise SourceError("arxiv", "export.arxiv.org did not answer. The next collect reads back over it.")


def stored(store: Store, alias: str) -> Paper | None:
    with store.reading() as connection:
        return paper_named(connection, alias, now=NOON)


def bring(store: Store, *examples: Example, fetch: Arxiv | None = None) -> str:
    return bring_examples(store, examples, fetch=fetch or unreachable, now=NOON)


PAPER = replace(themed(3, 1), version=2)
NAMED = Example(alias=PAPER.aliases[0])


def test_an_example_that_is_not_here_is_fetched_once(store: Store) -> None:
    arxiv = Arxiv(PAPER)
    bring(store, NAMED, fetch=arxiv)
    bring(store, NAMED, fetch=arxiv)
    assert arxiv.asked == [[NAMED.alias.removeprefix("arxiv:")]]
    found = stored(store, NAMED.alias)
    assert found is not None
    assert found.title == PAPER.title


def test_an_example_is_news_to_nobody(store: Store) -> None:
    bring(store, NAMED, fetch=Arxiv(PAPER))
    later = NOON + DAY
    with store.reading() as connection:
        assert papers_listed(connection, since=LONG_AGO, now=later) == []
        assert search_papers(connection, words(3)[0], now=later, limit=9) == []
        assert papers_to_summarise(connection, limit=9, per_day=9, now=later) == []


def test_an_example_that_a_source_lists_is_news_from_then_on(store: Store) -> None:
    bring(store, NAMED, fetch=Arxiv(PAPER))
    papers_come_in(store, [themed(3, 1)], now=NOON + DAY)
    with store.reading() as connection:
        [found] = papers_listed(connection, since=LONG_AGO, now=NOON + DAY)
    assert (found.first_seen_at, found.title) == (NOON + DAY, PAPER.title)


def typed(folder: Path, text: str) -> list[Example]:
    (folder / "library.bib").write_text(text)
    return examples_in(folder / "library.bib")


def test_what_was_typed_gives_way_to_what_a_source_says(store: Store, tmp_path: Path) -> None:
    spoilt = "@misc{a, title={Buy Pills}, author={Ann Larch}, eprint={2604.00001}, url={https://pills.example.org}}"
    bring(store, *typed(tmp_path, spoilt))
    papers_come_in(store, [replace(PAPER, url="https://papers.example.org/1", version=None)], now=NOON + DAY)
    found = stored(store, PAPER.aliases[0])
    assert found is not None
    told = (found.title, found.url, found.authors, found.first_seen_at)
    assert told == (PAPER.title, "https://papers.example.org/1", (), NOON + DAY)


def test_what_was_typed_adds_nothing_to_a_paper_that_a_source_lists(store: Store, tmp_path: Path) -> None:
    papers_come_in(store, [replace(PAPER, aliases=("doi:10.1000/x",))])
    before = stored(store, "doi:10.1000/x")
    [example] = typed(tmp_path, f"@misc{{a, title={{{PAPER.title}}}, url={{https://pills.example.org}}}}")
    bring(store, example)
    assert stored(store, example.alias) == before


def test_entries_without_a_name_are_known_by_title_and_author(store: Store, tmp_path: Path) -> None:
    library = """
        @article{a, title={Deep {L}earning for Laundry}, author={Birch, Cleo}}
        @article{b, title={Deep Learning for Laundry}, author={Elm, Dora}}
        @article{c, title={deep learning for laundry}, author={Cleo Birch}}
    """
    examples = typed(tmp_path, library)
    bring(store, *examples)
    assert examples[0].alias == examples[2].alias != examples[1].alias
    found = {one.alias: stored(store, one.alias) for one in examples}
    assert [paper.title for paper in found.values() if paper] == ["Deep Learning for Laundry"] * 2


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (0, 2, 1), (2, 1, 0)])
def test_an_entry_without_authors_is_the_paper_that_has_them(
    store: Store, tmp_path: Path, order: Sequence[int]
) -> None:
    """However they come: in one file, or one after the other."""
    entries = [
        "@article{a, title={Deep Learning for Laundry}}",
        "@article{b, title={Deep Learning for Laundry}, author={Birch, Cleo}}",
        "@article{c, title={Wide Learning for Laundry}, author={Birch, Cleo}}",
    ]
    together = typed(tmp_path, "".join(entries[at] for at in order))
    bring(store, *together)
    apart = [typed(tmp_path, entries[at].replace("Laundry", "Garments"))[0] for at in order]
    for one in apart:
        bring(store, one)
    for examples in (together, apart):
        found = {at: stored(store, one.alias) for at, one in zip(order, examples, strict=True)}
        assert found[0] == found[1] != found[2]
        assert found[1] is not None
        assert found[1].authors == ("Cleo Birch",)


def test_entries_that_arxiv_knows_are_stored_with_its_abstract_or_else_as_they_are(
    store: Store, tmp_path: Path
) -> None:
    library = (
        "@misc{a, title={Typed}, eprint={2604.00001}}\n"
        "@misc{b, title={Other}, eprint={2604.00002}}\n"
        "@misc{c, title={Whole}, eprint={2604.00003}, abstract={It has one.}}"
    )
    arxiv = Arxiv(PAPER)
    bring(store, *typed(tmp_path, library), fetch=arxiv)
    assert arxiv.asked == [["2604.00001", "2604.00002"]]
    found = [stored(store, f"2604.0000{n}") for n in (1, 2, 3)]
    assert [paper.title for paper in found if paper] == [PAPER.title, "Other", "Whole"]


@pytest.mark.parametrize(
    ("named", "fetch", "said"),
    [
        ("2604.00009", Arxiv(PAPER), "arxiv:2604.00009: neither known here nor at arXiv"),
        ("2604.00001", Arxiv(replace(PAPER, withdrawn=True)), "arxiv:2604.00001: withdrawn by the authors"),
        ("doi:10.1000/Y", Arxiv(), "doi:10.1000/y: not known here, and only arXiv's can be fetched"),
    ],
)
def test_what_cannot_be_had_is_named_and_nothing_is_stored(
    store: Store, tmp_path: Path, named: str, fetch: Arxiv, said: str
) -> None:
    other = typed(tmp_path, "@misc{a, title={A Good One}}")
    with pytest.raises(InputError, match=said):
        bring(store, *other, example_named(named), fetch=fetch)
    assert stored(store, other[0].alias) is None


def test_an_example_that_arxiv_cannot_be_asked_for_waits_and_the_others_are_stored(
    store: Store, tmp_path: Path
) -> None:
    other = typed(tmp_path, "@misc{a, title={A Good One}}")
    assert bring(store, *other, NAMED).startswith(f"{NAMED.alias}: not known here, and arXiv cannot be asked (")
    assert stored(store, NAMED.alias) is None
    assert stored(store, other[0].alias) is not None
    assert bring(store, NAMED, fetch=Arxiv(PAPER)) == ""
    assert stored(store, NAMED.alias) is not None


def test_an_example_that_was_withdrawn_meanwhile_is_named(store: Store) -> None:
    papers_come_in(store, [replace(PAPER, withdrawn=True)])
    with pytest.raises(InputError, match="withdrawn by the authors"):
        bring(store, NAMED)


@pytest.mark.parametrize("name", ["", "attention", "10.1000", "https://papers.example.org/1", "2613.00001"])
def test_what_is_no_paper_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="is no arXiv id, DOI or address"):
        example_named(name)


def test_a_file_that_is_no_bibtex_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no BibTeX entries"):
        typed(tmp_path, '[{"title": "A paper"}]')
    with pytest.raises(SourceError, match="line 2 has no title"):
        typed(tmp_path, "\n@misc{a, year={2020}}")


def test_papers_like_an_example_come_first_and_the_example_never(app: App) -> None:
    library_comes_in(app.store)
    fresh = [themed(3, 51, upvotes=0), *(themed(theme, 51, upvotes=9) for theme in (0, 1, 2))]
    fresh_papers_come_in(app.store, fresh)
    shown = replace(themed(3, 50), listed_on=None, published_at=NOON - DAY)
    bring_examples(app.store, [Example(alias=shown.aliases[0])], fetch=Arxiv(shown), now=NOON - DAY)
    liked = Interest(kind=InterestKind.EXAMPLE, value=shown.aliases[0])
    reader_joins(app, "reader@example.org", replace(choices(), interests=(liked,)))
    reader_joins(app, "other@example.org", choices())
    publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON)
    with app.store.reading() as connection:
        [theirs, others] = [deliveries_of(connection, number)[0].selection for number in (1, 2)]
        near = paper_named(connection, fresh[0].aliases[0], now=NOON)
        example = paper_named(connection, shown.aliases[0], now=NOON)
    assert theirs is not None
    assert others is not None
    assert near is not None
    assert example is not None
    assert (theirs.picks[0].paper_id, theirs.picks[0].reason.kind) == (near.id, ReasonKind.LIKED)
    assert example.id not in {pick.paper_id for pick in (*theirs.picks, *others.picks)}


def test_a_library_of_sixty_papers_speaks_for_its_reader(app: App, tmp_path: Path) -> None:
    library_comes_in(app.store)
    fresh_papers_come_in(app.store, [themed(theme, 51, upvotes=1, listed_on=TODAY) for theme in THEMES])
    entries = [themed(theme, number) for theme in (3, 5) for number in range(20, 50)]
    text = "\n".join(
        f"@misc{{k{n}, title={{{one.title}}}, abstract={{{one.abstract}}}}}" for n, one in enumerate(entries)
    )
    examples = typed(tmp_path, text)
    assert len({one.alias for one in examples}) == 60 > EACH
    bring(app.store, *examples)
    interests = tuple(Interest(kind=InterestKind.EXAMPLE, value=one.alias) for one in examples)
    reader_joins(app, "reader@example.org", replace(choices(), interests=interests))
    address = parse_address("reader@example.org")
    shown = preview_of(app.store, app.press, address, weights=Weights(), now=NOON).selection
    assert shown.considered == len(THEMES)
    assert ReasonKind.LIKED in {pick.reason.kind for pick in shown.picks}
