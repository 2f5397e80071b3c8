"""How long signing takes for each message, beside the library's part of it. Prints a table.

    ./run bench signing

The message is an edition of ten papers, as the tests build it; of several rounds the fastest counts. The
aim: 300 us or less for an RSA signature on 40 kB.
"""

import sys
import timeit
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from digest.mail.dkim import Signing

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from built import build
from editions import render, ten_papers
from signatures import key, signer

NOON = datetime(2026, 6, 19, 12, tzinfo=UTC)
ROUNDS, TIMES = 7, 300
LINES = b"x" * 1500
"""About as much as the header has to be signed."""


def main() -> None:
    body = render(ten_papers())
    content = build(subject=body.subject, text=body.text, html=body.html)
    by = signer()
    print(f"{len(content):,} bytes")
    for name, algorithm in (("r1", "RSA 2048"), ("e1", "Ed25519")):
        library = key(name, ed25519=name == "e1").sign
        print(f"{algorithm}: {_microseconds(partial(library, LINES)):5.0f} us in the library")
    for names in (("r1",), ("e1",), ("r1", "e1")):
        signing = Signing(domain="example.org", selectors=names)
        whole = _microseconds(partial(by.sign, content, signing, signed_at=NOON))
        print(f"{' and '.join(names)}: {whole:5.0f} us for the message")


def _microseconds(work: Callable[[], object]) -> float:
    return min(timeit.repeat(work, number=TIMES, repeat=ROUNDS)) / TIMES * 1e6


if __name__ == "__main__":
    main()
