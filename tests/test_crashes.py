"""`kill -9` in the middle of each job, then again: the same end as one clean run."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import store_url
from crashes import contents, killed_often
from forked import forked, ran
from month import feed, lived, settled
from personas import DIFFUSION, NOON, choices

from digest.address import parse_address
from digest.config import load_config
from digest.installation import open_app
from digest.subscribe import subscribe

NOW = ("--now", NOON.isoformat())
COLLECT = ("collect", "--file", "papers.jsonl", *NOW)
PUBLISH = ("publish", *NOW)
DELIVER = ("deliver", *NOW)
READERS = 40
KILLS = 4
"""`./run bench kills` kills hundreds of times."""


def prepared(folder: Path) -> Path:
    """An installation with readers whose hour has come, and a file of papers."""
    folder.mkdir()
    _write_papers(folder)
    (folder / "config.toml").write_text("[mail]\nwindow = 4\nlease_seconds = 1\n")
    ran(folder, "init")
    _readers_join(folder)
    return folder


def _write_papers(folder: Path) -> None:
    rows = [
        {
            "id": f"2606.{number:05}",
            "title": f"{DIFFUSION.title}, part {number}",
            "abstract": DIFFUSION.abstract,
            "listed_on": "2026-06-19",
            "upvotes": number,
        }
        for number in range(400)
    ]
    (folder / "papers.jsonl").write_text("\n".join(json.dumps(row) for row in rows))


def _readers_join(folder: Path) -> None:
    app = open_app(load_config(folder / "config.toml", environment={}))
    for number in range(READERS):
        address = parse_address(f"reader{number}@example.org")
        wanted = replace(choices("diffusion models"), max_papers=1 + number % 10)
        subscribe(app.store, address, newsletter="papers", choices=wanted, now=NOON - timedelta(days=1))
    app.store.close()


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_ends_as_a_clean_one(tmp_path: Path) -> None:
    clean, crashed = prepared(tmp_path / "clean"), prepared(tmp_path / "crashed")
    for number, command in enumerate((COLLECT, PUBLISH, DELIVER)):
        seconds = ran(clean, *command)
        hits = killed_often(crashed, *command, times=KILLS, seed=number, seconds=seconds)
        assert hits > 0
        ran(crashed, *command)
    assert contents(crashed) == contents(clean)
    boxes = [sorted(path.name for path in (f / "var/outbox/new").iterdir()) for f in (clean, crashed)]
    assert len(boxes[0]) == READERS
    assert boxes[0] == boxes[1]


@pytest.mark.slow
def test_two_programs_that_deliver_at_once_send_each_message_once(tmp_path: Path) -> None:
    folder = prepared(tmp_path / "two")
    ran(folder, *COLLECT)
    ran(folder, *PUBLISH)
    both = [forked(folder, *DELIVER) for _ in range(2)]
    for process in both:
        process.join(timeout=60)
    assert [process.exitcode for process in both] == [0, 0]
    states = {state for _, _, state, *_ in contents(folder)["deliveries"]}
    assert states == {"sent"}
    assert len(list((folder / "var/outbox/new").iterdir())) == READERS


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_collect_that_is_killed_leaves_a_sound_store_that_the_next_one_completes(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    folder, found, seconds = tmp_path / "crashed", {}, 0.0
    folder.mkdir()
    _write_papers(folder)
    for name, kills in (("clean", 0), ("crashed", KILLS)):
        database = tmp_path / name / "databases"
        database.mkdir(parents=True)
        url = store_url(kind, request, database).replace("sqlite:///", f"sqlite:///{database}/")
        (folder / "config.toml").write_text(f'[store]\nurl = "{url}"\n')
        ran(folder, "init")
        hits = killed_often(folder, *COLLECT, times=kills, seed=9, seconds=seconds)
        assert hits > 0 or not kills
        ran(folder, "store", "check")
        seconds = ran(folder, *COLLECT)
        found[name] = contents(folder, url)
    assert found["crashed"] == found["clean"]
    assert len(found["clean"]["papers"]) == 400


@pytest.mark.slow
def test_days_of_a_daemon_that_is_killed_and_of_two_at_once_come_to_the_same_as_undisturbed_ones(
    tmp_path: Path,
) -> None:
    clean, crashed = tmp_path / "clean", tmp_path / "crashed"
    with feed() as url:
        for folder in (clean, crashed):
            settled(folder, url, readers=READERS)
        assert lived(clean, days=2, kills=0) == 0
        assert lived(crashed, days=2, kills=3, daemons=2) > 0
    assert contents(crashed) == contents(clean)
    boxes = [sorted(path.name for path in (f / "var/outbox/new").iterdir()) for f in (clean, crashed)]
    assert boxes[0] == boxes[1]
    # All on the first day, and those of every day and of working days on the second.
    assert len(boxes[0]) == READERS + READERS // 2
