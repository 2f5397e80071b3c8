"""Every kind of message as files, without a store."""

from email import message_from_bytes
from email.policy import default
from pathlib import Path

import typer

from digest.app import press_of
from digest.cli.context import say
from digest.config import load_config
from digest.errors import InputError
from digest.mail.dkim import Signer
from digest.specimens import KEYS, specimen_files, specimens
from digest.trial import write_files


def show_every_message(context: typer.Context, folder: Path, code: str) -> None:
    """Write the specimens into the folder, and list them by their subjects."""
    press = press_of(load_config(context.obj.config), keys=KEYS, signer=Signer())
    if code not in press.library.languages:
        raise InputError(f"There is no catalogue of {code!r}. There are: {', '.join(press.library.languages)}.")
    found = specimens(press, press.library.language(code))
    write_files(specimen_files(found), folder)
    for name, raw in found.items():
        say(f"{name:<18} {message_from_bytes(raw, policy=default)['Subject']}")
    say(f"Each is in {folder} as .eml, .html and .txt. Nothing was stored or sent.")
