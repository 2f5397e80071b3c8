"""What mail programs do not show of the messages, by the data of caniemail.com: a list that may only grow shorter.

`OFFPRINT_RENEW=1 ./run test tests/judges/test_clients.py` writes the list anew.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from messages import Message
from places import ROOT

pytestmark = pytest.mark.slow

KNOWN = Path(__file__).with_name("unsupported.json")
RENEW = "OFFPRINT_RENEW=1 ./run test tests/judges/test_clients.py"
TOOLS = ROOT / ".tools/judges"
NO_DATA = "caniemail is not here; apt install npm, then ./run test --full fetches it"
JUDGE = """
import { readFileSync } from 'node:fs'
import { caniemail } from 'caniemail'
const used = {}
for (const html of JSON.parse(readFileSync(0, 'utf8')))
    for (const [client, issues] of caniemail({ clients: ['gmail.*', 'apple-mail.*', 'outlook.*'], html }).issues.errors)
        used[client] = [...new Set([...(used[client] ?? []), ...issues.map(issue => issue.title)])].sort()
console.log(JSON.stringify(used))
"""


def test_messages_use_nothing_more_that_a_mail_program_lacks(messages: Mapping[str, Message]) -> None:
    if not (TOOLS / "node_modules/caniemail").exists() or not shutil.which("node"):
        pytest.skip(NO_DATA)
    used = unsupported([message.html for message in messages.values()])
    if os.environ.get("OFFPRINT_RENEW"):
        KNOWN.write_text(json.dumps(used, indent=2, sort_keys=True) + "\n")
    known = json.loads(KNOWN.read_text())
    assert missing(used, known) == {}, "do without it, or see that the message is as good where it is missing"
    assert missing(known, used) == {}, f"it is not used any more: take it off by `{RENEW}`"


def missing(used: Mapping[str, list[str]], known: Mapping[str, list[str]]) -> dict[str, set[str]]:
    """What is used of what a mail program lacks and is not known, by mail program."""
    found = {client: set(features) - set(known.get(client, [])) for client, features in used.items()}
    return {client: features for client, features in found.items() if features}


def unsupported(pages: list[str]) -> dict[str, list[str]]:
    """The features that some page uses, by the mail program that lacks them."""
    asked = ["node", "--input-type=module", "--eval", JUDGE]
    done = subprocess.run(asked, cwd=TOOLS, input=json.dumps(pages).encode(), capture_output=True, check=True)
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found
