"""Who complained, as the operator tells it on the command line."""

import io
import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from commands import Digest
from personas import choices

from digest.address import parse_address
from digest.config import load_config
from digest.installation import open_app
from digest.store.suppressions import suppress
from digest.subscribe import ask

pytestmark = pytest.mark.slow


@pytest.fixture
def joined(installed: Digest) -> Digest:
    for name in ("ada", "bob", "cleo"):
        assert installed("subscriber", "add", f"{name}@example.org", "--confirmed").code == 0
    return installed


def test_whoever_complained_gets_nothing_more_and_who_is_not_known_is_counted(joined: Digest) -> None:
    told = joined("subscriber", "complained", "ada@example.org", "ADA@example.org", "nobody@example.org")
    assert (told.code, told.out) == (
        0,
        "Noted: 1 reader complained, and nothing more is sent there; 1 not known here.\n",
    )
    assert "complained" in joined("subscriber", "export", "ada@example.org").out


def test_a_list_is_read_from_standard_input(joined: Digest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("ada@example.org\n\n  bob@example.org\n"))
    assert joined("subscriber", "complained", "-").out.startswith("Noted: 2 readers complained")


def test_what_is_no_address_is_named_by_its_place_and_nothing_is_noted(
    joined: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("ada@example.org\nnonsense\n"))
    told = joined("subscriber", "complained", "-")
    assert (told.code, told.out) == (2, "")
    assert told.err.startswith("digest: Line 2: That is not a full address.")
    assert "complained" not in joined("subscriber", "export", "ada@example.org").out


def test_to_whom_nothing_is_sent_is_said_where_readers_are_listed_shown_and_counted(
    joined: Digest, tmp_path: Path
) -> None:
    joined("subscriber", "complained", "ada@example.org", "--now", "2026-06-19T12:00")
    with (
        closing(open_app(load_config(tmp_path / "config.toml", environment={})).store) as store,
        store.writing() as connection,
    ):
        suppress(connection, 2, reason="bounced: 550 5.1.1", now=datetime(2026, 6, 18, tzinfo=UTC))
    ada, bob, cleo = joined("subscriber", "list").out.splitlines()
    assert ada.startswith("unsubscribed")
    assert ada.endswith(", nothing is sent since 2026-06-19: complained")
    assert bob.startswith("active")
    assert bob.endswith(", nothing is sent since 2026-06-18: bounced: 550 5.1.1")
    assert "nothing" not in cleo
    listed = json.loads(joined("subscriber", "list", "--json").out)
    assert [one["suppressed"] for one in listed] == ["complained", "bounced: 550 5.1.1", None]
    assert (
        "; suppressed bounced: 550 5.1.1; suppressed_at 2026-06-18T"
        in joined("subscriber", "show", "bob@example.org").out
    )
    counted = {"active": 1, "suppressed": 1, "unsubscribed": 1}
    assert json.loads(joined("stats", "--json").out)["subscriptions"] == counted
    assert [f"       1  subscriptions: {state}" for state in counted] == joined("stats").out.splitlines()[:3]
    joined("subscriber", "lift", "bob@example.org")
    assert "1  subscriptions: suppressed" not in joined("stats").out


def test_whoever_complained_is_not_subscribed_again_before_that_is_lifted(joined: Digest) -> None:
    joined("subscriber", "complained", "ada@example.org", "--now", "2026-06-19T12:00")
    add = ("subscriber", "add", "ada@example.org")
    for again in (add, (*add, "--confirmed")):
        told = joined(*again)
        assert (told.code, told.out) == (2, "")
        assert told.err == (
            "digest: That address called a message spam on 2026-06-19, and nothing is sent to it any more."
            " If that was a mistake, `digest subscriber lift` with the address ends it, and it can be added again.\n"
        )
    lifted = joined("subscriber", "lift", "Ada@example.org")
    assert (lifted.code, lifted.out) == (
        0,
        "Lifted: that address is sent to again. Whoever complained has no subscription any more:"
        " `digest subscriber add` makes one.\n",
    )
    assert '"nothing_is_sent": null' in joined("subscriber", "export", "ada@example.org").out
    assert joined(*add, "--confirmed").out.startswith("Brought back")


def test_whoever_complained_and_was_erased_is_known_by_a_mark_until_that_is_lifted(joined: Digest) -> None:
    joined("subscriber", "complained", "ada@example.org")
    joined("subscriber", "erase", "ada@example.org", "--yes")
    add = ("subscriber", "add", "ada@example.org", "--confirmed")
    assert "called a message spam" in joined(*add).err
    assert joined("subscriber", "lift", "ada@example.org").out.startswith("Lifted")
    assert joined(*add).out.startswith("Subscribed.")


def test_whoever_was_erased_and_asks_again_is_listed_and_shown_as_somebody_to_whom_nothing_is_sent(
    joined: Digest, tmp_path: Path
) -> None:
    joined("subscriber", "complained", "ada@example.org", "--now", "2026-06-19T12:00")
    joined("subscriber", "erase", "ada@example.org", "--yes")
    app = open_app(load_config(tmp_path / "config.toml", environment={}))
    with closing(app.store) as store:
        ada = parse_address("ada@example.org")
        ask(store, ada, newsletter="papers", choices=choices(), keys=app.keys, now=datetime.now(UTC))
    [told] = [line for line in joined("subscriber", "list").out.splitlines() if line.startswith("pending")]
    assert told.endswith(", nothing is sent since 2026-06-19: complained")
    assert "; suppressed complained; suppressed_at 2026-06-19T" in joined("subscriber", "show", "ada@example.org").out


def test_nothing_is_lifted_where_nothing_keeps_messages_away(joined: Digest) -> None:
    assert joined("subscriber", "lift", "ada@example.org").out == "Nothing to do: messages are sent to that address.\n"
