"""Pictures of every kind of message as Chromium shows it: on a phone and on a desktop, in light and in dark.

`./run bench screenshots [FOLDER]` writes them into the folder and prints how high and how large each message is.
"""

import argparse
import tempfile
from pathlib import Path

from browsers import chromium
from desk import desk_in
from messages import Message, messages_at
from playwright.sync_api import Page

WIDTHS = (375, 640)
SCHEMES = ("light", "dark")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("var/screenshots"))
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made, desk_in(Path(made)) as desk, chromium() as browser:
        page = browser.new_page()
        print(f"{'':<16}{'HTML':>10}{'message':>10}{''.join(f'{width:>7} px' for width in WIDTHS)}")
        for message in messages_at(desk).values():
            heights = [taken(page, message, folder, width=width) for width in WIDTHS]
            sizes = f"{len(message.html.encode()):>8,} B{len(message.raw):>8,} B"
            print(f"{message.kind:<16}{sizes}{''.join(f'{height:>7,} px' for height in heights)}")


def taken(page: Page, message: Message, folder: Path, *, width: int) -> int:
    """Take the pictures of one width; the message's height there."""
    # A low window: a page is at least as high as that.
    page.set_viewport_size({"width": width, "height": 100})
    page.set_content(message.html)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        name = f"{message.kind.replace(' ', '-')}-{width}-{scheme}.png"
        page.screenshot(path=folder / name, full_page=True)
    return int(page.evaluate("document.documentElement.scrollHeight"))


if __name__ == "__main__":
    main()
