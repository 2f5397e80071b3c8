"""Real papers that are hard to show, in editions of ten: what of them breaks a message.

    ./run bench layout [--papers 2000]

A third each are those of the longest titles, the most authors and the oddest characters among
30,658 papers. Every edition is looked at in Chromium at 320 px, read by Python's parser and by mblaze.
"""

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from browsers import chromium
from desk import desk_in
from hard_papers import FILES, NARROWEST, editions_of, elements, faults, hardest
from messages import messages_at


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--papers", type=int, default=2000)
    wanted = parser.parse_args().papers
    if absent := [str(file) for file in FILES if not file.exists()]:
        raise SystemExit(f"There is no {absent[0]}. Put the folder of real data beside this checkout.")
    with tempfile.TemporaryDirectory() as made:
        run(Path(made), papers=wanted)


def run(folder: Path, *, papers: int) -> None:
    sizes, found = [], list[str]()
    with desk_in(folder / "desk") as desk, chromium() as browser:
        known = {one for message in messages_at(desk).values() for one in elements(message)}
        page = browser.new_page(viewport={"width": NARROWEST, "height": 800})
        for message in editions_of(desk, hardest(papers)):
            sizes.append(len(message.html.encode()))
            found += faults(message, page, folder=folder, known=known)
    print(f"{papers:,} papers in {len(sizes):,} editions, the largest of {max(sizes):,} bytes of HTML")
    for what, count in Counter(one.partition(":")[0] for one in found).items():
        print(f"{count:>6}  {what}")
    print("\n".join(found[:40]) or "     0  faults")


if __name__ == "__main__":
    main()
