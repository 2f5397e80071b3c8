"""A few messages as they were last looked at, so that a change of what readers get shows in the diff.

`OFFPRINT_RENEW=1 ./run test tests/judges/test_golden.py` writes them anew.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from messages import Message

GOLDEN = Path(__file__).with_name("golden")
KINDS = ("daily", "quiet", "confirm")
RENEW = "OFFPRINT_RENEW=1 ./run test tests/judges/test_golden.py"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", ["txt", "html"])
def test_a_message_is_what_it_was_when_somebody_last_looked(
    kind: str, part: str, messages: Mapping[str, Message]
) -> None:
    message, file = messages[kind], GOLDEN / f"{kind}.{part}"
    made = (message.text if part == "txt" else message.html).encode()
    if os.environ.get("OFFPRINT_RENEW"):
        file.write_bytes(made)
    # Compared outside of the assertion: a difference of forty kilobytes tells nobody anything.
    is_same = file.is_file() and file.read_bytes() == made
    assert is_same, f"{file.name} differs from what is made now. Write it anew by `{RENEW}`, and look at git diff."


def test_no_golden_file_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} <= {f"{kind}.{part}" for kind in KINDS for part in ("txt", "html")}
