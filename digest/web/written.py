"""Lists and numbers as people write them into fields."""

import csv
import re
from collections.abc import Iterable


def listed(text: str) -> list[str]:
    """What stands between commas; what holds a comma itself stands in double quotes."""
    return next(csv.reader([" ".join(text.split())], skipinitialspace=True), [])


def whole(text: str) -> int:
    """The number, or one that nothing allows."""
    return int(text) if re.fullmatch("[0-9]{1,2}", text) else -1


def decimal(text: str) -> float:
    """The number, or one that nothing allows."""
    return float(text.replace(",", ".")) if re.fullmatch("[0-9]([.,][0-9]{1,6})?", text.strip()) else -1


def written(values: Iterable[str]) -> str:
    """Values as `listed` reads them."""
    return ", ".join('"{}"'.format(value.replace('"', '""')) if {*'",'} & {*value} else value for value in values)
