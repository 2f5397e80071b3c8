"""Sending one message while somebody watches, and saying what stands still."""

from datetime import datetime

import typer

from digest.app import App
from digest.cli.context import say
from digest.deliver import deliver_one
from digest.model import DeliveryState
from digest.store.deliveries import delivery_numbered, take_back
from digest.store.impasses import Impasse
from digest.store.pauses import Pause, PauseCause, pauses_now


def send_now(app: App, delivery_id: int, *, now: datetime) -> None:
    """Send the delivery, and say what became of it; exit code 1 unless it was sent."""
    delivered = deliver_one(app.store, app.mailer(), app.press, delivery_id, terms=app.terms, clock=lambda: now)
    if delivered.error:
        # Whoever tries again makes another: of five tries one message is wanted.
        with app.store.writing() as connection:
            take_back(connection, delivery_id, detail="could not be sent at once")
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
    say_outbox(app)


def impasse_told(impasse: Impasse) -> str:
    """Since when and why nothing can be handed over, and when that was last tried."""
    since, tried = (f"{at:%Y-%m-%d %H:%M} UTC" for at in (impasse.since_at, impasse.tried_at))
    return f"Nothing can be handed over by {impasse.provider} since {since}, last tried at {tried}: {impasse.why}"


def say_outbox(app: App) -> None:
    """Say where messages go, if that is on this machine."""
    if app.config.mail.provider == "outbox":
        outbox = app.config.folder / app.config.mail.outbox.path
        say(f"Messages go into the folder {outbox}: nothing leaves this machine.")


def say_paused(app: App) -> None:
    """Say what stands still, to whoever starts something that sends."""
    with app.store.reading() as connection:
        halted = pauses_now(connection)
    for pause in halted.values():
        say(pause_told(pause))


def pause_told(pause: Pause) -> str:
    """Since when and why it stands still, and what to do."""
    what, go_on = (pause.scope, f" --newsletter {pause.scope}") if pause.scope else ("all sending", "")
    since = f"Paused since {pause.since_at:%Y-%m-%d %H:%M} UTC: {what} ({pause.why})."
    if pause.cause is PauseCause.COPIED:
        return (
            f"{since} Name that store in store.url; `digest mail resume` sends from this one, and both send the same."
        )
    return f"{since} `digest mail resume{go_on}` goes on."
