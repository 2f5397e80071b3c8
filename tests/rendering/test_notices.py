from datetime import UTC, datetime, timedelta

from editions import LIBRARY, SITE
from reading import read_page

from digest.model import Cadence, Choices, Interest, InterestKind
from digest.rendering.filling import Body, fill
from digest.rendering.language import ENGLISH
from digest.rendering.notice import notice_context
from digest.rendering.notices import confirm_context, trial_notice

CONFIRM_URL = "https://papers.example.org/confirm/4711-abcdefghijklmnopqrstuvwxyz?a=1&b=2"
TYPED = "cheap pills at evil.example.org"


def confirm(*interests: Interest, is_subscribed: bool = False) -> Body:
    choices = Choices(cadence=Cadence.WEEKDAYS, hour=7, timezone="Europe/Paris", max_papers=10, interests=interests)
    context = confirm_context(
        ENGLISH,
        site=SITE,
        address="reader@example.org",
        choices=choices,
        first_due_at=datetime(2026, 6, 17, 5, tzinfo=UTC),
        asked_at=datetime(2026, 6, 16, 18, 42, tzinfo=UTC),
        confirm_url=CONFIRM_URL,
        expires_after=timedelta(hours=48),
        is_subscribed=is_subscribed,
    )
    return fill(LIBRARY.compile("confirm"), context)


def test_a_confirm_message_says_what_happens_and_when() -> None:
    body = confirm()
    assert body.subject == "Confirm your Offprint subscription"
    for part in (" ".join(body.text.split()), " ".join(read_page(body.html).text.split())):
        assert "the first edition arrives tomorrow at 07:00 (Europe/Paris)." in part
        assert "Weekdays, up to 10 papers" in part
        assert "Not you? Do nothing." in part
        assert "deleted in 48 hours" in part
        assert "papers.example.org on 16 June 2026, 18:42 UTC" in part


def test_whoever_is_subscribed_already_is_told_what_a_click_would_replace() -> None:
    body = confirm(is_subscribed=True)
    for part in (" ".join(body.text.split()), " ".join(read_page(body.html).text.split())):
        assert (
            "reader@example.org, which is subscribed already. Confirm, and its settings are replaced by these" in part
        )
        assert "Do nothing, and all stays as it is. This link expires in 48 hours." in part
        assert "deleted" not in part
        assert "first edition" not in part


def test_a_confirm_message_has_one_link_in_both_parts() -> None:
    body = confirm()
    assert read_page(body.html).links() == {CONFIRM_URL}
    assert CONFIRM_URL in body.text.split("\n")


def test_nothing_that_a_visitor_typed_is_in_a_confirm_message() -> None:
    typed = [Interest(kind=kind, value=TYPED) for kind in InterestKind]
    body = confirm(*typed, Interest(kind=InterestKind.CATEGORY, value="cs.CV"))
    assert TYPED not in body.text + body.html + body.subject
    assert "cs.CV" in body.text
    assert "cs.CV" in body.html
    assert "Papers like" in body.html
    assert "the one that you named" in body.text


def test_a_test_message_says_which_provider_works() -> None:
    trial = trial_notice(ENGLISH, site=SITE, provider="smtp", sent_at=datetime(2026, 6, 17, 18, tzinfo=UTC))
    body = fill(LIBRARY.compile("notice"), notice_context(trial, site=SITE))
    assert body.subject == "Test message from Offprint"
    for part in (body.text, body.html):
        assert "“smtp”" in part
        assert "17 June 2026, 18:00 UTC" in " ".join(part.split())
