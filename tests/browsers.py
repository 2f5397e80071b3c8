"""A real browser, and how long a page is in it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

FLAGS = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync"
    " --no-first-run"
).split()
NO_BROWSER = "there is no browser; install chromium, or run `playwright install chromium`"


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, or playwright's. Raises playwright's Error where there is neither."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed with its module: while one is open, no other can be opened in the thread, nor an event loop be run."""
    try:
        with chromium() as launched:
            yield launched
    except Error:
        if shutil.which("chromium"):
            raise
        pytest.skip(NO_BROWSER)
