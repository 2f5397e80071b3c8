"""The command line, run in this process, in a folder of its own."""

import shutil
import sys
from pathlib import Path

import pytest
from commands import Digest, Ended
from furnished import Furnish

from digest.cli import main


@pytest.fixture
def digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Digest:
    """Runs `digest` with the given arguments."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["digest", *arguments])
        capsys.readouterr()
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        else:
            code = 0
        said = capsys.readouterr()
        return Ended(code=code, out=said.out, err=said.err)

    return run


@pytest.fixture
def installed(digest: Digest, sqlite_template: Path, tmp_path: Path, furnish: Furnish) -> Digest:
    """Runs `digest` where `digest init` has been run; the store was there already."""

    def fill() -> None:
        (tmp_path / "var").mkdir(mode=0o700)
        shutil.copy(sqlite_template, tmp_path / "var" / "offprint.db")
        (tmp_path / "var" / "offprint.db").chmod(0o600)
        assert digest("init").code == 0

    furnish(fill)
    return digest
