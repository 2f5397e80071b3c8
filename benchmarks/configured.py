"""The configuration of an installation that benchmarks fill and send from; no part of the program is imported."""

from datetime import UTC, datetime
from pathlib import Path

NOON = datetime(2026, 6, 19, 12, tzinfo=UTC)
SQLITE = "sqlite:///store.db"
CONNECTIONS = 16

CONFIG = """
[store]
url = "{url}"
[mail]
provider = "smtp"
[mail.smtp]
host = "127.0.0.1"
port = {port}
tls = "none"
connections = {connections}
"""
SIGNED = """
[[mail.dkim.keys]]
selector = "bench"
file = "dkim.pem"
"""


def configure(folder: Path, *, port: int = 2525, url: str = SQLITE, is_signed: bool = False) -> Path:
    """Let the installation send to a port on loopback, with an RSA signature or without; the file that says so."""
    file = folder / "config.toml"
    text = CONFIG.format(url=url, port=port, connections=CONNECTIONS)
    file.write_text(text + (SIGNED if is_signed else ""))
    return file
