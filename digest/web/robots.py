"""What keeps simple robots from the subscribe form: a field that people do not see, and the time that filling in takes.

Whoever is held loses nothing, and is asked to press the button once more. Limits hold for all, held or not.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from digest.errors import InputError
from digest.tokens import Keys, Purpose

TRAP = "subject"
"""A name that no browser fills in by itself."""

SOONEST = timedelta(seconds=2)
LATEST = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A form that is held: what is said of it, and the token that it goes on with; without one it gets a new one."""

    error: InputError
    token: str = ""


def hold(token: str, trapped: object, *, keys: Keys, now: datetime) -> Held | None:
    """Whether a form is held that was shown with this token, and sent with `trapped` in the field that nobody sees."""
    shown = keys.read(Purpose.FORM, token)
    age = -1.0 if shown is None else now.timestamp() - shown
    if not 0 <= age <= LATEST.total_seconds():
        return Held(error=InputError("This form was open for long. Look it over, and press Subscribe once more."))
    if trapped:
        error = InputError("A field that is not shown was filled in. It is empty again: press Subscribe once more.")
        return Held(error=error, token=token)
    if age < SOONEST.total_seconds():
        return Held(error=InputError("That was quick. Look it over, and press Subscribe once more."), token=token)
    return None
