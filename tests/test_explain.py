"""Why somebody gets a paper, or does not: what is said is what an edition would do."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from dialects import app_on_sqlite
from personas import NOON, TODAY, choices, papers_come_in, reader_joins
from themes import fresh_papers_come_in, library_comes_in, themed, words

from digest.address import parse_address
from digest.app import App
from digest.choose import similar_papers
from digest.errors import InputError
from digest.explain import Explanation, explain
from digest.feedback import say
from digest.model import Choices, Interest, InterestKind, Listing, Paper, Signals, Want, Weights
from digest.publish import publish
from digest.store.deliveries import deliveries_of
from digest.store.papers import EXAMPLES, paper_named
from digest.store.subscribers import subscription_numbered
from digest.subscribe import unsubscribe

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
ADDRESS = "reader@example.org"
TOPIC = " ".join(words(3)[:2])
MATCH = themed(3, 50, title=TOPIC, upvotes=1)


def paper(app: App, listing: Listing) -> Paper:
    with app.store.reading() as connection:
        found = paper_named(connection, listing.aliases[0], now=NOON)
    assert found is not None
    return found


def why(app: App, listing: Listing, *, days: float = 0) -> Explanation:
    at = NOON + days * DAY
    return explain(app.store, app.press, parse_address(ADDRESS), paper(app, listing), weights=Weights(), now=at)


def publish_at(app: App, *, days: int = 0) -> set[int]:
    """The papers of that day's edition."""
    publish(app.store, app.press, newsletter="papers", weights=Weights(), now=NOON + days * DAY)
    with app.store.reading() as connection:
        selection = deliveries_of(connection, 1)[0].selection
    assert selection is not None
    return {pick.paper_id for pick in selection.picks}


FRESH = [MATCH, *(themed(theme, 50, upvotes=5 * theme) for theme in range(4, 12))]


@pytest.fixture
def stocked(app: App) -> App:
    library_comes_in(app.store)
    fresh_papers_come_in(app.store, FRESH)
    return app


@app_on_sqlite
def test_what_is_said_of_every_paper_is_what_the_edition_does(stocked: App) -> None:
    reader_joins(stocked, ADDRESS, replace(choices(TOPIC), max_papers=5))
    told = {paper(stocked, one).id: why(stocked, one) for one in FRESH}
    chosen = {number for number, one in told.items() if one.standing.is_chosen}
    assert chosen == publish_at(stocked)
    assert len(chosen) == 4
    assert sorted(one.standing.place or 0 for one in told.values()) == list(range(1, len(FRESH) + 1))
    assert all(bool(one.barriers) != one.standing.is_chosen for one in told.values())


@app_on_sqlite
def test_a_match_is_told_with_score_floor_and_terms(stocked: App) -> None:
    reader_joins(stocked, ADDRESS, choices(TOPIC))
    told = why(stocked, MATCH)
    [match] = told.standing.matches
    assert match.score is not None
    assert match.fits
    assert match.floor is None  # among so few papers
    assert match.terms[0][0] == TOPIC
    lines = list(told.lines())
    assert lines[1] == "It is in the edition that would go out now."
    assert lines[2] == f"It stands 1st of {len(FRESH)} papers; an edition takes 10."
    assert lines[3] == f"  It fits “{TOPIC}”. Score {match.score:.2f}, floor none yet for want of papers."
    assert json.loads(json.dumps(told.as_json()))["interests"][0]["value"] == TOPIC


@app_on_sqlite
def test_a_paper_that_was_sent_is_told_with_its_edition(stocked: App) -> None:
    reader_joins(stocked, ADDRESS, choices(TOPIC))
    publish_at(stocked)
    [sentence, *_] = why(stocked, MATCH, days=0.1).barriers
    assert sentence == f"It went into the edition of 19 June 2026: matches {TOPIC}."
    assert why(stocked, MATCH, days=0.1).standing.place is None


@app_on_sqlite
def test_a_paper_that_an_edition_left_out_does_not_come_back(stocked: App) -> None:
    reader_joins(stocked, ADDRESS, replace(choices(), max_papers=1))
    publish_at(stocked)
    [sentence] = why(stocked, MATCH, days=0.1).barriers
    assert "before the last edition" in sentence


def muting(*mutes: str) -> Choices:
    muted = tuple(Interest(kind=InterestKind.MUTE, value=word) for word in mutes)
    return replace(choices(TOPIC), interests=(*choices(TOPIC).interests, *muted))


@app_on_sqlite
def test_a_muted_paper_is_told_by_which_mute(stocked: App) -> None:
    reader_joins(stocked, ADDRESS, muting(words(9)[0], words(3)[0]))
    assert why(stocked, MATCH).barriers == (f"It is muted by “{words(3)[0]}”.",)


