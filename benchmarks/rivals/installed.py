"""What the benchmarks compare with, brought into .tools as requirements/bench says; none of it is needed otherwise."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from places import ROOT

WANTED = ROOT / "requirements" / "bench"
BENCH = ROOT / ".tools" / "bench"
DJANGO = BENCH / "django"


def has_node_packages() -> bool:
    """Whether node is here, with nodemailer and nunjucks; says so where not."""
    locked, done = WANTED / "package-lock.json", BENCH / "installed.json"
    if done.exists() and done.read_bytes() == locked.read_bytes():
        return True
    BENCH.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        (BENCH / name).write_bytes((WANTED / name).read_bytes())
    if not _ran(["npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"], folder=BENCH):
        print("npm is not there, or does not reach a package index: node takes no part.")
        return False
    done.write_bytes(locked.read_bytes())
    return True


def has_django() -> bool:
    """Whether Django is here; says so where not."""
    locked, done = WANTED / "requirements.txt", BENCH / "installed.txt"
    if done.exists() and done.read_bytes() == locked.read_bytes():
        return True
    command = [str(ROOT / ".tools" / "bin" / "uv"), "pip", "install", "--quiet", "--python", sys.executable]
    BENCH.mkdir(parents=True, exist_ok=True)
    if not _ran([*command, "--target", str(DJANGO), "--require-hashes", "-r", str(locked)], folder=BENCH):
        print("Django cannot be fetched (./run fetches uv; does it reach a package index?): it takes no part.")
        return False
    done.write_bytes(locked.read_bytes())
    return True


def _ran(command: Sequence[str], *, folder: Path) -> bool:
    try:
        return subprocess.run(command, cwd=folder, check=False).returncode == 0
    except OSError:
        return False
