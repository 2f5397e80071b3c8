"""The log: what happened, in words that are always the same, and its facts.

None is an address, a token or a secret.
"""

import logging
import sys
from datetime import UTC, datetime
from typing import Any

_logger = logging.getLogger("digest")


def info(event: str, **facts: Any) -> None:
    """Tell what was done."""
    _logger.info(event, extra={"facts": facts})


def warning(event: str, **facts: Any) -> None:
    """Tell what may want to be looked at."""
    _logger.warning(event, extra={"facts": facts})


def error(event: str, **facts: Any) -> None:
    """Tell what failed."""
    _logger.error(event, extra={"facts": facts})


def to_output() -> None:
    """From now on each is a line on standard output."""
    lines = logging.StreamHandler(sys.stdout)
    lines.setFormatter(_Line())
    _logger.addHandler(lines)
    _logger.setLevel(logging.INFO)


class _Line(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        told = {"timestamp": at, "level": record.levelname.lower(), "event": record.getMessage()}
        return " ".join(f"{name}={value!r}" for name, value in (told | vars(record)["facts"]).items())
