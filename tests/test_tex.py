import sys
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.tex import readable
from digest.text import clean


def table(rows: str) -> list[tuple[str, str]]:
    pairs = [row.split(" => ") for row in rows.strip().splitlines()]
    return [(raw.strip(), text.strip()) for raw, text in pairs]


FORMULAS = table(r"""
    $x^{2}$ => x²
    $k^{*}$ => k*
    $H_2O$ and H_2O => H₂O and H_2O
    $O(n^2)$, $$x$$, \(y\), \[z\] => O(n²), x, y, z
    $\frac{a}{b}$, $\frac12$, $\frac{a+b}{2}$ => a/b, 1/2, (a+b)/2
    $\sqrt{x}$, $\sqrt{x+1}$, $\sqrt[3]{n}$ => √x, √(x+1), ∛n
    $\mathcal{O}(n\log n)$ => O(n log n)
    $x\in\mathbb{R}^d$ => x∈ℝᵈ
    $8\times 8$, $8 \times 8$, 2.3\times faster => 8×8, 8 × 8, 2.3× faster
    $\alpha$-Flow, $\pi_0$ and $\pi_{0.5}$ => α-Flow, π₀ and π_0.5
    $p_\theta(x|y)$, $e^{-2K}$, $d^{1/2}$ => p_θ(x|y), e⁻²ᴷ, d^(1/2)
    $\sum_{i=1}^n x_i$ => ∑ᵢ₌₁ⁿ xᵢ
    $\|x\|_2 \leq 1$ => ‖x‖₂ ≤ 1
    $\max\{a, b\}$ => max{a, b}
    $\left( a \right)$, $\operatorname{argmax}_x f$ => ( a ), argmaxₓ f
    360$^\circ$, A$^*$ search, MS$^2$, D$^\top$ => 360°, A* search, MS², Dᵀ
    $DA$$^2$ => DA²
    $\sim$10, 5{\sim}10 => ∼10, 5∼10
    $\hat{y}$, $\tilde{O}(n)$, $\not=$ => ŷ, Õ(n), ≠
    $\binom{n}{k}$ => (n choose k)
    $x \text{ if } y$ => x if y
    harmful $-$ harmless => harmful − harmless
    $CoT$-$Pass@K$ => CoT-Pass@K
""")
PRICES = [
    "costs $5 and $10",
    "from $5-$10 to $1,000-$2,000",
    "4$ per hour, 5$ per day",
    "$200k or $0.1",
    "$BTC/$ETH and $PATH:$HOME/bin",
    "US$5 (A$7)",
    "$5 for a_b and c^d of the model, or 6$",
]
COMMANDS = table(r"""
    \textbf{C}ausal \emph{x} \texttt{a} \textsc{b} => Causal x a b
    {\em and} {\bf b}c {bf MASK} {\textit{d}} => and bc MASK d
    good~\cite{a}, as in \citep[p. 1]{b}. => good, as in.
    Section~\ref{s} shows => Section shows
    \href{https://example.org/x_y}{our page} => our page (https://example.org/x_y)
    \href{https://example.org/x}{https://example.org/x} => https://example.org/x
    \href{javascript:alert(1)}{here} => here
    code\url{https://example.org/a\_b} => code https://example.org/a_b
    board\footnote{Or not.} of => board (Or not.) of
    \textcolor{red}{text}, {\color{blue} more} => text, more
    E\textsuperscript{2}R, CO\textsubscript{2} => E²R, CO₂
    \eg, this; \ie that, \etc. => e.g., this; i.e. that, etc.
    we propose \ours, \GitChameleon{} and \acro{LLM} => we propose ours, GitChameleon and LLM
    \name\ both, 300\,k, 10\,000, 1{,}879 => name both, 300 k, 10,000, 1,879
    \input{/etc/passwd} \write18 => /etc/passwd write18
    {\Delta}G, 360{\deg} => ΔG, 360°
    Network\\ for Series, two \\% of => Network for Series, two % of
    a \textbf{group left open => a group left open
""")
ACCENTS = table(r"""
    Schr\"odinger, Schr\"{o}dinger => Schrödinger, Schrödinger
    na\"{\i}ve, Bolet\'{\i}n, \'{e}, Pok\'emon => naïve, Boletín, é, Pokémon
    \c{c}a, \v{s}, \v s, \H{o}, \k{a}, \r{a} => ça, š, š, ő, ą, å
    \o, \ss{}, \ae, \L => ø, ß, æ, Ł
    query\'s content, Ma\'nczak => query's content, Mańczak
    the \"world model\" of => the "world model" of
    Bird\u2019s Eye => Bird’s Eye
    hyphen\-ated, https://example.org/a\-b, \r{ho} => hyphenated, https://example.org/a-b, ρ
    \~8B, the~word~(VLM) and RTX~5090 => ~8B, the word (VLM) and RTX 5090
""")
STRIPPED = table(r"""
    8times 8, 1times, 4.05times faster, 8timesH100 => 8×8, 1×, 4.05× faster, 8×H100
    8times 8 and 32times 32times 3 => 8×8 and 32×32×3
    5sim10, sim60%, {sim}11%, 8{times} => 5∼10, ∼60%, ∼11%, 8×
    10^{-3}, 10^-4, 10^(-10), 10^8, X^{2}-Gaussian => 10⁻³, 10⁻⁴, 10⁻¹⁰, 10⁸, X²-Gaussian
    mathcal{O}(n), mathcal O(K), mathbb{R} => O(n), O(K), ℝ
    texttt{D}ual-texttt{H}ead, R^textbf{2AI} => Dual-Head, R²AI
    (360^circtimes180^circ), Q^{star}, QK^top, L^infty => (360°×180°), Q*, QKᵀ, L^∞
    pi_0, pi_{0.5}, tau^2-bench, nabla^2DFT, ell_1 => π₀, π_0.5, τ²-bench, ∇²DFT, ℓ₁
    V_{0.5}, M_{odot}, R^{d times d}, p_{gen} => V_0.5, M_⊙, R^(d × d), p_gen
    23%uparrow, T propto D, geq 90%, (ge 5) => 23%↑, T ∝ D, ≥ 90%, (≥ 5)
    {C}ontinual Le{a}rner, symmet{R}y => Continual Learner, symmetRy
    https://example.org/x{here} => here (https://example.org/x)
    o(sqrt[3]{log n}), sqrt{n} => o(∛(log n)), √n
    windows~chen2024quantum. => windows.
    ``quoted'', ``mixed", `single' => “quoted”, “mixed”, ‘single’
    13--60%, Read--Write, a -- b, c---d => 13–60%, Read–Write, a – b, c—d
""")
PROSE = [
    "three times as many, 2 times the success, the times of mathematics",
    "100 times 200 trials, 5 times 5 runs, 256 times 256",
    "sim2real and sim-to-real in a simulation",
    "the alpha stage, an omega, a pi, a text, a tilde",
    "H_2O, snake_case, V_AI and x_1",
    "{a, b}, {-1, 0, 1}, {user}, f{1}{2}",
    "https://example.org/~user/a_b--c/8times/pi_0",
    "~85%, 1M~60M, 10~100, 1.5~2.8, z~N(0,1), ~/papers",
    "--help, `cat.n.01` and don't",
    r"C:\Users\name, \d+, \nThe, A \ B",
    "x^, ^2, ^_^, a^b and pass^k",
    "\\",
    "}{",
    "$",
]
HOSTILE = [
    "{" * 10_000,
    "}" * 10_000,
    "{" * 5_000 + "}" * 5_000,
    "$" * 10_000,
    "$a" * 5_000,
    "$ $$ " * 2_000,
    r"\frac" * 5_000,
    r"\frac{" * 1_600,
    r"\(" * 5_000,
    "\\" * 10_000,
    r"\"{" * 3_000 + "}" * 3_000,
    r"\sqrt[" * 1_600,
    "x_{" * 3_000 + "}" * 3_000,
    r"\text{" * 1_600 + "}" * 1_600,
    "x^" * 5_000,
    "~" * 10_000,
    "`" * 10_000,
    "``a" * 3_000,
    "**a" * 3_000,
    "_a " * 3_000,
    "<b>" * 3_000,
    '<a href="' * 1_000,
    "&" + "amp;" * 2_500,
    "[a](b:" + "(a)" * 3_000,
    "a." * 5_000,
    "https://a{" * 1_000,
    "1 times " * 1_200,
    "a" * 10_000,
]


