"""An endpoint that speaks OpenAI's dialect: a hosted one, or a model server on this machine."""

from dataclasses import dataclass, field
from typing import Any

from digest.errors import InferenceError
from digest.http import Client, HttpFailure

MOST_BYTES = 20_000_000
MOST_SECONDS = 20.0
_MEANINGS = {
    401: "the API key is not the one; mend it",
    403: "the API key may not use the model; mend either",
    404: "the address or the model is not known there; mend either",
    429: "it has had enough for now; nothing needs to be done",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where one model is asked. `url` ends before the slash that the paths begin with, often in /v1."""

    client: Client
    url: str
    model: str
    api_key: str = field(default="", repr=False)

    def ask(self, path: str, told: dict[str, Any]) -> Any:
        """What the model answers. Raises InferenceError where no answer came, or one that is not JSON."""
        try:
            return self.client.post_json(f"{self.url}/{path}", {"model": self.model, **told}, token=self.api_key)
        except HttpFailure as failure:
            meaning = _MEANINGS.get(failure.status or 0, "")
            raise InferenceError(f"{failure}{f': {meaning}' if meaning else ''}.", status=failure.status) from failure
