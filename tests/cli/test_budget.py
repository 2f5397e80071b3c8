"""What is said of messages that wait for their budget, and of refusals."""

import json
import re
from pathlib import Path

import pytest
from commands import Digest
from smtp_server import OK, SmtpServer

CONFIG = """
[mail]
provider = "smtp"
[mail.budget]
per_day = 2
[mail.smtp]
host = "127.0.0.1"
port = {port}
tls = "none"
"""
ROW = {"id": "2606.00001", "title": "Few-Step Sampling", "abstract": "Four steps are enough.", "upvotes": 12}


@pytest.mark.slow
def test_deliver_and_stats_say_what_was_refused_and_until_when_the_rest_waits(digest: Digest, tmp_path: Path) -> None:
    def refusing(command: str, address: str) -> str:
        return "550 5.2.2 full" if command == "RCPT" and address.startswith("full") else OK

    with SmtpServer(refusing) as server:
        (tmp_path / "config.toml").write_text(CONFIG.format(port=server.port))
        digest("init")
        for name in ("full", "ada", "bob"):
            digest(
                "subscriber", "add", f"{name}@example.org", "--topic", "sampling", "--cadence", "daily", "--confirmed"
            )
        due = json.loads(digest("subscriber", "list", "--json").out)[0]["next_due_at"]
        (tmp_path / "papers.jsonl").write_text(json.dumps(ROW | {"listed_on": due[:10]}))
        digest("collect", "--file", "papers.jsonl", "--now", due)
        digest("publish", "--now", due)
        said = digest("deliver", "--now", due)
        assert said.code == 0
        assert said.err.startswith("digest: Warning: it is done as of a moment that has not come")
        assert said.out.splitlines()[0] == "1 bounced, 1 sent."
        assert "1  recipient refused: 550 5.2.2" in said.out
        waits = r"Nothing leaves until .* 07:00 UTC: what \[mail.budget\] allows in 24 hours has left"
        assert re.search(waits, said.out)
        assert "Nothing was sent" in digest("deliver", "--now", due).out
    assert "1  bounced: recipient refused: 550 5.2.2" in digest("stats").out
    told = json.loads(digest("stats", "--json").out)
    assert told["refused"] == {"bounced: recipient refused: 550 5.2.2": 1}
    assert told["waiting"]["queued"] == 1
