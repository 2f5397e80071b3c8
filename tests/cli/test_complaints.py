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
    assert told.err.startswith("digest: Address 2: That is not a full address.")
    assert "complained" not in joined("subscriber", "export", "ada@example.org").out
