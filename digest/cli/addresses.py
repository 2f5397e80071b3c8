"""Addresses of several people, as an operator types them or has them in a list."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import typer

from digest.errors import InputError

if TYPE_CHECKING:
    from digest.address import Address

READ = ["-"]
"""What is typed instead of addresses where they are read from standard input, a line each."""


def are_several(typed: Sequence[str]) -> bool:
    """Whether a list was meant, of however many."""
    return typed == READ or len(typed) > 1


def addresses_in(typed: Sequence[str]) -> "dict[str, Address]":
    """Those that were typed, or read, each once, under where it stands: `Line 3`. `Ada <ada@example.org>` is one, too.

    Raises InputError with the place of what is none.
    """
    from digest.address import parse_address

    found: dict[str, tuple[str, Address]] = {}
    for place, text in _placed(typed):
        try:
            address = parse_address(_without_name(text))
        except InputError as error:
            raise InputError(f"{place}: {error} Nothing was done." if are_several(typed) else str(error)) from error
        found.setdefault(address.key, (place, address))
    return dict(found.values())


def _placed(typed: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What was typed, or each line that is not empty, behind where it stands."""
    if typed != READ:
        yield from ((f"Address {number}", text.strip()) for number, text in enumerate(typed, 1))
        return
    # A list out of a spreadsheet may begin with a mark of its encoding, or have names in another.
    lines = typer.get_text_stream("stdin", encoding="utf-8-sig", errors="replace")
    yield from ((f"Line {number}", line.strip()) for number, line in enumerate(lines, 1) if line.strip())


def _without_name(text: str) -> str:
    """What stands between the last angle brackets, where it ends with them."""
    _, opened, address = text.rpartition("<")
    return address.removesuffix(">") if opened and text.endswith(">") else text
