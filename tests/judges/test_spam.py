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


def test_no_message_has_anything_of_spam(messages: Mapping[str, Message], tmp_path: Path) -> None:
    if not shutil.which("spamassassin") or not shutil.which("perl"):
        pytest.skip(NO_JUDGE)
    raw = {kind: message.raw for kind, message in messages.items()}
    scored = judged(tmp_path, raw | {"spam": raw["test"].replace(b"Sending works", GTUBE.encode())})
    assert scored.pop("spam")[0] > 100
    assert {kind: told for kind, told in scored.items() if told[0] > 0} == {}


def judged(folder: Path, raw: Mapping[str, bytes]) -> dict[str, tuple[float, str]]:
    """Each message's score, and the rules that gave it."""
    for kind, content in raw.items():
        (folder / kind).write_bytes(content)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    asked = ["perl", "-e", JUDGE, *raw]
    done = subprocess.run(asked, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    told = [line.partition(" ") for line in done.stdout.splitlines()]
    return {kind: (float(score), rules) for kind, (score, _, rules) in zip(raw, told, strict=True)}
