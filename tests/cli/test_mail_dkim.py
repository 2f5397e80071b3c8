"""`digest mail dkim`: keys are made, and the records to publish are shown."""

import json
from pathlib import Path

import pytest
from commands import Digest

KEYS = """
[[mail.dkim.keys]]
selector = "offprint1"
file = "var/offprint1.pem"

[[mail.dkim.keys]]
selector = "offprint1e"
file = "var/offprint1e.pem"
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def configured(installed: Digest, tmp_path: Path) -> Digest:
    """Runs `digest` where two keys are named that are not there yet."""
    with (tmp_path / "config.toml").open("a") as file:
        file.write(KEYS)
    return installed


def test_without_keys_it_says_where_to_name_one(installed: Digest) -> None:
    ended = installed("mail", "dkim")
    assert (ended.code, ended.out) == (0, "No key signs messages: name one in [[mail.dkim.keys]].\n")
    assert json.loads(installed("mail", "dkim", "--json").out) == []


def test_keys_are_made_once_and_their_records_are_shown(configured: Digest, tmp_path: Path) -> None:
    made = configured("mail", "dkim", "--rsa", "offprint1", "--ed25519", "offprint1e")
    assert made.code == 0
    lines = made.out.splitlines()
    assert lines[0].startswith('offprint1._domainkey.example.org. IN TXT "v=DKIM1; k=rsa; p=')
    assert lines[1].startswith('offprint1e._domainkey.example.org. IN TXT "v=DKIM1; k=ed25519; p=')
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "var").glob("*.pem")} == {0o600}
    assert configured("mail", "dkim").out == made.out
    [first, _] = json.loads(configured("mail", "dkim", "--json").out)
    assert first["name"] == "offprint1._domainkey.example.org"
    assert first["text"] == "".join(lines[0].split('"')[1::2])
    again = configured("mail", "dkim", "--rsa", "offprint1")
    assert (again.code, again.out) == (2, "")
    assert "offprint1.pem is there already" in again.err
    assert "By outbox: sent" in configured("mail", "test", "me@example.org").out


def test_a_key_that_is_not_made_yet_is_told_how_to_be(configured: Digest) -> None:
    ended = configured("mail", "dkim")
    assert ended.code == 2
    assert 'mail.dkim.keys "offprint1", file' in ended.err
    assert "`digest mail dkim --rsa offprint1`" in ended.err


def test_a_selector_that_is_not_configured_is_refused(configured: Digest) -> None:
    ended = configured("mail", "dkim", "--rsa", "other")
    assert ended.code == 2
    assert "There is no selector 'other'" in ended.err


def test_every_sender_s_domain_has_records_of_its_own(configured: Digest, tmp_path: Path) -> None:
    config = (tmp_path / "config.toml").read_text()
    second = '[[newsletter]]\nslug = "maths"\nsender = "Maths <maths@Other.Example>"\n\n[[newsletter]]'
    (tmp_path / "config.toml").write_text(config.replace("[[newsletter]]", second, 1))
    out = configured("mail", "dkim", "--rsa", "offprint1", "--ed25519", "offprint1e").out
    assert [line.partition(". IN")[0] for line in out.splitlines()] == [
        f"{selector}._domainkey.{domain}"
        for selector in ("offprint1", "offprint1e")
        for domain in ("example.org", "other.example")
    ]
