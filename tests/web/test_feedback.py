"""More like this, less like this: a link speaks for its own message's papers, and only by its button."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from furnished import Furnish
from personas import DIFFUSION, NOON, PAPERS, ROBOTS, choices, papers_come_in, reader_joins
from reading import read_page
from sites import Place

from digest.model import Feedback, Want
from digest.store.deliveries import Delivery, deliveries_queued, delivery_numbered
from digest.store.events import events_of
from digest.store.feedback import feedback_of
from digest.subscribe import unsubscribe
from digest.tidy import tidy
from digest.tokens import Purpose

pytestmark = pytest.mark.slow

MORE = "?paper=1&want=more"


@pytest.fixture
def path(place: Place, furnish: Furnish) -> str:
    """The link of a reader's edition: first the paper of their topic, then two that trend."""

    def fill() -> None:
        papers_come_in(place.app.store, PAPERS)
        reader_joins(place.app, "ada@example.org", choices("diffusion models"))
        place.publish()

    furnish(fill, place.app.store)
    return f"/feedback/{place.feedback_token(1)}"


def said(place: Place, subscription_id: int = 1) -> list[Feedback]:
    with place.app.store.reading() as connection:
        return feedback_of(connection, [subscription_id]).get(subscription_id, [])


def delivery(place: Place, number: int = 1) -> Delivery:
    with place.app.store.reading() as connection:
        found = delivery_numbered(connection, number)
    assert found is not None
    return found


def papers_of(one: Delivery) -> list[int]:
    assert one.selection is not None
    return [pick.paper_id for pick in one.selection.picks]


def test_the_link_asks_and_its_one_button_acts(place: Place, path: str) -> None:
    text = place.client.get(path + MORE).text
    assert f"<h1>More like “{DIFFUSION.title}”?</h1>" in text
    assert text.count("<button") == 1
    assert said(place) == []
    text = place.client.post(path + MORE).text
    noted = f"<strong>Noted:</strong> more like “{DIFFUSION.title}”. It counts from the next edition."
    assert noted in text
    [word] = said(place)
    assert (word.paper_id, word.want, word.interest) == (1, Want.MORE, "diffusion models")


def test_a_papers_number_is_its_place_in_the_message(place: Place, path: str) -> None:
    for at, paper in enumerate(papers_of(delivery(place)), start=1):
        place.client.post(f"{path}?paper={at}&want=less")
        assert (said(place)[0].paper_id, said(place)[0].want) == (paper, Want.LESS)
    assert f"Less like “{ROBOTS.title}”?" in place.client.get(f"{path}?paper=2&want=less").text


def test_what_was_said_can_be_undone_and_said_again(place: Place, path: str) -> None:
    place.client.post(path + MORE)
    assert "<strong>Undone:</strong>" in place.client.post(path + MORE, data={"do": "undo"}).text
    assert said(place) == []
    place.client.post(path + MORE)
    place.client.post(f"{path}?paper=1&want=less")
    assert [one.want for one in said(place)] == [Want.LESS]


def test_a_button_pressed_twice_says_it_once(place: Place, path: str) -> None:
    first = place.client.post(path + MORE)
    before = place.rows()
    assert place.client.post(path + MORE).text == first.text
    assert place.rows() == before
    with place.app.store.reading() as connection:
        assert [event.kind for event in events_of(connection, 1)] == ["wants more"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(place: Place, path: str, method: str) -> None:
    before = place.rows()
    for query in (MORE, f"{MORE}&do=undo"):
        assert place.client.request(method, path + query, headers={"User-Agent": "scanner"}).status_code == 200
    assert place.rows() == before


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?paper=1",
        "?want=more",
        "?paper=0&want=more",
        "?paper=4&want=more",
        "?paper=-1&want=more",
        "?paper=1.0&want=more",
        "?paper=٣&want=more",
        "?paper=%00&want=more",
        f"?paper={'9' * 5000}&want=more",
        "?paper=1&want=most",
        "?paper=1&want=MORE",
    ],
)
def test_a_paper_that_is_not_in_the_message_and_a_wish_that_there_is_not_are_refused(
    place: Place, path: str, query: str
) -> None:
    unknown = place.client.get("/nothing").text
    before = place.rows()
    for method in ("GET", "POST"):
        answer = place.client.request(method, path + query)
        assert (answer.status_code, answer.text) == (404, unknown)
    assert place.rows() == before


