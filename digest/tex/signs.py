"""What TeX's names stand for: tables, and how a script or a link is written in plain text."""

import re
import unicodedata


def _pairs(table: str) -> dict[str, str]:
    words = table.split()
    return dict(zip(words[::2], words[1::2], strict=True))


GREEK = _pairs(
    "alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ lambda λ"
    " mu μ nu ν xi ξ pi π varpi ϖ rho ρ varrho ϱ sigma σ varsigma ς tau τ upsilon υ phi φ varphi φ chi χ psi ψ omega ω"
    " Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω"
)
LETTERS = GREEK | _pairs(
    "ell ℓ hbar ℏ nabla ∇ partial ∂ infty ∞ emptyset ∅ varnothing ∅ aleph ℵ Re ℜ Im ℑ wp ℘ imath ı jmath ȷ i ı j ȷ"
    " l ł L Ł o ø O Ø ae æ AE Æ oe œ OE Œ aa å AA Å ss ß S § P ¶ dag † ddag ‡ copyright © pounds £ euro € yen ¥"
    " dots … ldots … cdots ⋯ dotsc … dotsb ⋯ vdots ⋮ ddots ⋱ prime ′ degree ° deg ° textdegree ° celsius °C micro µ"
    " top ⊤ bot ⊥ angle ∠ triangle △ square □ blacksquare ■ Box □ Diamond ◇ checkmark ✓ cmark ✓ xmark ✗"
    " clubsuit ♣ diamondsuit ♢ heartsuit ♡ spadesuit ♠ forall ∀ exists ∃ nexists ∄ neg ¬ lnot ¬"
    " langle ⟨ rangle ⟩ lceil ⌈ rceil ⌉ lfloor ⌊ rfloor ⌋ lvert | rvert | vert | lVert ‖ rVert ‖ Vert ‖"
    " lbrace { rbrace } lbrack [ rbrack ] backslash \\ sum ∑ prod ∏ coprod ∐ int ∫ iint ∬ oint ∮ surd √"
    " textbackslash \\ textless < textgreater > textasciitilde ∼ textendash – textemdash — textquoteright ’"
    " textquoteleft ‘ textquotedblleft “ textquotedblright ” textbar | textunderscore _ textdollar $ textpm ±"
    " texttimes × textmu µ textregistered ® texttrademark ™ textbullet • textperiodcentered · slash / lq ‘ rq ’"
    " textperthousand ‰ textpertenthousand ‱ textasciicircum ^ textalpha α textbeta β"
)
# Signs between two things: a blank after the command is kept only where there is one before it.
OPERATORS = _pairs(
    "times × div ÷ cdot · pm ± mp ∓ ast * star * circ ∘ bullet • sim ∼ simeq ≃ approx ≈ cong ≅ equiv ≡ propto ∝"
    " le ≤ leq ≤ leqslant ≤ ge ≥ geq ≥ geqslant ≥ ne ≠ neq ≠ ll ≪ gg ≫ lt < gt > lesssim ≲ gtrsim ≳ prec ≺ succ ≻"
    " preceq ⪯ succeq ⪰ in ∈ notin ∉ ni ∋ subset ⊂ supset ⊃ subseteq ⊆ supseteq ⊇ subsetneq ⊊ cup ∪ cap ∩ bigcup ⋃"
    " bigcap ⋂ setminus ∖ mid | parallel ∥ nmid ∤ perp ⊥ models ⊨ vdash ⊢ dashv ⊣ oplus ⊕ ominus ⊖ otimes ⊗ odot ⊙"
    " oslash ⊘ wedge ∧ land ∧ vee ∨ lor ∨ dagger † ddagger ‡ to → rightarrow → longrightarrow ⟶ leftarrow ← gets ←"
    " longleftarrow ⟵ leftrightarrow ↔ longleftrightarrow ⟷ Rightarrow ⇒ Longrightarrow ⟹ implies ⟹ Leftarrow ⇐"
    " Leftrightarrow ⇔ iff ⟺ Longleftrightarrow ⟺ mapsto ↦ longmapsto ⟼ hookrightarrow ↪ uparrow ↑ downarrow ↓"
    " updownarrow ↕ Uparrow ⇑ Downarrow ⇓ nearrow ↗ searrow ↘ swarrow ↙ nwarrow ↖ rightsquigarrow ⇝ rightleftharpoons ⇌"
    " triangleq ≜ coloneqq ≔ doteq ≐ asymp ≍ bowtie ⋈ ltimes ⋉ rtimes ⋊ uplus ⊎ sqcup ⊔ sqcap ⊓ trianglelefteq ⊴"
)
SIGNS = LETTERS | OPERATORS
FUNCTIONS = frozenset(
    "log ln lg exp sin cos tan cot sec csc sinh cosh tanh arcsin arccos arctan max min sup inf lim limsup liminf arg"
    " argmax argmin det dim ker hom gcd Pr mod bmod".split()
)
# Abbreviations that many authors define for themselves, and names with a typography of their own.
WORDS = {
    "eg": "e.g.", "ie": "i.e.", "etc": "etc.", "cf": "cf.", "vs": "vs.", "wrt": "w.r.t.", "etal": "et al.",
    "LaTeX": "LaTeX", "TeX": "TeX", "BibTeX": "BibTeX", "quad": " ", "qquad": " ", "newline": " ", "linebreak": " ",
    "par": " ", "item": " ", "thinspace": " ", "enspace": " ", "space": " ", "nobreakspace": " ", "hspace": " ",
}  # fmt: skip
IGNORED = frozenset(
    "left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr displaystyle textstyle"
    " scriptstyle limits nolimits nonumber noindent allowbreak xspace protect relax centering maketitle sloppy"
    " ensuremath mathopen mathclose mathrel mathbin mathord mathop".split()
)
# Commands whose argument is not for readers.
DROPPED = frozenset(
    "cite citep citet citealp citealt citeauthor citeyear citeyearpar parencite textcite autocite nocite ref eqref"
    " cref Cref autoref pageref label vspace thanks footnotemark index begin end phantom hphantom vphantom"
    " includegraphics usepackage bibliographystyle bibliography".split()
)
SWITCHES = frozenset(
    "em it bf tt sc sl sf rm cal bm itshape bfseries scshape ttfamily sffamily slshape upshape rmfamily mdseries"
    " normalfont small footnotesize scriptsize tiny large Large".split()
)
FONTS = frozenset(
    "text textrm textbf textit texttt textsc textsf textsl textup textmd textnormal emph underline uline mbox hbox"
    " mathrm mathbf mathit mathsf mathtt mathcal mathscr mathfrak mathbb mathbbm mathds mathnormal boldsymbol bm"
    " pmb operatorname overline underbrace overbrace".split()
)
PROSE = frozenset("text textrm textnormal mbox hbox intertext".split())
# Names that mean their sign even without a backslash, where they stand alone in braces or in a script.
STRIPPED = frozenset(
    "times sim approx cdot circ pm leq geq neq odot oplus otimes star ast dagger rightarrow leftarrow"
    " in to le ge".split()
)
# Commands that are known by the brace that follows, even without a backslash.
BARE = FONTS - {"overline", "underline", "pmb"} | {"sqrt", "frac", "widetilde", "tilde", "widehat", "textsuperscript"}
# Names that a script in braces proves to be signs.
BASES = GREEK | _pairs("ell ℓ nabla ∇ infty ∞ sum ∑ prod ∏")
ALPHABETS = frozenset("mathbb mathbbm mathds".split())
BLACKBOARD = dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True))
OVER = {
    "hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303", "bar": "\u0304",
    "vec": "\u20d7", "dot": "\u0307", "ddot": "\u0308", "check": "\u030c", "breve": "\u0306", "acute": "\u0301",
    "grave": "\u0300", "mathring": "\u030a",
}  # fmt: skip
ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306", ".": "\u0307",
    '"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c", "d": "\u0323", "c": "\u0327", "k": "\u0328",
    "b": "\u0331",
}  # fmt: skip

