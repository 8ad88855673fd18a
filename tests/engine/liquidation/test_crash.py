"""Killed at any command, a liquidation goes on where it was: nothing twice, nothing forgotten."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from openbell import wire
from openbell.wire import AccountState, CommandKind, InstrumentState

from engine.journal.cut import cut
from engine.liquidation.liquidator import LIQUIDATION, Liquidator
from engine.liquidation.standing import Terms
from engine.recovery import recover
from ext.core import Core
from tests.engine.liquidation.floor import AAA, ALICE, BBB, BOB, BUY, CAROL, DAVE, SELL, Floor
from tests.engine.liquidation.made import cash

Open = Callable[..., Floor]


def a_day(floor: Floor) -> int:
    """Two accounts fall, one of them with orders in the way; what is due then is not done yet. The last seq."""
    floor.trade(CAROL, BOB, AAA, 150, 100)
    floor.trade(CAROL, BOB, BBB, 100, 50)
    floor.trade(DAVE, BOB, BBB, 390, 50)
    floor.send(CAROL, SELL, AAA, 140, 200)
    floor.send(DAVE, SELL, BBB, 10, 90)
    for instrument, at in ((AAA, 60), (BBB, 30)):  # 2,000.00 of 3,000.00, and 2,200.00 of 2,925.00
        floor.trade(ALICE, BOB, instrument, 1, at)
        floor.send(ALICE, BUY, instrument, 1_000, at)  # where the marks are: a start's TICK changes nothing
    seq = int(floor.market.core.seq)
    floor.tick()
    return seq


def outcome(floor: Floor) -> dict[str, Any]:
    """What must not depend on crashes."""
    rows = floor.market.accounts()
    return {
        "cash": dict(zip(rows["account"].tolist(), rows["cash"].tolist(), strict=True)),
        "lots": [floor.lots(account, instrument) for account in (CAROL, DAVE) for instrument in (AAA, BBB)],
        "states": [floor.state(account) for account in (CAROL, DAVE)],
        "restored": sorted(one for one in floor.story() if one[2].startswith("restored")),
        "begun": sorted(one for one in floor.story() if one[2].startswith("begins")),
        "known": len(floor.liquidator.cases),
    }


def hash_of(folder: Path) -> str:
    """Of a core that is made of the journal alone."""
    return recover(folder, history_commands=1 << 60).core.state_hash()


def copied(floor: Floor, to: Path, last_seq: int) -> Path:
    """The market as a crash after that command leaves it."""
    shutil.copytree(floor.folder, to)
    cut(to, last_seq)
    return to


def test_killed_after_each_command(open_floor: Open, tmp_path: Path) -> None:
    floor = open_floor()
    first = a_day(floor)
    begun_ns = floor.now_ns
    floor.run()
    wanted, last = outcome(floor), int(floor.market.core.seq)
    assert wanted["states"] == [AccountState.REDUCE_ONLY] * 2 and wanted["known"] == 0
    assert len(wanted["begun"]) == len(wanted["restored"]) == 2
    floor.journal.wait(last)
    assert last - first > 12
    for seq in range(first + 1, last + 1):
        folder = copied(floor, tmp_path / f"cut-{seq}", seq)
        other = Floor(folder, floor.terms)
        try:
            other.now_ns = max(other.now_ns, begun_ns)
            other.run()
            assert outcome(other) == wanted, f"killed after {seq}"
        finally:
            other.stop()
        assert hash_of(folder) == other.market.core.state_hash()
        shutil.rmtree(folder)


def test_killed_again_and_again(open_floor: Open) -> None:
    """A restart after each step, and a snapshot at every other one: what is known is what the journal tells."""
    quiet = open_floor()
    a_day(quiet)
    quiet.run()
    floor = open_floor()
    a_day(floor)
    for number in range(200):
        if not floor.step():
            break
        known = floor.liquidator.state()
        if number % 2:
            floor.save()
        floor.restart()
        assert floor.liquidator.state() == known
    else:
        raise AssertionError("no end")
    assert {**outcome(floor), "cash": None} == {**outcome(quiet), "cash": None}
    assert hash_of(floor.folder) == floor.market.core.state_hash()


def test_a_snapshot_of_another_version_is_told_of(open_floor: Open) -> None:
    floor = open_floor()
    a_day(floor)
    floor.step()
    floor.save(**{LIQUIDATION: [{**one, "account": "x"} for one in floor.liquidator.state()]})
    floor.restart()
    assert any(text.startswith("liquidations were kept by another version") for text in floor.told)
    floor.run()
    assert floor.state() == floor.state(DAVE) == AccountState.CLOSE_ONLY, "what it was before is not known any more"


def test_what_is_known_follows_from_the_journal_in_any_stretches(open_floor: Open) -> None:
    """Whether it is replayed command by command or all at once."""
    floor = open_floor(replace(Floor.terms, call_ns=10**12))
    a_day(floor)
    floor.liquidator.stop(DAVE, "ann", "by contract")
    floor.step()
    floor.admin(CommandKind.SET_INSTRUMENT_STATE, instrument=AAA, state=InstrumentState.HALTED)
    for _ in range(2):
        floor.step()
    known = floor.liquidator.state()
    assert len(known) == 2
    commands = floor.commands()
    for size in (1, 2, 7, len(commands)):
        liquidator, core = Liquidator(Terms(), print), Core()
        for begin in range(0, len(commands), size):
            data = b"".join(commands[begin : begin + size])
            core.apply(data, True)
            liquidator.see(data, core.take_events())
        assert liquidator.state() == known, f"{size} at a time"


@pytest.mark.parametrize("times", [1, 3])
def test_an_order_of_the_owner_is_not_taken_for_a_slice_that_never_was(open_floor: Open, times: int) -> None:
    """Killed between a slice's NOTE and the slice: its number is free, and the owner uses it."""
    floor = open_floor()
    a_day(floor)
    while not any(one[2].startswith("sell") for one in floor.story()):
        floor.step()
    note = next(one for one in floor.commands() if b"sell " in one[-96:])
    row = np.frombuffer(note, wire.ADMIN_COMMAND)[0]
    floor.journal.wait(floor.market.core.seq)
    folder = copied(floor, floor.folder.parent / "owner", int(row["seq"]))
    other = Floor(folder, floor.terms)
    try:
        account = int(row["account"])
        instrument = int(row["instrument"])
        for _ in range(times):
            other.send(account, SELL, instrument, 1, 1, client_order_id=int(row["value0"]))
        case = other.case(account)
        assert case is not None and case.lots == 0
        assert other.lots(account, instrument) == floor_lots(row) - 1
    finally:
        other.stop()


def floor_lots(row: Any) -> int:
    return {CAROL: {AAA: 150, BBB: 100}, DAVE: {BBB: 390}}[int(row["account"])][int(row["instrument"])]


def test_kept_state_is_what_json_carries(open_floor: Open) -> None:
    floor = open_floor()
    a_day(floor)
    floor.step()
    kept = floor.liquidator.state()
    other = Liquidator(Terms(), print)
    other.load({LIQUIDATION: msgspec.json.decode(msgspec.json.encode(kept))})
    assert other.state() == kept
    assert kept[0]["equity"] == cash(2_000)
