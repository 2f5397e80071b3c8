"""A message made again is the same, byte for byte, whatever has become of the installation since."""

from collections.abc import Callable
from pathlib import Path

from personas import NOON, choices, papers_come_in, reader_joins

from digest.app import App
from digest.compose import Composer
from digest.model import Weights
from digest.publish import publish
from digest.store.deliveries import delivery_numbered


def made(app: App) -> bytes:
    """The first delivery's message, by a program that has just been started."""
    with app.store.reading() as connection:
        delivery = delivery_numbered(connection, 1)
        assert delivery is not None
        return Composer(app.press).outgoing(connection, delivery).content


def test_a_message_is_the_same_after_a_restart_with_other_templates_keys_and_layout(
    install: Callable[..., App], tmp_path: Path
) -> None:
    before = install(newsletter=[{"sender": "Offprint <digest@example.org>"}])
    papers_come_in(before.store)
    reader_joins(before, "reader@example.org", choices("quasars"))
    assert publish(before.store, before.press, newsletter="papers", weights=Weights(), now=NOON).queued == 1
    first = made(before)

    own = tmp_path / "own"
    (own / "edition").mkdir(parents=True)
    (own / "parts").mkdir()
    (own / "locales").mkdir()
    (own / "edition" / "subject.txt").write_text("Another subject\n")
    (own / "parts" / "wordmark.mjml").write_text('<p class="w">Another wordmark</p>')
    (own / "locales" / "fr.po").write_text('msgid "Also trending"\nmsgstr "Aussi en vue"\n')
    keys = tmp_path / before.config.keys.file
    keys.write_text("another-key-of-more-than-thirty-two-characters\n" + keys.read_text())
    after = install(
        newsletter=[{"sender": "Offprint <digest@example.org>", "layout": "full", "postal_address": "Elsewhere 1"}],
        web={"site_name": "Another name", "accent": "#7A1FA2"},
        templates={"folder": "own"},
    )
    assert after.keys.newest != before.keys.newest
    assert "Another wordmark" in after.press.library.compile("edition").html
    assert made(after) == first
