"""A reader's whole way, as a browser goes it."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from browsers import tab_at
from personas import PAPERS, choices, papers_come_in, reader_joins
from playwright.sync_api import Browser, Page, expect
from sites import Place

from digest.model import SubscriptionState
from digest.store.subscribers import all_subscriptions

pytestmark = pytest.mark.slow


@pytest.fixture
def demo(open_place: Callable[..., Place]) -> Place:
    place = open_place(with_outbox=True)
    papers_come_in(place.app.store, PAPERS)
    return place


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def tab(browser: Browser, demo: Place, request: pytest.FixtureRequest) -> Iterator[Page]:
    with tab_at(browser, demo.url, java_script_enabled=request.param) as page:
        yield page


def states(place: Place) -> list[SubscriptionState]:
    with place.app.store.reading() as connection:
        return [one.state for one in all_subscriptions(connection)]


def test_a_reader_subscribes_confirms_gets_an_edition_and_leaves(demo: Place, tab: Page) -> None:
    tab.goto("/")
    tab.get_by_label("Your address").fill("ada@example.org")
    tab.locator("label").filter(has_text="diffusion models").click()
    demo.clock.now += timedelta(seconds=9)
    tab.get_by_role("button", name="Subscribe with these choices").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Check your mail")

    demo.deliver()
    tab.get_by_role("link", name="Open the outbox").click()
    tab.get_by_role("link", name="Confirm your Offprint subscription").click()
    with tab.expect_popup() as opened:
        tab.frame_locator("iframe").get_by_role("link", name="Confirm subscription").click()
    tab = opened.value
    expect(tab.get_by_role("heading", level=1)).to_have_text("Confirm ada@example.org")
    assert states(demo) == []
    tab.get_by_role("button").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("You are in")
    assert states(demo) == [SubscriptionState.ACTIVE]

    with demo.app.store.reading() as connection:
        [subscription] = all_subscriptions(connection)
    assert subscription.next_due_at is not None
    demo.clock.now = subscription.next_due_at
    demo.publish()
    demo.deliver()
    tab.get_by_role("link", name="Outbox").click()
    tab.get_by_role("link", name="Few-Step Sampling for Diffusion Models, and 2 more papers").click()
    tab.frame_locator("iframe").get_by_role("link", name="Unsubscribe").click()
    tab.get_by_role("button", name="Unsubscribe").click()
    expect(tab.get_by_text("is unsubscribed. No goodbye mail follows.")).to_be_visible()
    assert states(demo) == [SubscriptionState.UNSUBSCRIBED]


def test_a_mistake_is_shown_where_it_was_made(demo: Place, tab: Page) -> None:
    tab.goto("/")
    tab.get_by_label("Your address").fill("ada@")
    tab.get_by_label("Anything else").fill("few-step sampling")
    tab.get_by_role("button", name="Subscribe", exact=True).click()
    expect(tab.get_by_role("alert")).to_be_focused()
    tab.get_by_role("link", name="That is not a full address.").click()
    expect(tab).to_have_url(re.compile("#address$"))
    expect(tab.get_by_label("Your address")).to_have_value("ada@")
    expect(tab.get_by_label("Anything else")).to_have_value("few-step sampling")


def test_the_form_can_be_filled_in_by_keyboard(demo: Place, tab: Page) -> None:
    tab.goto("/")
    tab.get_by_label("Your address").fill("ada@example.org")
    chip = tab.get_by_role("checkbox", name="agents")
    chip.press("Space")
    expect(chip).to_be_checked()
    demo.clock.now += timedelta(seconds=9)
    tab.get_by_label("Your address").press("Enter")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Check your mail")


def test_a_message_in_the_browser_has_its_styles_and_its_links_work(demo: Place, tab: Page) -> None:
    reader_joins(demo.app, "ada@example.org", choices("diffusion models"))
    tab.goto(f"/view/{demo.view_token(demo.publish())}")
    heading = tab.get_by_role("heading", level=1)
    assert heading.evaluate("h => getComputedStyle(h).fontSize") == "20px"
    tab.get_by_role("link", name="Unsubscribe").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Unsubscribe ada@example.org?")


def test_a_reader_says_more_takes_it_back_and_chooses_anew(demo: Place, tab: Page) -> None:
    reader_joins(demo.app, "ada@example.org", choices("diffusion models", "world models"))
    feedback = f"/feedback/{demo.feedback_token(demo.publish())}?paper=1&want="
    for want in ("more", "less"):
        tab.goto(feedback + want)
        tab.get_by_role("button", name=f"{want} like this").click()
        expect(tab.get_by_text(f"Noted: {want} like “Few-Step Sampling for Diffusion Models”.")).to_be_visible()
    tab.get_by_role("button", name="Undo").click()
    expect(tab.get_by_text("Undone:")).to_be_visible()
    tab.get_by_role("button", name="Less like this").click()

    tab.goto(f"/preferences/{demo.preferences_token()}")
    tab.get_by_role("checkbox", name="Less like Few-Step Sampling for Diffusion Models").uncheck()
    tab.locator("label").filter(has_text="world models").click()
    tab.get_by_label("Authors you follow").fill("Ann Larch")
    tab.get_by_label("Add papers").fill("nonsense")
    tab.get_by_role("button", name="Save preferences").click()
    tab.get_by_role("link", name="'nonsense' is no arXiv id").click()
    expect(tab.get_by_label("Authors you follow")).to_have_value("Ann Larch")
    expect(tab.get_by_role("checkbox", name="world models")).not_to_be_checked()
    tab.get_by_label("Add papers").fill("2606.00002")
    # As the Enter key does it, too.
    tab.get_by_label("Add papers").press("Enter")
    expect(tab.get_by_text("Saved. The next edition uses these settings.")).to_be_visible()
    expect(tab.get_by_role("checkbox", name="Folding Laundry with Two Arms")).to_be_checked()
    expect(tab.get_by_text("Learned from your taps")).to_have_count(0)
    with demo.app.store.reading() as connection:
        [subscription] = all_subscriptions(connection)
    followed = [(interest.kind.value, interest.value) for interest in subscription.choices.interests]
    assert followed == [("topic", "diffusion models"), ("author", "Ann Larch"), ("example", "arxiv:2606.00002")]


def test_a_reader_takes_a_break_by_the_link_of_a_message(demo: Place, tab: Page) -> None:
    reader_joins(demo.app, "ada@example.org", choices("diffusion models"))
    tab.goto(f"/preferences/{demo.preferences_token()}#pause")
    expect(tab.get_by_role("heading", name="Take a break")).to_be_in_viewport()
    tab.get_by_label("Editions come again on").fill("2026-07-15")
    tab.get_by_role("button", name="Pause").click()
    expect(tab.get_by_text("Paused until 15 July 2026; your settings stay.")).to_be_visible()
    tab.get_by_role("button", name="Resume").click()
    expect(tab.get_by_text("Resumed.")).to_be_visible()
    tab.get_by_role("link", name="Unsubscribe").click()
    tab.get_by_role("button", name="Weekly instead").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Weekly from now on")
    assert states(demo) == [SubscriptionState.ACTIVE]


def test_a_reader_moves_looks_at_how_papers_are_chosen_and_is_erased(demo: Place, tab: Page) -> None:
    reader_joins(demo.app, "ada@example.org", choices("diffusion models"))
    tab.goto(f"/preferences/{demo.preferences_token()}")
    tab.get_by_label("New address").fill("ada@")
    tab.get_by_role("button", name="Send the link").click()
    tab.get_by_role("link", name="That is not a full address.").click()
    expect(tab.get_by_label("New address")).to_have_value("ada@")
    tab.get_by_label("New address").fill("new@example.org")
    tab.get_by_label("New address").press("Enter")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Check your mail")
    tab.goto(f"/move/{demo.move_token()}")
    tab.get_by_role("button", name="Confirm new address").click()
    expect(tab.get_by_text("Offprint comes to new@example.org from now on.")).to_be_visible()

    tab.goto(f"/preferences/{demo.preferences_token()}")
    expect(tab.get_by_text("new@example.org, daily at 12:00.")).to_be_visible()
    tab.get_by_role("link", name="The next edition").click()
    expect(tab.get_by_role("heading", level=2)).to_have_text("As things stand: 3 papers of 3")
    tab.get_by_role("link", name="Why not this paper?").click()
    tab.get_by_label("Paper").fill("2606.00001")
    tab.get_by_role("button", name="Tell me why").click()
    expect(tab.get_by_text("It is in the edition that would go out now.")).to_be_visible()
    tab.get_by_role("link", name="Your preferences").click()
    with tab.expect_download() as saved:
        tab.get_by_role("link", name="Everything stored about you").click()
    assert saved.value.suggested_filename == "offprint-export.json"
    tab.get_by_role("link", name="Erase everything").click()
    tab.get_by_role("button", name="Erase everything").click()
    expect(tab.get_by_text("new@example.org and what was stored of it are gone.")).to_be_visible()
    assert states(demo) == []
