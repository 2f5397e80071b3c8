"""What the Nu validator, which checks the web's pages, says of every kind of message: one run over all of them."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from messages import Message
from validator import judged

pytestmark = pytest.mark.slow

ALLOWED = {
    r"Attribute “xmlns:[vo]” not allowed here\.": "Outlook for Windows draws shapes only where VML is declared",
    r"CSS: “mso-[a-z-]+”: Property “mso-[a-z-]+” doesn't exist\.": "only Outlook for Windows reads these",
    r"Attribute “vertical-align” not allowed on element “td” at this point\.": "MJML writes it on a button's cell,"
    " beside the style that counts",
}
"""What is no fault in a message, and why."""


def test_every_message_is_valid_but_for_what_mail_programs_need(
    messages: Mapping[str, Message], tmp_path: Path
) -> None:
    pages = {kind: message.html for kind, message in messages.items()}
    told = judged(tmp_path, pages | {"broken": pages["test"].replace("<h1", "<h1 colour")})
    assert told.pop("broken") - told["test"] == {"Attribute “colour” not allowed on element “h1” at this point."}
    everything = set().union(*told.values())
    assert {one for one in everything if not any(re.fullmatch(pattern, one) for pattern in ALLOWED)} == set()
    # What no message needs any more is allowed no longer.
    assert [pattern for pattern in ALLOWED if not any(re.fullmatch(pattern, one) for one in everything)] == []
