"""Limits that are counted in memory."""

import pytest
from personas import NOON

from digest.errors import BusyError
from digest.limits import MOST_LOOKS, MOST_NETWORKS, Looks


def test_of_more_networks_than_are_counted_at_a_time_the_count_begins_anew() -> None:
    looks = Looks("Come again in an hour.")
    for _ in range(MOST_LOOKS):
        looks.take("192.0.2.0/24", now=NOON)
    for number in range(MOST_NETWORKS - 2):
        looks.take(f"2001:db8::{number:x}/64", now=NOON)
    with pytest.raises(BusyError, match="again in an hour"):
        looks.take("192.0.2.0/24", now=NOON)
    looks.take("2001:db8::/48", now=NOON)
    looks.take("192.0.2.0/24", now=NOON)
