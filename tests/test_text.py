import re
import string
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digest.text import author_key, clean, first_sentence, shorten, title_key

ZWNJ, ZWJ = "\u200c", "\u200d"
ACUTE, VIRAMA, NUKTA = "\u0301", "\u094d", "\u093c"
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
WIDTHLESS = "\u00ad\u180e\u200b\u2060\u2061\u2062\u2063\u2064\u2065\ufeff\U000e0001\U000e0041\U000e007f"
CONTROLS = "".join(map(chr, (*range(9), *range(14, 32), *range(0x7F, 0x85), *range(0x86, 0xA0))))

anything = st.text(st.characters(), max_size=40)
awkward = st.text(
    f"\\%&#_$ \n\x00\x85\u2028aeÉक=\u0338K\u212a{ACUTE}{VIRAMA}{NUKTA}{ZWNJ}{ZWJ}\u202e\ud800", max_size=12
)
words = st.lists(st.text(string.ascii_letters + string.digits + ".,:;!?()-'éßłжش日", min_size=1), min_size=1)
plain = words.map(lambda several: unicodedata.normalize("NFC", " ".join(several)))
limits = st.integers(min_value=-1, max_value=60)


@given(anything | awkward)
@example(r"100\\%")
@example(f"100\\{ZWNJ}%")
@example("100\\\x00%")
@example(f"e{ZWJ}{ACUTE}{ZWNJ} ")
def test_cleaning_twice_changes_nothing_more(raw: str) -> None:
    assert clean(clean(raw)) == clean(raw)


@given(plain)
def test_a_text_without_flaws_comes_through_unchanged(text: str) -> None:
    assert clean(text) == text


@given(anything | awkward | st.text(BIDI + WIDTHLESS + CONTROLS + " a\u0645"))
def test_what_cannot_be_seen_never_survives(raw: str) -> None:
    text = clean(raw)
    assert not set(text) & set(BIDI + WIDTHLESS + CONTROLS)
    assert not any("\ud800" <= character <= "\udfff" for character in text)
    assert text == " ".join(text.split())
    text.encode()


@given(anything | awkward)
def test_a_cleaned_text_is_composed(raw: str) -> None:
    assert unicodedata.is_normalized("NFC", clean(raw))


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (r"a gain of 5\% at \$3 \& up \#1 in a\_b", "a gain of 5% at $3 & up #1 in a_b"),
        (r"two \\% of them", "two % of them"),
        (r"\alpha and \textbf stay, as does C:\dir", r"\alpha and \textbf stay, as does C:\dir"),
        ("A Title\n  on Two Lines", "A Title on Two Lines"),
        ("\u2003wide\u00a0and\tother\u2028spaces\x85 ", "wide and other spaces"),
        (f"caf e{ACUTE}", "caf é"),
        ("pass\u00adword\u202egnp.exe\ufeff", "passwordgnp.exe"),
        ("a\x00b\x1bc\x9fd\ud83de", "abcde"),
        ("", ""),
        (" \n ", ""),
        ("\\" * 100_000 + "a", "\\" * 100_000 + "a"),
    ],
)
def test_flaws_are_mended(raw: str, text: str) -> None:
    assert clean(raw) == text


@pytest.mark.parametrize(
    "text",
    [
        f"می{ZWNJ}خواهم",
        f"क{VIRAMA}{ZWJ}ष और क{VIRAMA}{ZWNJ}ष",
        f"ශ{chr(0xDCA)}{ZWJ}රී",
    ],
    ids=["Persian", "Hindi", "Sinhala"],
)
def test_joiners_stay_where_a_script_needs_them(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize("raw", [f"pass{ZWNJ}word", f"pass{ZWJ} word", f"{ZWNJ}word", f"word{ZWJ}", f"می{ZWNJ} a"])
def test_joiners_go_where_they_join_nothing(raw: str) -> None:
    assert not set(clean(raw)) & {ZWNJ, ZWJ}


@given(st.text(max_size=5), st.characters(categories=["Lu", "Ll", "Lt", "Lm", "Lo"]))
@example("", "\ufc5e")
@example("", "\u037a")
def test_a_title_with_a_letter_of_any_script_has_a_key(before: str, letter: str) -> None:
    assert title_key(before + letter)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Attention Is All You Need", "ATTENTION  is all you need."),
        ("Naïve Bayes: a Déjà-Vu", "Naive Bayes - A Deja Vu"),
        ("Straße", "STRASSE"),
        ("Optimisation in ℝ", "Optimisation in R"),
        ("𝐁old Titles", "Bold titles"),
        ("İstanbul", "Istanbul"),
        ("ΘΕΩΡΙΑ", "θεωρία"),
        ("Clouds ☁\ufe0f Ahead", "Clouds ahead"),
    ],
)
def test_titles_that_differ_in_type_alone_have_one_key(one: str, other: str) -> None:
    assert title_key(one) == title_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("GPT-3", "GPT-4"), ("किताब", "कतब"), ("深度学习", "深度学"), ("???", "∞"), ("C", "D")],
)
def test_other_titles_have_other_keys(one: str, other: str) -> None:
    assert title_key(one) != title_key(other)


