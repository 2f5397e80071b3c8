"""BibTeX, as people and programs write it."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest.errors import SourceError
from digest.model import Listing
from digest.sources.bibtex import looks_like_bibtex, parse, readable
from digest.sources.files import read_papers


def one(fields: str, before: str = "") -> Listing:
    [listing] = parse(f"{before}@article{{key, title = {{A title}}, {fields}}}")
    return listing


def test_a_file_of_bibtex_is_known_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "papers.txt"
    path.write_text("Exported for reader@example.org\n\n@Article{key,\n  title = {A title},\n}\n")
    assert [listing.title for listing in read_papers(path)] == ["A title"]
    assert not looks_like_bibtex("Write to reader@example.org {or not}.")


def test_an_entry_that_is_wrong_is_named_by_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "papers.bib"
    path.write_text("@article{one, title = {A}}\n\n@article{two,\n title = {B\n")
    with pytest.raises(
        SourceError, match=r"papers\.bib is BibTeX, but the entry in line 3 has a brace that is not closed"
    ):
        read_papers(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("@article{a, title={b}", "line 1 does not end"),
        ("@article{a, title=}", "line 1 has a field without a value"),
        ("\n@article{a, author={b}}", "line 2 has no title"),
        ('@article{a, title="b}', "line 1 has a quote that is not closed"),
        ("@article{a, title={b})", "line 1 does not end"),
        ("@article{a b, title={b}}", "line 1 has no key"),
        ("@article{a, title={b} year={c}!}", "line 1 does not end"),
        ("@string{a = }", "line 1 has a field without a value"),
    ],
)
def test_what_is_no_entry_is_told_by_its_line(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse(text)


def test_everything_between_entries_is_a_comment() -> None:
    text = '% %\n@comment{x}\n@preamble{"\\newcommand{\\x}{y}"}\n@misc(a, title = "A") words @misc{b, title = {B},}'
    assert [listing.title for listing in parse(text)] == ["A", "B"]


def test_values_nest_join_and_stand_for_strings() -> None:
    strings = '@string{who = "Larch, " # {Ann}}\n@STRING(nips = {NeurIPS})\n'
    assert one('author = who # " and Alder, Ben", keywords = "a {"b"}, c" # unknown', strings).authors == (
        "Ann Larch",
        "Ben Alder",
    )
    assert one('keywords = "a {"b"}, c" # unknown').keywords == ('a "b"', "c")
    [listing] = parse("@misc{a, title = {One {Two {Three}} \\{ four}}")
    assert listing.title == "One Two Three { four"


def test_strings_that_hold_one_another_do_not_grow_without_bound() -> None:
    doubled = "".join(f"@string{{s{n} = s{n - 1} # s{n - 1}}}\n" for n in range(1, 16))
    text = f'@string{{s0 = "ha "}}\n{doubled}@misc{{a, title = s15}}'
    with pytest.raises(ValueError, match=r"the entry in line 11 makes the text ten times as long by its strings"):
        parse(text)
    names = "".join(f"@misc{{a{n}, title = {{A}}, journal = nips, month = jan}}\n" for n in range(99))
    assert len(parse(f"@string{{nips = {{Advances in Neural Information Processing Systems}}}}\n{names}")) == 99


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("Larch, Ann and Ben Alder", ("Ann Larch", "Ben Alder")),
        ("van der Berg, Jr., Ann", ("Ann van der Berg Jr.",)),
        ("{The Team of Ann and Ben}  and  Ash,  C.", ("The Team of Ann and Ben", "C. Ash")),
        ("Larch, Ann and others", ("Ann Larch",)),
        ("Anderson, Band\nand Sand, Alexandra", ("Band Anderson", "Alexandra Sand")),
        ("M{\\\"u}ller, J{\\'e}r{\\^o}me", ("Jérôme Müller",)),
        ("", ()),
    ],
)
def test_authors_come_given_name_first(written: str, names: tuple[str, ...]) -> None:
    assert one(f"author = {{{written}}}").authors == names


@pytest.mark.parametrize(
    ("fields", "aliases"),
    [
        ("eprint = {2606.00001v2}, archivePrefix = {arXiv}, primaryClass = {cs.LG}", ("arxiv:2606.00001",)),
        ("eprint = {hep-th/9901001}", ("arxiv:hep-th/9901001",)),
        ("eprint = {123456}, archiveprefix = {PubMed}", ()),
        ("journal = {arXiv preprint arXiv:2401.12345}", ("arxiv:2401.12345",)),
        ("journal = {CoRR}, volume = {abs/1706.03762}", ("arxiv:1706.03762",)),
        ("url = {https://arxiv.org/abs/1706.03762v7}", ("arxiv:1706.03762",)),
        ("doi = {https://doi.org/10.1000/ABC.1}", ("doi:10.1000/abc.1",)),
        ("doi = {10.48550/arXiv.2606.00001}", ("arxiv:2606.00001", "doi:10.48550/arxiv.2606.00001")),
        ("eprint = {2606.00001}, doi = {10.1000/1}", ("arxiv:2606.00001", "doi:10.1000/1")),
        ("url = {https://example.org/2606.00001}", ()),
        ("doi = {10.1007/978-3-030-01234-6\\_12}", ("doi:10.1007/978-3-030-01234-6_12",)),
        ("doi = {10.1002/(SICI)1097-4571(199806)49:8<693::AID>3.0}", ()),
        ("doi = {https://doi.org/10.1016/j.x(2)?utm_source=rss}", ("doi:10.1016/j.x(2)",)),
        ("note = {Comment on arXiv:2101.00001}", ()),
    ],
)
def test_a_paper_is_known_by_its_number_and_doi(fields: str, aliases: tuple[str, ...]) -> None:
    assert one(fields).aliases == aliases


@pytest.mark.parametrize(
    ("fields", "moment"),
    [
        ("year = 2026, month = jun", (2026, 6, 1)),
        ("year = {2026}, month = {June}", (2026, 6, 1)),
        ('year = "2026", month = 6, day = 18', (2026, 6, 18)),
        ('year = 2026, month = jun # "~18"', (2026, 6, 1)),
        ("year = 2026", (2026, 1, 1)),
        ("date = {2026-06-18}", (2026, 6, 18)),
        ("year = 2026, month = 13", None),
        ("year = {in press}", None),
    ],
)
def test_a_date_is_as_early_as_what_is_told(fields: str, moment: tuple[int, int, int] | None) -> None:
    assert one(fields).published_at == (None if moment is None else datetime(*moment, tzinfo=UTC))


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ("url = {\\url{https://example.org/a\\_b}}", "https://example.org/a_b"),
        ("url = {javascript:alert(1)}, doi = {10.1/x}", ""),
        ("url = {javascript:alert(1)}, doi = {10.1000/x}", "https://doi.org/10.1000/x"),
        ("eprint = {2606.00001}", "https://arxiv.org/abs/2606.00001"),
    ],
)
def test_a_paper_leads_to_its_page(fields: str, url: str) -> None:
    assert one(fields).url == url


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("{BERT} and {GPT}-4", "BERT and GPT-4"),
        ('Erd{\\H{o}}s, {\\L}ukasz, Stra{\\ss}e, {\\o}re, na{\\"\\i}ve', "Erdős, Łukasz, Straße, øre, naïve"),
        ("\\c{C}elik and \\v Skoda", "Çelik and Škoda"),
        ("at~least $O(n^{2})$ {S}teps", "at least O(n²) Steps"),
        ("\\emph{some} {W}ords", "some Words"),
        ("100\\% of \\{x\\}", "100% of {x}"),
        ("", ""),
    ],
)
def test_a_value_is_read_as_tex(written: str, read: str) -> None:
    assert readable(written) == read


WIDE = " " * 30
HOSTILE = {
    "open": "@a{k, t = {" * 150_000,
    "key": "@a{" + " " * 200_000 + "k l",
    "joins": "@a{k, t = " + f"a{WIDE}# " * 100_000,
    "quote": '@a{k, t = "' + f"{{{WIDE}" * 100_000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_file_that_means_harm_is_refused_in_no_time(text: str) -> None:
    started = time.process_time()
    with pytest.raises(ValueError, match="line 1"):
        parse(text)
    assert time.process_time() - started < 2


def test_braces_in_braces_are_read_in_no_time() -> None:
    started = time.process_time()
    assert "words" in readable("{" * 50_000 + "words" + "}" * 50_000)
    assert time.process_time() - started < 2
