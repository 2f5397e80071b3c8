"""How long signing takes for each message, beside the library's part of it. Prints a table.

    ./run bench signing

The message is an edition of ten papers, as the tests build it; of several rounds, in which all take their turn, the
fastest counts. The aim: an RSA signature in at most 1.4 times the library's part.
"""

import sys
import time
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
    parts: dict[str, Callable[[], object]] = {}
    for name, algorithm in (("r1", "RSA 2048"), ("e1", "Ed25519")):
        parts[f"{algorithm} in the library"] = partial(key(name, ed25519=name == "e1").sign, LINES)
    for names in (("r1",), ("e1",), ("r1", "e1")):
        signing = Signing(domain="example.org", selectors=names)
        parts[f"{' and '.join(names)} for the message"] = partial(by.sign, content, signing, signed_at=NOON)
    took = dict.fromkeys(parts, float("inf"))
    for _ in range(ROUNDS):
        for name, work in parts.items():
            took[name] = min(took[name], timeit.timeit(work, number=TIMES, timer=time.process_time) / TIMES * 1e6)
    print(f"{len(content):,} bytes")
    for name, microseconds in took.items():
        print(f"{name:<28} {microseconds:5.0f} us")
    ratio = took["r1 for the message"] / took["RSA 2048 in the library"]
    print(f"an RSA signature takes {ratio:.2f} of the library's part (asked: 1.4 at most)")


if __name__ == "__main__":
    main()