KNOWN = (
    SIGNS.keys() | WORDS.keys() | OVER.keys() | FUNCTIONS | IGNORED | DROPPED | FONTS | {"frac", "sqrt", "url", "href"}
)

_RAISED = dict(
    zip(
        "0123456789+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVW−′⊤",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ⁻′ᵀ",
        strict=True,
    )
)
_LOWERED = dict(zip("0123456789+-=()aehijklmnoprstuvx−", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ₋", strict=True))
# Signs that stand raised by themselves.
_UPRIGHT = {"∘": "°", "°": "°", "*": "*", "†": "†", "‡": "‡", "′": "′", "′′": "″", "'": "′"}
_SIMPLE = re.compile(r"[^\W_]+(?:\.\d+)?|[^\W\d_][₀-₉⁰¹²³⁴-⁹]*|.", re.DOTALL)
# A command of the author's own that has lost its backslash, around a link's text.
_FRAMED = re.compile(r"\A[A-Za-z]+\{([^{}]*)\}\Z")
_WORDY = re.compile(r"[^\W\d_]{3}|(?!\A)\(")


def script(mark: str, inside: str) -> str:
    """An exponent (`^`) or an index (`_`): raised or lowered where Unicode can, else after its mark."""
    inside = inside.strip(" ,")
    if not inside:
        return ""
    if mark == "^" and inside in _UPRIGHT:
        return _UPRIGHT[inside]
    table = _RAISED if mark == "^" else _LOWERED
    if all(character in table for character in inside) and not _WORDY.search(inside):
        return "".join(table[character] for character in inside)
    return mark + grouped(inside)


def grouped(inside: str) -> str:
    """The text itself where it is one number or name, otherwise in parentheses."""
    return inside if _SIMPLE.fullmatch(inside) else f"({inside})"


def over(letter: str, mark: str) -> str:
    """The letter with an accent; more than one letter stays without."""
    return unicodedata.normalize("NFC", letter + mark) if len(letter) == 1 and not letter.isspace() else letter


def link(text: str, address: str) -> str:
    """A link's text and address; the text alone where the address is not one of the web."""
    text, address = _FRAMED.sub(r"\1", text.strip()), address.strip()
    if not address.lower().startswith(("https://", "http://")):
        return text
    if not text or "://" in text or address.rstrip("/").endswith(text.rstrip("/")):
        return address
    return f"{text} ({address})"
