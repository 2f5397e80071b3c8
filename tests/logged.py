"""What is logged meanwhile."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def lines_logged() -> Iterator[list[dict[str, Any]]]:
    """A list that fills with what is logged: level, event and facts of each line."""
    lines: list[dict[str, Any]] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append({"level": record.levelname.lower(), "event": record.getMessage()} | vars(record)["facts"])

    logger, kept = logging.getLogger("digest"), Kept()
    before = logger.level
    logger.addHandler(kept)
    logger.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        logger.removeHandler(kept)
        logger.setLevel(before)
