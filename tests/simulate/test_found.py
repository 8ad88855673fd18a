"""What simulations have found in the engine, each as small as it gets."""

from __future__ import annotations

import errno
import hashlib
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.bring_back import beside_of
from engine.config import Config
from engine.files import make_folder
from engine.journal import segment
from engine.journal.errors import JournalError
from engine.journal.writer import JournalWriter
from engine.sessions.schedule import Timeline
from engine.simulate import running
from engine.simulate.claims import BOTH
from engine.simulate.house import DATA
from engine.simulate.journal_truth import JournalTruth
from engine.simulate.planted import PAIR
from engine.simulate.running import Wanted
from engine.simulate.schedule import PAIR_KINDS, Fault, schedule
from engine.simulate.simulation import Simulation
from engine.simulate.standbys.pair import Pair
from engine.simulate.world.disk import Folder
from engine.simulate.world.system import Effect
from engine.simulate.world.timeline import MS, SECOND
from engine.standby.mirror import Mirror
from engine.standby.start import begin, drop_empty_end, leave_mark, own_id, remove_mark
from engine.world.files import exists
from tests.engine.journal.batches import MARKET
from tests.engine.standby.test_parts import all_chunks, journal
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


# ------------------------------------------------------------ a primary and its standby


def pair_of(seed: int, *faults: Fault, **settings: Any) -> Pair:
    """A run of these faults alone; settings: of [standby]."""
    pair = Pair(seed, faults)
    for seat in pair.seats:
        standby = msgspec.structs.replace(seat.config.standby, **settings)
        seat.config = msgspec.structs.replace(seat.config, standby=standby)
    pair.is_sync = pair.claims.is_sync = standby.is_sync
    pair.operators.promotes = standby.promote == "operator"
    return pair


def test_what_a_standby_could_not_sync_is_not_taken_for_synced_at_its_next_start(tmp_path: Path) -> None:
    """After a failed sync the pages can be read, and are not on the disk: they were confirmed to the primary."""
    last_seq = journal(tmp_path / "journal")
    chunks = all_chunks(tmp_path / "journal", last_seq, 500)
    world = World()
    folder, first = Path("/market/journal"), world.process()
    syncs = [Effect(error=errno.EIO, loses_pages=True)]
    made: list[Mirror] = []

    def write() -> None:
        made.append(Mirror(folder, 0))
        for chunk in chunks[:12]:
            made[0].write(chunk)

    world.call(first, write)
    world.timeline.run(lambda: made[0].pending_bytes == 0)
    first.doors["system"].meddle = lambda call: syncs.pop() if syncs and call.name == "fdatasync" else None
    world.call(first, lambda: made[0].write(chunks[12]))
    world.timeline.run(lambda: not syncs)
    world.timeline.run(lambda: world.timeline.now_ns > SECOND)
    with pytest.raises(JournalError):
        world.call(first, made[0].collect)
    world.office.end(first)
    again: list[Mirror] = []
    world.call(world.process("b"), lambda: again.append(Mirror(folder, chunks[12].last_seq)))
    assert again[0].durable_seq == chunks[12].last_seq
    truth = JournalTruth(world.machine.disk, "market", "journal")
    truth.refresh()
    assert truth.on_disk_seq == chunks[12].last_seq


def test_a_standby_is_the_heir_when_it_has_what_was_told_without_it() -> None:
    """A primary that had gone on alone took the first confirmation, of whatever it was, for that of everything."""
    slow = Fault(0, "slow disk", 40 * MS, {"on": "standby", "factor": 900.0, "ms": 700})
    pair = pair_of(10, slow, mode="sync", when_gone="async", gone_after_ms=40)
    assert pair.run().violations == []
    assert pair.claims.checked[BOTH] > 10


