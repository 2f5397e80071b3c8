"""A month of 200 readers, by the code of `./run bench year`: nobody is left out, nobody gets anything twice."""

import random
from datetime import timedelta
from pathlib import Path

import pytest
from oracle import Oracle
from simulation import Simulation
from world import World, troubles

DAYS = 31
ZONES = ("Europe/Paris", "America/Nuuk", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Kiritimati", "Etc/GMT+12")
HOURS = (2, 23)
HOUR = timedelta(hours=1)


@pytest.mark.slow
def test_a_month_of_troubles_leaves_nobody_without_an_edition_or_a_reason(tmp_path: Path) -> None:
    chance = random.Random(7)
    world = World(chance=chance, spans=troubles(chance, DAYS), papers_a_day=3, zones=ZONES, hours=HOURS)
    simulation = Simulation(tmp_path, world, readers=200, days=DAYS, every=timedelta(minutes=90))
    simulation.run()
    oracle = Oracle(world, simulation.app.store, ends=simulation.ends, enough=3 * HOUR)
    assert oracle.faults() == []
    simulation.app.store.close()
    assert {"sent", "merged before they were made", "skipped past its deadline"} <= oracle.counted.keys()
    assert {"joined", "killed", "pause", "leave", "zone", "hour", "cadence", "day", "topics"} <= world.happened.keys()
