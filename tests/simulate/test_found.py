"""What simulations have found in the engine, each as small as it gets."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from engine.files import make_folder
from engine.simulate.house import DATA
from engine.simulate.simulation import Simulation
from engine.simulate.world.disk import Folder
from engine.simulate.world.system import Effect
from tests.simulate.worlds import World


class Least(random.Random):
    """Has a power cut keep nothing but what was synced."""

    def choice(self, seq: Any) -> Any:
        return seq[0]


def live(simulation: Simulation) -> Any:
    simulation.timeline.run(lambda: simulation.house.is_live)
    engine = simulation.house.engine
    assert engine is not None
    return engine


def test_a_new_market_is_there_after_a_power_cut() -> None:
    """Its files were synced, and its folder's name was not: all of it was gone."""
    simulation = Simulation(1, [])
    simulation.house.start()
    engine = live(simulation)
    seq = engine.market.core.seq
    assert simulation.house.process is not None
    task = simulation.house.process.loop.create_task(engine.save())
    simulation.timeline.run(task.done)
    assert task.exception() is None
    simulation.office.cut_power(simulation.machine, Least())
    market = simulation.machine.disk.root.names["market"]
    assert isinstance(market, Folder)
    assert {"journal", "snapshots", "keys", "configuration.json"} <= set(market.names)
    simulation.house.gone()
    assert live(simulation).market.core.seq >= seq
    assert Path("/market") == DATA


def test_a_folder_that_was_made_and_not_synced_is_synced_by_the_next_start() -> None:
    world = World()
    first = world.process()
    ends = [Effect(crash_before=lambda: world.office.end(first))]
    first.doors["system"].meddle = lambda call: ends.pop() if ends and call.name == "fsync" else None
    with first.entered():
        make_folder(Path("/a/b"))
    assert first.is_dead
    world.call(world.process("b"), lambda: make_folder(Path("/a/b")))
    world.office.cut_power(world.machine, Least())
    above = world.machine.disk.root.names["a"]
    assert isinstance(above, Folder)
    assert "b" in above.names


@pytest.mark.parametrize("share", [0.5, 0.01, 0.0])
def test_a_short_read_is_not_the_end_of_the_journal(share: float) -> None:
    """A read may give less than is there: a part of a record was taken for a commit that a crash cut off, and all that
    came after it was overwritten."""
    simulation = Simulation(1, [])
    simulation.house.start()
    seq = live(simulation).market.core.seq
    simulation.house.kill()
    simulation.office.meddle = lambda call: Effect(share=share) if call.name == "pread" else None
    engine = live(simulation)
    assert engine.market.core.seq >= seq
    assert engine.recovered.torn is None
