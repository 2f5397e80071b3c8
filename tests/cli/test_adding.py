"""A list of addresses is brought over, as the operator has it."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from commands import Digest
from conftest import TEMPLATE, database_url
from personas import choices
from sqlalchemy import Engine, event

from digest.address import parse_address
from digest.config import load_config
from digest.installation import open_app
from digest.store.confirms import confirm_numbered
from digest.subscribe import ask, confirm, unsubscribe_address
from digest.tokens import Purpose

NOW = ("--now", "2026-06-17T20:00")
ADD = ("subscriber", "add", "-", "--confirmed", *NOW)


def listed(digest: Digest) -> list[str]:
    return [row["address"] for row in json.loads(digest("subscriber", "list", "--json", *NOW).out)]


def test_whoever_is_added_is_told_when_an_edition_comes_by_their_clock(installed: Digest) -> None:
    add = ("subscriber", "add", "ada@example.org", "--confirmed", "--timezone", "Europe/Paris", *NOW)
    told = "edition comes tomorrow at 07:00 (Europe/Paris).\n"
    assert installed(*add).out == f"Subscribed. The first {told}"
    assert (
        installed(*add).out
        == f"Changed: it was subscribed already, and has these choices in place of its own. The next {told}"
    )
    installed("subscriber", "unsubscribe", "ada@example.org")
    back = "Brought back: its subscription had ended, and goes on with these choices."
    assert installed(*add).out == f"{back} The next {told}"


def test_several_are_added_at_once_with_the_same_choices(installed: Digest) -> None:
    added = installed("subscriber", "add", "ada@example.org", "Bob@Example.org", "--topic", "protein folding", *NOW)
    assert (added.code, added.out) == (0, "2 asked to confirm.\n")
    assert listed(installed) == ["ada@example.org", "Bob@example.org"]


def test_a_list_is_read_from_standard_input_names_and_all_and_what_was_done_is_counted(
    installed: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ada", "bob"):
        installed("subscriber", "add", f"{name}@example.org", "--confirmed", *NOW)
    installed("subscriber", "unsubscribe", "bob@example.org")
    people = ("\ufeffAda Lovelace <ada@example.org>\r", "", "bob@example.org", "ADA@example.org")
    lines = "\n".join(people).encode() + b'\nZo\xeb, "of the lab" <zoe@example.org>'
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines), encoding="utf-8"))
    added = installed(*ADD, "--hour", "9")
    assert (added.code, added.out) == (0, "1 subscribed, 1 already subscribed, 1 left out.\n")
    assert added.err == "digest: Line 3: That address has unsubscribed. Who wants it back adds it by itself.\n"
    hours = {row["address"]: row["hour"] for row in json.loads(installed("subscriber", "list", "--json").out)}
    assert (hours["ada@example.org"], hours["zoe@example.org"]) == (7, 9)
    assert installed("subscriber", "add", "bob@example.org", "--confirmed", *NOW).out.startswith("Brought back")
    assert sorted(listed(installed)) == ["ada@example.org", "bob@example.org", "zoe@example.org"]


def test_a_list_asks_nobody_to_confirm_who_is_subscribed(installed: Digest) -> None:
    installed("subscriber", "add", "ada@example.org", "--confirmed", *NOW)
    added = installed("subscriber", "add", "ada@example.org", "bob@example.org", *NOW)
    assert added.out == "1 already subscribed, 1 asked to confirm.\n"


def test_whoever_is_subscribed_is_asked_nothing_and_the_operator_told_how_to_change_them(installed: Digest) -> None:
    installed("subscriber", "add", "ada@example.org", "--confirmed", *NOW)
    told = "It is subscribed already, and stays as it is: `--confirmed` gives it these choices in place of its own.\n"
    assert installed("subscriber", "add", "ada@example.org", "--topic", "speech", *NOW).out == told
    assert installed("deliver", *NOW).out == "Nothing was queued.\n"


def test_whoever_names_examples_is_subscribed_while_arxiv_cannot_be_asked(
    installed: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGEST_SOURCES__ARXIV__URL", "http://127.0.0.1:9/nobody-listens")
    named = ("--example", "2606.00001", "--example", "2606.00002")
    added = installed("subscriber", "add", "ada@example.org", "--confirmed", *named, *NOW)
    assert (added.code, added.out[:11]) == (0, "Subscribed.")
    assert added.err.startswith(
        "digest: arxiv:2606.00001, arxiv:2606.00002: not known here, and arXiv cannot be asked ("
    )
    assert "example arxiv:2606.00001, arxiv:2606.00002\n" in installed("subscriber", "show", "ada@example.org").out


def test_one_wrong_line_is_named_and_nobody_is_added(installed: Digest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("ada@example.org\n\nBob <bob>\n"))
    refused = installed(*ADD)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("digest: Line 3: That is not a full address.")
    assert listed(installed) == []


def test_of_a_list_whoever_gets_nothing_any_more_is_left_out_and_named_by_line(
    installed: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed("subscriber", "add", "ada@example.org", "--confirmed", *NOW)
    installed("subscriber", "complained", "ada@example.org", *NOW)
    monkeypatch.setattr("sys.stdin", io.StringIO("bob@example.org\nada@example.org\n"))
    added = installed(*ADD)
    assert (added.code, added.out) == (0, "1 subscribed, 1 left out.\n")
    assert added.err.startswith("digest: Line 2: That address called a message spam on 2026-06-17")
    assert "ada@" not in added.err


@pytest.fixture(params=["sqlite", "postgresql"])
def on_either(request: pytest.FixtureRequest, installed: Digest, tmp_path: Path) -> Digest:
    """`installed`, with its store on either database."""
    if request.param == "postgresql":
        # Nobody waits for a lock that the same thread holds.
        url = f"{database_url('postgresql', request, template=TEMPLATE)}&options=-c%20lock_timeout%3D2s"
        (tmp_path / "config.toml").write_text(f'[store]\nurl = "{url}"\n')
    return installed


Done: TypeAlias = Callable[[], None]


@pytest.fixture
def just_before() -> Iterator[Callable[[Done], None]]:
    """Does something once, when an address is about to be subscribed and others can still commit."""
    waiting: list[Done] = []

    def look(_connection: object, _cursor: object, statement: str, *_: Any) -> None:
        if waiting and statement.startswith(("BEGIN IMMEDIATE", "INSERT INTO subscriptions ")):
            waiting.pop()()

    event.listen(Engine, "before_cursor_execute", look)
    yield waiting.append
    event.remove(Engine, "before_cursor_execute", look)


@pytest.mark.parametrize(
    ("leaves", "told"),
    [(False, "1 subscribed, 1 already subscribed.\n"), (True, "1 subscribed, 1 left out.\n")],
    ids=["confirms", "leaves"],
)
def test_of_a_list_whoever_confirms_or_leaves_at_that_moment_stays_as_they_are(
    leaves: bool, told: str, on_either: Digest, tmp_path: Path, just_before: Callable[[Done], None]
) -> None:
    now, reader = datetime(2026, 6, 17, 20, tzinfo=UTC), parse_address("ada@example.org")
    app = open_app(load_config(tmp_path / "config.toml", environment={}))

    def answer() -> None:
        with app.store.reading() as connection:
            asked = confirm_numbered(connection, 1)
        assert asked is not None
        confirm(app.store, app.keys.sign(Purpose.CONFIRM, 1, salt=asked.nonce), keys=app.keys, now=now)
        if leaves:
            unsubscribe_address(app.store, reader, now=now)

    with closing(app.store):
        ask(app.store, reader, newsletter="papers", choices=choices("robots"), keys=app.keys, now=now)
        just_before(answer)
        assert on_either("subscriber", "add", reader.text, "bob@example.org", "--confirmed", *NOW).out == told
    [ada, _] = json.loads(on_either("subscriber", "list", "--json", *NOW).out)
    assert (ada["state"], ada["hour"]) == ("unsubscribed" if leaves else "active", 12)