@pytest.mark.parametrize(("raw", "text"), FORMULAS + COMMANDS + ACCENTS + STRIPPED)
def test_tex_becomes_readable(raw: str, text: str) -> None:
    assert clean(raw) == text


@pytest.mark.parametrize("text", PRICES + PROSE)
def test_what_is_not_surely_tex_stays(text: str) -> None:
    assert clean(text) == text


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:8])
def test_a_hostile_text_is_read_in_no_time(text: str) -> None:
    started = time.process_time()
    cleaned = clean(text)
    assert time.process_time() - started < 0.5
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize("empty", [r"\bf ", r"\left", r"\url{}"])
def test_reading_ten_times_as_much_that_says_nothing_takes_ten_times_the_steps(empty: str) -> None:
    assert _steps(empty * 3_000) < 15 * _steps(empty * 300)


def _steps(text: str) -> int:
    """How many lines of Python it takes to read a text."""
    count = 0

    def trace(*_: Any) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        readable(text)
    finally:
        sys.settrace(before)
    return count


def test_a_text_nested_too_deep_is_left_as_it_is() -> None:
    assert readable(r"$\alpha$ " + "{" * 20 + "}" * 20).startswith(r"$\alpha$ {{{")


@given(st.text("\\${}^_~`'-<&ab1 ", max_size=60))
def test_no_text_stops_the_reader(text: str) -> None:
    assert isinstance(readable(text), str)
