"""What one personal message costs: joined from its edition's printing, and built by the standard library.

    ./run bench joining [--messages N]

An edition of 500 papers is published to readers with three topics each out of 20,000; then each message is made
from its delivery as it is before it is signed. Beside it `EmailMessage` encodes the same text and HTML. The
aims: 80 us a message, and 40 times the speed of EmailMessage.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

from configured import NOON, configure
from filled import fill

from digest.app import App
from digest.compose import Composer
from digest.config import load_config
from digest.installation import open_app
from digest.publish import publish
from digest.store.deliveries import Delivery, deliveries_queued

BUILT = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=5_000)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), readers=wanted.messages)
        app = open_app(load_config(configure(Path(folder)), environment={}))
        waiting = queued(app)
        with app.store.reading() as connection:
            composer = Composer(app.press)
            cold = each(lambda one: composer.outgoing(connection, one), waiting)
            warm = each(lambda one: composer.outgoing(connection, one), waiting)
            bodies = [composer.body(connection, one) for one in waiting[:BUILT]]
        texts = [(body.subject, body.text, body.html) for body in bodies]
        built = each(lambda one: built_by_the_standard_library(*one), texts)
        app.store.close()
    print(f"{'joined, for the first time':<32} {cold:8.0f} us")
    print(f"{'joined again':<32} {warm:8.0f} us")
    print(f"{'EmailMessage':<32} {built:8.0f} us {built / warm:8.1f} times")


def queued(app: App) -> list[Delivery]:
    publish(app.store, app.press, newsletter="papers", weights=app.weights, now=NOON)
    with app.store.reading() as connection:
        return deliveries_queued(connection, now=NOON)


def each(work: Callable[[Any], object], over: Sequence[Any]) -> float:
    """Microseconds of processor time for each."""
    started = time.process_time()
    for one in over:
        work(one)
    return (time.process_time() - started) / len(over) * 1e6


def built_by_the_standard_library(subject: str, text: str, html: str) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = "Offprint <digest@example.org>"
    message["To"] = "reader@example.org"
    message["Subject"] = subject
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message.as_bytes()


if __name__ == "__main__":
    main()
