"""The unit that documents give to copy is one that systemd takes."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT

UNIT = (ROOT / "docs/offprint.service").read_text()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here (apt install systemd)")
def test_systemd_finds_nothing_to_say_of_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "offprint.service"
    # Its program is installed nowhere here.
    unit.write_text(UNIT.replace("/opt/offprint/bin/digest", sys.executable))
    looked = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (looked.returncode, looked.stderr) == (0, "")
