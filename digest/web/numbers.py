"""Numbers as they stand in a form. What is no number there becomes one that nothing allows, and is told as such."""

import re
from decimal import Decimal


def whole(text: str) -> int:
    """The number, or -1."""
    return int(text) if re.fullmatch("[0-9]{1,2}", text) else -1


def plainly(weight: float) -> str:
    """A weight with all its digits, and no exponent."""
    return f"{Decimal(str(weight)).normalize():f}"


def weight(text: str, before: float) -> float:
    """The number, or -1; what it was where it was left as it stood, however many digits that has."""
    if text == plainly(before):
        return before
    return float(text.replace(",", ".")) if re.fullmatch("[0-9]([.,][0-9]{1,6})?", text.strip()) else -1
