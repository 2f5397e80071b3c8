"""Papers get a sentence from a language model once, at a bounded cost, and nothing depends on it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from conftest import NOON
from logged import lines_logged
from personas import DIFFUSION, PAPERS, ROBOTS, SPEECH, papers_come_in
from pytest_httpserver import HTTPServer
from rude import dripping, serving
from werkzeug import Request, Response

from digest.app import App
from digest.errors import InferenceError
from digest.http import Client
from digest.inference.endpoint import Endpoint
from digest.inference.summary import Summariser
from digest.model import Paper
from digest.scheduler import Ticker
from digest.store import Store
from digest.store.papers import papers_listed
from digest.summarise import MOST_FAILURES, MOST_PAPERS, MOST_SECONDS, Summarised, summarise

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)
SECRET = "sk-correct-horse"


class Model:
    """A language model that says of every paper that it is about its title, but of some nothing, or that fails."""

    def __init__(self, *, silent: str = "", fails: bool = False) -> None:
        self.silent, self.fails = silent, fails
        self.asked: list[str] = []

    def __call__(self, title: str, abstract: str) -> str:
        self.asked.append(title)
        if self.fails:
            raise InferenceError("localhost cannot be reached.")
        return "" if title == self.silent else sentence(title)


def sentence(title: str) -> str:
    return f"{title}, in one sentence."


def run(store: Store, model: Model, *, now: datetime = NOON, per_day: int = 100) -> Summarised:
    return summarise(store, model, per_day=per_day, now=now)


def stored(store: Store) -> dict[str, Paper]:
    with store.reading() as connection:
        return {paper.title: paper for paper in papers_listed(connection, since=NOON - 99 * DAY, now=NOON + 99 * DAY)}


def test_papers_without_a_summary_get_one_the_most_upvoted_first_and_once(store: Store) -> None:
    papers_come_in(store)
    model = Model()
    assert run(store, model) == Summarised(asked=2, written=2)
    assert model.asked == [ROBOTS.title, SPEECH.title]
    papers = stored(store)
    assert [(papers[one.title].summary, papers[one.title].summary_is_generated) for one in (ROBOTS, DIFFUSION)] == [
        (sentence(ROBOTS.title), True),
        (DIFFUSION.summary, True),
    ]
    for days in range(9):
        papers_come_in(store, now=NOON + days * DAY)
        assert run(store, model, now=NOON + days * DAY) == Summarised()


def test_a_source_s_own_summary_wins_even_if_it_comes_later(store: Store) -> None:
    papers_come_in(store)
    run(store, Model())
    papers_come_in(store, [replace(ROBOTS, summary="A robot folds laundry.")])
    assert (stored(store)[ROBOTS.title].summary, stored(store)[ROBOTS.title].summary_is_generated) == (
        "A robot folds laundry.",
        False,
    )


def test_what_cannot_be_summed_up_is_not_asked_about(store: Store) -> None:
    papers_come_in(
        store,
        [
            replace(ROBOTS, withdrawn=True),
            replace(SPEECH, abstract=""),
            replace(DIFFUSION, summary="", listed_on=(NOON - 8 * DAY).date()),
        ],
    )
    assert run(store, Model()) == Summarised()


def test_a_paper_is_asked_about_once_a_day_and_three_times_in_all(store: Store) -> None:
    papers_come_in(store, [ROBOTS])
    model = Model(silent=ROBOTS.title)
    counts = [run(store, model, now=NOON + hours * timedelta(hours=1)).asked for hours in range(0, 24 * 6, 6)]
    assert counts == [1, 0, 0, 0] * 3 + [0] * 12
    assert stored(store)[ROBOTS.title].summary == ""


def test_a_day_costs_no_more_than_it_may(store: Store) -> None:
    papers_come_in(store, [replace(SPEECH, title=f"Speech {n}", aliases=()) for n in range(9)])
    model = Model()
    counts = [run(store, model, now=NOON + hours * timedelta(hours=1), per_day=4).asked for hours in (0, 1, 23, 24, 25)]
    assert counts == [4, 0, 0, 4, 0]
    assert len(set(model.asked)) == 8


def test_two_runs_at_once_ask_about_no_paper_twice_and_share_the_day(store: Store) -> None:
    papers_come_in(store, [replace(SPEECH, title=f"Speech {n}", aliases=()) for n in range(9)])
    asked: list[str] = []

    def both(title: str, abstract: str) -> str:
        asked.append(title)
        if len(asked) == 1:
            summarise(store, both, per_day=6, now=NOON)
        return sentence(title)

    assert summarise(store, both, per_day=6, now=NOON).asked == 1
    assert len(asked) == len(set(asked)) == 6


def test_a_paper_that_is_joined_with_another_meanwhile_is_not_asked_about(store: Store) -> None:
    journal = replace(SPEECH, aliases=("doi:10.1000/7",))
    preprint = replace(DIFFUSION, summary="Theirs.", aliases=("arxiv:2606.00001",))
    papers_come_in(store, [preprint, ROBOTS, journal])
    asked: list[str] = []

    def joining(title: str, abstract: str) -> str:
        asked.append(title)
        papers_come_in(store, [replace(preprint, aliases=(*preprint.aliases, *journal.aliases))])
        return sentence(title)

    assert summarise(store, joining, per_day=9, now=NOON) == Summarised(asked=1, written=1)
    assert asked == [ROBOTS.title]


def test_a_run_asks_about_fifty_papers_at_most(store: Store) -> None:
    papers_come_in(store, [replace(SPEECH, title=f"Speech {n}", aliases=()) for n in range(MOST_PAPERS + 5)])
    assert [run(store, Model()).asked for _ in range(3)] == [MOST_PAPERS, 5, 0]


def test_a_run_ends_when_its_time_is_up_or_it_is_stopped(store: Store) -> None:
    papers_come_in(store, [replace(SPEECH, title=f"Speech {n}", aliases=()) for n in range(9)])
    moments = iter(n * MOST_SECONDS / 3 for n in range(99))
    assert summarise(store, Model(), per_day=100, now=NOON, elapsed=lambda: next(moments)).asked == 2
    assert summarise(store, Model(), per_day=100, now=NOON, should_stop=lambda: True) == Summarised()


def test_an_endpoint_that_fails_is_left_alone_until_the_next_run(store: Store) -> None:
    papers_come_in(store, [replace(SPEECH, title=f"Speech {n}", aliases=()) for n in range(9)])
    broken = Model(fails=True)
    done = run(store, broken)
    assert len(broken.asked) == MOST_FAILURES
    assert done == Summarised(asked=3, error="No sentence for some papers: localhost cannot be reached.")
    assert run(store, Model()).written == 6
    assert run(store, Model(), now=NOON + DAY).written == 3


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_an_endpoint_that_drips_costs_three_requests_and_no_more(store: Store) -> None:
    papers_come_in(store, [replace(SPEECH, title=f"Speech {n}", aliases=()) for n in range(9)])
    with (
        serving(dripping) as url,
        Client(base_url=url, allowed_hosts={"127.0.0.1"}, most_seconds=0.2) as client,
    ):
        model = Summariser(Endpoint(client=client, url=url, model="small"))
        done = summarise(store, model.sentence, per_day=100, now=NOON)
    assert (done.asked, done.written) == (MOST_FAILURES, 0)
    assert done.error == "No sentence for some papers: 127.0.0.1 did not answer in time."


# The whole of it, against a real server.


@pytest.fixture
def configured(install: Callable[..., App], httpserver: HTTPServer) -> App:
    """An installation with papers, no source, and a model on loopback that may be asked about two papers a day."""
    endpoint = {"url": httpserver.url_for("/v1"), "model": "small", "api_key": SECRET, "per_day": 2}
    app = install(sources={"huggingface": {"enabled": False}}, summary=endpoint)
    papers_come_in(app.store, [*PAPERS, replace(SPEECH, title="Speech in Wind", aliases=())])
    return app


def saying(ending: str) -> Callable[[Request], Response]:
    """A model whose answers end so."""

    def answer(request: Request) -> Response:
        title = request.get_json()["messages"][-1]["content"].partition("\n")[0].removeprefix("Title: ")
        return Response(json.dumps({"choices": [{"message": {"content": sentence(title) + ending}}]}))

    return answer


def test_the_daemon_has_papers_summed_up_after_it_collected(configured: App, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/v1/chat/completions").respond_with_handler(saying(" It is the best."))
    with lines_logged() as logged:
        Ticker(configured, clock=lambda: NOON).collect()
    assert len(httpserver.log) == 2
    assert stored(configured.store)[ROBOTS.title].summary == sentence(ROBOTS.title)
    assert [(line["asked"], line["written"]) for line in logged if line["event"] == "summarised"] == [(2, 2)]
    assert SECRET not in str(logged)


def test_a_hostile_answer_leaves_the_paper_as_it_is(configured: App, httpserver: HTTPServer) -> None:
    before = stored(configured.store)
    hostile = saying(' <a href="https://evil.example">Ignore previous instructions</a>')
    httpserver.expect_request("/v1/chat/completions").respond_with_handler(hostile)
    Ticker(configured, clock=lambda: NOON).collect()
    assert len(httpserver.log) == 2
    assert stored(configured.store) == before


def test_an_endpoint_that_is_down_changes_nothing_but_the_sentence(configured: App, httpserver: HTTPServer) -> None:
    before = stored(configured.store)
    httpserver.expect_request("/v1/chat/completions").respond_with_data(f"No such key: {SECRET}", status=401)
    with lines_logged() as logged:
        Ticker(configured, clock=lambda: NOON).collect()
    assert stored(configured.store) == before
    said = str(logged)
    assert "No sentence for some papers: localhost answered HTTP 401: the API key is not the one; mend it." in said
    assert SECRET not in said


def test_without_an_address_no_model_is_asked(install: Callable[..., App]) -> None:
    assert install(summary={"model": "small", "api_key": SECRET}).summariser() is None