def test_an_end_without_a_command_does_not_keep_a_primary_of_before_from_following(tmp_path: Path) -> None:
    """A segment was begun, and its first commit failed: the new primary has none that begins there."""
    last_seq = journal(tmp_path / "journal", 30)
    newest = segment.segments(tmp_path / "journal")[-1]
    writer = JournalWriter(
        tmp_path / "journal", next_seq=last_seq + 1, durability="fsync", market_id=MARKET, segment_bytes=4096
    )
    writer.close()
    descriptor = segment.prepare(tmp_path / "journal", 4096)
    with newest.path.open("rb") as file:
        link = segment.Link(newest.first_seq, 0, hashlib.sha256(file.read(0)).digest())
    made = segment.christen(tmp_path / "journal", descriptor, last_seq + 1, MARKET, True, link)
    assert made in segment.segments(tmp_path / "journal")
    drop_empty_end(tmp_path / "journal", last_seq + 1)
    assert segment.segments(tmp_path / "journal")[-1] == newest
    drop_empty_end(tmp_path / "journal", last_seq + 1)
    assert segment.segments(tmp_path / "journal")[-1] == newest


def test_a_client_goes_on_where_the_new_primary_differs() -> None:
    """What the dead primary had told and the standby did not have got other events under the same numbers: a client
    that logged in after that took them for those that it had seen."""
    cut_off = Fault(0, "machine cut off", 500 * MS, {"on": "primary", "from": "other", "ms": 400})
    crash = Fault(1, "crash", 800 * MS, {"on": "primary", "how": "power", "away_ms": 900})
    forgotten = 0
    for seed in (1, 2, 3):
        pair = pair_of(seed, cut_off, crash, mode="async", promote="supervised", promote_after_ms=100, lease_ms=200)
        outcome = pair.run()
        assert outcome.violations == []
        assert outcome.figures["lost"] > 0
        forgotten += sum(len(trader.forgotten) for trader in pair.traders)
    assert forgotten > 0


def test_a_standby_is_compared_soon_after_it_came_also_where_nothing_happens() -> None:
    """Its primary compared states only when there was another command since the last time."""
    kinds = ("standby computes wrongly", "standby's connection lost")  # it ends itself after the last command
    outcome = running.run(2, Wanted(kinds=kinds, of=PAIR))
    assert outcome.violations == []
    assert outcome.faults["standby computes wrongly"] == 1
    assert outcome.lives == 3
    assert outcome.figures["compared"] >= outcome.figures["acked_seq"]


def test_a_standby_that_begins_anew_is_another_one(tmp_path: Path) -> None:
    """A power cut brought the mark of an unfinished beginning back: the standby removed what it had confirmed, and was
    still the one that may take the lease."""
    config, told = Config(), list[str]()
    folder = tmp_path / "standby"
    folder.mkdir()
    ids = [own_id(tmp_path)]
    journal(tmp_path / "journal")
    leave_mark(tmp_path)
    begin(tmp_path, lambda: beside_of(config, Timeline([]), told.append), told.append)
    assert not segment.segments(tmp_path / "journal")
    ids.append(own_id(tmp_path))
    begin(tmp_path, lambda: beside_of(config, Timeline([]), told.append), told.append)  # its journal is gone
    ids.append(own_id(tmp_path))
    assert len({one.partition("-")[0] for one in ids}) == 3

    world = World()
    process = world.process()
    world.call(process, lambda: make_folder(Path("/market/standby")))
    world.call(process, lambda: leave_mark(Path("/market")))
    world.call(process, lambda: remove_mark(Path("/market")))
    world.office.cut_power(world.machine, Least())
    assert not world.call(world.process("b"), lambda: exists(Path("/market/standby/unfinished")))


def test_a_standby_that_was_taken_for_gone_follows_again() -> None:
    """Its first connection had not ended: it took the refusal of what it said then for final."""
    pair = pair_of(1, Fault(0, "process stalls", 300 * MS, {"on": "standby", "ms": 3_300}), mode="async")
    assert pair.run().violations == []
    assert pair.seats[1].lives == 1


def test_what_a_lost_connection_has_said_last_is_looked_at() -> None:
    """It connects anew by itself, and is refused there: an error that nobody looked at."""
    early = [fault for fault in schedule(5299, of=PAIR_KINDS) if fault.at_ns < 100 * MS]
    assert [fault.kind for fault in early] == ["connection lost", "promotion"]
    assert Pair(5299, early).run().violations == []


def test_what_a_transaction_has_done_is_no_content_before_it_ends() -> None:
    """Of the simulation itself: a projector was killed within a transaction, and what that had done was compared."""
    assert running.run(30052, Wanted()).violations == []
