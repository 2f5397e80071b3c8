"""`digest run` by a clock that stands still at the instant that is its argument, in the folder of an installation."""

import sys
from datetime import datetime
from pathlib import Path

from digest.cli.daemon import run_daemon
from digest.config import load_config
from digest.installation import open_app


def main() -> None:
    instant = datetime.fromisoformat(sys.argv[1])
    run_daemon(open_app(load_config(Path("config.toml"))), clock=lambda: instant)
