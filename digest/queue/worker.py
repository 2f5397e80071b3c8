"""A worker of the distributed engine: it waits for jobs and does what they call for, until it is told to stop.

A database that goes away and comes back, and a worker that stood still so long that the others gave it up, are met
in the same way: the worker registers anew, and goes on.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ProcrastinateException

HEARTBEAT_SECONDS = 5.0
GONE_AFTER_SECONDS = 15.0
"""A worker that was not heard of for so long is dead: its jobs are others', within HEARTBEAT_SECONDS more."""

AGAIN_AFTER_SECONDS = 1.0
ANSWERED_WITHIN_SECONDS = 5.0
"""How long a database that is away is waited for at a time: whoever wants to stop waits no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What one queue calls for, and how many threads do it at a time."""

    do: Callable[[], None]
    concurrency: int = 1


class Worker:
    """Does the tasks, each when its queue calls."""

    def __init__(self, conninfo: str, tasks: Mapping[str, Task], *, complain: Callable[[str], None]) -> None:
        self._tasks, self._complain = tasks, complain
        most = 2 + len(tasks)
        pool = PsycopgConnector(conninfo=conninfo, min_size=1, max_size=most, timeout=ANSWERED_WITHIN_SECONDS)
        self._app = App(connector=pool)
        for name, task in tasks.items():
            self._app.task(name=name, queue=name)(task.do)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()

    def run(self) -> None:
        """Work until `stop` is called; what is in hand by then is ended first."""
        # What goes wrong is told by `complain`, in a sentence.
        logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
        logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
        asyncio.run(self._run())

    def stop(self) -> None:
        """Take no further job; may be called by a signal's handler."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(lambda _, told: self._failed(told.get("exception")))
        threads = sum(task.concurrency for task in self._tasks.values())
        self._loop.set_default_executor(ThreadPoolExecutor(threads + 1))
        await self._again(self._open)
        async with asyncio.TaskGroup() as group:
            for name, task in self._tasks.items():
                group.create_task(self._again(self._listen, name, task))
            group.create_task(self._again(self._rescue))
        await self._app.close_async()

    async def _again(self, do: Callable[..., Any], *arguments: object) -> None:
        """Do it until it is done or the worker is to stop, however often the database goes away meanwhile."""
        while True:
            try:
                await do(*arguments)
            except ProcrastinateException as error:
                self._failed(error)
            else:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), AGAIN_AFTER_SECONDS)
                return

    async def _open(self) -> None:
        await self._app.open_async()

    async def _listen(self, name: str, task: Task) -> None:
        """Do the jobs of one queue."""
        while not self._stopping.is_set():
            running = asyncio.create_task(
                self._app.run_worker_async(
                    queues=[name],
                    concurrency=task.concurrency,
                    delete_jobs="always",
                    install_signal_handlers=False,
                    update_heartbeat_interval=HEARTBEAT_SECONDS,
                    stalled_worker_timeout=GONE_AFTER_SECONDS,
                )
            )
            stopping = asyncio.create_task(self._stopping.wait())
            await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                # It ends what it is at.
                running.cancel()
            stopping.cancel()
            with suppress(asyncio.CancelledError):
                await running

    async def _rescue(self) -> None:
        """Call again for what dead workers were at."""
        while not self._stopping.is_set():
            for job in await self._app.job_manager.get_stalled_jobs(seconds_since_heartbeat=GONE_AFTER_SECONDS):
                await self._app.job_manager.retry_job(job, retry_at=datetime.now(UTC))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), HEARTBEAT_SECONDS)

    def _failed(self, error: BaseException | None) -> None:
        causes = [error]
        while causes[-1] is not None:
            causes.append(causes[-1].__cause__)
        self._complain(" ".join(str(causes[-2] if len(causes) > 1 else error).split()) or type(error).__name__)
