"""Pictures of every kind of message and of every page as Chromium shows them: phone and desktop, light and dark.

`./run bench screenshots [FOLDER]` writes them into the folder and prints how high each is, and how large each message.
"""

import argparse
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from browsers import chromium
from desk import desk_in
from messages import messages_at
from pages import people_it, visits
from playwright.sync_api import Page
from sites import Front, Place, free_address, serving

from digest.config import parse_config
from digest.installation import set_up
from digest.web import create_site

MESSAGE_WIDTHS = (375, 640)
PAGE_WIDTHS = (375, 1100)
SCHEMES = ("light", "dark")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("var/screenshots"))
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        _messages(browser.new_page(), folder)
        _pages(browser.new_page(), folder)


def _messages(tab: Page, folder: Path) -> None:
    print(f"{'':<16}{'HTML':>10}{'message':>10}{''.join(f'{width:>7} px' for width in MESSAGE_WIDTHS)}")
    with tempfile.TemporaryDirectory() as made, desk_in(Path(made)) as desk:
        for message in messages_at(desk).values():
            heights = _taken(tab, message.html, folder / message.kind.replace(" ", "-"), widths=MESSAGE_WIDTHS)
            sizes = f"{len(message.html.encode()):>8,} B{len(message.raw):>8,} B"
            print(f"{message.kind:<16}{sizes}{heights}")


def _pages(tab: Page, folder: Path) -> None:
    print(f"\n{'':<72}{''.join(f'{width:>7} px' for width in PAGE_WIDTHS)}")
    with tempfile.TemporaryDirectory() as made, _inhabited(Path(made)) as place:
        # What is shown from here on has the site's address, and so its stylesheet.
        tab.goto(f"{place.url}/healthz")
        for number, (name, answer) in enumerate(visits(place)):
            file = f"page-{number:02}-{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')[:50]}"
            heights = _taken(tab, answer.text, folder / file, widths=PAGE_WIDTHS)
            print(f"{name[:70]:<72}{heights}")


@contextmanager
def _inhabited(folder: Path) -> Iterator[Place]:
    """A site in the folder with something on each of its pages."""
    listen = free_address()
    front = Front(url=f"http://{listen}")
    app, _, _ = set_up(parse_config({"web": {"base_url": front.url}}, folder=folder))
    with serving(front, listen), httpx.Client(base_url=front.url) as client:
        place = Place(app=app, url=front.url, outbox=folder / "outbox", client=client)
        front.site = create_site(app, clock=place.clock, outbox=place.outbox)
        yield people_it(place)
    app.store.close()


def _taken(tab: Page, html: str, name: Path, *, widths: tuple[int, ...]) -> str:
    """Take the pictures; the height at each width, as a row of a table shows it."""
    heights = []
    for width in widths:
        # A low window: a page is at least as high as that.
        tab.set_viewport_size({"width": width, "height": 100})
        tab.set_content(html)
        for scheme in SCHEMES:
            tab.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            tab.screenshot(path=f"{name}-{width}-{scheme}.png", full_page=True)
        heights.append(int(tab.evaluate("document.documentElement.scrollHeight")))
    return "".join(f"{height:>7,} px" for height in heights)


if __name__ == "__main__":
    main()
