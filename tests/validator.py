"""The Nu validator, which checks the web's pages: one run over many."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from places import ROOT

VALIDATOR = ROOT / ".tools/judges/node_modules/vnu-jar/build/dist/vnu.jar"
NO_VALIDATOR = "the Nu validator is not here; apt install default-jre-headless npm, then ./run test --full fetches it"


def judged(folder: Path, pages: Mapping[str, str]) -> dict[str, set[str]]:
    """The validator's errors by page. Skips where there is none."""
    if not VALIDATOR.exists() or not shutil.which("java"):
        pytest.skip(NO_VALIDATOR)
    found: dict[str, set[str]] = {name: set() for name in pages}
    files = [folder / f"{number}.html" for number in range(len(pages))]
    for file, html in zip(files, pages.values(), strict=True):
        file.write_text(html)
    asked = ["java", "-jar", str(VALIDATOR), "--format", "json", "--stdout", "--exit-zero-always", "--errors-only"]
    done = subprocess.run([*asked, *files], capture_output=True, check=True)
    for told in json.loads(done.stdout)["messages"]:
        found[list(pages)[int(Path(told["url"]).stem)]].add(told["message"])
    return found
