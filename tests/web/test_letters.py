from collections.abc import Callable
from datetime import timedelta

import pytest
from furnished import Furnish
from personas import PAPERS, choices, papers_come_in, reader_joins
from reading import read_page
from sites import Place

from digest.web.security import FRAMING, SANDBOX


@pytest.fixture
def demo(open_place: Callable[..., Place], furnish: Furnish) -> Place:
    """A confirm message and an edition in the outbox."""
    place = open_place(with_outbox=True)

    def fill() -> None:
        papers_come_in(place.app.store, PAPERS)
        reader_joins(place.app, "ada@example.org", choices("diffusion models"))
        place.client.post("/", data=place.form() | {"address": "bob@example.org"})
        place.deliver()
        place.publish()
        place.deliver()

    furnish(fill, place.app.store)
    return place


CONFIRM = "papers.confirm.1"
EDITION = "papers.edition.1.2026-06-19"


def test_the_outbox_lists_what_was_sent_newest_first(demo: Place) -> None:
    page = read_page(demo.client.get("/outbox/").text)
    assert page.text.find("To ada@example.org") < page.text.find("To bob@example.org")
    assert {f"/outbox/{EDITION}", f"/outbox/{CONFIRM}"} <= page.links()
    assert "19 June 2026, 12:00 UTC" in page.text


def test_the_outbox_says_by_which_clock_the_demo_goes(demo: Place) -> None:
    demo.clock.now += timedelta(minutes=4)
    said = read_page(demo.client.get("/outbox/").text).text
    assert "By the demo’s clock it is 19 June 2026, 12:04 UTC." in said


def test_a_message_is_shown_with_its_headers_in_a_frame_that_runs_nothing(demo: Place) -> None:
    answer = demo.client.get(f"/outbox/{EDITION}")
    page = read_page(answer.text)
    assert answer.headers["Content-Security-Policy"] == FRAMING
    assert "List-Unsubscribe-Post" in page.text
    (frame,) = page.all("iframe")
    assert (frame["src"], frame["sandbox"]) == (f"/outbox/{EDITION}/html", SANDBOX)


def test_the_framed_message_is_sandboxed_by_itself_too(demo: Place) -> None:
    answer = demo.client.get(f"/outbox/{CONFIRM}/html")
    policy = answer.headers["Content-Security-Policy"]
    assert f"sandbox {SANDBOX}" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert demo.confirm_token() in answer.text


def test_the_text_part_is_plain_text(demo: Place) -> None:
    answer = demo.client.get(f"/outbox/{CONFIRM}/text")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert demo.confirm_token() in answer.text


def test_a_message_that_a_mail_program_has_read_is_still_found(demo: Place) -> None:
    (demo.outbox / "new" / CONFIRM).rename(demo.outbox / "cur" / f"{CONFIRM}:2,S")
    assert demo.client.get(f"/outbox/{CONFIRM}").status_code == 200


def test_a_name_that_is_not_listed_leads_nowhere(demo: Place) -> None:
    assert (demo.outbox.parent / "var" / "keys").exists()
    strange = [
        "nothing",
        "%2e%2e",
        "..%2f..%2fvar%2fkeys",
        f"%2e%2e%2fnew%2f{CONFIRM}",
        "a%00b",
        "new",
        f"{CONFIRM}:2,S",
    ]
    for name in strange:
        for part in ("", "/html", "/text"):
            assert demo.client.get(f"/outbox/{name}{part}").status_code == 404


def test_what_another_installation_put_into_the_same_folder_is_not_shown(demo: Place) -> None:
    other = "research.edition.1.2026-06-19"
    (demo.outbox / "new" / other).write_bytes((demo.outbox / "new" / EDITION).read_bytes())
    assert f"/outbox/{other}" not in read_page(demo.client.get("/outbox/").text).links()
    assert demo.client.get(f"/outbox/{other}").status_code == 404


def test_an_empty_outbox_says_so(open_place: Callable[..., Place]) -> None:
    assert "No message yet." in open_place(with_outbox=True).client.get("/outbox/").text


def test_there_is_no_outbox_on_a_real_site(place: Place) -> None:
    assert place.client.get("/outbox/").status_code == 404
    assert "/outbox/" not in read_page(place.client.get("/").text).links()
