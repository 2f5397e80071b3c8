"""`digest demo`: the whole service once, on example readers."""

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from commands import Digest, Ended
from places import ROOT, SHARED_DATA, needs_data
from pytest_httpserver import HTTPServer
from sites import free_address

from digest.config import DEMO
from digest.demo import READERS
from digest.sources.sample import PATH


@pytest.fixture
def demo(digest: Digest, monkeypatch: pytest.MonkeyPatch) -> Digest:
    """Runs the demo where no live source answers."""
    monkeypatch.setenv("DIGEST_SOURCES__HUGGINGFACE__URL", "http://127.0.0.1:9/api")

    def run(*arguments: str) -> Ended:
        return digest("demo", "--once", *arguments)

    return run


def messages(folder: Path) -> list[Path]:
    return sorted((folder / "var/outbox/new").iterdir())


def titles(said: str) -> list[list[str]]:
    """The titles that each reader got."""
    blocks = said.split("@example.org")[1:]
    return [[line.removeprefix("  - ") for line in block.splitlines() if line.startswith("  - ")] for block in blocks]


@pytest.mark.slow
def test_without_network_or_files_it_works_on_the_sample_and_says_so(demo: Digest, tmp_path: Path) -> None:
    ended = demo()
    assert ended.code == 0, ended
    assert "No live source answered" in ended.out
    assert "its papers are fictional" in ended.out
    assert "The demo's clock starts at noon after the newest of them: 17 June 2026, 12:00 UTC." in ended.out
    assert f"They are in the folder {tmp_path / 'var/outbox'};" in ended.out
    assert len(messages(tmp_path)) == len(READERS)


@pytest.mark.slow
def test_it_can_be_run_again_and_again(demo: Digest, tmp_path: Path) -> None:
    for _ in range(2):
        assert demo().code == 0
    assert len(messages(tmp_path)) == len(READERS)


@pytest.mark.slow
def test_a_demo_leaves_the_one_alone_that_is_running(
    demo: Digest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DIGEST_WEB__LISTEN", free_address())
    command = [sys.executable, "-m", "digest", "demo"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert any(line.startswith("The site is at") for line in running.stdout)
        before = {path: path.stat().st_ino for path in [*messages(tmp_path), tmp_path / "var/demo/offprint.db"]}
        refused = demo()
        after = {path: path.stat().st_ino for path in before}
        running.terminate()
    assert (refused.code, refused.out) == (2, "")
    assert f"Another demo is running with its messages in {tmp_path / 'var/outbox'}." in refused.err
    assert after == before
    assert demo().code == 0


@pytest.mark.slow
def test_a_demo_that_cannot_begin_leaves_the_one_before(demo: Digest, tmp_path: Path) -> None:
    demo()
    before = [(path.name, path.read_bytes()) for path in messages(tmp_path)]
    (tmp_path / "prose.txt").write_text("These are notes about lunch.\n")
    assert demo("--papers", "prose.txt").code == 1
    assert [(path.name, path.read_bytes()) for path in messages(tmp_path)] == before


@pytest.mark.slow
@pytest.mark.parametrize("slug", ["papers", "demo"])
def test_it_leaves_the_operators_own_messages_alone(slug: str, demo: Digest, tmp_path: Path) -> None:
    own = tmp_path / f"var/outbox/new/{slug}.edition.1.2026-06-17"
    own.parent.mkdir(parents=True)
    own.write_text("Subject: mine\n\nmine\n")
    demo()
    assert own.exists()


def test_a_demo_of_a_file_without_papers_makes_no_folder(demo: Digest, tmp_path: Path) -> None:
    (tmp_path / "prose.txt").write_text("These are notes about lunch.\n")
    before = list(tmp_path.iterdir())
    assert demo("--papers", "prose.txt").code == 1
    assert list(tmp_path.iterdir()) == before


def test_nobody_else_has_a_newsletter_of_its_name(digest: Digest, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(f'[[newsletter]]\nslug = "{DEMO}"\n')
    ended = digest("init")
    assert ended.code == 2
    assert f"newsletter.slug: '{DEMO}' is the demo's" in ended.err


@pytest.mark.slow
def test_live_papers_are_taken_where_a_source_answers(
    digest: Digest, monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer, tmp_path: Path
) -> None:
    first = json.loads(PATH.read_text().splitlines()[0])
    listed_at = datetime.now(UTC).isoformat()
    paper = {"id": "2606.00001", "title": "A Live Paper", "summary": first["abstract"], "submittedOnDailyAt": listed_at}
    httpserver.expect_request("/api").respond_with_json([{"paper": paper}])
    monkeypatch.setenv("DIGEST_SOURCES__HUGGINGFACE__URL", httpserver.url_for("/api"))
    ended = digest("demo", "--once")
    assert "A Live Paper" in ended.out
    assert "sample" not in ended.out


@needs_data
@pytest.mark.slow
def test_on_real_papers_every_reader_gets_their_own(demo: Digest, tmp_path: Path) -> None:
    pages = sorted((SHARED_DATA / "seeds").glob("*.txt"))
    lists = sorted((SHARED_DATA / "huggingface/daily").glob("2026-06-1*.json"))
    ended = demo("--papers", *map(str, [*pages, *lists]))
    assert ended.code == 0, ended
    assert "115 papers from 000_" in ended.out
    got = titles(ended.out)
    assert len(got) == len(READERS)
    matched = [set(one) - set(got[-1]) for one in got[:-1]]
    assert all(matched)
    assert all(not one & other for at, one in enumerate(matched) for other in matched[:at])
    assert len(messages(tmp_path)) == len(READERS)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("mshow") is None, reason="mblaze is not here; `apt-get install mblaze` brings it")
def test_another_mail_program_reads_every_message_without_complaint(demo: Digest, tmp_path: Path) -> None:
    demo()
    for path in messages(tmp_path):
        shown = subprocess.run(["mshow", str(path)], capture_output=True, text=True, check=True)
        assert shown.stderr == ""
        assert "Unsubscribe:" in shown.stdout


def test_of_a_place_where_no_demo_can_listen_nothing_else_is_said(
    digest: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGEST_WEB__LISTEN", ":99999")
    refused = digest("demo", "--once")
    assert (refused.code, refused.err.count("\n  web.")) == (2, 1)
    assert "web.listen: is not an address to listen on" in refused.err