@app_on_sqlite
def test_a_paper_outside_the_window_is_scored_all_the_same(stocked: App) -> None:
    reader_joins(stocked, ADDRESS, choices(TOPIC))
    told = why(stocked, themed(3, 1))
    [sentence] = told.barriers
    assert sentence == (
        "It was listed at 21 March 2026, 00:00 UTC, and an edition reaches back to 12 June 2026, 12:00 UTC."
    )
    assert told.standing.matches[0].terms
    assert (told.standing.place, told.standing.is_chosen) == (None, False)


@app_on_sqlite
def test_what_is_withdrawn_or_was_named_or_judged_is_told(stocked: App) -> None:
    gone = themed(4, 60)
    papers_come_in(stocked.store, [replace(gone, withdrawn=True)])
    papers_come_in(stocked.store, [themed(5, 60)], source=EXAMPLES)
    alias = Interest(kind=InterestKind.EXAMPLE, value=FRESH[1].aliases[0])
    number = reader_joins(stocked, ADDRESS, replace(choices(), interests=(alias,)))
    with stocked.store.writing() as connection:
        theirs = subscription_numbered(connection, number)
        assert theirs is not None
        say(connection, theirs, paper(stocked, MATCH).id, Want.MORE, now=NOON)
    assert why(stocked, gone).barriers == ("Its authors have withdrawn it; that was seen at 19 June 2026, 12:00 UTC.",)
    assert why(stocked, themed(5, 60)).barriers == ("No source has listed it: it is known as an example only.",)
    assert why(stocked, FRESH[1]).barriers == ("It was named as an example, so it is known already.",)
    assert "more like it was asked for" in why(stocked, MATCH).barriers[0]


@app_on_sqlite
def test_a_paper_that_came_later_is_told_so(stocked: App) -> None:
    reader_joins(stocked, ADDRESS, choices(TOPIC))
    assert "which is later" in why(stocked, MATCH, days=-0.5).barriers[0]


def test_a_paper_of_another_source_is_told_so(install: Callable[..., App]) -> None:
    app = install(newsletter=[{"slug": "papers", "sources": ["huggingface"]}])
    library_comes_in(app.store)
    fresh_papers_come_in(app.store, FRESH)
    reader_joins(app, ADDRESS, choices(TOPIC))
    assert why(app, MATCH).barriers == ("It comes from test, and the newsletter takes papers from huggingface only.",)


@app_on_sqlite
def test_a_dislike_lowers_the_score_of_what_is_like_it(stocked: App) -> None:
    number = reader_joins(stocked, ADDRESS, choices(TOPIC))
    before = why(stocked, MATCH).standing.matches[0].score
    with stocked.store.writing() as connection:
        theirs = subscription_numbered(connection, number)
        assert theirs is not None
        say(connection, theirs, paper(stocked, themed(3, 2)).id, Want.LESS, now=NOON)
    after = why(stocked, MATCH).standing.matches[0].score
    assert before is not None
    assert after is not None
    assert after < before


@app_on_sqlite
def test_who_has_left_is_told_nothing(stocked: App) -> None:
    number = reader_joins(stocked, ADDRESS, choices(TOPIC))
    unsubscribe(stocked.store, number, now=NOON)
    with pytest.raises(InputError, match="no active subscription"):
        why(stocked, MATCH)


@app_on_sqlite
def test_similar_papers_are_five_that_may_be_shown(stocked: App) -> None:
    papers_come_in(stocked.store, [themed(3, 70)], source=EXAMPLES)
    withdrawn = themed(3, 3, listed_on=TODAY - 90 * DAY)
    papers_come_in(stocked.store, [replace(withdrawn, withdrawn=True, version=2)])
    fresh_papers_come_in(stocked.store, [])
    with stocked.store.reading() as connection:
        found = similar_papers(connection, paper(stocked, MATCH), now=NOON)
    titles = {one.title for one, _ in found}
    assert len(titles) == 5
    subject = {themed(3, n).title for n in range(10)} - {withdrawn.title}
    assert titles <= subject


@app_on_sqlite
def test_a_paper_that_comes_because_it_has_risen_since_is_told_to_come(stocked: App) -> None:
    left_out = replace(themed(3, 51, title=TOPIC), signals=Signals(upvotes=2))
    better = [themed(3, 52, title=TOPIC, upvotes=30), themed(3, 53, title=TOPIC, upvotes=20)]
    fresh_papers_come_in(stocked.store, [left_out, *better])
    reader_joins(stocked, ADDRESS, replace(choices(TOPIC), max_papers=2))
    assert paper(stocked, left_out).id not in publish_at(stocked)
    papers_come_in(stocked.store, [replace(left_out, signals=Signals(upvotes=500))], now=NOON + DAY / 2)
    told = why(stocked, left_out, days=1)
    assert paper(stocked, left_out).id in publish_at(stocked, days=1)
    assert (told.standing.is_chosen, told.barriers) == (True, ())
