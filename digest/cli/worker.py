"""A worker: what the daemon publishes and delivers, on another machine or core, whenever the engine calls."""

import signal
from collections.abc import Callable
from datetime import datetime
from functools import partial

from digest import log
from digest.apart import apart
from digest.app import App
from digest.cli.context import say
from digest.cli.sending import say_paused
from digest.queue.worker import Task, Worker
from digest.scheduler import Ticker
from digest.store.explained import trouble
from digest.store.jobs import Work


def run_worker(app: App, *, clock: Callable[[], datetime], concurrency: int) -> None:
    """Work until SIGTERM or SIGINT; then end the block in hand, and return."""
    log.to_output()
    app.press.library.check()
    ticker = Ticker(app, clock=clock, doing=apart)
    ticker.help()
    tasks: dict[str, Task] = {
        Work.PUBLISH: Task(do=partial(ticker.tick, ticker.publish)),
        Work.DELIVER: Task(do=partial(ticker.tick, ticker.deliver), concurrency=concurrency),
    }
    worker = Worker(app.store.conninfo, tasks, complain=partial(_complain, app.store.where))

    def stop(number: int, _frame: object) -> None:
        """The first signal stops gently; the same again ends the process at once."""
        ticker.end()
        worker.stop()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    say_paused(app)
    say("Waiting for work. Stop with Ctrl-C.")
    try:
        worker.run()
    finally:
        app.store.close()
    say("Stopped.")


def _complain(where: str, told: str) -> None:
    known = trouble(told, where=where)
    log.warning(
        "the queue is away", error=str(known or f"The queue in {where} cannot be used: {told}. It is tried again.")
    )