def test_a_link_cannot_speak_for_another_reader_or_of_another_message(place: Place, path: str) -> None:
    reader_joins(place.app, "bob@example.org", replace(choices("speech"), only_matches=True))
    place.publish()
    with place.app.store.reading() as connection:
        numbers = {one.subscription_id: one.id for one in deliveries_queued(connection, now=NOON)}
    assert len(papers_of(delivery(place, numbers[2]))) == 1
    theirs = f"/feedback/{place.feedback_token(numbers[2])}"
    # Papers of Ada's message that are not in Bob's have no place in his link.
    assert place.client.post(f"{theirs}?paper=2&want=less").status_code == 404
    token = path.removeprefix("/feedback/")
    forged = f"{numbers[2]}{token[token.index('-') :]}"
    assert place.client.post(f"/feedback/{forged}{MORE}").status_code == 404
    place.client.post(f"{theirs}{MORE}")
    assert said(place) == []
    assert [one.paper_id for one in said(place, 2)] == papers_of(delivery(place, numbers[2]))


def test_a_token_for_something_else_says_nothing(place: Place, path: str) -> None:
    for purpose in set(Purpose) - {Purpose.FEEDBACK}:
        token = place.app.keys.sign(purpose, 1)
        assert place.client.get(f"/feedback/{token}{MORE}").status_code == 404
        assert place.client.post(f"/feedback/{token}{MORE}").status_code == 404
    own = path.removeprefix("/feedback/")
    before = place.rows()
    for other in ("preferences", "unsubscribe"):
        assert place.client.post(f"/{other}/{own}", data={"do": "pause"}).status_code == 404
    assert place.rows() == before


def test_a_link_says_nothing_for_whoever_has_left(place: Place, path: str) -> None:
    unsubscribe(place.app.store, 1, now=NOON)
    before = place.rows()
    for answer in (place.client.get(path + MORE), place.client.post(path + MORE)):
        assert answer.status_code == 404
        assert "<h1>This subscription has ended</h1>" in answer.text
    assert place.rows() == before


def test_the_link_of_an_erased_reader_names_nobody(place: Place, path: str) -> None:
    with place.app.store.writing() as connection:
        connection.exec_driver_sql("DELETE FROM subscribers")
    answer = place.client.post(path + MORE)
    assert answer.status_code == 404
    assert "This address is unsubscribed" in answer.text


def test_a_message_that_holds_no_papers_has_no_places(place: Place) -> None:
    place.client.post("/", data=place.form() | {"address": "ada@example.org"})
    assert place.client.post(f"/feedback/{place.feedback_token(1)}{MORE}").status_code == 404


def test_a_paper_that_was_joined_with_another_is_judged_under_its_present_number(place: Place) -> None:
    article = replace(ROBOTS, aliases=("doi:10.1/few",), title="Sampling in Few Steps", authors=("Ann Larch",))
    papers_come_in(place.app.store, [article, DIFFUSION])
    reader_joins(place.app, "ada@example.org", choices("diffusion models"))
    path = f"/feedback/{place.feedback_token(place.publish())}"
    at = papers_of(delivery(place)).index(2) + 1
    papers_come_in(place.app.store, [replace(article, aliases=("doi:10.1/few", *DIFFUSION.aliases))])
    assert place.client.post(f"{path}?paper={at}&want=more").status_code == 200
    assert [one.paper_id for one in said(place)] == [1]


def test_the_links_of_a_message_lead_to_their_pages(open_place: Callable[..., Place], tmp_path: Path) -> None:
    (tmp_path / "own" / "edition").mkdir(parents=True)
    links = "".join(f"{{{{ links.{name} }}}}\n" for name in ("preferences", "pause"))
    shown = {"card": "{{ entry.more_url }}", "other": "", "trending": ""}
    pieces = "".join(f"{{# piece {name} #}}\n{told}\n{{# /piece #}}\n" for name, told in shown.items())
    (tmp_path / "own" / "edition" / "body.txt").write_text(
        f"{links}{{% for piece in pieces.lead %}}\n{pieces}{{% endfor %}}\n"
    )
    place = open_place(with_outbox=True, templates={"folder": "own"})
    papers_come_in(place.app.store, PAPERS)
    reader_joins(place.app, "ada@example.org", choices("diffusion models"))
    place.publish()
    place.deliver()
    [name] = [link for link in read_page(place.client.get("/outbox/").text).links() if re.match("/outbox/.", link)]
    preferences, pause, feedback, *_ = place.client.get(f"{name}/text").text.split()
    assert "<h1>Your preferences</h1>" in place.client.get(preferences).text
    assert pause == f"{preferences}#pause"
    assert "<h1>More like “" in place.client.get(feedback).text
    assert {place.url} == {
        link.partition("/preferences")[0].partition("/feedback")[0] for link in (preferences, feedback)
    }


@pytest.mark.parametrize("days", [200, 500])
def test_the_link_of_an_edition_that_is_kept_no_longer_says_so_and_likes_stay(
    place: Place, path: str, days: int
) -> None:
    place.client.post(path + MORE)
    place.deliver()
    tidy(place.app.store, keeping=place.app.keeping, now=NOON + timedelta(days=days))
    for answer in (place.client.get(path + MORE), place.client.post(path + MORE)):
        assert answer.status_code == 410
        assert "Editions are kept for a time only" in answer.text
    assert [word.paper_id for word in said(place)] == [1]
