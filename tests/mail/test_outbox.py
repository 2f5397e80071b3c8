"""The outbox: a Maildir that any mail program reads."""

import mailbox
from pathlib import Path

import pytest

from digest.errors import DeliveryError
from digest.mail.outbox import Outbox
from digest.model import Outcome, Outgoing

CONTENT = b"Subject: papers\r\nFrom: digest@example.org\r\n\r\nGood morning.\r\n.\r\n"


def message(number: int = 1) -> Outgoing:
    return Outgoing(
        delivery_id=number,
        key=f"papers:edition:{number}:2026-06-19",
        envelope_sender=f"bounce+{number}-abc@example.org",
        recipient="reader@example.org",
        content=CONTENT,
    )


def names(folder: Path) -> dict[str, set[str]]:
    return {part: {path.name for path in (folder / part).iterdir()} for part in ("tmp", "new", "cur")}


def test_every_message_is_a_file_named_after_its_delivery(tmp_path: Path) -> None:
    answers = list(Outbox(tmp_path / "outbox").send([message(1), message(2)]))
    assert [(answer.delivery_id, answer.outcome) for answer in answers] == [
        (1, Outcome.ACCEPTED),
        (2, Outcome.ACCEPTED),
    ]
    assert names(tmp_path / "outbox") == {
        "tmp": set(),
        "new": {"papers.edition.1.2026-06-19", "papers.edition.2.2026-06-19"},
        "cur": set(),
    }


def test_a_mail_program_reads_what_was_sent(tmp_path: Path) -> None:
    list(Outbox(tmp_path / "outbox").send([message()]))
    [read] = mailbox.Maildir(tmp_path / "outbox", create=False)
    assert read["Return-Path"] == "<bounce+1-abc@example.org>"
    assert read["Subject"] == "papers"
    assert read.get_payload() == "Good morning.\n.\n"


def test_the_same_delivery_again_is_the_same_file(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox")
    for _ in range(2):
        assert [answer.outcome for answer in outbox.send([message()])] == [Outcome.ACCEPTED]
    assert names(tmp_path / "outbox")["new"] == {"papers.edition.1.2026-06-19"}


def test_a_message_that_was_read_meanwhile_is_not_written_again(tmp_path: Path) -> None:
    outbox, folder = Outbox(tmp_path / "outbox"), tmp_path / "outbox"
    list(outbox.send([message()]))
    written = folder / "new" / "papers.edition.1.2026-06-19"
    written.rename(folder / "cur" / f"{written.name}:2,FS")
    assert [answer.outcome for answer in outbox.send([message()])] == [Outcome.ACCEPTED]
    assert names(folder) == {"tmp": set(), "new": set(), "cur": {"papers.edition.1.2026-06-19:2,FS"}}


def test_a_folder_that_cannot_be_written_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file stands where the folder should be")
    with pytest.raises(DeliveryError, match=r"outbox cannot be written: .*mail\.outbox\.path"):
        list(Outbox(tmp_path / "outbox").send([message()]))


def test_a_message_that_cannot_be_finished_is_not_there_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "outbox"
    (folder / "new" / "papers.edition.2.2026-06-19").mkdir(parents=True)
    sending = Outbox(folder).send([message(1), message(2)])
    assert next(sending).outcome is Outcome.ACCEPTED
    with pytest.raises(DeliveryError):
        next(sending)
    assert [path.name for path in (folder / "new").iterdir() if path.is_file()] == ["papers.edition.1.2026-06-19"]
