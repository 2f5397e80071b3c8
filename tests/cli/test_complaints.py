"""Who complained, as the operator tells it on the command line."""

import io

import pytest
from commands import Digest

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


def test_nothing_is_lifted_where_nothing_keeps_messages_away(joined: Digest) -> None:
    assert joined("subscriber", "lift", "ada@example.org").out == "Nothing to do: messages are sent to that address.\n"
