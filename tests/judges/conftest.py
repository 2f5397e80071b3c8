"""What the judges look at: a message of every kind."""

from collections.abc import Iterator

import pytest
from browsers import browser as browser
from desk import Desk, desk_in
from messages import KINDS, Message, messages_at


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk_in(tmp_path_factory.mktemp("desk")) as opened:
        yield opened


@pytest.fixture(scope="session")
def messages(desk: Desk) -> dict[str, Message]:
    return messages_at(desk)


@pytest.fixture(params=KINDS)
def message(request: pytest.FixtureRequest, messages: dict[str, Message]) -> Message:
    """One message of every kind after the other."""
    return messages[request.param]
