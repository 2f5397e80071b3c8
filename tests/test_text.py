import gzip
import hashlib
import json
import re
import string
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from places import SHARED_DATA, needs_data

from digest.text import CLEANING, author_key, clean, sentences, shorten, title_key

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
# What may be a remain of TeX: dashes that TeX joins, and a stripped sign beside a digit.
TEX_LIKE = re.compile(
    r"--|infty|\d *(?:times|sim|uparrow|downarrow)|sim\d|math(?:bb|cal)|propto|[gln]eq|[gl]e \d|tilde "
)
plain = words.map(lambda several: unicodedata.normalize("NFC", " ".join(several))).filter(
    lambda text: not TEX_LIKE.search(text)
)
PIECES = (
    r"\ $ $$ { } ^ _ ~ ` '' `` * ** < > & ; &amp; &lt; <i> </i> <sub> </sub> [ ]( ) ( \( \) \[ \] -- --- % \% \$ \\"
    r" \' \" \c \frac \sqrt \text \textbf \mathcal \mathbb \hat \not \em \it \alpha \times \sim \left \log \url \href"
    r" \cite \footnote \color \ours \i \, \u0041 \begin times sim circ mathcal mathbb tilde sqrt textbf infty ell_1"
    r" pi_ nabla alpha https://example.org/a_b javascript:a 8 10 x A e s a n - + . , : é α ²"
).split()
markup = st.lists(st.sampled_from([*PIECES, " ", " "]), max_size=14).map("".join)
limits = st.integers(min_value=-1, max_value=60)


@pytest.mark.slow
@given(anything | awkward | markup)
@example(r"100\\%")
@example(f"100\\{ZWNJ}%")
@example("100\\\x00%")
@example(f"e{ZWJ}{ACUTE}{ZWNJ} ")
def test_cleaning_twice_changes_nothing_more(raw: str) -> None:
    assert clean(clean(raw)) == clean(raw)


@pytest.mark.slow
@given(plain)
def test_a_text_without_flaws_comes_through_unchanged(text: str) -> None:
    assert clean(text) == text


@given(anything | awkward | markup | st.text(BIDI + WIDTHLESS + CONTROLS + " a\u0645"))
def test_what_cannot_be_seen_never_survives(raw: str) -> None:
    text = clean(raw)
    assert not set(text) & set(BIDI + WIDTHLESS + CONTROLS)
    assert not any("\ud800" <= character <= "\udfff" for character in text)
    assert text == " ".join(text.split())
    text.encode()


