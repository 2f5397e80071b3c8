"""A real browser, and a tab of it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

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


@contextmanager
def tab_at(browser: Browser, url: str, **options: Any) -> Iterator[Page]:
    """A tab with nothing in it that anybody else left; at its end the browser must have had nothing to complain of."""
    context = browser.new_context(base_url=url, **options)
    context.set_default_timeout(5000)
    complaints: list[str] = []
    context.on("console", lambda message: complaints.append(message.text))
    yield context.new_page()
    context.close()
    # In a page that may run nothing, the browser complains of what drives it here.
    known = ("Failed to load resource: the server responded with a status of 4", "Blocked script execution in")
    assert [text for text in complaints if not text.startswith(known)] == []
