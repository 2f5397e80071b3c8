"""What SpamAssassin says of every kind of message, by the rules it is packaged with and without asking the network."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from messages import Message

pytestmark = pytest.mark.slow

# One process for all: it takes two seconds to read its rules.
JUDGE = r"""
use strict; use warnings; use Mail::SpamAssassin;
my $judge = Mail::SpamAssassin->new({ local_tests_only => 1, dont_copy_prefs => 1, userprefs_filename => '/dev/null' });
for my $path (@ARGV) {
    open my $file, '<:raw', $path or die "$path: $!";
    my $status = $judge->check_message_text(do { local $/; <$file> });
    printf "%s %s\n", $status->get_score, $status->get_names_of_tests_hit_with_scores;
    $status->finish;
}
"""
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
NO_JUDGE = "SpamAssassin is not here; apt install spamassassin, or ./run test --full as root"


@pytest.fixture(scope="module")
def verdicts(messages: Mapping[str, Message], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Score and rules by kind of message, and of one that is made to be called spam."""
    if not shutil.which("spamassassin") or not shutil.which("perl"):
        pytest.skip(NO_JUDGE)
    folder = tmp_path_factory.mktemp("spam")
    raw = {kind: message.raw for kind, message in messages.items()}
    raw["spam"] = raw["test"].replace(b"Sending works", GTUBE.encode())
    return dict(zip(raw, _judged(folder, raw), strict=True))


def _judged(folder: Path, raw: Mapping[str, bytes]) -> list[str]:
    for kind, content in raw.items():
        (folder / kind).write_bytes(content)
    asked = ["perl", "-e", JUDGE, *raw]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    done = subprocess.run(asked, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return done.stdout.splitlines()


def test_no_message_has_anything_of_spam(verdicts: Mapping[str, str]) -> None:
    scored = {kind: verdict for kind, verdict in verdicts.items() if kind != "spam"}
    assert {kind: verdict for kind, verdict in scored.items() if float(verdict.split()[0]) > 0} == {}


def test_the_judge_knows_spam(verdicts: Mapping[str, str]) -> None:
    assert float(verdicts["spam"].split()[0]) > 100
