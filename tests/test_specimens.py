"""Every kind of message, made of the sample: what holds for all of them, in every language."""

import re
from email.message import EmailMessage
from pathlib import Path

import pytest
from built import assert_fit_for_the_wire, parsed
from reading import read_page

from digest.app import press_of
from digest.config import parse_config
from digest.mail.dkim import Signer
from digest.rendering.alarms import Cause
from digest.rendering.notice import About
from digest.specimens import KEYS, specimen_files, specimens

pytestmark = pytest.mark.slow

PREHEADER = re.compile(r"mso-hide:all[^>]*>([^<\u034f]*)")
TOLD = set(About) - {About.ALARM}
FOREIGN = {"en": "Abonnement", "de": "subscription"}


@pytest.fixture(scope="module", params=["en", "de"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def found(language: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The specimens, of a configuration that says nothing."""
    press = press_of(parse_config({}, folder=tmp_path_factory.mktemp("specimens")), keys=KEYS, signer=Signer())
    return specimens(press, press.library.language(language))


def part(raw: bytes, subtype: str) -> str:
    body = parsed(raw).get_body([subtype])
    assert isinstance(body, EmailMessage)
    return str(body.get_content())


def test_there_is_one_of_every_kind(found: dict[str, bytes]) -> None:
    editions = {"edition-daily", "edition-weekly", "edition-monthly", "edition-full", "edition-quiet"}
    others = {"confirm", "welcome", "help", "status", "unknown", "test", "confirm-move"}
    assert editions | others | TOLD | {f"alarm-{cause}" for cause in Cause} <= found.keys()


def test_every_one_is_fit_for_the_wire_and_says_that_a_program_sent_it(found: dict[str, bytes]) -> None:
    for raw in found.values():
        assert_fit_for_the_wire(raw)
        assert parsed(raw)["Auto-Submitted"] == "auto-generated"


def test_only_editions_are_a_lists_messages(found: dict[str, bytes]) -> None:
    for name, raw in found.items():
        assert ("List-Unsubscribe-Post" in parsed(raw)) == name.startswith("edition"), name


def test_both_parts_carry_the_same_links(found: dict[str, bytes]) -> None:
    for name, raw in found.items():
        links = set(re.findall(r"https?://\S+", part(raw, "plain")))
        assert read_page(part(raw, "html")).links() == links, name


def test_every_preheader_is_as_long_as_an_inbox_shows(found: dict[str, bytes]) -> None:
    for name, raw in found.items():
        shown = PREHEADER.search(part(raw, "html"))
        assert shown, name
        assert 40 <= len(shown[1]) <= 130, name


def test_nothing_is_said_in_another_language(found: dict[str, bytes], language: str) -> None:
    for name, raw in found.items():
        assert FOREIGN[language] not in part(raw, "plain"), name


def test_who_is_subscribed_finds_the_way_out_and_nobody_else_is_shown_one(found: dict[str, bytes]) -> None:
    # Where a subscription went away from, it is not known any more.
    subscribed = {"welcome", "status", *TOLD} - {About.MOVED}
    for name, raw in found.items():
        if not name.startswith("edition"):
            assert ("/unsubscribe/" in part(raw, "plain")) == (name in subscribed), name


def test_every_one_is_a_page_and_a_text_as_files(found: dict[str, bytes]) -> None:
    files = specimen_files(found)
    assert {Path(name).stem for name in files} == found.keys()
    assert len(files) == 3 * len(found)
    assert files["paused.html"].startswith(b"<!DOCTYPE html>")
