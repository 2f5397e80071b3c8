"""Authors' names as sources write them -> one name each, given name first."""

import re
from collections.abc import Sequence

MOST_NAMES = 2_000
MOST_CHARACTERS = 200
_INITIALS = re.compile(r"(?:[^\W\d_]\.?[-\s]?){1,4}")


def names_in(creators: Sequence[str], *, given_first: bool) -> tuple[str, ...]:
    """The names in the creators of an entry, of which each may hold one or all of them.

    `given_first` says that a comma stands between names, never inside one.
    """
    one_each = len(creators) > 1 and all(creator.count(",") <= 1 for creator in creators)
    found = [name for creator in creators for name in _split(creator, given_first=given_first, one=one_each)]
    kept = (" ".join(name.split())[:MOST_CHARACTERS] for name in found[:MOST_NAMES])
    return tuple(name for name in kept if name and "@" not in name)


def given_name_first(name: str) -> str:
    """`Family, Given` or `Family, Jr, Given` (BibTeX's three forms) as it is spoken."""
    parts = [part.strip() for part in name.split(",")]
    if len(parts) == 2:
        return " ".join(filter(None, (parts[1], parts[0])))
    if len(parts) == 3:
        return " ".join(filter(None, (parts[2], parts[0], parts[1])))
    return name


def _split(creator: str, *, given_first: bool, one: bool) -> list[str]:
    listed = re.sub(r",?\s+(?:and|&)\s+", ", ", creator).strip(" ,")
    parts = [part.strip() for part in re.split(r"[,;]", listed) if part.strip()]
    if given_first:
        return parts
    if one and len(parts) == 2:
        return [f"{parts[1]} {parts[0]}"]
    # Family, I., Family, I. J., ...
    if len(parts) % 2 == 0 and all(_INITIALS.fullmatch(part) for part in parts[1::2]):
        return [f"{given} {family}" for family, given in zip(parts[::2], parts[1::2], strict=True)]
    if len(parts) == 2 and not all(" " in part for part in parts):
        return [f"{parts[1]} {parts[0]}"]
    return parts