@given(anything | awkward | markup)
def test_a_cleaned_text_is_composed(raw: str) -> None:
    assert unicodedata.is_normalized("NFC", clean(raw))


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (r"a gain of 5\% at \$3 \& up \#1 in a\_b", "a gain of 5% at $3 & up #1 in a_b"),
        (r"two \\% of them", "two % of them"),
        ("R&amp;D &lt;b&gt; &#x3b1;", "R&D <b> α"),
        ("in <i>vivo</i>, H<sub>2</sub>O<sup>+</sup>,<br/>and <think> stays", "in vivo, H₂O⁺, and <think> stays"),
        ('<a href="https://example.org">this page</a>', "this page"),
        ("if a<b and c>d, x<i>y", "if a<b and c>d, x<i>y"),
        ("a **bold** and **B**old claim, *really*, and _so_ on", "a bold and Bold claim, really, and so on"),
        (
            "2**3 and x ** y ** z, V* and A*, 5*5*5, *args, **kwargs",
            "2**3 and x ** y ** z, V* and A*, 5*5*5, *args, **kwargs",
        ),
        ("__init__, snake_case_name, J_G* F_t J_G", "__init__, snake_case_name, J_G* F_t J_G"),
        ("[code](https://example.org/a_b_c)", "code (https://example.org/a_b_c)"),
        ("[https://example.org/x](https://example.org/x)", "https://example.org/x"),
        ("[here](javascript:alert(1)) in [0,1](x)", "here in [0,1](x)"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("{{7*7}} {% for %} %recipient.x%", "{{7*7}} {% for %} %recipient.x%"),
        ("A Title\n  on Two Lines", "A Title on Two Lines"),
        ("\u2003wide\u00a0and\tother\u2028spaces\x85 ", "wide and other spaces"),
        (f"caf e{ACUTE}", "caf é"),
        ("pass\u00adword\u202egnp.exe\ufeff", "passwordgnp.exe"),
        ("a\x00b\x1bc\x9fd\ud83de", "abcde"),
        ("", ""),
        (" \n ", ""),
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


@pytest.mark.slow
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
        "We follow Cee et al. (2024) and Dee et al. [3].",
        "We compare RNNs vs. Transformers, i.e. LSTMs, a.k.a. Long Memories.",
        "It gains 3.5 points over v1.2 in Fig. 3 and Sec. 4, avg. 5 of No. 1.",
        "Courts of the U.S. Government publish them.",
        "We thank Dr. J. B. Cee for it!",
        "Is attention all we need?",
        'They call it "learning."',
        "It is tiny (i.e., 3 MB.)",
        "Optimal w.r.t. Bayes risk.",
        "We add nn.Linear(2), Node.js and Dr.LLM to https://example.org/a.B/C.html of example.org.",
        "What is left ... is right...",
    ],
)
@pytest.mark.parametrize(
    "following", ["We show more.", "(We show more.)", "GPT shows more.", "iGPT shows more.", "3 are more."]
)
def test_a_sentence_ends_where_it_ends(sentence: str, following: str) -> None:
    assert sentences(f"{sentence} {following} And more.") == [sentence, following, "And more."]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("no end in sight", ["no end in sight"]),
        ("", []),
        (" \n", []),
        ("We lack blanks.We go on.", ["We lack blanks.", "We go on."]),
        ("It is by Cee et al. We extend it.", ["It is by Cee et al.", "We extend it."]),
        ("It grew in the U.S. However, it fell.", ["It grew in the U.S.", "However, it fell."]),
        ("We test ImageNet-C. Results hold.", ["We test ImageNet-C.", "Results hold."]),
        ("Code is here. https://example.org/a", ["Code is here.", "https://example.org/a"]),
        ("It does two: 1. We read. 2. We write.", ["It does two: 1. We read.", "2. We write."]),
        ("It is in Fig. 1. A page is up.", ["It is in Fig. 1.", "A page is up."]),
        ("Findings follow. 1. We win. 2. They lose.", ["Findings follow.", "1. We win.", "2. They lose."]),
        ("我们提出新方法。它很快！“好吗？”是的。", ["我们提出新方法。", "它很快！", "“好吗？”", "是的。"]),
        ("यह पहला है। यह दूसरा है।", ["यह पहला है।", "यह दूसरा है।"]),
        ("ما هذا؟ هذا نموذج. وهو سريع.", ["ما هذا؟", "هذا نموذج.", "وهو سريع."]),
        ("Это статья. Она короткая.", ["Это статья.", "Она короткая."]),
    ],
)
def test_sentences_of_any_script_are_told_apart(text: str, found: list[str]) -> None:
    assert sentences(text) == found


@given(anything | plain | st.text('A.b !?。)]"”1e', max_size=60))
def test_sentences_are_all_of_the_text_in_its_order(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


@pytest.mark.slow
@pytest.mark.parametrize("piece", ["A. ", ".", ". ", "! ", "a.B", '")', "。", " ", "e.g. ", "aaa"])
def test_a_long_text_is_no_trouble(piece: str) -> None:
    text = piece * 100_000
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


PAPERS = SHARED_DATA / "huggingface" / "corpus.jsonl.gz"
SEEDS = SHARED_DATA / "seeds" / "papers.jsonl"
LEFT_OVER = re.compile(r"\\[A-Za-z]+|\$[^$\s](?:[^$]*[^$\s])?\$(?!\d)")


def real_texts() -> tuple[list[str], list[str]]:
    with gzip.open(PAPERS, "rt", encoding="utf-8") as lines:
        papers = [json.loads(line) for line in lines]
    seeds = [json.loads(line) for line in SEEDS.read_text(encoding="utf-8").splitlines()]
    titles = [paper["title"] for paper in papers + seeds]
    return titles, [paper["summary"] for paper in papers] + [seed["abstract"] for seed in seeds]


READ_AS = {1: "6745c81f629c1b28", 2: "e207f425c3c0f22b"}
"""What every tenth real paper is cleaned to, by the number of the cleaning."""


@pytest.mark.slow
@needs_data
def test_a_cleaning_that_reads_texts_otherwise_has_another_number() -> None:
    tenth = list(zip(*real_texts(), strict=True))[::10]
    read = [(clean(title), title_key(title), clean(text)) for title, text in tenth]
    found = hashlib.sha256(repr(read).encode()).hexdigest()[:16]
    assert READ_AS[CLEANING] == found, "raise digest.text.CLEANING, and note what it reads here"


@needs_data
@pytest.mark.slow
def test_real_papers_come_out_readable() -> None:
    titles, abstracts = real_texts()
    cleaned = [[clean(text) for text in texts] for texts in (titles, abstracts[::4])]
    left = [[found[0] for text in texts if (found := LEFT_OVER.search(text))] for texts in cleaned]
    assert left[0] == []
    assert len(left[1]) <= 0.005 * len(cleaned[1])
    for texts in cleaned:
        assert [text for text in texts if clean(text) != text] == []
