"""Preferences: everything that was chosen, to be chosen anew, by whoever holds the link and nobody else."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import httpx
import pytest
from furnished import Furnish
from personas import NOON, PAPERS, TODAY, papers_come_in, reader_joins
from reading import read_page
from sites import Place

from digest.model import (
    Cadence,
    Choices,
    DeliveryKind,
    Interest,
    InterestKind,
    Subscription,
    SubscriptionState,
    Want,
    Weekday,
    Weights,
)
from digest.store.feedback import feedback_of, set_feedback
from digest.store.subscribers import subscription_numbered
from digest.subscribe import unsubscribe
from digest.tokens import Purpose

pytestmark = pytest.mark.slow

XSS = "\"'><script>alert(1)</script>{{ 1234567 * 7654321 }}"
FOLLOWED = {
    InterestKind.TOPIC: ["agents", "few-step sampling", "images, moving", 'the "lottery" hypothesis'],
    InterestKind.CATEGORY: ["cs.CV", "math.CO"],
    InterestKind.AUTHOR: ["Ann Larch", "Alder, Ben"],
    InterestKind.MUTE: ["survey"],
    InterestKind.EXAMPLE: ["arxiv:2606.00001", "arxiv:2406.12345"],
}
EVERYTHING = Choices(
    cadence=Cadence.WEEKLY,
    hour=18,
    timezone="Asia/Kolkata",
    max_papers=7,
    interests=tuple(Interest(kind=kind, value=value) for kind, values in FOLLOWED.items() for value in values),
    weights=Weights(relevance=2, trend=0.25, novelty=1, half_life_days=9),
    only_matches=True,
    month_day=15,
)


@pytest.fixture
def path(place: Place, furnish: Furnish) -> str:
    """The link of a reader who chose everything that can be chosen."""

    def fill() -> None:
        papers_come_in(place.app.store, PAPERS)
        reader_joins(place.app, "ada@example.org", EVERYTHING)

    furnish(fill, place.app.store)
    return f"/preferences/{place.preferences_token()}"


def subscription(place: Place) -> Subscription:
    with place.app.store.reading() as connection:
        found = subscription_numbered(connection, 1)
    assert found is not None
    return found


def form(text: str) -> dict[str, list[str]]:
    """What a browser would send if the form were saved as it stands."""
    fields: dict[str, list[str]] = {"do": ["save"]}
    forms, chosen = 0, ""
    for tag, held in read_page(text).elements:
        forms += tag == "form"
        chosen = held.get("name") or chosen
        is_on = "checked" in held or held.get("type") in {"text", "number", "hidden"} or "selected" in held
        if forms == 1 and tag in {"input", "option"} and is_on and "value" in held:
            fields.setdefault(chosen, []).append(held["value"] or "")
    [papers] = re.findall("<option selected>([0-9]+)</option>", text)
    return fields | {"papers": [papers]}


def save(place: Place, path: str, **changed: str | list[str]) -> httpx.Response:
    fields = form(place.client.get(path).text)
    return place.client.post(path, data=fields | changed)


def values(place: Place, kind: InterestKind) -> list[str]:
    return [one.value for one in subscription(place).choices.interests if one.kind is kind]


def learn(place: Place, paper: int, *, minutes: int = 0) -> None:
    with place.app.store.writing() as connection:
        said_at = NOON + timedelta(minutes=minutes)
        set_feedback(connection, 1, paper_id=paper, want=Want.MORE, interest="", now=said_at)


def learned(place: Place) -> set[int]:
    with place.app.store.reading() as connection:
        return {one.paper_id for one in feedback_of(connection, [1]).get(1, [])}


def test_the_page_says_who_and_when_and_shows_everything_that_was_chosen(place: Place, path: str) -> None:
    text = place.client.get(path).text
    assert "ada@example.org, Mondays at 18:00. Next edition: on Monday at 18:00 (Asia/Kolkata)." in text
    fields = form(text)
    assert fields["topic"] == ["agents"]
    assert fields["more"] == ['few-step sampling, "images, moving", "the ""lottery"" hypothesis"']
    assert fields["category"] == ["cs.CV", "math.CO"]
    assert (fields["authors"], fields["mutes"]) == (['Ann Larch, "Alder, Ben"'], ["survey"])
    assert fields["kept"] == FOLLOWED[InterestKind.EXAMPLE]
    assert PAPERS[0].title in text
    assert (fields["cadence"], fields["hour"], fields["timezone"]) == (["weekly"], ["18"], ["Asia/Kolkata"])
    assert [fields[name] for name in ("relevance", "trend", "novelty")] == [["2"], ["0.25"], ["1"]]
    assert fields["only_matches"] == ["yes"]
    assert fields["language"] == ["en"]


def test_saving_the_form_as_it_stands_changes_nothing(place: Place, path: str) -> None:
    learn(place, 2)
    before = place.rows()
    answer = save(place, path)
    assert answer.status_code == 200
    assert "<strong>Saved.</strong> The next edition uses these settings." in answer.text
    assert place.rows() == before


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"cadence": "weekly", "weekday": "tuesday"}, "Tuesdays at 18:00. Next edition: on Tuesday at 18:00"),
        ({"cadence": "monthly", "month_day": "1"}, "on the first of each month at 18:00. Next edition: on 1 July"),
        ({"cadence": "monthly", "month_day": "30"}, "on the 30th of each month at 18:00. Next edition: on 30 June"),
        ({"cadence": "monthly", "month_day": "31"}, "on the last day of each month at 18:00. Next edition: on 30 June"),
    ],
)
def test_the_day_of_a_week_or_a_month_is_chosen(place: Place, path: str, chosen: dict[str, str], said: str) -> None:
    assert said in save(place, path, **chosen).text
    kept = subscription(place).choices
    assert kept == replace(
        EVERYTHING,
        cadence=Cadence(chosen["cadence"]),
        weekday=Weekday(chosen.get("weekday", "monday")),
        month_day=int(chosen.get("month_day", "15")),
    )


def test_what_is_chosen_anew_is_kept_and_the_next_edition_comes_by_it(place: Place, path: str) -> None:
    answer = save(
        place,
        path,
        topic=["speech", "safety"],
        more="laundry",
        category=[],
        authors="Cleo Birch",
        mutes="",
        cadence="daily",
        hour="13",
        timezone="UTC",
        papers="3",
        trend="1,5",
        only_matches=[],
    )
    assert "daily at 13:00. Next edition: today at 13:00 (UTC)." in answer.text
    chosen = subscription(place).choices
    assert (chosen.cadence, chosen.hour, chosen.timezone, chosen.max_papers) == (Cadence.DAILY, 13, "UTC", 3)
    assert values(place, InterestKind.TOPIC) == ["speech", "safety", "laundry"]
    assert values(place, InterestKind.AUTHOR) == ["Cleo Birch"]
    assert values(place, InterestKind.CATEGORY) == values(place, InterestKind.MUTE) == []
    assert chosen.weights == replace(EVERYTHING.weights or Weights(), trend=1.5)
    assert not chosen.only_matches
    place.clock.now = NOON + timedelta(hours=1)
    place.publish()
    assert [one.kind for one in place.waiting()] == [DeliveryKind.NOTICE, DeliveryKind.EDITION]


def test_another_language_can_be_chosen(place: Place, path: str) -> None:
    assert '<option value="de" lang="de">Deutsch</option>' in place.client.get(path).text
    save(place, path, language="de")
    assert subscription(place).choices.language == "de"


def test_the_operators_weights_stay_the_operators(open_place: Callable[..., Place]) -> None:
    place = open_place(ranking={"trend": 0.7})
    reader_joins(place.app, "ada@example.org", replace(EVERYTHING, weights=None))
    path = f"/preferences/{place.preferences_token()}"
    assert form(place.client.get(path).text)["trend"] == ["0.7"]
    save(place, path, hour="9")
    assert subscription(place).choices.weights is None
    save(place, path, trend="0.8")
    assert subscription(place).choices.weights == Weights(trend=0.8)


def test_weights_that_nobody_types_stay_as_they_are(place: Place, path: str) -> None:
    own = Weights(relevance=1e-05, trend=0.123456789, novelty=5)
    reader_joins(place.app, "ada@example.org", replace(EVERYTHING, weights=own))
    fields = form(place.client.get(path).text)
    assert [fields[name] for name in ("relevance", "trend", "novelty")] == [["0.00001"], ["0.123456789"], ["5"]]
    assert save(place, path, hour="9").status_code == 200
    assert (subscription(place).choices.hour, subscription(place).choices.weights) == (9, own)


def test_a_language_that_is_offered_no_longer_gives_way_to_english(place: Place, path: str) -> None:
    reader_joins(place.app, "ada@example.org", replace(EVERYTHING, language="tlh"))
    assert form(place.client.get(path).text)["language"] == ["en"]
    assert save(place, path, hour="9", language=[]).status_code == 200
    assert (subscription(place).choices.hour, subscription(place).choices.language) == (9, "en")


def test_a_wrong_name_of_an_example_is_told_in_short(place: Place, path: str) -> None:
    text = save(place, path, examples="x" * 5000).text
    assert read_page(text).text.count("x" * 50) == 2
    assert "x" * 61 not in read_page(text).text


def test_examples_are_added_by_any_name_and_forgotten_by_a_tick(place: Place, path: str) -> None:
    named = "https://huggingface.co/papers/2606.00002, 10.1145/3295222, arxiv.org/abs/2606.00003v2"
    save(place, path, kept=["arxiv:2606.00001", "arxiv:9999.99999"], examples=named)
    added = ["arxiv:2606.00002", "doi:10.1145/3295222", "arxiv:2606.00003"]
    assert values(place, InterestKind.EXAMPLE) == ["arxiv:2606.00001", *added]
    text = place.client.get(path).text
    assert PAPERS[1].title in text
    assert "10.1145/3295222" in text


@pytest.mark.parametrize(
    ("field", "value", "where"),
    [
        ("more", "x" * 201, "more"),
        ("more", ",".join(f"topic {number}" for number in range(99)), "more"),
        ("category", "cs.XX", "more"),
        ("authors", "bell \x07", "authors"),
        ("mutes", "x" * 201, "mutes"),
        ("examples", "nonsense", "examples"),
        ("hour", "24", "when"),
        ("weekday", "someday", "when"),
        ("month_day", "0", "when"),
        ("cadence", "hourly", "when"),
        ("timezone", "../../etc/passwd", "when"),
        ("papers", "0", "when"),
        ("language", "tlh", "when"),
        ("trend", "6", "weights"),
        ("novelty", "nan", "weights"),
        ("relevance", "", "weights"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands_and_all_else_is_kept(
    place: Place, path: str, field: str, value: str, where: str
) -> None:
    before = place.rows()
    answer = save(place, path, topic=["speech"], **({"hour": "9"} | {field: value}))
    assert answer.status_code == 422
    assert f'<a href="#{where}">' in answer.text
    assert f'id="{where}-fault"' in answer.text
    assert f'id="{where}"' in answer.text
    assert '<input type="checkbox" name="topic" value="speech" checked>' in answer.text
    if field != "hour":
        assert '<option value="9" selected>' in answer.text
    assert place.rows() == before


@pytest.mark.parametrize("field", ["more", "authors", "mutes", "examples", "relevance", "timezone", "until", "kept"])
def test_nothing_that_is_typed_becomes_markup(place: Place, path: str, field: str) -> None:
    action = "pause" if field == "until" else "save"
    answer = save(place, path, **({"hour": "99", "do": action} | {field: XSS}))
    assert answer.status_code == 422
    assert not read_page(answer.text).all("script")
    assert "9449772114007" not in answer.text


def test_only_what_was_unticked_is_forgotten(place: Place, path: str) -> None:
    for paper in (1, 2):
        learn(place, paper)
    fields = form(place.client.get(path).text)
    assert sorted(fields["learned"]) == ["1", "2"]
    # Said while the page was open: it is not on it.
    learn(place, 3)
    place.client.post(path, data=fields | {"learned": ["2"]})
    assert learned(place) == {2, 3}


def test_the_twelve_latest_are_shown(open_place: Callable[..., Place]) -> None:
    place = open_place()
    many = [replace(PAPERS[0], title=f"Paper {n}", aliases=(f"arxiv:2606.1{n:04}",)) for n in range(14)]
    papers_come_in(place.app.store, many)
    reader_joins(place.app, "ada@example.org", EVERYTHING)
    for n in range(14):
        learn(place, n + 1, minutes=n)
    fields = form(place.client.get(f"/preferences/{place.preferences_token()}").text)
    assert fields["learned"] == [str(n) for n in range(14, 2, -1)]
    # One that another has pushed off the page since is forgotten all the same, and those that were not on it are kept.
    papers_come_in(place.app.store, [replace(PAPERS[0], title="New", aliases=("arxiv:2606.20000",))])
    learn(place, 15, minutes=15)
    place.client.post(f"/preferences/{place.preferences_token()}", data=fields | {"learned": fields["learned"][:-1]})
    assert learned(place) == {*range(1, 16)} - {3}


def test_a_reader_takes_a_break_and_ends_it(place: Place, path: str) -> None:
    assert 'id="pause"' in place.client.get(path).text
    answer = place.client.post(path, data={"do": "pause", "until": "2026-07-01"})
    assert "<strong>Paused until 1 July 2026.</strong>" in answer.text
    assert "Next edition: on 6 July at 18:00 (Asia/Kolkata)." in answer.text
    assert subscription(place).paused_until == date(2026, 7, 1)
    answer = place.client.post(path, data={"do": "resume"})
    assert "<strong>Resumed.</strong>" in answer.text
    assert "Next edition: on Monday at 18:00 (Asia/Kolkata)." in answer.text
    assert subscription(place).paused_until is None
    assert subscription(place).choices == EVERYTHING
    # Where there is no break, there is nothing to say.
    assert "Resumed." not in place.client.post(path, data={"do": "resume"}).text


@pytest.mark.parametrize(
    ("until", "shown"),
    [
        *((day, day) for day in ("2026-06-19", "2026-06-18", "2027-07-01", "9999-12-31")),
        *((typed, "") for typed in ("", "tomorrow", "2026-02-30")),
    ],
)
def test_a_break_that_cannot_be_is_refused_beside_its_date(place: Place, path: str, until: str, shown: str) -> None:
    answer = place.client.post(path, data={"do": "pause", "until": until})
    assert answer.status_code == 422
    assert 'id="until-fault"' in answer.text
    assert f' value="{shown}" aria-' in answer.text
    assert subscription(place).paused_until is None


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_changes_nothing(place: Place, path: str, method: str) -> None:
    before = place.rows()
    for query in ("", "?do=save", "?do=pause&until=2026-07-01"):
        assert place.client.request(method, path + query, headers={"User-Agent": "scanner"}).status_code == 200
    assert place.rows() == before


@pytest.mark.parametrize(
    "sent", [{}, {"do": "save"}, {"List-Unsubscribe": "One-Click"}, {"do": "erase"}, {"do": "unsubscribe"}]
)
def test_what_the_page_would_not_send_changes_nothing(place: Place, path: str, sent: dict[str, str]) -> None:
    before = place.rows()
    assert place.client.post(path, data=sent).status_code == 400
    assert place.rows() == before


def test_the_way_out_is_a_page_that_asks(place: Place, path: str) -> None:
    [way] = [link for link in read_page(place.client.get(path).text).links() if link.startswith("/unsubscribe/")]
    assert "<h1>Unsubscribe ada@example.org?</h1>" in place.client.get(way).text
    assert subscription(place).state is SubscriptionState.ACTIVE


def test_a_preferences_token_is_good_for_nothing_else_and_no_other_for_preferences(place: Place, path: str) -> None:
    before = place.rows()
    token = path.removeprefix("/preferences/")
    for other in ("confirm", "unsubscribe", "view"):
        assert place.client.post(f"/{other}/{token}").status_code in {404, 405}
    assert place.client.post(f"/feedback/{token}?paper=1&want=more").status_code == 404
    for purpose in set(Purpose) - {Purpose.PREFERENCES}:
        forged = f"/preferences/{place.app.keys.sign(purpose, 1)}"
        assert place.client.get(forged).status_code == 404
        assert place.client.post(forged, data={"do": "pause", "until": "2026-07-01"}).status_code == 404
    assert place.rows() == before


def test_a_forged_link_is_refused_with_the_same_page(place: Place, path: str) -> None:
    token = path.removeprefix("/preferences/")
    unknown = place.client.get("/nothing").text
    for forged in (token[:-1], f"{token}a", f"2{token[1:]}", "x", "1", "1-", "%00"):
        for answer in (place.client.get(f"/preferences/{forged}"), place.client.post(f"/preferences/{forged}")):
            assert (answer.status_code, answer.text) == (404, unknown)


def test_whoever_has_left_is_told_so_and_is_not_brought_back(place: Place, path: str) -> None:
    unsubscribe(place.app.store, 1, now=NOON)
    before = place.rows()
    for answer in (
        place.client.get(path),
        place.client.post(path, data={"do": "save"}),
        place.client.post(path, data={"do": "resume"}),
    ):
        assert answer.status_code == 404
        assert "<h1>This subscription has ended</h1>" in answer.text
        assert "ada@example.org is unsubscribed" in answer.text
    assert place.rows() == before


def test_whoever_was_erased_is_not_named(place: Place) -> None:
    path = f"/preferences/{place.preferences_token(99)}"
    for answer in (place.client.get(path), place.client.post(path, data={"do": "pause", "until": str(TODAY)})):
        assert answer.status_code == 404
        assert "This address is unsubscribed" in answer.text


def test_of_several_newsletters_the_page_names_its_own(open_place: Callable[..., Place]) -> None:
    place = open_place(newsletter=[{"slug": "papers", "title": "All & Sundry"}, {"slug": "robots"}])
    reader_joins(place.app, "ada@example.org", EVERYTHING)
    text = place.client.get(f"/preferences/{place.preferences_token()}").text
    assert "ada@example.org, All &amp; Sundry, Mondays at 18:00." in text
