"""Fifty of the real papers that are hardest to show; `./run bench layout` looks at two thousand."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from desk import Desk
from hard_papers import NARROWEST, editions_of, elements, faults, hardest
from messages import Message
from places import needs_data
from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, needs_data]


def test_real_papers_break_no_message(
    desk: Desk, messages: Mapping[str, Message], browser: Browser, tmp_path: Path
) -> None:
    known = {one for message in messages.values() for one in elements(message)}
    page = browser.new_page(viewport={"width": NARROWEST, "height": 800})
    editions = list(editions_of(desk, hardest(50)))
    found = [fault for edition in editions for fault in faults(edition, page, folder=tmp_path, known=known)]
    page.close()
    assert len(editions) == 5
    assert found == []
