"""What README says to type works as it is typed."""

import re
import shlex
import shutil
from mailbox import Maildir
from pathlib import Path

import pytest
from commands import Digest
from places import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The folder in which commands run, as a checkout has it."""
    (tmp_path / "digest").symlink_to(ROOT / "digest")
    return tmp_path


def written(*, naming: str) -> str:
    """README's configuration that names something."""
    blocks = re.findall(r"```toml\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    [block] = [block for block in blocks if naming in block]
    return str(block)


def typed(*, naming: str) -> list[list[str]]:
    """README's block of commands that names something, a list of words each."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    [block] = [block for block in blocks if naming in block]
    return [shlex.split(line, comments=True) for line in block.splitlines()]


@pytest.mark.slow
def test_what_real_mail_needs_is_a_whole_configuration_and_beside_the_first_one_it_says_where_it_belongs(
    installed: Digest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGEST_SMTP__PASSWORD", "a secret")
    block, config = written(naming="[web]"), tmp_path / "config.toml"
    with config.open("a") as first:
        first.write(block)
    pasted = installed("stats")
    assert (pasted.code, pasted.out) == (2, "")
    assert "Write its keys where that section stands already." in pasted.err
    config.write_text(block)
    assert installed("stats").code == 0


@pytest.mark.slow
def test_the_first_steps_lead_without_a_network_to_a_message_in_the_outbox(
    digest: Digest, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsed_before = checkout / "var/rehearsal/config.toml"
    rehearsed_before.parent.mkdir(parents=True)
    rehearsed_before.write_text("not TOML")
    steps = typed(naming="sample.jsonl")
    for words in steps:
        match words:
            case ["./run", "digest", *arguments]:
                ended = digest(*arguments)
                assert ended.code == 0, (arguments, ended.err)
            case ["export", setting]:
                monkeypatch.setenv(*setting.split("=", maxsplit=1))
            case ["unset", name]:
                monkeypatch.delenv(name)
            case ["rm", "-rf", folder]:
                shutil.rmtree(checkout / folder)
            case ["less", shown]:
                assert "matches language models" in (checkout / shown).read_text()
            case ["ls", folder]:
                [message] = Maildir((checkout / folder).parent, create=False)
                assert message["To"] == "ada@example.org"
            case _:
                raise AssertionError(words)
    assert {"less", "ls"} <= {words[0] for words in steps}
