"""What is wrong with the fields of a form, as the pages show it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from digest.errors import DigestError, InputError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a field: `summary` in a sentence, `advice` with what would be right."""

    field: str
    summary: str
    advice: str


def attempt(faults: list[Fault], field: str, check: Callable[[], T]) -> T | None:
    """What `check` returns; None where it raises InputError, which is then among the faults."""
    try:
        return check()
    except InputError as error:
        faults.append(fault_of(field, error))
        return None


def fault_of(field: str, error: DigestError) -> Fault:
    """What is wrong with a field, as the error says it."""
    summary, _, _ = str(error).partition(". ")
    return Fault(field=field, summary=f"{summary.rstrip('.')}.", advice=str(error))
