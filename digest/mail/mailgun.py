"""Mailgun, by raw MIME (POST /v3/DOMAIN/messages.mime), one recipient a call."""

import json
from collections.abc import Callable, Iterator

from digest.errors import DeliveryError
from digest.http import Client, HttpFailure, Response
from digest.mail.mailer import IN_VAIN_MOST, Messages, in_their_time, never
from digest.model import Answer, Outcome, Outgoing

_MEANINGS = {
    200: "mail.mailgun.url is not Mailgun's",
    401: "mail.mailgun.api_key is not the key",
    403: "the key may not send for mail.mailgun.domain",
    404: "mail.mailgun.domain is not known there",
}


class Mailgun:
    """Hands each message over as it is; Mailgun's own tracking is switched off."""

    name = "mailgun"
    repeatable = False
    signs = True

    def __init__(self, client: Client, *, domain: str, api_key: str, url: str) -> None:
        self._client = client
        self._address = f"{url}/v3/{domain}/messages.mime"
        self._api_key = api_key

    def send(self, messages: Messages, *, should_stop: Callable[[], bool] = never) -> Iterator[Answer]:
        """Send the messages, one call each. Raises DeliveryError where the first cannot be made, or three in a row."""
        # One that was never reached is set up wrong, or away for longer than a moment.
        in_vain = IN_VAIN_MOST - 1
        for message in in_their_time(messages, should_stop):
            try:
                answer = self._hand_over(message)
                in_vain = 0
            except HttpFailure as error:
                in_vain += 1
                if in_vain >= IN_VAIN_MOST:
                    raise DeliveryError(f"Mailgun: {error}") from error
                answer = Answer(delivery_id=message.delivery_id, outcome=Outcome.DEFERRED, code="not reached")
            yield answer

    def _hand_over(self, message: Outgoing) -> Answer:
        """Mailgun's word on the message. Raises HttpFailure where it cannot have been handed over."""
        try:
            response = self._client.post(
                self._address,
                data={"to": message.recipient, "o:tracking": "no", "v:delivery": str(message.delivery_id)},
                files={"message": ("message.eml", message.content, "message/rfc822")},
                auth=("api", self._api_key),
            )
        except HttpFailure as error:
            if not error.sent:
                raise
            return Answer(delivery_id=message.delivery_id, outcome=Outcome.UNKNOWN, code="no answer")
        return Answer(
            delivery_id=message.delivery_id,
            outcome=_outcome(response),
            code=f"HTTP {response.status}",
            detail=_taken_as(response) or _MEANINGS.get(response.status, ""),
            retry_after=self._client.retry_after(response),
        )


def _outcome(response: Response) -> Outcome:
    if response.status == 200:
        # A wrong path is answered with 200 and a greeting, which takes nothing.
        return Outcome.ACCEPTED if _taken_as(response) is not None else Outcome.SENDER_REFUSED
    if 300 <= response.status < 400 or response.status in {401, 403, 404}:
        return Outcome.SENDER_REFUSED
    if response.status in {502, 504}:  # a gateway gave up waiting: what is behind it may have taken the message
        return Outcome.UNKNOWN
    if response.status == 429 or response.status >= 500:
        return Outcome.DEFERRED
    return Outcome.MESSAGE_REFUSED


def _taken_as(response: Response) -> str | None:
    """The number under which Mailgun took the message."""
    try:
        told = json.loads(response.text)
    except (ValueError, RecursionError):
        return None
    number = told.get("id") if isinstance(told, dict) else None
    return number if isinstance(number, str) and number else None
