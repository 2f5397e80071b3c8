from messages import KINDS, Message
from places import ROOT


def test_every_folder_of_templates_has_a_kind_of_message_that_the_judges_look_at() -> None:
    folders = {path.parent.name for path in (ROOT / "templates").glob("*/body.mjml")}
    assert folders == {template for template, _ in KINDS.values()}


def test_every_kind_differs_from_the_others(messages: dict[str, Message]) -> None:
    assert len({message.html for message in messages.values()}) == len(KINDS)
