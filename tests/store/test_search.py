"""Search finds what was typed, on either database, whatever was typed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from furnished import Furnish
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from personas import DIFFUSION, NOON, PAPERS, ROBOTS, SPEECH, papers_come_in
from sqlalchemy import text

from digest.model import Listing
from digest.store import Store
from digest.store.search import Found, search_papers

ACCENTED = Listing(
    title="Über Köpfe: state-of-the-art text/image models",
    abstract="The Hölder condition, by way of Łojasiewicz. " * 3,
    aliases=("arxiv:2606.00004", "arxiv:hep-th/9901001"),
    authors=("Jürgen Müller", 'Ann "Quote" O\'Hara'),
)

COMPATIBLE = Listing(
    title="A²RD: ﬁne-grained π₀, ＷＩＤＥ ℝⁿ and Q̂",
    abstract="An R² at 6 ㏘. " * 2,
    aliases=("arxiv:2606.00005",),
    authors=("Noémie ﬁtz",),
)


def found(store: Store, query: str, *, limit: int = 10, offset: int = 0, since: datetime | None = None) -> list[Found]:
    with store.reading() as connection:
        return search_papers(connection, query, now=NOON, limit=limit, offset=offset, since=since)


def titles(store: Store, query: str) -> list[str]:
    return [one.paper.title for one in found(store, query)]


def marked(text: str, marks: Sequence[tuple[int, int]]) -> list[str]:
    return [text[start:end] for start, end in marks]


@pytest.fixture
def stocked(store: Store, furnish: Furnish) -> Store:
    furnish(lambda: papers_come_in(store, [*PAPERS, ACCENTED]), store)
    return store


SEARCHES: list[tuple[str, list[Listing]]] = [
    ("laundry", [ROBOTS]),
    ("fold LAUNDRIES", [ROBOTS]),
    ("noise birch", []),
    ("birch laundry", [ROBOTS]),
    ('"speech recognition"', [SPEECH]),
    ('"recognition speech"', []),
    ("recognition speech", [SPEECH]),
    ("few-step", [DIFFUSION]),
    ("steps-four", []),
    ("the diffusion of models", [DIFFUSION]),
    ("models -diffusion", [ACCENTED]),
    ('models -"image models"', [DIFFUSION]),
    ("-diffusion", []),
    ("demonstr*", [ROBOTS]),
    ("hears the recogn*", [SPEECH]),
    ("laundr", []),
    ("uber kopfe", [ACCENTED]),
    ("ÜBER", [ACCENTED]),
    ("holder", [ACCENTED]),
    ("muller", [ACCENTED]),
    ("Jürgen Müller", [ACCENTED]),
    ("o'hara", [ACCENTED]),
    ("image", [ACCENTED, DIFFUSION]),
    ("text", [ACCENTED]),
    ("state of the art", [ACCENTED]),
    ("state-of-the-art", [ACCENTED]),
    ("“speech recognition”", [SPEECH]),
    ("100%", []),
    ("the", []),
    ("  ", []),
    ("", []),
]


def test_words_phrases_beginnings_and_exclusions_find_what_they_say(stocked: Store) -> None:
    for query, listings in SEARCHES:
        assert titles(stocked, query) == [one.title for one in listings], query


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("a2rd", ["A²RD"]),
        ("A²RD", ["A²RD"]),
        ("a2*", ["A²RD"]),
        ("fine", ["ﬁne"]),
        ("ﬁne grain", ["ﬁne", "grained"]),
        ("fine-grained", ["ﬁne-grained"]),
        ('"π0 wide"', ["π₀, ＷＩＤＥ"]),
        ("π₀ ｗide", ["π₀", "ＷＩＤＥ"]),
        ("Rn q", ["ℝⁿ", "Q"]),
        ("fitz", []),
        ("r2", []),
    ],
)
def test_words_of_other_forms_are_found_by_their_plain_letters_and_marked_as_they_stand(
    stocked: Store, query: str, shown: list[str]
) -> None:
    papers_come_in(stocked, [COMPATIBLE])
    [one] = found(stocked, query)
    assert one.paper.title == COMPATIBLE.title
    assert marked(one.paper.title, one.title_marks) == shown


def test_one_sign_for_two_words_is_marked_once(stocked: Store) -> None:
    papers_come_in(stocked, [COMPATIBLE])
    [one] = found(stocked, "p m R²")
    assert marked(one.excerpt.text, one.excerpt.marks) == ["R²", "㏘"] * 2


@pytest.mark.parametrize(
    "query",
    [
        *("2606.00003", "arXiv:2606.00003", "2606.00003v2", " https://arxiv.org/abs/2606.00003v1 "),
        *("http://www.arxiv.org/pdf/2606.00003v4.pdf", "ARXIV: 2606.00003"),
    ],
)
def test_an_arxiv_id_finds_its_paper_first(stocked: Store, query: str) -> None:
    papers_come_in(stocked, [Listing(title="A comment on arXiv:2606.00003", abstract="See arxiv.org/abs/2606.00003.")])
    assert found(stocked, query)[0].paper.title == SPEECH.title
    if query.strip() == "2606.00003":
        assert len(found(stocked, query)) == 2
        assert [found(stocked, query, limit=1, offset=at)[0].paper.id for at in (0, 1)] == [3, 5]
        assert found(stocked, query, limit=1, offset=2) == []


def test_an_old_arxiv_id_is_one_too(stocked: Store) -> None:
    assert titles(stocked, "hep-th/9901001v2") == [ACCENTED.title]
    assert titles(stocked, "hep-th/0000000") == []


def test_a_number_alone_is_a_word_and_no_papers_number(stocked: Store) -> None:
    assert titles(stocked, "1") == []


def test_what_stands_in_the_title_comes_before_what_stands_in_an_abstract(store: Store) -> None:
    mentioned = Listing(title="Robots", abstract="Sharp knives. " * 5, aliases=("arxiv:2606.1",))
    named = Listing(title="Knives", abstract="Robots hold them; nothing else is said of knifes.", authors=("A B",))
    papers_come_in(store, [mentioned, named])
    assert titles(store, "knives") == ["Knives", "Robots"]
    assert titles(store, "robots") == ["Robots", "Knives"]


def test_what_was_found_is_marked_in_title_and_excerpt(stocked: Store) -> None:
    [one] = found(stocked, "diffusion model sampl*")
    assert marked(one.paper.title, one.title_marks) == ["Sampling", "Diffusion", "Models"]
    [one] = found(stocked, '"diffusion models" -laundry')
    assert marked(one.paper.title, one.title_marks) == ["Diffusion Models"]
    assert marked(one.excerpt.text, one.excerpt.marks) == ["diffusion models"]
    [one] = found(stocked, "holder muller")
    assert set(marked(one.excerpt.text, one.excerpt.marks)) == {"Hölder"}


def test_an_excerpt_is_the_part_that_was_looked_for(store: Store) -> None:
    filler = "Much is said here of other things. " * 40
    papers_come_in(store, [Listing(title="Long", abstract=f"{filler}The gazelle outran a cheetah. {filler}")])
    [one] = found(store, "cheetah gazelle")
    assert marked(one.excerpt.text, one.excerpt.marks) == ["gazelle", "cheetah"]
    assert len(one.excerpt.text) < 250
    assert one.excerpt.text.startswith("… ")
    assert one.excerpt.text.endswith(" …")


def test_markup_in_a_paper_stays_text(store: Store) -> None:
    papers_come_in(store, [Listing(title="<script>alert(1)</script> & friends", abstract="<think>alert</think>")])
    [one] = found(store, "alert")
    assert marked(one.paper.title, one.title_marks) == ["alert"]
    assert one.excerpt.text == "<think>alert</think>"


def test_search_knows_what_was_seen_by_now_and_listed_since(stocked: Store) -> None:
    papers_come_in(stocked, [Listing(title="Diffusion seen later")], now=NOON + timedelta(hours=1))
    assert titles(stocked, "diffusion") == [DIFFUSION.title]
    assert [one.paper.title for one in found(stocked, "diffusion", since=datetime(2026, 6, 20, tzinfo=UTC))] == []


def test_papers_that_change_or_go_are_found_as_they_are(stocked: Store) -> None:
    with stocked.writing() as connection:
        connection.execute(text("UPDATE papers SET title = 'Ironing' WHERE id = 2"))
        connection.execute(text("DELETE FROM papers WHERE id = 3"))
        connection.execute(text("UPDATE papers SET version = 2 WHERE id = 1"))
    assert titles(stocked, "ironing") == ["Ironing"]
    assert titles(stocked, '"two arms"') == []
    assert titles(stocked, "noise") == []
    assert titles(stocked, "diffusion") == [DIFFUSION.title]


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_postgresql_plans_each_search_for_what_it_looks_for(stocked: Store) -> None:
    with stocked.reading() as connection:
        for word in ("diffusion", "robot", "speech") * 4:
            assert search_papers(connection, word, now=NOON, limit=5)
        assert connection.execute(text("SELECT statement FROM pg_prepared_statements")).all() == []


def test_pages_of_results_are_one_list(store: Store) -> None:
    papers_come_in(
        store, [replace(DIFFUSION, title=f"Sampling {n}", aliases=(f"arxiv:2606.1{n:04}",)) for n in range(9)]
    )
    whole = [one.paper.id for one in found(store, "sampling")]
    assert len(whole) == 9
    assert [found(store, "sampling", limit=4, offset=at)[0].paper.id for at in (0, 4, 8)] == whole[::4]


HOSTILE = [
    *("'; DROP TABLE papers; --", '"', '"""', "* * *", "-", "--", "-*", "NOT", "AND OR NOT", "NEAR(a b, 3)", "title:x"),
    *("\0", "a\0b", "\ud800", "& | ! <-> :*", "'a':*", "\\", "\\'", "%s %(x)s :x ?", "(", ")))", "{title} : x", "^a"),
    *(
        "a" * 10_000,
        "word " * 2_000,
        '"' * 10_000,
        "-x " * 3_000,
        "x* " * 3_000,
        "½ ² ① ﬁ",
        "你好 世界",
        "😀",
        "\u0301",
    ),
    *("a\u0000*", "9" * 10_000, "1e999", "http://x.example.org/?a=b&c=d", "a@b.example.org", "<b>x</b>", "x'*\""),
]


def test_whatever_is_typed_is_a_query(stocked: Store) -> None:
    for query in HOSTILE:
        assert isinstance(found(stocked, query), list)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=st.text(max_size=60) | st.text(alphabet="ab \"'*-:&|!()<>\\^{}\0é", max_size=40))
def test_any_text_at_all_is_a_query(stocked: Store, query: str) -> None:
    for one in found(stocked, query):
        for start, end in one.title_marks:
            assert 0 <= start < end <= len(one.paper.title)


@pytest.mark.slow
def test_a_text_longer_than_an_index_takes_is_stored_and_found(store: Store) -> None:
    endless = " ".join(f"word{number}" for number in range(150_000))
    papers_come_in(store, [Listing(title="Endless", abstract=endless, authors=(endless, "x" * 5000))])
    assert titles(store, "endless word7") == ["Endless"]
