"""What is said where nothing can be handed over to a mail server, and once it can be again."""

import json
import socket
from pathlib import Path

from commands import Digest
from smtp_server import OK, SmtpServer

CONFIG = """
[mail]
provider = "smtp"
[mail.smtp]
host = "127.0.0.1"
port = {port}
tls = "none"
"""


def test_stats_say_since_when_and_why_a_server_takes_nothing_until_it_does(installed: Digest, tmp_path: Path) -> None:
    with socket.socket() as taken:
        # Bound, and nobody listens there.
        taken.bind(("127.0.0.1", 0))
        (tmp_path / "config.toml").write_text(CONFIG.format(port=taken.getsockname()[1]))
        installed("subscriber", "add", "ada@example.org")
        assert installed("deliver").code == 1
        said = installed("stats").out
        assert said.startswith("Nothing can be handed over by smtp since 20")
        assert "cannot be reached, or refused us (connection refused). Mend" in said.splitlines()[0]
        [told] = json.loads(installed("stats", "--json").out)["impasses"]
        assert (told["provider"], told["since_at"]) == ("smtp", told["tried_at"])
    with SmtpServer() as server:
        (tmp_path / "config.toml").write_text(CONFIG.format(port=server.port))
        assert installed("deliver").out.startswith("1 sent")
    assert "handed over" not in installed("stats").out
    [sent] = json.loads(installed("subscriber", "show", "ada@example.org", "--json").out)["deliveries"]
    assert sent["provider_reference"] == OK.removeprefix("250 ")
