"""arXiv's categories, as of November 2026 (https://arxiv.org/category_taxonomy)."""

_GROUPS = {
    "cs": "AI AR CC CE CG CL CR CV CY DB DC DL DM DS ET FL GL GR GT HC IR IT LG LO MA MM MS NA NE NI OH OS PF PL RO"
    " SC SD SE SI SY",
    "stat": "AP CO ME ML OT TH",
    "eess": "AS IV SP SY",
    "math": "AC AG AP AT CA CO CT CV DG DS FA GM GN GR GT HO IT KT LO MG MP NA NT OA OC PR QA RA RT SG SP ST",
    "q-bio": "BM CB GN MN NC OT PE QM SC TO",
    "q-fin": "CP EC GN MF PM PR RM ST TR",
    "econ": "EM GN TH",
    "astro-ph": "CO EP GA HE IM SR",
    "cond-mat": "dis-nn mes-hall mtrl-sci other quant-gas soft stat-mech str-el supr-con",
    "nlin": "AO CD CG PS SI",
    "physics": "acc-ph ao-ph app-ph atm-clus atom-ph bio-ph chem-ph class-ph comp-ph data-an ed-ph flu-dyn gen-ph"
    " geo-ph hist-ph ins-det med-ph optics plasm-ph pop-ph soc-ph space-ph",
}

_UNDIVIDED = "gr-qc hep-ex hep-lat hep-ph hep-th math-ph nucl-ex nucl-th quant-ph"

CATEGORIES: frozenset[str] = frozenset(_UNDIVIDED.split()) | {
    f"{archive}.{part}" for archive, parts in _GROUPS.items() for part in parts.split()
}
"""Every category that a reader can follow."""

COMMON: dict[str, str] = {
    "cs.CL": "Language",
    "cs.CV": "Vision",
    "cs.LG": "Learning",
    "cs.AI": "AI",
    "cs.RO": "Robotics",
    "cs.IR": "Retrieval",
    "cs.SD": "Sound",
    "cs.SE": "Software",
    "stat.ML": "Statistics",
}
"""The categories that the subscribe page offers first, with a word for each."""
