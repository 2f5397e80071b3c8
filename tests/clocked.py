"""`digest run` by a clock that stands still: python clocked.py INSTANT, in the folder of an installation."""

import sys
from datetime import datetime
from pathlib import Path

from digest.app import open_app
from digest.cli.daemon import run_daemon
from digest.config import load_config

if __name__ == "__main__":
    instant = datetime.fromisoformat(sys.argv[1])
    run_daemon(open_app(load_config(Path("config.toml"))), clock=lambda: instant)
