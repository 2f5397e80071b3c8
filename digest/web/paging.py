"""Lists that go on over several pages, and what was searched for in them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from digest.errors import InputError
from digest.text import one_line

PAGE = 10
MOST_CHARACTERS = 200
"""So much of what is searched for is read: every link of its page repeats it."""

SAID = 60
"""So much of what was searched for is repeated in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A link to another list. `current` is whether it is the one that is shown."""

    name: str
    path: str
    current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Turning:
    """Which items of a list a page shows, from `first` to before `last`, and the pages beside it."""

    first: int
    last: int
    back: Way | None
    forth: Way | None


def page_in(parameters: Mapping[str, str]) -> int:
    """The page that is asked for, from 1 on. Raises InputError."""
    page = parameters.get("page", "")
    if not re.fullmatch("([1-9][0-9]{0,3})?", page):
        raise InputError("A page is a number from 1 on. Go back to the first page of the list.")
    return int(page or "1")


def words_in(parameters: Mapping[str, str]) -> str:
    """What is searched for, as one line."""
    return one_line(parameters.get("q", "")[:MOST_CHARACTERS])


def turn(page: int, *, of: int, path: Callable[[int], str]) -> Turning:
    """A page of a list of so many. Raises InputError where the list is shorter."""
    last = max(1, -(-of // PAGE))
    if page > last:
        raise InputError("The list does not go on that far. Go back to its first page.")
    end = page * PAGE
    return Turning(
        first=end - PAGE,
        last=end,
        back=Way(name=f"Previous {PAGE}", path=path(page - 1)) if page > 1 else None,
        forth=Way(name=f"Next {min(PAGE, of - end)} of {of}", path=path(page + 1)) if page < last else None,
    )
