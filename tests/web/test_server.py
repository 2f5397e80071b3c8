import socket

import pytest
from sites import Front

from digest.errors import ConfigError
from digest.web.server import build_server


def test_a_taken_port_is_said_before_anything_starts(front: Front) -> None:
    listen = front.url.removeprefix("http://")
    with pytest.raises(ConfigError, match=rf"^web.listen {listen} is taken by another program\. Stop it, or set"):
        build_server(front, listen)


@pytest.mark.parametrize("listen", ["192.0.2.1:8000", "127.0.0.1:99999"])
def test_an_address_that_is_not_ours_is_said_before_anything_starts(front: Front, listen: str) -> None:
    with pytest.raises(ConfigError, match=f"^web.listen {listen} .* such as 127.0.0.1:8000.$"):
        build_server(front, listen)


def test_tokens_are_not_logged(front: Front) -> None:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    config = build_server(front, f"127.0.0.1:{port}").config
    assert not config.access_log
    assert not config.proxy_headers
