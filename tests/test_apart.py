"""Work in a process of its own: what it tells, how it stops, and that its end is nobody else's."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import works
from logged import lines_logged
from personas import NOON, choices, papers_come_in, reader_joins
from places import ROOT
from sqlalchemy import update

from digest.apart import HOWEVER_LONG, STOPS_WITHIN, apart
from digest.app import App
from digest.errors import ProcessError
from digest.model import DeliveryState
from digest.scheduler import Ticker
from digest.store.deliveries import count_by_state
from digest.store.pauses import pause_sending, resume_sending
from digest.store.tables import deliveries
from digest.ticks import deliver_all, publish_all

pytestmark = pytest.mark.slow

SECRET = "a-key-that-nobody-sees"


def doing(app: App, work: Any, *, should_stop: Callable[[], bool] = lambda: False) -> Iterator[Any]:
    return apart(app, work, now=NOON, should_stop=should_stop)


def test_it_has_the_installation_and_the_moment_and_its_command_line_tells_nothing(
    install: Callable[..., App],
) -> None:
    app = install(summary={"url": "http://127.0.0.1:9", "model": "small", "api_key": SECRET})
    [(config, now, command)] = doing(app, works.telling)
    assert (config, now) == (app.config, NOON)
    assert SECRET not in command
    assert str(app.config.folder) not in command


def test_what_is_told_to_stop_stops_by_itself(install: Callable[..., App]) -> None:
    is_over = Event()
    told = doing(install(), works.waiting, should_stop=is_over.is_set)
    assert next(told) == "begun"
    is_over.set()
    assert list(told) == ["stopped"]


def test_what_it_logs_stands_in_the_service_s_log(
    install: Callable[..., App], capfd: pytest.CaptureFixture[str]
) -> None:
    assert list(doing(install(), works.logging)) == ["done"]
    assert capfd.readouterr().out.endswith(f" level='warning' event='begun' at='{NOON.isoformat()}'\n")


@pytest.mark.parametrize("is_stopping", [True, False])
def test_what_a_service_manager_ends_before_it_can_hear_has_failed_only_where_nobody_stops(
    install: Callable[..., App], is_stopping: bool
) -> None:
    told = doing(install(), works.deaf, should_stop=lambda: is_stopping)
    with nullcontext() if is_stopping else pytest.raises(ProcessError, match="was ended by SIGTERM"):
        assert list(told) == ["begun"]


def test_what_does_not_stop_in_time_is_ended(install: Callable[..., App]) -> None:
    is_over = Event()
    told = apart(install(), works.stubborn, now=NOON, should_stop=is_over.is_set, stops_within=0.2)
    assert next(told) == "begun"
    is_over.set()
    with pytest.raises(ProcessError, match=r"had not stopped .* and was ended"):
        next(told)


PARENT = """
import sys
from pathlib import Path
import works
from digest.apart import HOWEVER_LONG, STOPS_WITHIN, apart
from digest.installation import open_app
from digest.config import load_config
from personas import NOON

for told in apart(open_app(load_config(Path("config.toml"))), works.waiting, now=NOON, should_stop=lambda: False):
    print(told, flush=True)
