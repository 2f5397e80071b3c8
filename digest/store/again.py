"""Jobs that are one transaction, done again where PostgreSQL ended it in favour of another."""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import ParamSpec, TypeVar

from digest.errors import StoreContestedError

TRIES = 3

P = ParamSpec("P")
T = TypeVar("T")


def tried_again(job: Callable[P, T]) -> Callable[P, T]:
    """The job, tried as often as TRIES says. It is to be done whole or not at all, and to be the same every time."""

    @wraps(job)
    def lasting(*arguments: P.args, **named: P.kwargs) -> T:
        for _ in range(TRIES - 1):
            with suppress(StoreContestedError):
                return job(*arguments, **named)
        return job(*arguments, **named)

    return lasting
