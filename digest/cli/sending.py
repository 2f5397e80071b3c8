"""Sending one message while somebody watches."""

from datetime import datetime

import typer

from digest.app import App
from digest.cli.context import say
from digest.deliver import deliver_one
from digest.model import DeliveryState
from digest.store.deliveries import delivery_numbered


def send_now(app: App, delivery_id: int, *, now: datetime) -> None:
    """Send the delivery, and say what became of it; exit code 1 unless it was sent."""
    delivered = deliver_one(app.store, app.mailer(), app.press, delivery_id, terms=app.terms, clock=lambda: now)
    if delivered.error:
        typer.echo(f"digest: {delivered.error}", err=True)
        raise typer.Exit(1)
    with app.store.reading() as connection:
        delivery = delivery_numbered(connection, delivery_id)
    assert delivery is not None
    if delivery.state is DeliveryState.LEASED:
        say("Another process took it, and is sending it.")
        return
    detail = f" ({delivery.detail})" if delivery.detail else ""
    say(f"By {app.config.mail.provider}: {delivery.state}{detail}.")
    if delivered.counts["sent"] != 1:
        raise typer.Exit(1)
