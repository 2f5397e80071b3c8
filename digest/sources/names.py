"""The names that papers go by everywhere: arXiv numbers and DOIs, as they stand in many texts."""

import re
from datetime import UTC, datetime

LONGEST = 300
_ARCHIVES = (
    "acc-phys|adap-org|alg-geom|ao-sci|astro-ph|atom-ph|bayes-an|chao-dyn|chem-ph|cmp-lg|comp-gas|cond-mat|cs|dg-ga"
    "|econ|eess|funct-an|gr-qc|hep-ex|hep-lat|hep-ph|hep-th|math|math-ph|mtrl-th|nlin|nucl-ex|nucl-th|patt-sol|physics"
    "|plasm-ph|q-alg|q-bio|q-fin|quant-ph|solv-int|stat|supr-con"
)
_MONTH = r"\d{2}(?:0[1-9]|1[0-2])"
_NUMBER = rf"{_MONTH}\.\d{{4,5}}|(?:{_ARCHIVES})(?:\.[A-Z]{{2}})?/{_MONTH}\d{{3}}"
ARXIV_ID = re.compile(rf"(?:{_NUMBER})(?=v\d+$|$)", re.ASCII)
_WRITTEN = re.compile(
    rf"(?:\barxiv[:.\s]\s*|\barxiv\.org[:/](?:abs/|pdf/|html/)?)({_NUMBER})(?:v\d+)?(?:\.pdf)?(?![\d.]*\d)",
    re.IGNORECASE,
)
_HUGGING_FACE = re.compile(rf"\b(?:huggingface\.co|hf\.co)/papers/({_NUMBER})(?![\d.]*\d)", re.IGNORECASE)
_DOI = re.compile(r"\b10\.[0-9]{4,9}/[^\s\"<>{}\\|^`]+(<)?")


def arxiv_number(text: str) -> str:
    """The arXiv number, without version, that an address or a reference holds, or an empty text."""
    bare = ARXIV_ID.match(text.strip())
    if bare:
        return bare.group()
    written = _WRITTEN.search(text)
    return written.group(1) if written else ""


def alias_in(text: str) -> str:
    """The alias of the paper that an arXiv id, a DOI, or a page at arXiv or Hugging Face names, or an empty text."""
    named = _HUGGING_FACE.search(text)
    number = named.group(1) if named else arxiv_number(text)
    return next(iter(aliases(arxiv=number, doi="" if number else doi_in(text))), "")


def arxiv_version(text: str) -> int | None:
    """The version that stands behind an arXiv number at the end of an address or a reference."""
    found = re.search(r"\dv(\d{1,3})$", text.strip())
    return int(found.group(1)) if found else None


def doi_in(text: str) -> str:
    """The DOI that an address or a reference holds, in lower case (they are compared without it), or an empty text."""
    found = _DOI.search(text)
    if found is None or found.group(1):  # one that goes on with angle brackets is cut off: half a DOI names others too
        return ""
    doi = found.group().partition("?")[0].rstrip(".,;")
    while doi.endswith(")") and doi.count(")") > doi.count("("):
        doi = doi[:-1].rstrip(".,;")
    return doi.lower()


def aliases(*, arxiv: str = "", doi: str = "") -> tuple[str, ...]:
    """The aliases of a paper with this arXiv number and DOI; arXiv's own DOIs name their number."""
    number = arxiv or arxiv_number(doi.partition("/")[2] if doi.startswith("10.48550/") else "")
    names = (f"arxiv:{number}" if number else "", f"doi:{doi}" if doi else "")
    return tuple(name for name in names if name and len(name) <= LONGEST)


def page_of(*, arxiv: str = "", doi: str = "") -> str:
    """Where a paper with this arXiv number or DOI can be read, empty without either."""
    return f"https://arxiv.org/abs/{arxiv}" if arxiv else f"https://doi.org/{doi}" if doi else ""


def arxiv_month(number: str) -> datetime | None:
    """The first moment of the month in which a number was given out (UTC): the numbers begin with it."""
    digits = number.rpartition("/")[2][:4]
    if len(digits) < 4:
        return None
    year, month = int(digits[:2]), int(digits[2:])
    if not 1 <= month <= 12:
        return None
    return datetime(year + (1900 if year > 90 else 2000), month, 1, tzinfo=UTC)
