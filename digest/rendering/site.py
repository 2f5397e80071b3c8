"""Who sends, and in which colours."""

import re
from colorsys import hls_to_rgb, rgb_to_hls
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from digest.errors import RenderingError

LIGHT = "#FFFFFF"
DARK = "#08181E"
DARK_SURFACE = "#151D21"
TINT = "#E4EFF2"
READABLE = 7.0
READABLE_AT_LEAST = 4.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The operator's side of every message. `accent` is `#rrggbb`, `base_url` an https address."""

    name: str
    base_url: str
    accent: str = "#0D586E"
    postal_address: str = ""
    credits: str = ""

    @property
    def host(self) -> str:
        """The site's name on the network, as a reader knows it."""
        return urlsplit(self.base_url).netloc


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """The accent and the text on it, on light surfaces and on dark ones."""

    accent: str
    on_accent: str
    dark_accent: str
    on_dark_accent: str


@lru_cache(maxsize=64)
def colours(accent: str) -> Colours:
    """What an operator's accent becomes in either mode.

    On dark surfaces its hue is kept and its lightness raised until it can be read there (WCAG contrast of 7 or
    more), on light ones lowered where it is too pale for a link (less than 4.5 on the tint). Raises RenderingError
    where `accent` is not `#rrggbb`.
    """
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", accent):
        raise RenderingError(f"The accent {accent!r} is not a colour. Write it as #rrggbb, such as #0D586E.")
    light_accent, dark_accent = _lowered(accent), _raised(accent)
    return Colours(
        accent=light_accent,
        on_accent=_text_on(light_accent),
        dark_accent=dark_accent,
        on_dark_accent=_text_on(dark_accent),
    )


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21 (WCAG 2.2, contrast ratio)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _raised(accent: str) -> str:
    hue, lightness, saturation = rgb_to_hls(*_parts(accent))
    lightness, saturation = max(lightness, 0.69), min(saturation, 0.55)
    while contrast(raised := _hex(hls_to_rgb(hue, lightness, saturation)), DARK_SURFACE) < READABLE:
        lightness += 0.01
    return raised


def _lowered(accent: str) -> str:
    hue, lightness, saturation = rgb_to_hls(*_parts(accent))
    lowered = accent
    while contrast(lowered, TINT) < READABLE_AT_LEAST:
        lightness -= 0.01
        lowered = _hex(hls_to_rgb(hue, lightness, saturation))
    return lowered


def _text_on(background: str) -> str:
    return max(LIGHT, DARK, key=lambda text: contrast(text, background))


def _luminance(colour: str) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parts(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def _hex(parts: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(part * 255):02X}" for part in parts)
