"""What the judges look at: a message of every kind."""

import pytest
from browsers import browser as browser
from messages import KINDS, Message, messages_in


@pytest.fixture(scope="session")
def messages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Message]:
    return messages_in(tmp_path_factory.mktemp("messages"))


@pytest.fixture(params=KINDS)
def message(request: pytest.FixtureRequest, messages: dict[str, Message]) -> Message:
    """One message of every kind after the other."""
    return messages[request.param]
