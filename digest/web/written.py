"""Lists, numbers and dates as people write them into fields."""

import csv
import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from digest.errors import InputError


def listed(text: str) -> list[str]:
    """What stands between commas; what holds a comma itself stands in double quotes."""
    return next(csv.reader([" ".join(text.split())], skipinitialspace=True), [])


def whole(text: str) -> int:
    """The number, or one that nothing allows."""
    return int(text) if re.fullmatch("[0-9]{1,2}", text) else -1


def plainly(weight: float) -> str:
    """A weight with all its digits, and no exponent."""
    return f"{Decimal(str(weight)).normalize():f}"


def weight(text: str, before: float) -> float:
    """The number, or one that nothing allows; what it was where it was left as it stood, however many digits it has."""
    if text == plainly(before):
        return before
    return float(text.replace(",", ".")) if re.fullmatch("[0-9]([.,][0-9]{1,6})?", text.strip()) else -1


def written(values: Iterable[str]) -> str:
    """Values as `listed` reads them."""
    return ", ".join('"{}"'.format(value.replace('"', '""')) if {*'",'} & {*value} else value for value in values)


def date_in(text: str) -> date:
    """The date that was typed. Raises InputError."""
    try:
        if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise InputError("That is not a date. Write it as 2026-06-17.")
