"""The hands of somebody at a browser: with a mouse, or with a keyboard alone."""

from typing import Any, Protocol

from playwright.sync_api import Locator, Page

MOST_STOPS = 200
"""More than any page here has places at which the Tab key stops."""

_STOP = """() => {
    const at = document.activeElement;
    if (!at || at === document.body || at.tagName === 'IFRAME' || !at.matches(':focus')) return null;
    const seen = at.closest('.chip') ?? at, box = seen.getBoundingClientRect(), style = getComputedStyle(seen);
    return {
        name: at.outerHTML.slice(0, 120),
        ring: style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth),
        inView: box.height > 1 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
        top: box.top + scrollY, bottom: box.bottom + scrollY, left: box.left,
    };
}"""


class Hand(Protocol):
    """Does what a page offers, each in its own way."""

    def press(self, target: Locator) -> None:
        """Follow a link, or press a button."""

    def write(self, target: Locator, text: str) -> None:
        """Put a text in place of what stands in a field; into one for dates, as 2026-06-17."""

    def tick(self, target: Locator) -> None:
        """Tick a box, or choose a radio button."""

    def choose(self, target: Locator, option: str) -> None:
        """Choose from a list."""


class Mouse:
    """Points at things."""

    def press(self, target: Locator) -> None:
        target.click()

    def write(self, target: Locator, text: str) -> None:
        target.fill(text)

    def tick(self, target: Locator) -> None:
        target.check()

    def choose(self, target: Locator, option: str) -> None:
        target.select_option(label=option)


class Keyboard:
    """Goes from place to place by the Tab key, sees on the way where it is, and is led down the page, never back up."""

    def press(self, target: Locator) -> None:
        self._reach(target)
        target.page.keyboard.press("Enter")

    def write(self, target: Locator, text: str) -> None:
        self._reach(target)
        if target.get_attribute("type") == "date":
            year, month, day = text.split("-")
            target.page.keyboard.type(month + day + year)
        else:
            target.page.keyboard.press("Control+A")
            target.page.keyboard.type(text)

    def tick(self, target: Locator) -> None:
        if target.get_attribute("type") == "radio":
            self._reach(target.page.locator(f"[name={target.get_attribute('name')}]:checked"))
            for _ in range(MOST_STOPS):
                if target.is_checked():
                    return
                target.page.keyboard.press("ArrowRight")
        self._reach(target)
        target.page.keyboard.press("Space")

    def choose(self, target: Locator, option: str) -> None:
        self._reach(target)
        target.page.keyboard.type(option)

    def _reach(self, target: Locator) -> None:
        before: dict[str, Any] | None = None
        target.wait_for(state="attached")
        for _ in range(MOST_STOPS):
            if target.evaluate("element => element.matches(':focus') && element.ownerDocument.hasFocus()"):
                return
            target.page.keyboard.press("Tab")
            before = self._look(target.page, before)
        raise AssertionError(f"the Tab key does not reach {target}")

    def _look(self, page: Page, before: dict[str, Any] | None) -> dict[str, Any] | None:
        """Where the Tab key has led in the page, but for what is inside of a message, or of a field for dates."""
        stop: dict[str, Any] | None = page.evaluate(_STOP)
        if stop is not None:
            assert stop["ring"] >= 2, f"nothing shows that this has the focus: {stop['name']}"
            assert stop["inView"], f"this has the focus and is not to be seen: {stop['name']}"
        if stop and before and stop["bottom"] <= before["top"]:
            raise AssertionError(f"the Tab key goes back up, from {before['name']} to {stop['name']}")
        return stop
