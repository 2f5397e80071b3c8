"""The daemon: the scheduler beside the web server, until it is told to stop."""

import signal
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from digest import log
from digest.apart import apart
from digest.app import App
from digest.cli.context import say
from digest.cli.sending import say_outbox, say_paused
from digest.scheduler import Ticker
from digest.web import create_site
from digest.web.server import build_server


def run_daemon(app: App, *, clock: Callable[[], datetime], outbox: Path | None = None) -> None:
    """Serve and tick until SIGTERM or SIGINT; then end the block in hand, and return."""
    log.to_output()
    app.press.library.check()
    listen = app.config.web.listen
    server = build_server(create_site(app, clock=clock, outbox=outbox), listen)
    ticker = Ticker(app, clock=clock, doing=apart)

    def stop(number: int, _frame: object) -> None:
        """The first signal stops gently; the same again ends the process at once."""
        server.should_exit = True
        signal.signal(number, signal.SIG_DFL)

    # The server takes the signals while it runs, and raises them again when it has ended: by then they have done their
    # work, and must not end the process before the ticks have. One that comes before it runs must not be lost.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    say_outbox(app)
    say_paused(app)
    ticker.start()
    say(f"The site is at {app.config.web.base_url} (listening on {listen}). Stop with Ctrl-C.")
    try:
        server.run()
    finally:
        ticker.stop()
        app.store.close()
    say("Stopped.")
