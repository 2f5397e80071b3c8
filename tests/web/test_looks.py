"""Every page in Chromium: how it fits, what axe-core says of it in light and dark, and whether others can frame it."""

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from pages import visits
from playwright.sync_api import Browser, Page, Route
from sites import Place

pytestmark = pytest.mark.slow

NARROWEST, PHONE, DESKTOP = 320, 375, 1100
EVERYTHING = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
LOOKS = {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block", "target-size"]}
"""The rules that go by how a page looks; the others say the same of a page at any width, in any colours."""

RUNS: list[tuple[int, Literal["light", "dark"], dict[str, Any]]] = [
    (PHONE, "light", EVERYTHING),
    (PHONE, "dark", LOOKS),
    (DESKTOP, "light", LOOKS),
    (DESKTOP, "dark", LOOKS),
]


def shown(place: Place, browser: Browser) -> Iterator[tuple[str, Page]]:
    """Every page that is not like another, those that answer a form too, with the stylesheet of the site."""
    tab = browser.new_page(base_url=place.url, bypass_csp=True)
    pages = {answer.text: name for name, answer in visits(place)}
    tab.add_init_script(Axe().axe_script)
    now: list[str] = []

    def answer(route: Route) -> None:
        route.fulfill(body=now[-1], content_type="text/html; charset=utf-8")

    tab.route("**/page", answer)
    for html, name in pages.items():
        now.append(html)
        tab.goto("/page")
        yield name, tab
    tab.close()


def barriers(tab: Page, options: dict[str, Any]) -> list[list[str]]:
    """What axe-core, which each page brings along, finds: the rules and the elements."""
    told = "one => [one.id, ...one.nodes.map(node => node.html)]"
    found: list[list[str]] = tab.evaluate(
        f"options => axe.run(options).then(run => run.violations.map({told}))", options
    )
    return found


def test_no_page_has_a_barrier_or_scrolls_sideways(inhabited: Place, browser: Browser) -> None:
    for name, tab in shown(inhabited, browser):
        for width in (NARROWEST, PHONE, DESKTOP):
            tab.set_viewport_size({"width": width, "height": 800})
            assert tab.evaluate("document.documentElement.scrollWidth") == width, (name, width)
            lines = tab.evaluate("new Set([...document.querySelectorAll('.top nav a')].map(a => a.offsetTop)).size")
            assert lines == 1 or width == NARROWEST, (name, width)
        for width, scheme, options in RUNS:
            tab.set_viewport_size({"width": width, "height": 800})
            tab.emulate_media(color_scheme=scheme)
            assert (name, width, scheme, barriers(tab, options)) == (name, width, scheme, [])


def test_no_other_site_can_put_a_page_into_a_frame(inhabited: Place, browser: Browser) -> None:
    tab = browser.new_page()
    for path in ("/", f"/unsubscribe/{inhabited.unsubscribe_token()}", f"/view/{inhabited.view_token(2)}"):
        tab.set_content(f'<iframe src="{inhabited.url}{path}"></iframe>')
        [frame] = tab.main_frame.child_frames
        frame.wait_for_load_state()
        assert frame.url == "chrome-error://chromewebdata/"
    tab.close()
