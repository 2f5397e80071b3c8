r"""TeX without its backslashes and dollars, as some sources deliver it: `8times 8`, `10^{-3}`, `mathcal{O}`.

Only where digits, braces or a script beside it leave no doubt: "8times 8" is a size, "100 times 200 trials" is prose.
Addresses stay as they are.
"""

import re
from collections.abc import Callable

from digest.tex import signs

_ADDRESS = re.compile(
    r"((?:https?://|www\.)[^\s\\{}<>\"]+|(?<![\w.-])[\w.-]{1,80}\.(?:com|org|net|edu|gov|io|ai|co|dev)/[^\s\\{}<>\"]*)"
)
_GREEK = "|".join(sorted((*signs.GREEK, "nabla", "ell", "infty"), key=len, reverse=True))
_ALONE = {"star": "*", "ast": "*", "top": "ᵀ", "dagger": "†", "prime": "′", "infty": "^∞", "circ": "°"}


def _word(found: re.Match[str]) -> str:
    return signs.SIGNS[found[1]]


def _number(found: re.Match[str]) -> str:
    return signs.script("^", found[1])


def _blackboard(found: re.Match[str]) -> str:
    return signs.BLACKBOARD.get(found[1], found[1])


def _over(found: re.Match[str]) -> str:
    return signs.over(found[1], signs.OVER["tilde"])


def _ell(found: re.Match[str]) -> str:
    return "ℓ" + signs.script("_", found[1])


_Rule = tuple[str, re.Pattern[str], str | Callable[[re.Match[str]], str]]

# Each with a string without which it cannot apply, in the order in which they are applied.
_RULES: tuple[_Rule, ...] = (
    ("^", re.compile(r"(?<=\d)\^ ?circ(?=times\d)"), "°"),
    ("times", re.compile(r"(?<=[\d°])times (?=\d)"), "×"),
    ("times", re.compile(r"(?<=[\d°])times(?=[\dA-Z]|\b)"), "×"),
    ("sim", re.compile(r"(?<=\d)sim ?(?=\d)"), "∼"),
    ("sim", re.compile(r"(?<![\w-])sim(?=\d[\d.,]*(?:[%kKMBTx×]|\b))"), "∼"),
    ("arrow", re.compile(r"(?<=[\d%)₀-ₜ])(uparrow|downarrow|rightarrow|leftarrow)\b"), _word),
    ("eq ", re.compile(r"(?<![^\s(])(leq|geq|neq) (?=[\w(-])"), lambda found: f"{_word(found)} "),
    ("e ", re.compile(r"(?:(?<=\()|(?<=\b[A-Za-z] ))(le|ge) (?=\d)"), lambda found: f"{_word(found)} "),
    ("propto", re.compile(r"(?<= )(propto)(?= )"), _word),
    ("propto", re.compile(r"(?<=\d)propto (?=\w)"), " ∝ "),
    ("math", re.compile(r"\bmathbb ?([A-Z])(?![A-Za-z])"), _blackboard),
    ("math", re.compile(r"\bmath(?:cal|bf|rm|scr) ?([A-Z])(?![A-Za-z])"), r"\1"),
    ("boldsymbol", re.compile(r"(?<![A-Za-z])boldsymbol ?(?=[^\sA-Za-z]|[A-Za-z]\b)"), ""),
    ("tilde", re.compile(r"(?<![A-Za-z])(?:wide)?tilde ([A-Z])(?=\()"), _over),
    ("sqrt[3]{", re.compile(r"(?<![A-Za-z])sqrt\[3\]\{([^{}]*)\}"), lambda found: f"∛{signs.grouped(found[1])}"),
    ("infty", re.compile(r"(?<![A-Za-z])(infty)(?![A-Za-z])"), _word),
    ("ell_", re.compile(r"(?<![A-Za-z])ell_([0-9])(?![\w.])"), _ell),
    ("_", re.compile(rf"(?<![A-Za-z\\_])({_GREEK})(?=_\d)"), _word),
    ("^", re.compile(rf"(?<![A-Za-z\\_])({_GREEK})(?=\^[\d*+-])"), _word),
    ("_", re.compile(r"(?<=[α-ωϑϕ])(?<![α-ω]{2})_([0-9])(?!\w|\.\d)"), lambda found: signs.script("_", found[1])),
    ("^", re.compile(r"(?<=\d)\^\((-?\d{1,6})\)"), _number),
    ("^", re.compile(r"(?<=[\w)\]|*'∇])\^([-+]?\d{1,6})(?![\d.]*\d)"), _number),
    ("^", re.compile(r"(?<=[\w)\]|'])\^([*+])(?![*+\d])"), _number),
    ("^", re.compile(r"(?<=[\w)\]|'])\^(star|ast|top|dagger|prime|infty|circ)(?![a-z])"), lambda f: _ALONE[f[1]]),
)
_KEY = r"[a-z]+(?:19|20)\d\d[a-z]\w*"
_CITED = re.compile(rf"~{_KEY}(?:, ?{_KEY})*")
# A tie after a word or a number's unit; not one between two numbers, nor a distribution's: x~N(0, 1).
_BLANK = re.compile(
    r"(?<=[\w)\].,;:’”][\w)\].,;:’”])(?:(?<!\d)(?<!\d[A-Za-z%])~|~(?!\d))(?=[\w(\[])(?![A-Z]\()"
    r"|(?<=\d)~(?=[A-Za-z])|(?<=[.,;:] )~(?=[A-Za-z])"
)
_DASHES = (
    (re.compile(r"(?<=\w)---(?=\w)|(?<= )---(?= )"), "—"),
    (re.compile(r"(?<=\w)--(?=\w)|(?<= )--(?= )"), "–"),
)
_QUOTED = (
    (re.compile(r"(?<![\w`])``(?=[^\s`])([^`]{1,400}?)(?<=[^\s`])(?:''|(?<!\")\")(?!['\w])"), r"“\1”"),
    (re.compile(r"(?<![\w`])`(?=[^\s`])([^`']{1,100})(?<=\S)'(?![\w'])"), r"‘\1’"),
)


def restored(text: str) -> str:
    """The text with the remains of TeX as the signs they were."""
    if "~" in text:
        text = re.sub("(?<!~)~+(?=https?://)", " ", _CITED.sub("", text))
    parts = _ADDRESS.split(text) if "/" in text else [text]
    parts[::2] = map(_part, parts[::2])
    return _quoted("".join(parts))


def _part(text: str) -> str:
    for needed, pattern, replacement in _RULES:
        if needed in text:
            text = pattern.sub(replacement, text)
    if "~" in text:
        text = _BLANK.sub(" ", text)
    if "--" in text:
        for pattern, dash in _DASHES:
            text = pattern.sub(dash, text)
    return text


def _quoted(text: str) -> str:
    if "`" in text:
        for pattern, replacement in _QUOTED:
            text = pattern.sub(replacement, text)
    return text