"""


def test_it_ends_soon_after_a_parent_that_was_killed(install: Callable[..., App], tmp_path: Path) -> None:
    install()
    (tmp_path / "config.toml").write_text("")
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], cwd=tmp_path, env=environment, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"begun\n"
        parent.kill()
        # The pipe ends when the last process that holds it has ended.
        assert parent.communicate(timeout=60)[0] == b""
    assert parent.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (works.failing, r"^The store is not there\. Bring it back\.$"),
        (works.faulty, r"^ValueError in faulty, .*works\.py:\d+$"),
        (works.ending, r"^The process of this tick ended with 3\. .* the next tick tries again\.$"),
    ],
)
def test_how_it_failed_is_said_after_what_it_told(install: Callable[..., App], work: Any, said: str) -> None:
    told = doing(install(), work)
    assert next(told) == "begun"
    with pytest.raises(ProcessError, match=said):
        next(told)


def test_a_tick_whose_process_is_killed_says_so_and_the_next_one_does_its_work(install: Callable[..., App]) -> None:
    app = install(sources={"huggingface": {"enabled": False}})
    papers_come_in(app.store)
    for name in ("ada", "bob"):
        reader_joins(app, f"{name}@example.org", choices("diffusion"))
    todo: list[Any] = [works.killed]
    ticker = Ticker(
        app, clock=lambda: NOON, doing=lambda app, work, **how: apart(app, todo.pop() if todo else work, **how)
    )
    ticker._collected.set()
    with lines_logged() as logged:
        ticker.tick(ticker.publish)
    [line] = logged
    assert line["level"] == "error"
    assert line["error"].startswith("The process of this tick was ended by SIGKILL, by somebody or for want of memory")
    with lines_logged() as logged:
        ticker.tick(ticker.publish)
    assert [(line["event"], line["queued"]) for line in logged] == [("published", 2)]
    with app.store.reading() as connection:
        assert count_by_state(connection) == {DeliveryState.QUEUED: 2}


@pytest.mark.parametrize(
    ("stops_within", "said"),
    [(STOPS_WITHIN, "Nothing was half-written; the next tick goes on."), (HOWEVER_LONG, "may be unknown")],
)
def test_of_what_cannot_be_done_anew_it_is_not_said_that_a_kill_left_nothing(
    install: Callable[..., App], stops_within: float, said: str
) -> None:
    told = apart(install(), works.struck, now=NOON, should_stop=lambda: False, stops_within=stops_within)
    assert next(told) == "begun"
    with pytest.raises(ProcessError, match=said):
        next(told)


def test_where_nobody_is_due_no_process_is_started(install: Callable[..., App]) -> None:
    def refusing(*_: Any, **__: Any) -> Iterator[Any]:
        raise AssertionError("nobody is due")

    ticker = Ticker(install(), clock=lambda: NOON, doing=refusing)
    ticker._collected.set()
    with lines_logged() as logged:
        ticker.tick(ticker.publish)
    assert logged == []


def test_many_messages_leave_from_a_process_of_their_own_and_few_from_this_one(
    install: Callable[..., App], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, started = install(sources={"huggingface": {"enabled": False}}), list[Any]()
    papers_come_in(app.store)
    for name in ("ada", "bob", "cyd"):
        reader_joins(app, f"{name}@example.org", choices("diffusion"))

    def noting(app: App, work: Any, **how: Any) -> Iterator[Any]:
        started.append(work)
        return apart(app, work, **how)

    ticker = Ticker(app, clock=lambda: NOON, doing=noting)
    ticker._collected.set()
    ticker.tick(ticker.publish)
    queued = update(deliveries).values(state=DeliveryState.QUEUED, send_after_at=NOON)
    for many, processes in ((4, [publish_all]), (3, [publish_all, deliver_all])):
        monkeypatch.setattr("digest.scheduler.MANY", many)
        with app.store.writing() as connection:
            connection.execute(queued)
        with lines_logged() as logged:
            ticker.tick(ticker.deliver)
        assert [(line["event"], line["sent"]) for line in logged] == [("delivered", 3)]
        assert started == processes
    # A process would find nothing that may leave.
    with app.store.writing() as connection:
        connection.execute(queued)
        pause_sending(connection, "papers", why="by hand", now=NOON)
    ticker.tick(ticker.deliver)
    assert started == processes
    # However many are queued after the look, no more than that leave from here.
    with app.store.writing() as connection:
        resume_sending(connection, "papers")
    monkeypatch.setattr("digest.scheduler.MANY", 2)
    [delivered] = ticker._deliver_here()
    assert delivered.counts["sent"] == 2
