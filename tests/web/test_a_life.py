"""The whole life of a reader in a browser, on a phone in the dark: from the first look to the last trace."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from browsers import tab_at
from hands import Hand, Keyboard, Mouse
from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect
from sites import Place
from themes import fresh_papers_come_in, library_comes_in, themed

from digest.model import DeliveryKind, Weights
from digest.publish import publish
from digest.store.subscribers import all_subscriptions

pytestmark = pytest.mark.slow

PHONE = {"width": 375, "height": 667}
ADDRESS = "ada@example.org"
FOLLOWED, LIKED, LOUD = 2, 3, (0, 1, 4)
TOPIC = "few-step sampling"
PAST, FIRST = "Few-Step Sampling of Yesterday", "Few-Step Sampling of Today"
LIKED_ONE, NEAR = "Folding Laundry with Two Arms", "Folding Towels with One Arm"


@pytest.fixture
def demo(open_place: Callable[..., Place]) -> Place:
    place = open_place(with_outbox=True)
    library_comes_in(place.app.store)
    fresh_papers_come_in(place.app.store, [themed(FOLLOWED, 49, title=PAST)], days=-1)
    followed, liked = themed(FOLLOWED, 50, title=FIRST), themed(LIKED, 50, title=LIKED_ONE, upvotes=30)
    fresh_papers_come_in(place.app.store, [followed, liked, themed(0, 50, upvotes=20), themed(1, 50, upvotes=10)])
    return place


@dataclass
class Reader:
    """Somebody with a phone, who looks at one page after another."""

    place: Place
    hand: Hand
    tab: Page

    def goes_to(self, path: str) -> None:
        self.tab.goto(path)

    def sees(self, heading: str) -> None:
        expect(self.tab.get_by_role("heading", level=1)).to_have_text(heading)
        assert self.tab.evaluate("document.documentElement.scrollWidth") == PHONE["width"]

    def reads(self, text: str) -> None:
        expect(self.tab.get_by_text(text)).to_be_visible()

    def presses(self, name: str) -> None:
        self.hand.press(self.tab.get_by_role("button", name=name, exact=True))

    def follows(self, name: str) -> None:
        self.hand.press(self.tab.get_by_role("link", name=name))

    def opens(self, subject: str) -> FrameLocator:
        """The message with that in its subject."""
        self.place.deliver()
        self.hand.press(self.tab.get_by_role("link", name="Outbox", exact=True))
        self.sees("Outbox")
        self.follows(subject)
        expect(self.tab.get_by_role("heading", level=1)).to_contain_text(subject)
        # A link in a frame that is still being loaded may lead nowhere.
        self.tab.wait_for_load_state()
        return self.tab.frame_locator("iframe")

    def follows_in_last_edition(self, name: str) -> None:
        self.hand.press(self.opens(f"{NEAR} 51").get_by_role("link", name=name))

    def presses_in_mail(self, button: Locator) -> None:
        """A button of a message, which opens a tab of its own."""
        with self.tab.expect_popup() as opened:
            self.hand.press(button)
        self.tab = opened.value


@pytest.fixture(params=["with JavaScript", "without JavaScript", "by keyboard alone"])
def reader(browser: Browser, demo: Place, request: pytest.FixtureRequest) -> Iterator[Reader]:
    hand = Keyboard() if request.param == "by keyboard alone" else Mouse()
    options: Mapping[str, Any] = {
        "viewport": PHONE,
        "color_scheme": "dark",
        "java_script_enabled": request.param != "without JavaScript",
    }
    with tab_at(browser, demo.url, **options) as tab:
        yield Reader(place=demo, hand=hand, tab=tab)


def test_the_whole_life_of_a_reader(reader: Reader) -> None:
    looks_back_and_subscribes(reader)
    confirms(reader)
    tunes_what_comes(reader)
    gets_an_edition_and_says_more(reader)
    gets_another_by_that(reader)
    takes_a_break(reader)
    leaves(reader)
    is_erased(reader)


def looks_back_and_subscribes(reader: Reader) -> None:
    tab, hand = reader.tab, reader.hand
    reader.goes_to("/")
    reader.sees("Ten papers a day, chosen for you")
    hand.write(tab.get_by_label("Anything else"), TOPIC)
    reader.presses("Show me the last five editions")
    reader.reads("The last editions, by these choices")
    expect(tab.locator("#editions li").first).to_contain_text(PAST)
    expect(tab.locator("#editions li").first).to_contain_text("matches")
    expect(tab.get_by_label("Anything else")).to_have_value(TOPIC)


def confirms(reader: Reader) -> None:
    hand = reader.hand
    hand.write(reader.tab.get_by_label("Your address"), ADDRESS)
    reader.place.clock.now += timedelta(seconds=9)
    reader.presses("Subscribe with these choices")
    reader.sees("Check your mail")
    message = reader.opens("Confirm your Offprint subscription")
    reader.presses_in_mail(message.get_by_role("link", name="Confirm subscription"))
    reader.sees(f"Confirm {ADDRESS}")
    reader.presses("Confirm subscription")
    reader.sees("You are in")


def tunes_what_comes(reader: Reader) -> None:
    message = reader.opens("You’re in: first edition on Monday at 07:00")
    reader.presses_in_mail(message.get_by_role("link", name="Adjust preferences"))
    reader.sees("Your preferences")
    tab, hand = reader.tab, reader.hand
    hand.tick(tab.get_by_role("checkbox", name="agents"))
    hand.tick(tab.get_by_role("radio", name="Daily"))
    hand.choose(tab.get_by_label("Hour"), "13:00")
    hand.choose(tab.get_by_label("Papers", exact=True), "3")
    hand.choose(tab.get_by_label("Language", exact=True), "Deutsch")
    reader.presses("Save preferences")
    reader.reads("Saved. The next edition uses these settings.")
    reader.reads(f"{ADDRESS}, daily at 13:00. Next edition: today at 13:00 (UTC).")
    reader.opens("Ihre Einstellungen bei Offprint wurden geändert")


def gets_an_edition_and_says_more(reader: Reader) -> None:
    hour_comes(reader.place)
    message = reader.opens(f"{FIRST} 50")
    expect(message.get_by_role("heading", level=2)).to_have_count(3)
    card = message.get_by_role("heading", name=LIKED_ONE).locator("xpath=ancestor::table[1]")
    reader.hand.press(card.get_by_role("link", name="Mehr"))
    reader.sees(f"More like “{LIKED_ONE} 50”?")
    reader.presses("More like this")
    reader.reads("It counts from the next edition.")
    reader.presses("Undo")
    reader.reads("Undone:")
    reader.presses("More like this")
    message = reader.opens(f"{FIRST} 50")
    reader.hand.press(message.get_by_role("link", name="Einstellungen"))
    expect(reader.tab.get_by_role("checkbox", name=f"More like {LIKED_ONE} 50")).to_be_checked()
    reader.reads("Untick to forget one.")


def gets_another_by_that(reader: Reader) -> None:
    loud = [themed(theme, 51, upvotes=50) for theme in LOUD]
    fresh_papers_come_in(reader.place.app.store, [themed(LIKED, 51, upvotes=0, title=NEAR), *loud], days=1)
    hour_comes(reader.place)
    message = reader.opens(f"{NEAR} 51")
    expect(message.get_by_role("heading", level=2).first).to_have_text(f"{NEAR} 51")
    expect(message.get_by_text("Warum:").first).to_be_visible()


def takes_a_break(reader: Reader) -> None:
    frame = reader.tab.frame_locator("iframe")
    reader.hand.press(frame.get_by_role("link", name="Pause"))
    expect(reader.tab.get_by_role("heading", name="Take a break")).to_be_in_viewport()
    reader.hand.write(reader.tab.get_by_label("Editions come again on"), "2026-06-25")
    reader.presses("Pause")
    reader.reads("Paused until 25 June 2026. Your settings stay.")
    place = reader.place
    fresh_papers_come_in(place.app.store, [themed(LIKED, 52, upvotes=50)], days=2)
    place.clock.now += timedelta(days=1)
    publish(place.app.store, place.app.press, newsletter="papers", weights=Weights(), now=place.clock())
    assert DeliveryKind.EDITION not in {waiting.kind for waiting in place.waiting()}
    message = reader.opens("Pause bis 25. Juni 2026")
    reader.hand.press(message.get_by_role("link", name="Pause"))
    reader.presses("Resume")
    reader.reads("Resumed. Your settings are as they were.")


def leaves(reader: Reader) -> None:
    reader.follows_in_last_edition("Abbestellen")
    reader.sees(f"Unsubscribe {ADDRESS}?")
    reader.presses("Unsubscribe")
    reader.reads(f"{ADDRESS} is unsubscribed. No goodbye mail follows.")
    reader.follows_in_last_edition("Abbestellen")
    reader.sees("You have left")


def is_erased(reader: Reader) -> None:
    reader.follows_in_last_edition("Einstellungen")
    reader.sees("This subscription has ended")
    reader.follows("Erase what is stored")
    reader.sees(f"Erase {ADDRESS}?")
    reader.presses("Erase everything")
    reader.reads(f"{ADDRESS} and what was stored of it are gone. No mail follows.")
    no_old_link_does_anything(reader.place)
    reader.follows_in_last_edition("Einstellungen")
    reader.sees("This subscription has ended")
    reader.reads("This address is unsubscribed")


def no_old_link_does_anything(place: Place) -> None:
    before = place.rows()
    assert not any(ADDRESS in row for row in before)
    links = links_sent(place)
    assert {link.split("/")[3] for link in links} >= {"confirm", "preferences", "unsubscribe", "feedback", "view"}
    for link in links:
        for method in ("GET", "POST"):
            answer = place.client.request(method, link, data={"do": "resume"})
            assert answer.status_code < 500
            assert ADDRESS not in answer.text
    assert place.rows() == before


def hour_comes(place: Place) -> None:
    """The hour of the next edition: it is published."""
    with place.app.store.reading() as connection:
        [subscription] = all_subscriptions(connection)
    assert subscription.next_due_at is not None
    place.clock.now = subscription.next_due_at
    place.publish()


def links_sent(place: Place) -> set[str]:
    """Every link with a token that any message so far had."""
    texts = [place.client.get(f"/outbox/{file.name}/text").text for file in (place.outbox / "new").iterdir()]
    return {link for text in texts for link in re.findall(rf"{place.url}/\w+/[\w-]{{20,}}[^\s>]*", text)}
