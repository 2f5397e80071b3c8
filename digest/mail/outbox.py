"""The default mailer: a Maildir that any mail program reads, and that can reach nobody.

A file is named after its delivery, so handing the same delivery over again finds it there.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from digest.errors import DeliveryError
from digest.mail.mailer import Messages, in_their_time, never
from digest.model import Answer, Outcome, Outgoing


class Outbox:
    """Writes each message into `folder/new`, whole or not at all (https://cr.yp.to/proto/maildir.html)."""

    name = "outbox"
    repeatable = True
    signs = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, messages: Messages, *, should_stop: Callable[[], bool] = never) -> Iterator[Answer]:
        """Write the messages."""
        try:
            for part in ("tmp", "new", "cur"):
                (self.folder / part).mkdir(parents=True, exist_ok=True)
            read = {path.name.partition(":")[0]: path for path in (self.folder / "cur").iterdir()}
            for message in in_their_time(messages, should_stop):
                self._write(message, read=read)
                yield Answer(delivery_id=message.delivery_id, outcome=Outcome.ACCEPTED)
        except OSError as error:
            raise DeliveryError(
                f"The outbox {self.folder} cannot be written: {error.strerror}. Give this user the right to"
                " write it, or name another folder in mail.outbox.path."
            ) from error

    def _write(self, message: Outgoing, *, read: dict[str, Path]) -> None:
        name = message.key.replace(":", ".")
        if name in read:
            return
        unfinished = self.folder / "tmp" / name
        with unfinished.open("wb") as file:
            # A Maildir keeps the local line ends; the reverse-path stands where a server would put it.
            file.write(f"Return-Path: <{message.envelope_sender}>\n".encode())
            file.write(message.content.replace(b"\r\n", b"\n"))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.folder / "new" / name)
