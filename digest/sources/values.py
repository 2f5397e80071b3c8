"""Single values as sources write them -> values of ours, or nothing where they are no good."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

MOST_IDENTIFIER = 200
PLAUSIBLE_YEARS = range(1500, 2501)


def text(values: Mapping[str, Any], key: str) -> str:
    """The text under the key, or an empty one."""
    value = values.get(key)
    return value if isinstance(value, str) else ""


def identifier(values: Mapping[str, Any], key: str) -> str:
    """The identifier under the key, or an empty one: what cannot be printed or kept names nothing."""
    value = text(values, key).strip()
    return value if value.isprintable() and len(value) <= MOST_IDENTIFIER else ""


def count(values: Mapping[str, Any], key: str) -> int | None:
    """The number under the key, from 0 to 2³¹ - 1, which any database holds, or None."""
    value = values.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


def instant(value: str) -> datetime | None:
    """The moment in UTC, or None where there is none, no zone, or a year that cannot be meant."""
    try:
        told = datetime.fromisoformat(value)
    except ValueError:
        return None
    return told.astimezone(UTC) if told.tzinfo is not None and told.year in PLAUSIBLE_YEARS else None


def web_address(value: str) -> str:
    """The address, with the scheme that some lack, or an empty text for what is none of the web."""
    address = value.strip()
    if address and not re.match(r"[A-Za-z][A-Za-z0-9+-]*:", address):
        address = f"https://{address.lstrip('/')}"
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    is_web = parts.scheme in {"http", "https"} and parts.hostname and "." in parts.hostname
    return address if is_web and address.isprintable() and " " not in address else ""
