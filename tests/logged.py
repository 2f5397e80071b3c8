"""What is logged meanwhile."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def lines_logged() -> Iterator[list[dict[str, Any]]]:
    """A list that fills with what the program logs: level, event and facts of each line."""
    lines: list[dict[str, Any]] = []

    def keep(record: logging.LogRecord) -> None:
        lines.append({"level": record.levelname.lower(), "event": record.getMessage()} | vars(record)["facts"])

    with _kept(logging.getLogger("digest"), logging.INFO, keep):
        yield lines


@contextmanager
def records_logged() -> Iterator[list[logging.LogRecord]]:
    """A list that fills with whatever anybody logs."""
    records: list[logging.LogRecord] = []
    with _kept(logging.getLogger(), logging.DEBUG, records.append):
        yield records


@contextmanager
def _kept(logger: logging.Logger, level: int, keep: Callable[[logging.LogRecord], None]) -> Iterator[None]:
    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            keep(record)

    kept, before = Kept(), logger.level
    logger.addHandler(kept)
    logger.setLevel(level)
    try:
        yield
    finally:
        logger.removeHandler(kept)
        logger.setLevel(before)
