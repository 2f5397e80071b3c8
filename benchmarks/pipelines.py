"""Whole pipelines beside one another: the part `pipeline` of `./run bench sending`.

Ours reads the store, chooses, queues, makes and sends every message and accounts for it, from the start of its process;
the others only make and send, or only send: smtp-source and smtplib ready messages of the same mean size, Django and
node editions that were chosen for them before, of templates that were compiled before.
"""

import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from configured import CONNECTIONS, NOON, configure
from contest import Command, Contender, Run, contest, print_ratio, print_table, run
from places import ROOT
from rivals.installed import BENCH, has_django, has_node_packages
from sinks import SINK, sink
from swallowing import COMPILER, swallowing

SAMPLE = 500
OURS, SIGNED = "Offprint, whole", "Offprint, whole, RSA 2048"
SOURCE, SMTPLIB = "smtp-source", "smtplib, ready messages"
DJANGO, NODE = "Django: templates, MIME, SMTP", "node: nunjucks, nodemailer's pool"
HERE = Path(__file__).parent
MOST_CPU, MOST_GROWTH = 130, 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A filled installation, what others send in its stead, and how many octets its mean message has."""

    folder: Path
    editions: Path
    readers: int
    octets: int


def pipeline(sizes: Sequence[int], *, rounds: int) -> None:
    """Print the table of each number of readers, and what a reader more costs where there are several."""
    marginal: dict[int, float] = {}
    for readers in sizes:
        with tempfile.TemporaryDirectory() as name, sink() as port:
            place = prepared(Path(name), readers)
            runs = contest(candidates(place, port), rounds=rounds)
        print(f"\n{readers:,} readers, messages of {place.octets:,} octets on the mean, medians of {rounds}")
        print_table(runs, beside=SOURCE)
        for other, asked in ((SOURCE, 0.85), (DJANGO, 10), (NODE, 7)):
            print_ratio(runs, OURS, other, asked=asked)
        for ours in (OURS, SIGNED):
            print(
                f"{ours}, CPU us a message: {', '.join(f'{step} {us:,.0f}' for step, us in steps(runs[ours]).items())}"
            )
        marginal[readers] = sum(us for step, us in steps(runs[OURS]).items() if step != "start")
    print(f"\n{OURS}, start-up excluded, CPU us a message (asked: {MOST_CPU} with it):")
    for readers, cost in marginal.items():
        growth = cost / marginal[sizes[0]] - 1
        print(f"{readers:>12,} readers {cost:8,.0f} {growth:+8.0%} (asked: {MOST_GROWTH:+.0%} at most)")


def steps(runs: Sequence[Run]) -> dict[str, float]:
    """Microseconds of processor time a message in each step of ours, the median of the runs."""
    ends = [[0.0, *one.told["took"].values()] for one in runs]
    names = list(runs[0].told["took"])
    return {
        name: statistics.median((end[at + 1] - end[at]) / one.count * 1e6 for end, one in zip(ends, runs, strict=True))
        for at, name in enumerate(names)
    }


def prepared(folder: Path, readers: int) -> Place:
    """Fill an installation, in a process of its own, and print some of its editions for the others."""
    filled, editions = folder / "filled", folder / "editions"
    filled.mkdir()
    editions.mkdir()
    filling = [
        sys.executable,
        str(HERE / "filled.py"),
        str(filled),
        "--readers",
        str(readers),
        "--editions",
        str(editions),
    ]
    octets = run(Command(arguments=filling, count=readers)).told["octets"]
    if COMPILER is not None and has_django():
        with swallowing(editions) as taken:
            run(django(editions, taken.port))
        fill_up(editions, octets - taken.octets // taken.messages)
    return Place(folder=filled, editions=editions, readers=readers, octets=octets)


def fill_up(folder: Path, octets: int) -> None:
    """Make every message so much longer, by words that no mail program shows."""
    path = folder / "readers.json"
    readers = json.loads(path.read_text())
    words = ("words that fill a message up to the size of the others' " * (octets // 56 + 1))[: max(octets, 0)]
    path.write_text(json.dumps([one | {"filling": one["filling"] + words} for one in readers]))


def candidates(place: Place, port: int) -> dict[str, Contender]:
    """Who takes part, by name."""
    assert SINK is not None
    source = [SINK.replace("sink", "source"), "-d", "-s", str(CONNECTIONS), "-m", str(place.readers)]
    ready = [
        sys.executable,
        str(HERE / "rivals" / "ready.py"),
        "smtplib",
        str(port),
        str(place.readers),
        str(place.octets),
    ]
    found: dict[str, Contender] = {
        OURS: partial(ours, place, port, is_signed=False),
        SIGNED: partial(ours, place, port, is_signed=True),
    }
    others = {
        SOURCE: Command(arguments=[*source, "-l", str(place.octets), f"127.0.0.1:{port}"], count=place.readers),
        SMTPLIB: Command(arguments=[*ready, "1"], count=place.readers),
    }
    if has_django():
        others[DJANGO] = django(place.editions, port)
    if has_node_packages():
        script = [str(HERE / "rivals" / "pipeline.js"), str(port), str(CONNECTIONS), str(place.editions)]
        others[NODE] = Command(arguments=["node", *script], count=SAMPLE, folder=BENCH)
    return found | {name: partial(run, command) for name, command in others.items()}


def django(editions: Path, port: int) -> Command:
    script = str(HERE / "rivals" / "pipeline_django.py")
    return Command(arguments=[sys.executable, script, str(port), str(editions)], count=SAMPLE, folder=ROOT)


def ours(place: Place, port: int, *, is_signed: bool) -> Run:
    """Our whole pipeline on a copy of the installation; every message must be sent."""
    with tempfile.TemporaryDirectory(dir=place.folder.parent) as name:
        copy = Path(name) / "copy"
        shutil.copytree(place.folder, copy)
        configure(copy, port=port, is_signed=is_signed)
        script = [str(HERE / "publishing.py"), str(copy), NOON.isoformat(), "publish", "deliver"]
        done = run(Command(arguments=[sys.executable, *script], count=place.readers))
    if done.told["counts"]["sent"] != place.readers:
        raise SystemExit(f"Of {place.readers} messages not all were sent: {done.told['counts']}.")
    return done