@pytest.mark.parametrize(
    ("authors", "key"),
    [
        (["Ann B. Cee", "Bob Dee"], "cee"),
        (["Cee, Ann"], "cee"),
        (["Cee, A. B."], "cee"),
        (["Cee"], "cee"),
        ([], ""),
        ([""], ""),
        (["—"], ""),
        (["José Núñez"], "nunez"),
        (["NÚÑEZ, JOSÉ"], "nunez"),
        (["Ann van der Cee"], "cee"),
        (["van der Cee, Ann"], "cee"),
        (["Ann Cee-Dee"], "dee"),
        (["Cee-Dee, Ann"], "dee"),
        (["王小明"], "王小明"),
        (["नमूना लेखिका"], "लेखिका"),
    ],
)
def test_the_first_authors_family_name_is_found_in_either_order(authors: list[str], key: str) -> None:
    assert author_key(authors) == key


@given(anything | plain, limits)
@example("one long word".replace(" ", ""), 1)
@example("one long word".replace(" ", ""), 2)
@example("- - - -", 5)
def test_a_shortened_text_is_never_over_the_limit(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) <= max(limit, 0)
    if len(text) <= limit:
        assert short == text
    elif limit >= 1:
        assert short.endswith("…")
        assert text.startswith(short[:-1].rstrip(" "))


@pytest.mark.parametrize(
    ("limit", "short"),
    [(16, "Graphs, and more"), (15, "Graphs, and …"), (13, "Graphs, and …"), (12, "Graphs …"), (5, "Gra …"), (0, "")],
)
def test_a_text_is_cut_at_a_word(limit: int, short: str) -> None:
    assert shorten("Graphs, and more", limit) == short


@pytest.mark.parametrize(("limit", "short"), [(12, "Supercalif …"), (3, "S …"), (2, "…"), (1, "…")])
def test_one_long_word_is_cut_where_it_must_be(limit: int, short: str) -> None:
    assert shorten("Supercalifragilistic", limit) == short


@pytest.mark.parametrize(
    "sentence",
    [
        "Models, e.g. GPT models, are large.",
        "We follow Cee et al. (2024) and Dee et al. Their data is ours.",
        "We compare RNNs vs. Transformers.",
        "It gains 3.5 points over v1.2 in Fig. 3 and Sec. 4.",
        "Courts of the U.S. Government publish them.",
        "We thank J. B. Cee for it!",
        "Is attention all we need?",
        'They call it "learning."',
        "It is tiny (i.e., 3 MB.)",
        "Optimal w.r.t. Bayes risk.",
    ],
)
def test_the_first_sentence_ends_where_it_ends(sentence: str) -> None:
    assert first_sentence(f"{sentence} We show more. And more.", 200) == sentence
    assert first_sentence(sentence, 200) == sentence


@given(anything | plain, limits)
def test_the_first_sentence_begins_the_text_and_keeps_the_limit(text: str, limit: int) -> None:
    sentence = first_sentence(text, limit)
    assert len(sentence) <= max(limit, 0)
    assert text.startswith(re.sub(r" ?…$", "", sentence))


def test_a_first_sentence_over_the_limit_is_cut() -> None:
    assert first_sentence("We study the long sentence. It is long.", 15) == "We study the …"


def test_a_long_text_without_an_end_is_cut_as_well() -> None:
    assert first_sentence("A. " * 100_000, 10) == "A. A. A …"


def test_a_text_without_a_sentence_is_its_own() -> None:
    assert first_sentence("no end in sight", 100) == "no end in sight"
    assert first_sentence("", 100) == ""
