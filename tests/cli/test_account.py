"""What is known of somebody, and forgetting it, on the command line."""

import io
import json

import pytest
from commands import Digest

pytestmark = pytest.mark.slow

ADA = "ada@example.org"


@pytest.fixture
def joined(installed: Digest) -> Digest:
    assert installed("subscriber", "add", ADA, "--topic", "medieval falconry", "--confirmed").code == 0
    return installed


def test_everything_that_is_stored_is_exported(joined: Digest) -> None:
    told = json.loads(joined("subscriber", "export", ADA).out)
    assert told["address"] == ADA
    assert told["subscriptions"][0]["choices"]["interests"] == [{"kind": "topic", "value": "medieval falconry"}]


def test_erasing_asks_first(joined: Digest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert joined("subscriber", "erase", ADA).code == 1
    assert joined("subscriber", "export", ADA).code == 0
    assert "Erased." in joined("subscriber", "erase", ADA, "--yes").out
    assert "Nobody yet." in joined("subscriber", "list").out


@pytest.mark.parametrize("command", ["export", "erase"])
def test_an_address_that_is_not_known_is_told_in_a_sentence(joined: Digest, command: str) -> None:
    ended = joined("subscriber", command, "bob@example.org")
    assert ended.code == 2
    assert ended.err == "digest: That address is not known here. `digest subscriber list` shows those that are.\n"
