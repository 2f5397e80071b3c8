import pytest

from digest.errors import RenderingError
from digest.rendering.site import DARK_SURFACE, TINT, Site, colours, contrast


def test_the_default_accent_keeps_its_hue_in_the_dark() -> None:
    shown = colours("#0D586E")
    assert shown.on_accent == "#FFFFFF"
    assert shown.on_dark_accent == "#08181E"
    assert contrast(shown.dark_accent, "#85CADC") < 1.05


@pytest.mark.parametrize("accent", ["#000000", "#FFFFFF", "#7A1FA2", "#FFCC00", "#0000FF", "#808080"])
def test_any_accent_can_be_read_in_light_and_dark(accent: str) -> None:
    shown = colours(accent)
    assert contrast(shown.accent, TINT) >= 4.5
    assert contrast(shown.dark_accent, DARK_SURFACE) >= 7
    assert contrast(shown.on_accent, shown.accent) >= 4.5
    assert contrast(shown.on_dark_accent, shown.dark_accent) >= 4.5


@pytest.mark.parametrize("accent", ["#0D586E", "#7A1FA2", "#000000"])
def test_an_accent_that_can_be_read_stays_as_it_is(accent: str) -> None:
    assert colours(accent).accent == accent


@pytest.mark.parametrize("accent", ["petrol", "#0D5", "#0D586E;background:url(//x)", ""])
def test_an_accent_that_is_no_colour_is_refused(accent: str) -> None:
    with pytest.raises(RenderingError, match="#rrggbb"):
        colours(accent)


def test_a_site_is_known_by_its_host() -> None:
    assert Site(name="Offprint", base_url="https://papers.example.org/base").host == "papers.example.org"
