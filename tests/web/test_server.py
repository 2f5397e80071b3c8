import logging

import pytest
from sites import Front, Place

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


def test_the_server_does_not_log_the_addresses_of_pages(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        place.client.get("/unsubscribe/1-token")
        place.client.post("/confirm/1-token")
    logged = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert not any("token" in line for line in logged)
