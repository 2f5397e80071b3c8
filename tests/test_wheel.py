"""What `pip install` brings, and `./run digest` in a checkout, is all that running needs."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from places import ROOT


@pytest.mark.slow
def test_the_wheel_carries_what_running_needs(tmp_path: Path) -> None:
    built = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(built, cwd=ROOT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("offprint-*.whl")
    installed, work = tmp_path / "installed", tmp_path / "work"
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(installed)
    work.mkdir()
    environment = os.environ | {
        "PYTHONPATH": str(installed),
        "DIGEST_SOURCES__HUGGINGFACE__URL": "http://127.0.0.1:9/api",
    }
    for command in (["init"], ["demo", "--once"], ["store", "check"]):
        ran = subprocess.run(
            [sys.executable, "-m", "digest", *command], cwd=work, env=environment, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr
    assert len(list((work / "var/outbox/new").iterdir())) == 5
    assert (work / "config.toml").read_text() == (ROOT / "config.example.toml").read_text()


def test_a_checkout_s_command_can_use_either_database() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = {re.split(r"[\[>]", needed)[0] for needed in extras["cluster"]}
    pinned = {line.partition("==")[0] for line in (ROOT / "requirements/run.txt").read_text().splitlines()}
    assert wanted <= pinned
    assert "psycopg-binary" in pinned
