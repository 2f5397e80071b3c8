"""What the Nu validator says of every page of the site."""

from pathlib import Path

import pytest
from pages import visits
from sites import Place
from validator import judged

pytestmark = pytest.mark.slow


def test_every_page_is_valid(inhabited: Place, tmp_path: Path) -> None:
    pages = {name: answer.text for name, answer in visits(inhabited)}
    told = judged(tmp_path, pages | {"broken": pages["/"].replace("<h1", "<h1 colour")})
    assert told.pop("broken") == {"Attribute “colour” not allowed on element “h1” at this point."}
    assert {name: errors for name, errors in told.items() if errors} == {}
